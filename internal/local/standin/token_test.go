package standin_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"videosdk-end-session/internal/local/standin"
)

func TestToken(t *testing.T) {
	b := seeded(t, standin.Options{})
	claims := func(change func(claims map[string]any)) func(*testing.T) []string {
		return func(t *testing.T) []string {
			changed := goodClaims(b.clock.Now())
			change(changed)
			return []string{sign(t, goodHeader, changed, secret)}
		}
	}
	set := func(name string, value any) func(*testing.T) []string {
		return claims(func(claims map[string]any) { claims[name] = value })
	}
	without := func(name string) func(*testing.T) []string {
		return claims(func(claims map[string]any) { delete(claims, name) })
	}
	good := func(t *testing.T) string { return sign(t, goodHeader, goodClaims(b.clock.Now()), secret) }
	at := func(d time.Duration) int64 { return morning.Add(d).Unix() }

	tests := []struct {
		name    string
		header  func(t *testing.T) []string
		status  int
		message string // part of it
	}{
		{"good", func(t *testing.T) []string { return []string{good(t)} }, 200, ""},
		{"issued within the slack", set("iat", at(5*time.Second)), 200, ""},
		{"last second", set("exp", at(time.Second)), 200, ""},

		{"no header", func(*testing.T) []string { return nil }, 401, "no Authorization header"},
		{"empty header", func(*testing.T) []string { return []string{""} }, 401, "no Authorization header"},
		{"two headers", func(t *testing.T) []string { return []string{good(t), good(t)} }, 401, "more than one"},
		{"Bearer prefix", func(t *testing.T) []string { return []string{"Bearer " + good(t)} }, 401, "without Bearer"},
		{"lower-case prefix", func(t *testing.T) []string { return []string{"bearer " + good(t)} }, 401, "without Bearer"},
		{"Basic prefix", func(t *testing.T) []string { return []string{"Basic " + good(t)} }, 401, "without Bearer"},
		{"no JWT", func(*testing.T) []string { return []string{"abc"} }, 401, "not a JWT"},
		{"other secret", func(t *testing.T) []string {
			return []string{sign(t, goodHeader, goodClaims(b.clock.Now()), "other")}
		}, 401, "not signed"},
		{"secret with a newline", func(t *testing.T) []string {
			return []string{sign(t, goodHeader, goodClaims(b.clock.Now()), secret+"\n")}
		}, 401, "not signed"},
		{"algorithm none", func(t *testing.T) []string {
			token := sign(t, map[string]any{"alg": "none"}, goodClaims(b.clock.Now()), secret)
			return []string{token[:strings.LastIndex(token, ".")+1]}
		}, 401, "not signed"},
		{"algorithm HS512", func(t *testing.T) []string {
			return []string{sign(t, map[string]any{"alg": "HS512"}, goodClaims(b.clock.Now()), secret)}
		}, 401, "not signed"},

		{"expired", set("exp", at(-time.Second)), 401, "Token is invalid or expired"},
		{"expires now", set("exp", at(0)), 401, "Token is invalid or expired"},
		{"no exp", without("exp"), 401, "exp is not a number"},
		{"exp a string", set("exp", "soon"), 401, "exp is not a number"},
		{"exp a fraction", set("exp", 2e9+0.5), 401, "exp is not a whole number"},
		{"no iat", without("iat"), 401, "iat is not a number"},
		{"issued beyond the slack", set("iat", at(6*time.Second)), 401, "iat is in the future"},
		{"other key", set("apikey", "other"), 401, "apikey"},
		{"no key", without("apikey"), 401, "apikey"},
		{"version a string", set("version", "2"), 401, "version"},
		{"other version", set("version", 1), 401, "version"},
		{"no version", without("version"), 401, "version"},
		{"fewer permissions", set("permissions", []string{"allow_join"}), 401, "permissions"},
		{"more permissions", set("permissions", []string{"allow_join", "allow_mod", "ask_join"}), 401, "permissions"},
		{"permissions of numbers", set("permissions", []int{1, 2}), 401, "permissions"},
		{"permissions a string", set("permissions", "allow_join"), 401, "permissions"},
		{"no permissions", without("permissions"), 401, "permissions"},
		{"unknown claims", claims(func(claims map[string]any) { claims["nbf"], claims["aud"] = 1, "x" }), 401, "unknown claims aud, nbf"},
		{"no roles", without("roles"), 401, "roles"},
		{"both roles", set("roles", []string{"crawler", "rtc"}), 401, "roles"},
		{"role rtc", set("roles", []string{"rtc"}), 403, "role rtc"},
		{"role rtc and another fault", claims(func(claims map[string]any) {
			claims["roles"], claims["version"] = []string{"rtc"}, "2"
		}), 401, "version"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := b.request(t.Context(), http.MethodGet, "/v2/sessions/62429766903bdf001299cac5", "")
			r.Header["Authorization"] = tt.header(t)
			got, err := b.send(r)
			if err != nil {
				t.Fatal(err)
			}
			if got.status != tt.status || !strings.Contains(got.message(), tt.message) {
				t.Errorf("got %d %s, want %d with a message that contains %q", got.status, got.body, tt.status, tt.message)
			}
			ofToken := slices.DeleteFunc(got.assumptions(), func(label string) bool { return label == customRoomIDShown })
			if refused := tt.status != 200; refused != (len(ofToken) > 0) {
				t.Errorf("assumptions %q on status %d", got.assumptions(), got.status)
			}
		})
	}
}

func TestTokenIsCheckedByEveryOperation(t *testing.T) {
	b := newBench(t, standin.Options{})
	id := b.room(standin.Room{ID: "abcd-efgh-ijkl"}, standin.Session{})[0]
	for _, request := range []struct{ method, path, body string }{
		{http.MethodGet, "/v2/sessions", ""},
		{http.MethodGet, "/v2/sessions/" + id, ""},
		{http.MethodPost, "/v2/sessions/end", `{"roomId":"abcd-efgh-ijkl"}`},
		{http.MethodGet, "/v2/rooms/abcd-efgh-ijkl", ""},
	} {
		t.Run(request.method+" "+request.path, func(t *testing.T) {
			r := b.request(t.Context(), request.method, request.path, request.body)
			r.Header.Del("Authorization")
			got, err := b.send(r)
			if err != nil || got.status != http.StatusUnauthorized {
				t.Errorf("got %d, %v, want 401", got.status, err)
			}
		})
	}
	if !b.isLive(id) {
		t.Error("a call without a token ended the session")
	}
}

func TestRotateRefusesTheOldPair(t *testing.T) {
	b := newBench(t, standin.Options{})
	if err := b.Rotate("new-key", "new-secret"); err != nil {
		t.Fatal(err)
	}
	if got := b.do(http.MethodGet, "/v2/sessions", ""); got.status != http.StatusUnauthorized {
		t.Errorf("the old pair got %d, want 401", got.status)
	}

	claims := goodClaims(b.clock.Now())
	claims["apikey"] = "new-key"
	r := b.request(t.Context(), http.MethodGet, "/v2/sessions", "")
	r.Header.Set("Authorization", sign(t, goodHeader, claims, "new-secret"))
	if got, err := b.send(r); err != nil || got.status != http.StatusOK {
		t.Errorf("the new pair got %d, %v, want 200", got.status, err)
	}

	if err := b.Rotate("", " \n"); err == nil {
		t.Error("an empty pair was accepted")
	}
}
