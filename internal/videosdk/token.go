package videosdk

import (
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// A token lives for tokenLife and is used as long as more than tokenSpare of that is left. VideoSDK documents neither a longest life
// nor an allowance for clocks that differ.
const (
	tokenLife  = 10 * time.Minute
	tokenSpare = time.Minute
)

// signer signs tokens and keeps the last one.
type signer struct {
	mu      sync.Mutex
	creds   Credentials
	token   string
	expires time.Time
}

// sign returns a token for the credentials that is still good for more than a minute.
func (s *signer) sign(creds Credentials, now time.Time) (string, error) {
	if strings.TrimSpace(creds.APIKey) == "" || strings.TrimSpace(creds.Secret.Reveal()) == "" {
		return "", ErrInvalidCredentials // the JWT library would sign with an empty key
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != "" && s.creds == creds && s.expires.Sub(now) > tokenSpare {
		return s.token, nil
	}
	// Truncated to what the claim says, and to the wall clock: the monotonic one may stand still while a Lambda function is frozen.
	expires := now.Add(tokenLife).Truncate(time.Second)
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims(creds.APIKey, now, expires)).SignedString([]byte(creds.Secret.Reveal()))
	if err != nil {
		return "", err
	}
	s.creds, s.token, s.expires = creds, token, expires
	return token, nil
}

// forget drops a token that VideoSDK refused, which it also does if its clock is far ahead and the credentials are still good.
func (s *signer) forget(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == token {
		s.token = ""
	}
}

// claims are exactly those of the vendor's own server SDKs. The role crawler may call the server API and cannot join a room.
func claims(apiKey string, issued, expires time.Time) jwt.MapClaims {
	return jwt.MapClaims{
		"apikey":      apiKey,
		"permissions": []string{"allow_join", "allow_mod"},
		"version":     2,
		"roles":       []string{"crawler"},
		"iat":         issued.Unix(),
		"exp":         expires.Unix(),
	}
}
