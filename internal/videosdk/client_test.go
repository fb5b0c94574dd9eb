package videosdk_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/local/standin"
	"videosdk-end-session/internal/videosdk"
)

func TestNewRefusesWhatIsIncomplete(t *testing.T) {
	complete := videosdk.Config{Endpoint: "https://api.example", Credentials: steady(good), Transport: videosdk.NewTransport(), Now: time.Now}
	tests := []struct {
		name string
		omit func(*videosdk.Config)
		fine bool
	}{
		{name: "complete", omit: func(*videosdk.Config) {}, fine: true},
		{name: "no endpoint", omit: func(c *videosdk.Config) { c.Endpoint = "" }},
		{name: "no credentials", omit: func(c *videosdk.Config) { c.Credentials = nil }},
		{name: "no transport", omit: func(c *videosdk.Config) { c.Transport = nil }},
		{name: "no clock", omit: func(c *videosdk.Config) { c.Now = nil }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			config := complete
			tt.omit(&config)
			client, err := videosdk.New(config)
			if (err == nil) != tt.fine || (client != nil) != tt.fine {
				t.Errorf("New() = %v, %v", client, err)
			}
		})
	}
}

func TestCallsOnTheWire(t *testing.T) {
	type call struct{ Method, URI, Body, ContentType, Accept string }
	get := func(uri string) call { return call{Method: "GET", URI: uri, Accept: "application/json"} }
	tests := []struct {
		name string
		do   func(context.Context, *videosdk.Client) error
		want call
	}{
		{
			name: "live sessions of a room",
			do: func(ctx context.Context, c *videosdk.Client) error {
				_, err := c.Live(ctx, endsession.Target{RoomID: roomID})
				return err
			},
			want: get("/v2/sessions?perPage=2&roomId=abcd-efgh-ijkl&status=ongoing"),
		},
		{
			name: "live sessions of a custom room",
			do: func(ctx context.Context, c *videosdk.Client) error {
				_, err := c.Live(ctx, endsession.Target{CustomRoomID: customID})
				return err
			},
			want: get("/v2/sessions?customRoomId=booking-4711&perPage=2&status=ongoing"),
		},
		{
			name: "of both names the room's own counts",
			do: func(ctx context.Context, c *videosdk.Client) error {
				_, err := c.Live(ctx, endsession.Target{RoomID: roomID, CustomRoomID: customID})
				return err
			},
			want: get("/v2/sessions?perPage=2&roomId=abcd-efgh-ijkl&status=ongoing"),
		},
		{
			name: "one session",
			do: func(ctx context.Context, c *videosdk.Client) error {
				_, err := c.Session(ctx, sessionID)
				return err
			},
			want: get("/v2/sessions/62429766903bdf001299cac5"),
		},
		{
			name: "room",
			do: func(ctx context.Context, c *videosdk.Client) error {
				_, err := c.Room(ctx, customID)
				return err
			},
			want: get("/v2/rooms/booking-4711"),
		},
		{
			name: "end",
			do: func(ctx context.Context, c *videosdk.Client) error {
				_, err := c.End(ctx, roomID, sessionID, soon)
				return err
			},
			want: call{
				Method: "POST", URI: "/v2/sessions/end", Body: `{"roomId":"abcd-efgh-ijkl","sessionId":"62429766903bdf001299cac5"}`,
				ContentType: "application/json", Accept: "application/json",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := record(t, says(`{"id":"x","roomId":"r","data":[]}`))
			if err := tt.do(t.Context(), newClient(t, server.URL, nil, nil)); err != nil {
				t.Fatal(err)
			}
			var got []call
			for _, r := range server.all() {
				got = append(got, call{r.method, r.uri, r.body, r.header.Get("Content-Type"), r.header.Get("Accept")})
			}
			if diff := cmp.Diff([]call{tt.want}, got); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEndpointWithAndWithoutVersion(t *testing.T) {
	for _, suffix := range []string{"", "/", "/v2", "/v2/", "/v2//"} {
		t.Run("suffix "+suffix, func(t *testing.T) {
			server := record(t, says(`{"id":"x"}`))
			if _, err := newClient(t, server.URL+suffix, nil, nil).Session(t.Context(), "s"); err != nil {
				t.Fatal(err)
			}
			if got := server.all(); len(got) != 1 || got[0].uri != "/v2/sessions/s" {
				t.Errorf("called %v, want /v2/sessions/s", got)
			}
		})
	}
}

// TestIdentifiersAreEscaped asks for identifiers that mean something in a URL. The stand-in says what it understood.
func TestIdentifiersAreEscaped(t *testing.T) {
	for _, id := range []string{"a b", "a/b", "../rooms", "a?status=ended", "a#b", "a%2Fb", "a&roomId=b", "a+b", "a=b", "grüße-会議", `a"b\c`} {
		t.Run(id, func(t *testing.T) {
			server := startStandIn(t, standin.Options{})
			client := newClient(t, server.URL(), nil, nil)
			// None of these exists; the calls that arrive are what counts.
			_, _ = client.Session(t.Context(), id)
			_, _ = client.Live(t.Context(), endsession.Target{RoomID: id})
			_, _ = client.Live(t.Context(), endsession.Target{CustomRoomID: id})
			_, _ = client.End(t.Context(), id, id, soon)

			type understood struct {
				Operation                       standin.Operation
				RoomID, CustomRoomID, SessionID string
			}
			var got []understood
			for _, call := range server.Calls() {
				got = append(got, understood{call.Operation, call.RoomID, call.CustomRoomID, call.SessionID})
				if call.Status == http.StatusBadRequest && call.Operation != standin.OpEndSession {
					t.Errorf("%s was refused as malformed", call.URI)
				}
			}
			want := []understood{
				{Operation: standin.OpGetSession, SessionID: id},
				{Operation: standin.OpListSessions, RoomID: id},
				{Operation: standin.OpListSessions, CustomRoomID: id},
				{Operation: standin.OpEndSession, RoomID: id, SessionID: id},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("understood (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnEndThatCannotBeginSoonIsNotBegun(t *testing.T) {
	tests := []struct {
		name  string
		takes time.Duration // the secret's fetch
		calls int
	}{
		{name: "soon enough", takes: time.Second, calls: 1},
		{name: "too late after the look at the session", takes: 2 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := record(t, says(`{"id":"s"}`))
			now := newClock()
			source := steady(good)
			source.onGet = func() { now.advance(tt.takes) }
			client := newClient(t, server.URL, source, now)
			_, err := client.End(t.Context(), roomID, sessionID, soon)
			if calls := len(server.all()); calls != tt.calls || (err == nil) != (tt.calls > 0) {
				t.Fatalf("End() = %v after %d calls, want %d", err, calls, tt.calls)
			}
			if got := endsession.AsError(err); got != nil && (got.Class != endsession.Transient || got.Uncertain) {
				t.Errorf("End() = %+v, want a transient error of a call that was not made", got)
			}
			if _, err := client.Session(t.Context(), "s"); err != nil {
				t.Errorf("a look is never too late: %v", err)
			}
		})
	}
}
