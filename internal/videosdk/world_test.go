package videosdk_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/local/standin"
	"videosdk-end-session/internal/redacted"
	"videosdk-end-session/internal/videosdk"
)

const (
	apiKey    = "1f0e8c9b-4d57-4f4c-9d55-api-key"
	secret    = "7c5d1a0e3b-the-secret"
	roomID    = "abcd-efgh-ijkl"
	customID  = "booking-4711"
	sessionID = "62429766903bdf001299cac5"
)

var (
	good = videosdk.Credentials{APIKey: apiKey, Secret: redacted.New(secret)}
	// morning is when the tests take place.
	morning = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	// soon is when an end call has to be sent.
	soon = morning.Add(2 * time.Second)
)

// clock is a clock that only the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: morning} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// account is a source of credentials. Get gives the held ones, and Refresh the fresh ones and keeps them.
type account struct {
	mu          sync.Mutex
	held, fresh videosdk.Credentials
	getErr      error
	refreshErr  error
	onGet       func()
	refreshed   []time.Time // what each Refresh was given
}

// steady is an account whose credentials never change.
func steady(c videosdk.Credentials) *account { return &account{held: c, fresh: c} }

func (a *account) Get(context.Context) (videosdk.Credentials, error) {
	if a.onGet != nil {
		a.onGet()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.held, a.getErr
}

func (a *account) Refresh(_ context.Context, after time.Time) (videosdk.Credentials, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refreshed = append(a.refreshed, after)
	if a.refreshErr != nil {
		return videosdk.Credentials{}, a.refreshErr
	}
	a.held = a.fresh
	return a.held, nil
}

func (a *account) hold(c videosdk.Credentials) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.held = c
}

func (a *account) refreshes() []time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.refreshed
}

// newClient returns a client of the endpoint. A nil source is the steady account, a nil clock stands still.
func newClient(t *testing.T, endpoint string, source videosdk.CredentialSource, c *clock) *videosdk.Client {
	t.Helper()
	if source == nil {
		source = steady(good)
	}
	if c == nil {
		c = newClock()
	}
	transport := videosdk.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	client, err := videosdk.New(videosdk.Config{Endpoint: endpoint, Credentials: source, Transport: transport, Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// startStandIn starts a VideoSDK with the options, to which it adds the pair of keys and a clock that stands still.
func startStandIn(t *testing.T, options standin.Options) *standin.Server {
	t.Helper()
	options.APIKey, options.Secret = apiKey, secret
	if options.Now == nil {
		options.Now = newClock().Now
	}
	server, err := standin.New(options)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server
}

// startLive is startStandIn with a live session in the room.
func startLive(t *testing.T, options standin.Options) *standin.Server {
	t.Helper()
	server := startStandIn(t, options)
	if err := server.AddRoom(standin.Room{ID: roomID, CustomID: customID}); err != nil {
		t.Fatal(err)
	}
	if _, err := server.StartSession(roomID, standin.Session{ID: sessionID, Start: morning.Add(-time.Hour)}); err != nil {
		t.Fatal(err)
	}
	return server
}

func inject(t *testing.T, server *standin.Server, fault standin.Fault) {
	t.Helper()
	if err := server.Inject(fault); err != nil {
		t.Fatal(err)
	}
}

// exchanged is what a recorder was sent.
type exchanged struct {
	method, uri, body string
	header            http.Header
}

// recorder is a server that records its requests and answers them as the test says.
type recorder struct {
	*httptest.Server

	mu       sync.Mutex
	requests []exchanged
}

// record starts a recorder, of which answer gets each request with its number, from 1 on.
func record(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, n int)) *recorder {
	t.Helper()
	server := &recorder{}
	server.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, server.add(r))
	}))
	t.Cleanup(server.Close)
	return server
}

func (s *recorder) add(r *http.Request) int {
	body, _ := io.ReadAll(r.Body) // cut off is what the test then sees
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, exchanged{method: r.Method, uri: r.RequestURI, body: string(body), header: r.Header.Clone()})
	return len(s.requests)
}

func (s *recorder) all() []exchanged {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// says answers every request with a body.
func says(body string) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) { _, _ = w.Write([]byte(body)) }
}

// operation is one of the client's three calls, all of them about the same session.
type operation struct {
	name string
	on   standin.Operation
	do   func(context.Context, *videosdk.Client) error
	// notFound is the code where VideoSDK knows nothing by that id.
	notFound endsession.Code
}

var operations = []operation{
	{
		name: "live sessions", on: standin.OpListSessions, notFound: endsession.CodeRoomNotFound,
		do: func(ctx context.Context, c *videosdk.Client) error {
			_, err := c.Live(ctx, endsession.Target{RoomID: roomID})
			return err
		},
	},
	{
		name: "one session", on: standin.OpGetSession, notFound: endsession.CodeSessionNotFound,
		do: func(ctx context.Context, c *videosdk.Client) error {
			_, err := c.Session(ctx, sessionID)
			return err
		},
	},
	{
		name: "room", on: standin.OpGetRoom, notFound: endsession.CodeRoomNotFound,
		do: func(ctx context.Context, c *videosdk.Client) error {
			_, err := c.Room(ctx, customID)
			return err
		},
	},
	{
		name: "end", on: standin.OpEndSession, notFound: endsession.CodeSessionNotFound,
		do: func(ctx context.Context, c *videosdk.Client) error {
			_, err := c.End(ctx, roomID, sessionID, soon)
			return err
		},
	},
}
