package webhook

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	maxJWT    = 256 << 10       // bytes of a body that are looked at, as many as any door lets in
	maxKeyID  = 256             // bytes of a key's id
	jwtWindow = 5 * time.Minute // how far in the future a JWT may have been issued or begin to hold
)

// canvasVerifier verifies a body that is a JWT, as Canvas sends its Live Events over HTTPS. RS256 is the only algorithm: the others would
// let a forger choose one that takes the public key for a secret, or none.
type canvasVerifier struct {
	keys   *keySet
	parser *jwt.Parser
}

func newCanvas(s *settings, with parts, p *problems) (verifier, error) {
	if with.Transport == nil || with.Now == nil {
		return nil, errors.New("a transport and a clock are required")
	}
	url := take(&s.JWKS)
	if url == "" {
		url = canvasKeys
	}
	if !fetchable(url) {
		p.add("jwks", "expected an https URL (http only for a loopback address) of a key set, without user or fragment")
	}
	sets := with.Keys
	if sets == nil {
		sets = &keySets{}
	}
	return &canvasVerifier{
		keys: sets.of(url, with),
		// Strict, so that no other token has the meaning of a signed one. Times are judged here, by the time of receipt.
		parser: jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}), jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation()),
	}, nil
}

// verify accepts a JWT that one of the source's keys has signed, and returns its claims as they were signed.
func (v *canvasVerifier) verify(ctx context.Context, d Delivery) (verified, error) {
	if len(d.Body) > maxJWT {
		return verified{}, refuse(signatureMalformed, "the body is longer than %d bytes", maxJWT)
	}
	token := string(bytes.TrimSpace(d.Body))
	switch {
	case token == "":
		return verified{}, refuse(signatureMissing, "no JWT in the body")
	case strings.ContainsAny(token, lineEnds):
		return verified{}, refuse(signatureMalformed, "the body is not a JWT in one line")
	}
	var c claims
	var key *rsa.PublicKey
	var keyErr error
	_, err := v.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		key, keyErr = v.key(ctx, t.Header)
		return key, keyErr
	})
	switch {
	case keyErr != nil:
		return verified{}, keyErr
	case err != nil && key == nil:
		return verified{}, refuse(signatureMalformed, "the body is not a JWT with the algorithm RS256")
	case err != nil:
		return verified{}, refuse(signatureMismatch, "the JWT was not signed with the key that it names")
	}
	if err := c.checkTime(d.Received); err != nil {
		return verified{}, err
	}
	return verified{payload: c.signed}, nil
}

// key returns the key that a JWT's header names. What else the header may say of keys is of no account: only the source's own count.
func (v *canvasVerifier) key(ctx context.Context, header map[string]any) (*rsa.PublicKey, error) {
	if _, has := header["crit"]; has { // RFC 7515, section 4.1.11: refuse what must be understood and is not
		return nil, refuse(signatureMalformed, "the JWT's header has critical extensions")
	}
	id, _ := header["kid"].(string)
	if id == "" || len(id) > maxKeyID {
		return nil, refuse(signatureMalformed, "the JWT's header names no key")
	}
	return v.keys.key(ctx, id)
}

// claims are the claims of a JWT: the bytes that were signed, and the times among them.
type claims struct {
	jwt.RegisteredClaims
	signed []byte
}

// UnmarshalJSON reads the times and keeps the bytes. The other registered claims are not the library's to judge: a source may have fields
// of their names.
func (c *claims) UnmarshalJSON(b []byte) error {
	var times struct {
		IssuedAt  *jwt.NumericDate `json:"iat"`
		NotBefore *jwt.NumericDate `json:"nbf"`
		ExpiresAt *jwt.NumericDate `json:"exp"`
	}
	if err := json.Unmarshal(b, &times); err != nil {
		return err
	}
	c.IssuedAt, c.NotBefore, c.ExpiresAt = times.IssuedAt, times.NotBefore, times.ExpiresAt
	c.signed = bytes.Clone(b)
	return nil
}

// checkTime judges the times that are there (RFC 7519, section 4.1): from its expiry on a JWT does not hold.
func (c *claims) checkTime(received time.Time) error {
	latest := received.Add(jwtWindow)
	switch {
	case c.ExpiresAt != nil && !received.Before(c.ExpiresAt.Time):
		return refuse(signatureStale, "the JWT has expired")
	case c.IssuedAt != nil && c.IssuedAt.After(latest), c.NotBefore != nil && c.NotBefore.After(latest):
		return refuse(signatureStale, "the JWT is of the future")
	}
	return nil
}
