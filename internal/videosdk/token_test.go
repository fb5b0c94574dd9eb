package videosdk_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/redacted"
	"videosdk-end-session/internal/videosdk"
)

// decodeToken verifies an HS256 token with the secret, by hand, and returns its header and claims.
func decodeToken(t *testing.T, token, secret string) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is not a JWT", token)
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	if want := base64.RawURLEncoding.EncodeToString(mac.Sum(nil)); parts[2] != want {
		t.Errorf("signature %s, want %s", parts[2], want)
	}
	for i, into := range []*map[string]any{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(into); err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}

func TestTokenHasExactlyTheVendorsClaims(t *testing.T) {
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			server := record(t, says(`{"id":"x","roomId":"r","data":[]}`))
			if err := op.do(t.Context(), newClient(t, server.URL, nil, nil)); err != nil {
				t.Fatal(err)
			}
			sent := server.all()[0].header.Values("Authorization")
			if len(sent) != 1 || strings.ContainsAny(sent[0], " \t") {
				t.Fatalf("Authorization %q, want the token alone", sent)
			}
			header, claims := decodeToken(t, sent[0], secret)
			if diff := cmp.Diff(map[string]any{"alg": "HS256", "typ": "JWT"}, header); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
			want := map[string]any{
				"apikey":      apiKey,
				"permissions": []any{"allow_join", "allow_mod"},
				"version":     json.Number("2"),
				"roles":       []any{"crawler"},
				"iat":         json.Number("1795428000"), // 2026-11-23T10:00:00Z
				"exp":         json.Number("1795428600"), // ten minutes later
			}
			if diff := cmp.Diff(want, claims); diff != "" {
				t.Errorf("claims (-want +got):\n%s", diff)
			}
		})
	}
}

// TestTokenIsReused makes calls at different ages of the first token.
func TestTokenIsReused(t *testing.T) {
	tests := []struct {
		name  string
		began time.Time
		ages  []time.Duration
		want  int // tokens
	}{
		{name: "at once", began: morning, ages: []time.Duration{0, 0, 0}, want: 1},
		{name: "while more than a minute is left", began: morning, ages: []time.Duration{0, time.Minute, 9*time.Minute - time.Nanosecond}, want: 1},
		{name: "not for its last minute", began: morning, ages: []time.Duration{0, 9 * time.Minute}, want: 2},
		{name: "not when it has expired", began: morning, ages: []time.Duration{0, time.Hour}, want: 2},
		{name: "the second one as long as the first", began: morning, ages: []time.Duration{0, 9 * time.Minute, 18*time.Minute - time.Nanosecond, 18 * time.Minute}, want: 3},
		{
			// The claim says whole seconds, so such a token lives half a second less than ten minutes.
			name: "the claim counts", began: morning.Add(500 * time.Millisecond),
			ages: []time.Duration{0, 9*time.Minute - 500*time.Millisecond - time.Nanosecond, 9*time.Minute - 500*time.Millisecond}, want: 2,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := record(t, says(`{"id":"x"}`))
			now := &clock{now: tt.began}
			client := newClient(t, server.URL, nil, now)
			for _, age := range tt.ages {
				now.advance(tt.began.Add(age).Sub(now.Now()))
				if _, err := client.Session(t.Context(), "s"); err != nil {
					t.Fatal(err)
				}
			}
			if got := len(tokens(server)); got != tt.want {
				t.Errorf("used %d tokens, want %d", got, tt.want)
			}
		})
	}
}

// tokens returns the different tokens that a recorder was sent.
func tokens(server *recorder) map[string]bool {
	sent := map[string]bool{}
	for _, r := range server.all() {
		sent[r.header.Get("Authorization")] = true
	}
	return sent
}

