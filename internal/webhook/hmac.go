package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"videosdk-end-session/internal/redacted"
)

// maxElements is the most elements that a signature's header may have. A source sends one signature for each of its secrets, which are
// two while it rotates them, a timestamp, and perhaps signatures of other kinds: thousands are a stranger's, who wants them all decoded
// and compared.
const maxElements = 32

// hmacVerifier verifies what a source signs by a scheme of HMAC-SHA256.
type hmacVerifier struct {
	scheme
	keys []hmacKey
	url  string
}

// hmacKey is a secret and the key that it stands for.
type hmacKey struct{ secret, key redacted.String }

// newHMAC returns the verifier for a row. It adds what is wrong with the settings to the problems; its error is a defect of the row.
func newHMAC(signature json.RawMessage, s *settings, p *problems) (verifier, error) {
	scheme, err := newScheme(signature)
	if err != nil {
		return nil, err
	}
	v := &hmacVerifier{scheme: scheme}
	p.secrets(s, func(secret redacted.String) error {
		key, err := scheme.key(secret)
		v.keys = append(v.keys, hmacKey{secret, key})
		return err
	})
	if scheme.signs("url") {
		v.url = take(&s.URL)
		if u, err := url.Parse(v.url); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			p.add("url", "expected the URL that is registered at the source, exactly as it is there, because the source signs it")
		}
	}
	return v, nil
}

// verify accepts a delivery if any of its signatures was made with any of the secrets.
func (v *hmacVerifier) verify(_ context.Context, d Delivery) (verified, error) {
	c, err := v.claim(d)
	if err != nil {
		return verified{}, err
	}
	for _, k := range v.keys {
		want := v.sum(k.key, c, d.Body)
		for _, signature := range c.signatures {
			if hmac.Equal(signature, want) {
				return verified{payload: d.Body, id: c.id, secret: k.secret}, nil
			}
		}
	}
	return verified{}, refuse(signatureMismatch, "made with none of the secrets, or for another body")
}

// claim is what the headers of a delivery say.
type claim struct {
	id, timestamp string
	signatures    [][]byte
}

// claim reads the headers of the family that the delivery has. Those of the source's own name come first: if it has both, the other is
// of no account, right or wrong.
func (v *hmacVerifier) claim(d Delivery) (claim, error) {
	for _, f := range v.Headers {
		list, err := d.header(f.Signature)
		if err != nil {
			return claim{}, err
		}
		if list != "" {
			return v.familyClaim(d, f, list)
		}
	}
	return claim{}, refuse(signatureMissing, "no header %s", v.Headers[0].Signature)
}

func (v *hmacVerifier) familyClaim(d Delivery, f family, list string) (claim, error) {
	var c claim
	var err error
	if f.ID != "" {
		if c.id, err = d.required(f.ID); err != nil {
			return claim{}, err
		}
	}
	if f.Timestamp != "" {
		if c.timestamp, err = d.required(f.Timestamp); err != nil {
			return claim{}, err
		}
	}
	if err := v.readElements(f, list, &c); err != nil {
		return claim{}, err
	}
	return c, v.checkTime(c.timestamp, d.Received)
}

// readElements takes the signatures, and the timestamp if it is among them, out of the signature's header.
func (v *hmacVerifier) readElements(f family, list string, c *claim) error {
	elements := []string{list}
	if v.Separator != "" {
		elements = strings.SplitN(list, v.Separator, maxElements+1)
	}
	if len(elements) > maxElements {
		return refuse(signatureMalformed, "the header %s has more than %d elements", f.Signature, maxElements)
	}
	for _, element := range elements {
		element = strings.TrimLeft(element, " ") // which may follow a comma
		if timestamp, ok := strings.CutPrefix(element, v.TimestampPrefix); ok && v.TimestampPrefix != "" {
			if c.timestamp != "" {
				return refuse(signatureMalformed, "the header %s has two timestamps", f.Signature)
			}
			c.timestamp = timestamp
			continue
		}
		encoded, ok := strings.CutPrefix(element, v.Prefix)
		if !ok {
			continue // of another kind
		}
		if signature, err := v.decode(encoded); err == nil && len(signature) == sha256.Size {
			c.signatures = append(c.signatures, signature)
		}
	}
	if len(c.signatures) == 0 {
		return refuse(signatureMalformed, "the header %s has no %d bytes in %s behind %q", f.Signature, sha256.Size, v.Encoding, v.Prefix)
	}
	return nil
}

// checkTime refuses a timestamp that is too far from the time of receipt, in either direction. Exactly the window is not too far.
func (v *hmacVerifier) checkTime(timestamp string, received time.Time) error {
	if v.window == 0 {
		return nil
	}
	at, ok := unixSeconds(timestamp)
	if !ok {
		return refuse(signatureMalformed, "the timestamp is not Unix seconds")
	}
	if age := received.Sub(at); age > v.window || age < -v.window {
		return refuse(signatureStale, "the timestamp is more than %d s from now", v.WindowSeconds)
	}
	return nil
}

// unixSeconds reads a time that is written in the one way in which senders write it: digits with neither sign nor leading zero. Eleven of
// them reach to the year 5138, and are far from what overflows.
func unixSeconds(text string) (time.Time, bool) {
	if text == "" || len(text) > 11 || text[0] == '0' || strings.Trim(text, "0123456789") != "" {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	return time.Unix(seconds, 0), err == nil
}

// sum is the HMAC of the signed bytes.
func (v *hmacVerifier) sum(key redacted.String, c claim, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	for _, p := range v.signed {
		switch p.variable {
		case "id":
			_, _ = io.WriteString(mac, c.id)
		case "timestamp":
			_, _ = io.WriteString(mac, c.timestamp)
		case "url":
			_, _ = io.WriteString(mac, v.url)
		case "body":
			_, _ = mac.Write(body)
		default:
			_, _ = io.WriteString(mac, p.literal)
		}
	}
	return mac.Sum(nil)
}
