package webhook

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"strings"

	"videosdk-end-session/internal/redacted"
)

// tokens are the secrets of a sender that signs nothing and shows one of them instead.
type tokens []redacted.String

func (p *problems) tokens(s *settings) tokens {
	var all tokens
	p.secrets(s, func(secret redacted.String) error {
		all = append(all, secret)
		return nil
	})
	return all
}

// match returns the secret that a token is. Hashes are compared, because comparing texts of different lengths takes different times.
func (t tokens) match(token string) (redacted.String, error) {
	got := sha256.Sum256([]byte(token))
	for _, secret := range t {
		want := sha256.Sum256([]byte(secret.Reveal()))
		if subtle.ConstantTimeCompare(got[:], want[:]) == 1 {
			return secret, nil
		}
	}
	return redacted.String{}, refuse(signatureMismatch, "the token is none of the secrets")
}

// tokenVerifier looks for a token in a header. Nothing is signed: the token vouches for whatever comes with it.
type tokenVerifier struct {
	name   string
	tokens tokens
}

func newToken(s *settings, p *problems) verifier {
	v := &tokenVerifier{name: take(&s.Header), tokens: p.tokens(s)}
	if v.name == "" || strings.Trim(v.name, headerName) != "" {
		p.add("header", "expected the name of the header that has the token, of letters, digits and hyphens")
	}
	return v
}

const headerName = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

func (v *tokenVerifier) verify(_ context.Context, d Delivery) (verified, error) {
	// Without the header's name: the token itself may stand in its place.
	token, err := d.header(v.name)
	switch {
	case err != nil:
		return verified{}, refuse(signatureMalformed, "the header that the source names is longer than %d bytes", maxHeader)
	case token == "":
		return verified{}, refuse(signatureMissing, "no header that the source names")
	}
	secret, err := v.tokens.match(token)
	if err != nil {
		return verified{}, err
	}
	return verified{payload: d.Body, secret: secret}, nil
}

// bodyTokenVerifier looks for a token in the body.
type bodyTokenVerifier struct {
	expression expression
	tokens     tokens
}

func newBodyToken(s *settings, p *problems) verifier {
	v := &bodyTokenVerifier{tokens: p.tokens(s)}
	var err error
	if v.expression, err = compile(take(&s.Token)); err != nil {
		// Without the cause, which quotes: the token itself may stand here.
		p.add("token", "expected a JMESPath expression that finds the token in the body")
	}
	return v
}

func (v *bodyTokenVerifier) verify(_ context.Context, d Delivery) (verified, error) {
	document, err := decode(d.Body)
	if err != nil {
		return verified{}, refuse(signatureMalformed, "the body, which should have the token, is not JSON")
	}
	var found any
	failure, inTime := bounded(func() (err error) {
		found, err = v.expression.search(document)
		return err
	})
	if !inTime || failure != nil {
		return verified{}, refuse(signatureMalformed, "the expression for the token fails on the body, or takes longer than %s", patience)
	}
	token, _ := found.(string)
	if token == "" {
		return verified{}, refuse(signatureMissing, "no text where the token should be in the body")
	}
	secret, err := v.tokens.match(token)
	if err != nil {
		return verified{}, err
	}
	return verified{payload: d.Body, secret: secret}, nil
}