// TestTokenOutlivesNoFreeze takes a clock whose monotonic reading stands still while the wall clock goes on, as in a function that was
// frozen between two invocations.
func TestTokenOutlivesNoFreeze(t *testing.T) {
	server := record(t, says(`{"id":"x"}`))
	frozen := time.Now() // with a monotonic reading
	thawed := frozen.Round(0).Add(time.Hour)
	now := &clock{now: frozen}
	client := newClient(t, server.URL, nil, now)
	for _, at := range []time.Time{frozen, thawed} {
		now.mu.Lock()
		now.now = at
		now.mu.Unlock()
		if _, err := client.Session(t.Context(), "s"); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(tokens(server)); got != 2 {
		t.Errorf("used %d tokens, want 2", got)
	}
}

func TestTokenIsSignedAgainWhenTheCredentialsChange(t *testing.T) {
	server := record(t, says(`{"id":"x"}`))
	source := steady(good)
	client := newClient(t, server.URL, source, nil)
	steps := []videosdk.Credentials{
		good,
		{APIKey: apiKey, Secret: redacted.New("another secret")},
		{APIKey: "another key", Secret: redacted.New("another secret")},
		good,
	}
	for _, credentials := range steps {
		source.hold(credentials)
		if _, err := client.Session(t.Context(), "s"); err != nil {
			t.Fatal(err)
		}
	}
	for i, r := range server.all() {
		_, claims := decodeToken(t, r.header.Get("Authorization"), steps[i].Secret.Reveal())
		if claims["apikey"] != steps[i].APIKey {
			t.Errorf("call %d with key %v, want %s", i+1, claims["apikey"], steps[i].APIKey)
		}
	}
}

func TestConcurrentCallsShareAToken(t *testing.T) {
	server := record(t, says(`{"id":"x"}`))
	client := newClient(t, server.URL, nil, nil)
	var calls sync.WaitGroup
	for range 20 {
		calls.Go(func() {
			if _, err := client.Session(t.Context(), "s"); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	if got := len(tokens(server)); got != 1 {
		t.Errorf("used %d tokens, want 1", got)
	}
}

func TestNoCallWithoutCredentials(t *testing.T) {
	outage := errors.New("no such host")
	pair := func(key, secret string) *account {
		return steady(videosdk.Credentials{APIKey: key, Secret: redacted.New(secret)})
	}
	unusable := endsession.CodeSecretInvalid
	tests := []struct {
		name   string
		source *account
		code   endsession.Code
		cause  error
		passes bool
	}{
		{name: "empty", source: pair("", ""), code: unusable},
		{name: "empty key", source: pair("", secret), code: unusable},
		{name: "empty secret", source: pair(apiKey, ""), code: unusable},
		{name: "blank key", source: pair(" \t\n", secret), code: unusable},
		{name: "blank secret", source: pair(apiKey, " \t\n"), code: unusable},
		{name: "unusable", source: &account{getErr: wrap(videosdk.ErrInvalidCredentials)}, code: unusable},
		{name: "out of reach", source: &account{getErr: wrap(outage)}, code: endsession.CodeSecretUnavailable, cause: outage, passes: true},
		{
			name: "denied", code: endsession.CodeSecretUnavailable,
			source: &account{getErr: wrap(&endsession.Error{Code: endsession.CodeSecretUnavailable, Class: endsession.Credentials, Message: "denied"})},
		},
	}
	for _, tt := range tests {
		for _, op := range operations {
			t.Run(tt.name+", "+op.name, func(t *testing.T) {
				server := record(t, func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusTeapot) })
				err := op.do(t.Context(), newClient(t, server.URL, tt.source, nil))
				got := endsession.AsError(err)
				if got == nil || got.Code != tt.code || (got.Class == endsession.Transient) != tt.passes || got.Uncertain || got.Message == "" {
					t.Errorf("got %+v, want %s that passes: %t", got, tt.code, tt.passes)
				}
				if tt.cause != nil && !errors.Is(err, tt.cause) {
					t.Errorf("%v does not wrap its cause", err)
				}
				if calls := server.all(); len(calls) > 0 {
					t.Errorf("called VideoSDK %d times", len(calls))
				}
			})
		}
	}
}

func wrap(err error) error { return fmt.Errorf("read the secret: %w", err) }

// BenchmarkToken signs anew for each call, which a client does once in nine minutes.
func BenchmarkToken(b *testing.B) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	client, err := videosdk.New(videosdk.Config{
		Endpoint: "http://videosdk.example", Credentials: steady(good), Transport: http.DefaultTransport,
		Now: func() time.Time { now = now.Add(time.Hour); return now },
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := client.Prepare(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func TestPrepareGetsTheCredentialsAndSaysIfTheyAreNone(t *testing.T) {
	none := errors.New("none")
	if err := newClient(t, "http://videosdk.example", failing{none}, nil).Prepare(t.Context()); !errors.Is(err, none) {
		t.Errorf("got %v, want that there are none", err)
	}
	if err := newClient(t, "http://videosdk.example", steady(videosdk.Credentials{}), nil).Prepare(t.Context()); err == nil {
		t.Error("empty credentials are accepted")
	}
	if err := newClient(t, "http://videosdk.example", steady(good), nil).Prepare(t.Context()); err != nil {
		t.Error(err)
	}
}

// failing is a source without credentials.
type failing struct{ err error }

// Get implements videosdk.CredentialSource.
func (f failing) Get(context.Context) (videosdk.Credentials, error) {
	return videosdk.Credentials{}, f.err
}

// Refresh implements videosdk.CredentialSource.
func (f failing) Refresh(context.Context, time.Time) (videosdk.Credentials, error) {
	return videosdk.Credentials{}, f.err
}
