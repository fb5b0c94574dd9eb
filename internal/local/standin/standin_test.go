package standin_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"videosdk-end-session/internal/local/standin"
)

const (
	apiKey = "test-key"
	secret = "test-secret"
)

var morning = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// clock is a time that only a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bench is a running stand-in with a client that follows no redirect and keeps no connection.
type bench struct {
	*standin.Server
	t      *testing.T
	clock  *clock
	client *http.Client
}

func newBench(t *testing.T, options standin.Options) *bench {
	t.Helper()
	b := &bench{t: t, clock: &clock{now: morning}}
	options.APIKey, options.Secret, options.Now = apiKey, secret, b.clock.Now
	server, err := standin.New(options)
	if err != nil {
		t.Fatal(err)
	}
	b.Server = server
	if err := server.Start(""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	b.client = &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       time.Minute,
	}
	return b
}

// room adds a room and, unless there are none, its sessions, and returns their ids.
func (b *bench) room(room standin.Room, sessions ...standin.Session) []string {
	b.t.Helper()
	if err := b.AddRoom(room); err != nil {
		b.t.Fatal(err)
	}
	ids := make([]string, len(sessions))
	for i, session := range sessions {
		id, err := b.StartSession(room.ID, session)
		if err != nil {
			b.t.Fatal(err)
		}
		ids[i] = id
	}
	return ids
}

// reply is an answer that was read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

// message is that of an error body.
func (r reply) message() string {
	var body struct{ Message string }
	if err := json.Unmarshal([]byte(r.body), &body); err != nil {
		return "unreadable: " + r.body
	}
	return body.Message
}

// customRoomIDShown labels each documented session of a room that has a customRoomId.
const customRoomIDShown = "customRoomId of a session"

var inAnyOrder = cmpopts.SortSlices(func(a, b string) bool { return a < b })

func (r reply) assumptions() []string { return r.header.Values("X-Stand-In-Assumption") }

// request makes a request with a good token.
func (b *bench) request(ctx context.Context, method, path, body string) *http.Request {
	b.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, b.URL()+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Authorization", sign(b.t, goodHeader, goodClaims(b.clock.Now()), secret))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func (b *bench) send(r *http.Request) (reply, error) {
	response, err := b.client.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, string(body)}, err
}

// do makes a request that must be answered.
func (b *bench) do(method, path, body string) reply {
	b.t.Helper()
	answered, err := b.send(b.request(b.t.Context(), method, path, body))
	if err != nil {
		b.t.Fatal(err)
	}
	return answered
}

// end calls POST /v2/sessions/end.
func (b *bench) end(body string) reply {
	b.t.Helper()
	return b.do(http.MethodPost, "/v2/sessions/end", body)
}

// wireSession is what the tests look at in a session.
type wireSession struct {
	ID, RoomID, MeetingID, Status, Start string
	End                                  *string
}

func decode[T any](t *testing.T, body string) T {
	t.Helper()
	var value T
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return value
}

// isLive reads a session over HTTP, untouched by faults that are not about reading.
func (b *bench) isLive(id string) bool {
	b.t.Helper()
	answered := b.do(http.MethodGet, "/v2/sessions/"+id, "")
	if answered.status != http.StatusOK {
		b.t.Fatalf("session %s: %d %s", id, answered.status, answered.body)
	}
	return decode[wireSession](b.t, answered.body).End == nil
}

// calls returns the calls of one operation.
func (b *bench) calls(operation standin.Operation) []standin.Call {
	var of []standin.Call
	for _, call := range b.Calls() {
		if call.Operation == operation {
			of = append(of, call)
		}
	}
	return of
}

// eventually polls until a condition holds, with a limit for the slowest of machines.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

var goodHeader = map[string]any{"alg": "HS256", "typ": "JWT"}

func goodClaims(now time.Time) map[string]any {
	return map[string]any{
		"apikey":      apiKey,
		"permissions": []string{"allow_join", "allow_mod"},
		"version":     2,
		"roles":       []string{"crawler"},
		"iat":         now.Unix(),
		"exp":         now.Add(10 * time.Minute).Unix(),
	}
}

// sign makes a JWT by hand (RFC 7515 section 3.1), so that no library's habits hide in the tests.
func sign(t *testing.T, header, claims map[string]any, key string) string {
	t.Helper()
	newHash := sha256.New
	if header["alg"] == "HS512" {
		newHash = sha512.New
	}
	part := func(value any) string {
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(encoded)
	}
	signed := part(header) + "." + part(claims)
	mac := hmac.New(newHash, []byte(key))
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
