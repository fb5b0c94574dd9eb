package webhook

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"videosdk-end-session/internal/redacted"
	"videosdk-end-session/internal/webhook/sources"
)

// signatureOf returns the row of an HMAC scheme, undecoded. It is the field signature of the file of the scheme's name.
func signatureOf(scheme string) (json.RawMessage, bool) {
	file, known := sources.File(scheme)
	if !known {
		return nil, false
	}
	var source struct {
		Signature json.RawMessage `json:"signature"`
	}
	if json.Unmarshal(file, &source) != nil {
		return nil, false // which the tests exclude
	}
	return source.Signature, source.Signature != nil
}

// hmacSchemes returns the names of all rows.
func hmacSchemes() []string {
	var names []string
	for _, name := range sources.Names() {
		if _, ok := signatureOf(name); ok {
			names = append(names, name)
		}
	}
	return names
}

// row is how a source signs with HMAC-SHA256.
type row struct {
	// Headers are families of headers. The first one whose signature is there decides alone: nothing of one family is ever taken
	// together with something of another.
	Headers         []family `json:"headers"`
	Separator       string   `json:"separator"`       // between the elements of the signature's header; empty for a single one
	Prefix          string   `json:"prefix"`          // of the elements that are signatures; others are of other kinds
	TimestampPrefix string   `json:"timestampPrefix"` // of the element that is the timestamp, if that has no header of its own
	Signed          string   `json:"signed"`          // the signed bytes, of {id}, {timestamp}, {url}, {body} and what is between them
	Encoding        string   `json:"encoding"`        // of a signature: hex or base64
	Secret          string   `json:"secret"`          // raw: its text is the key; base64: the key is encoded, "whsec_" may stand before it
	WindowSeconds   int      `json:"windowSeconds"`   // how far the timestamp may be from now, in both directions
}

// family is headers that belong together.
type family struct {
	Signature string `json:"signature"`
	Timestamp string `json:"timestamp"` // of a row that signs one which is in no element
	ID        string `json:"id"`        // of the delivery, of a row that signs it: any other could be a new one for an old delivery
}

// scheme is a row that was found sound.
type scheme struct {
	row
	signed []piece
	window time.Duration
}

// piece is a literal part of the signed bytes, or a variable one.
type piece struct{ literal, variable string }

// newScheme decodes a row. An error is a defect of the row, not of anybody's settings.
func newScheme(signature json.RawMessage) (scheme, error) {
	var s scheme
	decoder := json.NewDecoder(bytes.NewReader(signature))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s.row); err != nil {
		return scheme{}, fmt.Errorf("signature: %w", err)
	}
	s.window = time.Duration(s.WindowSeconds) * time.Second
	for rest := s.Signed; rest != ""; {
		literal, variable, found := strings.Cut(rest, "{")
		if literal != "" {
			s.signed = append(s.signed, piece{literal: literal})
		}
		if !found {
			break
		}
		variable, rest, found = strings.Cut(variable, "}")
		if !found || !slices.Contains([]string{"id", "timestamp", "url", "body"}, variable) {
			return scheme{}, errors.New("signature: signed has something other than {id}, {timestamp}, {url} and {body}")
		}
		s.signed = append(s.signed, piece{variable: variable})
	}
	return s, s.check()
}

// signs tells whether a variable is part of the signed bytes.
func (s scheme) signs(variable string) bool {
	return slices.Contains(s.signed, piece{variable: variable})
}

func (s scheme) check() error {
	if len(s.Headers) == 0 || !s.signs("body") {
		return errors.New("signature: headers, and {body} among what is signed, are required")
	}
	for _, f := range s.Headers {
		timed := f.Timestamp != "" || s.TimestampPrefix != ""
		if f.Signature == "" || s.signs("timestamp") != timed || s.signs("id") != (f.ID != "") {
			return errors.New("signature: a header for what is signed is missing, or one has a timestamp or an id that is not signed")
		}
	}
	switch {
	case s.signs("timestamp") != (s.window > 0):
		return errors.New("signature: a window needs a signed timestamp, and a timestamp a window")
	case s.TimestampPrefix != "" && s.Separator == "":
		return errors.New("signature: a timestamp among the elements needs a separator")
	case s.Encoding != "hex" && s.Encoding != "base64":
		return errors.New("signature: encoding must be hex or base64")
	case s.Secret != "raw" && s.Secret != "base64":
		return errors.New("signature: secret must be raw or base64")
	}
	return nil
}

// key returns the key that a secret stands for. Its error says what is wrong with the secret.
func (s scheme) key(secret redacted.String) (redacted.String, error) {
	if s.Secret == "raw" {
		return secret, nil
	}
	text := strings.TrimPrefix(secret.Reveal(), standardPrefix)
	// Not strict: a secret that somebody made up may end in bits that belong to no byte, and the libraries take it.
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || strings.ContainsAny(text, lineEnds) {
		return redacted.String{}, errors.New("is not base64")
	}
	return redacted.New(string(key)), nil
}

// decode decodes a signature, to be compared as bytes.
func (s scheme) decode(signature string) ([]byte, error) {
	if s.Encoding == "hex" {
		return hex.DecodeString(signature)
	}
	return decodeBase64(signature)
}

// lineEnds are what the standard library skips in base64, also when it is strict.
const lineEnds = "\r\n"

// decodeBase64 takes the one way to write bytes in base64.
func decodeBase64(text string) ([]byte, error) {
	if strings.ContainsAny(text, lineEnds) {
		return nil, errors.New("line ends in base64")
	}
	return base64.StdEncoding.Strict().DecodeString(text)
}
