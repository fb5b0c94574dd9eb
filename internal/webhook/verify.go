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
	payload []byte          // what is to be mapped: the body, or the claims of a JWT
	id      string          // the delivery's own id, where its scheme has one; GitHub does not sign it
	secret  redacted.String // the secret that verified it, as it is configured but for the white space around it
}

// verifier decides whether a delivery is from its source. A delivery that is not, or not provably, is a *refusal; a verifier that
// cannot decide for now returns an *endsession.Error of CodeWebhookKeysUnavailable.
type verifier interface {
	verify(ctx context.Context, d Delivery) (verified, error)
}

// reason is why a delivery is refused. Reasons are stable: they stand in metrics and log lines. The sender is not told.
type reason string

const (
	signatureMissing   reason = "signature_missing"   // nothing there that could be a signature
	signatureMalformed reason = "signature_malformed" // something there that cannot be one
	signatureStale     reason = "signature_stale"     // its time is outside the window, whatever it is worth
	signatureMismatch  reason = "signature_mismatch"  // none of the secrets has made it
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
	HTTP interface {
		Do(*http.Request) (*http.Response, error)
	}
	Now func() time.Time
}

// problems is everything that is wrong with settings, each beginning with the name of its field. None quotes a value, which may be a
// secret in the wrong place.
type problems []string

// Error returns all problems.
func (p problems) Error() string { return strings.Join(p, "; ") }

func (p *problems) add(field, format string, args ...any) {
	*p = append(*p, field+": "+fmt.Sprintf(format, args...))
}

// newVerifier returns the verifier of a scheme. Its error names every problem, each beginning with the JSON field.
func newVerifier(scheme string, s settings, with parts) (verifier, error) {
	var p problems
	signature, known := signatureOf(scheme)
	if !known {
		p.add("scheme", "expected one of %s", strings.Join(schemes(), ", "))
		return nil, p
	}
	v, err := newHMAC(signature, s, &p)
	if err != nil {
		return nil, fmt.Errorf("scheme %s: %w", scheme, err)
	}
	if len(p) > 0 {
		return nil, p
	}
	return v, nil
}

// schemes returns the names of all schemes.
func schemes() []string {
	names := hmacSchemes()
	slices.Sort(names)
	return names
}

// secrets reads the secrets of a scheme by a function whose error must not quote them. They come without the white space around them: a
// line's end that came along when one was stored would make every signature wrong. White space inside belongs to the secret.
func (p *problems) secrets(configured []redacted.String, read func(redacted.String) error) {
	if len(configured) == 0 {
		p.add("secrets", "expected at least one")
	}
	for i, s := range configured {
		var err error
		switch value := strings.TrimSpace(s.Reveal()); value {
		case "":
			err = errors.New("is blank")
		case standardPrefix:
			err = errNoKey
		default:
			err = read(redacted.New(value))
		}
		if err != nil {
			p.add("secrets", "number %d %v", i+1, err)
		}
	}
}

// standardPrefix begins a Standard Webhooks secret. Released libraries accept it with no key behind it, and a forgery made with that.
const standardPrefix = "whsec_"

var errNoKey = errors.New("has no key after its prefix")

// maxHeader is the most bytes that are read of a header's value. The longest one that a known source sends, two signatures and an
// Ed25519 one in a rotation, has some 300.
const maxHeader = 4096

// header returns a header's value, and "" if it is blank or not there. Repeated headers count as one, joined by commas, as HTTP APIs
// deliver them, so that every door decides alike.
func (d Delivery) header(name string) (string, error) {
	values := d.Header.Values(name)
	size := len(values) - 1
	for _, v := range values {
		size += len(v)
	}
	if size > maxHeader {
		return "", refuse(signatureMalformed, "%s is longer than %d bytes", name, maxHeader)
	}
	return strings.Trim(strings.Join(values, ","), " \t"), nil
}
