package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"videosdk-end-session/internal/redacted"
)

// Delivery is one webhook as it came in.
type Delivery struct {
	Header   http.Header // canonical keys, all values
	Body     []byte      // the exact bytes that were sent, already decoded from the gateway's base64
	Received time.Time
}

// verified is what a delivery's signature vouches for.
type verified struct {
	// payload is what is to be mapped: the body, or the claims of a JWT. It is also what to take a hash of for an identity: a JWT's body
	// is the same delivery with a blank after it.
	payload []byte
	// id is the delivery's own id, where its scheme signs one. Whoever repeats a delivery could give it another that is not signed, such as
	// GitHub's.
	id     string
	secret redacted.String // the secret that verified it, without the white space around it
}

// verifier decides whether a delivery is from its source. Its errors are a *refusal if it is not, or not provably, and an
// *endsession.Error of the class Transient if that cannot be decided for now.
type verifier interface {
	verify(ctx context.Context, d Delivery) (verified, error)
}

// reason is why a delivery is refused. Reasons are stable: they stand in metrics and log lines. The sender is not told.
type reason string

const (
	signatureMissing   reason = "signature_missing"   // there is nothing that could be a signature
	signatureMalformed reason = "signature_malformed" // what is there cannot be one
	signatureStale     reason = "signature_stale"     // its time is too far from now, whatever else it is
	signatureMismatch  reason = "signature_mismatch"  // none of the secrets or keys has made it for this body
)

// refusal is a delivery that is not, or not provably, from its source.
type refusal struct {
	reason reason
	detail string // for the log; quotes nothing of the delivery
}

// Error returns the reason and the detail.
func (r *refusal) Error() string { return string(r.reason) + ": " + r.detail }

func refuse(because reason, format string, args ...any) error {
	return &refusal{because, fmt.Sprintf(format, args...)}
}

// settings is what an operator configures of a source's signature. In comments: the names in the webhook secret.
type settings struct {
	Secrets []redacted.String // secrets: several are valid at once during a rotation
	URL     string            // url, of square: the registered URL, which is part of the signed bytes
	Header  string            // header, of token: the header of the owner's choice
	Token   string            // token, of body-token: JMESPath to the token in the body
	JWKS    string            // jwks, of canvas-jwt: the URL of another key set
}

// parts is what verifiers need of the process.
type parts struct {
	Transport http.RoundTripper // not an http.Client: that follows redirects, which could lead anywhere
	Now       func() time.Time
	// Keys are the key sets that the process has fetched, so that a verifier for settings that were read again finds them. With nil each
	// verifier fetches its own.
	Keys *keySets
}

// problems is everything that is wrong with settings, each beginning with the name of its field. None quotes a value, which may be a
// secret in the wrong place.
type problems []string

// Error returns all problems.
func (p problems) Error() string { return strings.Join(p, "; ") }

func (p *problems) add(field, format string, args ...any) {
	*p = append(*p, field+": "+fmt.Sprintf(format, args...))
}

// The schemes that are no rows of data.
const (
	schemeCanvas    = "canvas-jwt"
	schemeVideoSDK  = "videosdk-rsa"
	schemeToken     = "token"
	schemeBodyToken = "body-token"
)

// schemes returns the names of all schemes.
func schemes() []string {
	names := append(hmacSchemes(), schemeCanvas, schemeVideoSDK, schemeToken, schemeBodyToken)
	slices.Sort(names)
	return names
}

// newVerifier returns the verifier of a scheme. If the settings are at fault its error is problems, all there are; any other error is a
// defect of this application.
func newVerifier(name string, s settings, with parts) (verifier, error) {
	var p problems
	var v verifier
	var err error
	switch name {
	case schemeCanvas:
		v, err = newCanvas(&s, with, &p)
	case schemeVideoSDK:
		v = newVideoSDK(&s, &p)
	case schemeToken:
		v = newToken(&s, &p)
	case schemeBodyToken:
		v = newBodyToken(&s, &p)
	default:
		signature, known := signatureOf(name)
		if !known {
			return nil, problems{"scheme: expected one of " + strings.Join(schemes(), ", ")}
		}
		v, err = newHMAC(signature, &s, &p)
	}
	if err != nil {
		return nil, fmt.Errorf("scheme %s: %w", name, err)
	}
	p.rest(s, name)
	if len(p) > 0 {
		return nil, p
	}
	return v, nil
}

// take returns a setting without the white space around it, and takes it out of the settings.
func take(setting *string) string {
	value := strings.TrimSpace(*setting)
	*setting = ""
	return value
}

// rest reports the settings that a scheme has not taken: whoever wrote them expects them to do something.
func (p *problems) rest(s settings, scheme string) {
	if len(s.Secrets) > 0 {
		p.add("secrets", "the scheme %s takes none", scheme)
	}
	for _, left := range []struct{ field, value string }{{"url", s.URL}, {"header", s.Header}, {"token", s.Token}, {"jwks", s.JWKS}} {
		if strings.TrimSpace(left.value) != "" {
			p.add(left.field, "the scheme %s takes none", scheme)
		}
	}
}

// standardPrefix begins a Standard Webhooks secret. Released libraries accept it with no key behind it, and a forgery made with that.
const standardPrefix = "whsec_"

// secrets takes the secrets out of the settings and reads each by a function, whose error must not quote it. They come without the white
// space around them: a line's end that came along when one was stored would make every signature wrong. White space inside belongs to
// the secret.
func (p *problems) secrets(s *settings, read func(redacted.String) error) {
	if len(s.Secrets) == 0 {
		p.add("secrets", "expected at least one")
	}
	for i, secret := range s.Secrets {
		var err error
		switch value := strings.TrimSpace(secret.Reveal()); value {
		case "":
			err = errors.New("is blank")
		case standardPrefix: // whatever the scheme: the whole world knows this key
			err = errors.New("has no key after its prefix")
		default:
			err = read(redacted.New(value))
		}
		if err != nil {
			p.add("secrets", "number %d %v", i+1, err)
		}
	}
	s.Secrets = nil
}

// maxHeader is the most bytes that are read of a header. The longest one of a known source, an RSA signature in base64, has some 700.
// Gateways let about 10,000 through, and only a stranger sends so many.
const maxHeader = 4096

// header returns a header's value, and "" if it is blank or not there. Repeated headers count as one, joined by commas as HTTP APIs
// deliver them, so that every door decides alike.
func (d Delivery) header(name string) (string, error) {
	values := d.Header.Values(name)
	size := len(values) - 1
	for _, v := range values {
		size += len(v)
	}
	if size > maxHeader {
		return "", refuse(signatureMalformed, "the header %s is longer than %d bytes", name, maxHeader)
	}
	value := strings.Join(values, ",")
	if strings.Trim(value, " \t") == "" {
		return "", nil
	}
	return value, nil
}

// required returns a header's value, and refuses the delivery without it.
func (d Delivery) required(name string) (string, error) {
	value, err := d.header(name)
	if err == nil && value == "" {
		err = refuse(signatureMissing, "no header %s", name)
	}
	return value, err
}
