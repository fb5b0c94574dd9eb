package webhook

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"videosdk-end-session/internal/endsession"
)

// canvasKeys is the key set of Canvas (guides.instructure.com, "How do I configure and test Canvas Live Events using HTTPS delivery?"),
// of which one key changes each month.
const canvasKeys = "https://8axpcl50e4.execute-api.us-east-1.amazonaws.com/main/jwks"

const (
	keysTTL     = time.Hour        // age at which a key set is fetched again
	keysPause   = 30 * time.Second // between fetches of a set that is held: anybody can name a key that is not in it
	keysRetry   = 5 * time.Second  // between fetches while there is none
	keysTimeout = 2 * time.Second  // of one fetch, whoever waits for it; senders wait for three
	maxKeys     = 256 << 10        // bytes of a key set
)

// keySets are the key sets of a process, by URL. The zero value is ready for use.
type keySets struct {
	mu   sync.Mutex
	sets map[string]*keySet
}

func (k *keySets) of(url string, with parts) *keySet {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.sets == nil {
		k.sets = map[string]*keySet{}
	}
	if k.sets[url] == nil {
		k.sets[url] = &keySet{url: url, with: with}
	}
	return k.sets[url]
}

// keySet is a JSON Web Key Set (RFC 7517) that is fetched when it is needed and kept for its time to live. A key that is held goes on
// working while the set cannot be fetched. It is safe for concurrent use.
type keySet struct {
	url    string
	with   parts
	flight singleflight.Group

	mu      sync.Mutex
	keys    map[string]*rsa.PublicKey // by id; nil before the first fetch that succeeded
	fetched time.Time                 // when the fetch of the keys began
	tried   time.Time                 // when the last fetch began
	err     error                     // of the last fetch
}

// key returns the key with an id. For one that is not held the set is fetched anew, unless that has just been done. Its error is a
// *refusal if the set has no such key, and an *endsession.Error if that is not known because the set could not be fetched.
func (s *keySet) key(ctx context.Context, id string) (*rsa.PublicKey, error) {
	if key, age := s.held(id); key != nil && age < keysTTL {
		return key, nil
	}
	err := s.refresh(ctx)
	if key, _ := s.held(id); key != nil {
		return key, nil
	}
	if err != nil {
		return nil, &endsession.Error{
			Code: endsession.CodeWebhookKeysUnavailable, Message: "the key set of the source could not be fetched", Err: err,
		}
	}
	return nil, refuse(signatureMismatch, "signed with a key that is not in the source's key set")
}

// now is the wall clock's time: the monotonic clock may stand still while a Lambda function is frozen.
func (s *keySet) now() time.Time { return s.with.Now().Round(0) }

// held returns a key, nil if it is not held, and the age of the set.
func (s *keySet) held(id string) (*rsa.PublicKey, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys[id], s.now().Sub(s.fetched)
}

// refresh fetches the set if that is due, or waits for the fetch that is under way, and returns the error of the last fetch. A fetch goes
// on if the one who began it gives up, since others may wait for it.
func (s *keySet) refresh(ctx context.Context) error {
	done := s.flight.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysTimeout)
		defer cancel()
		return nil, s.load(ctx)
	})
	select {
	case <-ctx.Done():
		return fmt.Errorf("wait for the key set: %w", ctx.Err())
	case result := <-done:
		return result.Err
	}
}

// load fetches the set unless the last fetch was too short a time ago.
func (s *keySet) load(ctx context.Context) error {
	began := s.now()
	if due, err := s.due(began); !due {
		return err
	}
	keys, err := s.fetch(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tried, s.err = began, err
	if err == nil {
		s.keys, s.fetched = keys, began
	}
	return err
}

// due tells whether the set may be fetched, and returns the error of the last fetch.
func (s *keySet) due(now time.Time) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	pause := keysPause
	if s.keys == nil {
		pause = keysRetry
	}
	return s.tried.IsZero() || now.Sub(s.tried) >= pause, s.err
}

func (s *keySet) fetch(ctx context.Context) (map[string]*rsa.PublicKey, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, errors.New("the URL of the key set is malformed")
	}
	request.Header.Set("Accept", "application/json")
	response, err := s.with.Transport.RoundTrip(request)
	if err != nil {
		return nil, fmt.Errorf("fetch the key set: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the key set was answered with the status %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxKeys+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the key set: %w", err)
	case len(body) > maxKeys:
		return nil, fmt.Errorf("the key set is longer than %d bytes", maxKeys)
	}
	return parseKeys(body)
}

// parseKeys returns the keys of a set that can verify RS256, by id. Others are left out: a set may also have keys for another purpose, or
// of a kind that is not known yet. A set without any is an error, so that it doesn't replace one that has some.
func parseKeys(set []byte) (map[string]*rsa.PublicKey, error) {
	var document struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(set, &document) != nil {
		return nil, errors.New("the key set is not a JSON document with a list of keys")
	}
	keys := map[string]*rsa.PublicKey{}
	for _, text := range document.Keys {
		var k jwk
		if json.Unmarshal(text, &k) != nil {
			continue
		}
		if key, err := k.public(); err == nil {
			keys[k.ID] = key
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the key set has no RSA key for RS256")
	}
	return keys, nil
}

// jwk is an RSA key as RFC 7517 and RFC 7518, section 6.3.1, write it.
type jwk struct {
	Type      string `json:"kty"`
	ID        string `json:"kid"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	Modulus   string `json:"n"`
	Exponent  string `json:"e"`
}

func (k jwk) public() (*rsa.PublicKey, error) {
	if k.Type != "RSA" || k.ID == "" || k.Use != "" && k.Use != "sig" || k.Algorithm != "" && k.Algorithm != "RS256" {
		return nil, errors.New("is not a key for RS256")
	}
	n, nErr := base64.RawURLEncoding.DecodeString(k.Modulus)
	e, eErr := base64.RawURLEncoding.DecodeString(k.Exponent)
	if nErr != nil || eErr != nil || len(e) > 4 {
		return nil, errors.New("has no modulus or no exponent")
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	return key, checkKey(key)
}

// fetchable tells whether a key set may be fetched from a URL: who can answer for it decides which webhooks are genuine.
func fetchable(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	loopback := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && loopback
}
