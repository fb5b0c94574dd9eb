package videosdk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/local/standin"
	"videosdk-end-session/internal/videosdk"
)

// TestBothShapes reads a session by each call, before and after its end, in each shape that VideoSDK is known to answer in.
func TestBothShapes(t *testing.T) {
	documented := func(status string) func(*endsession.Session) {
		return func(s *endsession.Session) {
			s.Status = status
			s.Links = endsession.Links{Room: "https://api.videosdk.live/v2/rooms/" + roomID, Session: "https://api.videosdk.live/v2/sessions/"}
		}
	}
	derived := func(status string) func(*endsession.Session) {
		return func(s *endsession.Session) { s.Status, s.StatusDerived = status, true }
	}
	tests := []struct {
		name        string
		options     standin.Options
		live, ended func(*endsession.Session)
		custom      string // as sessions and rooms show it
	}{
		{name: "documented", live: documented("ongoing"), ended: documented("ended"), custom: customID},
		{
			name: "documented, as its sample", options: standin.Options{CustomRoomIDUnshown: true},
			live: documented("ongoing"), ended: documented("ended"),
		},
		{name: "live endpoint", options: standin.Options{Shape: standin.Live}, live: derived("ongoing"), ended: derived("ended"), custom: customID},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now := newClock()
			tt.options.Now = now.Now
			server := startStandIn(t, tt.options)
			if err := server.AddRoom(standin.Room{ID: roomID, CustomID: customID}); err != nil {
				t.Fatal(err)
			}
			began := morning.Add(-time.Hour)
			if _, err := server.StartSession(roomID, standin.Session{ID: sessionID, Start: began, Participants: []standin.Participant{
				{ID: "demo-1", Name: "John", Timelog: []standin.TimelogEntry{
					{Start: began, End: began.Add(10 * time.Minute)}, {Start: began.Add(20 * time.Minute)},
				}},
				{ID: "demo-2"},
			}}); err != nil {
				t.Fatal(err)
			}
			// at is the session as it should be read, left at the time that participants who are still there have left.
			at := func(left string, shaped func(*endsession.Session)) endsession.Session {
				s := endsession.Session{
					ID: sessionID, RoomID: roomID, CustomRoomID: tt.custom, Start: "2026-11-23T09:00:00.000Z", End: left,
					Participants: []endsession.Participant{
						{ID: "demo-1", Name: "John", Timelog: []endsession.Presence{
							{Start: "2026-11-23T09:00:00.000Z", End: "2026-11-23T09:10:00.000Z"}, {Start: "2026-11-23T09:20:00.000Z", End: left},
						}},
						{ID: "demo-2", Timelog: []endsession.Presence{{Start: "2026-11-23T09:00:00.000Z", End: left}}},
					},
				}
				shaped(&s)
				return s
			}
			client := newClient(t, server.URL(), nil, now)
			check := func(step string, want, got endsession.Session, err error) {
				t.Helper()
				if err != nil {
					t.Fatalf("%s: %v", step, err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", step, diff)
				}
				if strings.Contains(fmt.Sprint(got), standin.PrivateMarker) {
					t.Errorf("%s: a private field was read: %v", step, got)
				}
			}
			live, ended := at("", tt.live), at("2026-11-23T10:00:00.000Z", tt.ended)

			for _, target := range []endsession.Target{{RoomID: roomID}, {CustomRoomID: customID}} {
				list, err := client.Live(t.Context(), target)
				if len(list) != 1 {
					t.Fatalf("listed %v, %v", list, err)
				}
				check("list", live, list[0], err)
			}
			room, err := client.Room(t.Context(), customID)
			if diff := cmp.Diff(endsession.Target{RoomID: roomID, CustomRoomID: tt.custom}, room); diff != "" || err != nil {
				t.Errorf("room: %v (-want +got):\n%s", err, diff)
			}
			got, err := client.Session(t.Context(), sessionID)
			check("read", live, got, err)
			got, err = client.End(t.Context(), roomID, sessionID, soon)
			check("end", live, got, err)
			got, err = client.Session(t.Context(), sessionID)
			check("read after the end", ended, got, err)
			list, err := client.Live(t.Context(), endsession.Target{RoomID: roomID})
			if len(list) != 0 || err != nil {
				t.Errorf("listed %v, %v after the end", list, err)
			}
		})
	}
}

func TestEndShownInTheAnswer(t *testing.T) {
	server := startLive(t, standin.Options{EndInAnswer: true})
	got, err := newClient(t, server.URL(), nil, nil).End(t.Context(), roomID, sessionID, soon)
	if err != nil || !got.Ended() || got.End != "2026-11-23T10:00:00.000Z" || got.Status != "ended" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestTwoLiveSessionsAreListed(t *testing.T) {
	server := startLive(t, standin.Options{})
	for range 2 {
		if _, err := server.StartSession(roomID, standin.Session{Start: morning, Alongside: true}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := newClient(t, server.URL(), nil, nil).Live(t.Context(), endsession.Target{RoomID: roomID})
	if err != nil || len(got) != 2 {
		t.Errorf("listed %d sessions, %v, want two of the three", len(got), err)
	}
}

// reads has a session read by each call.
var reads = map[string]func(context.Context, *videosdk.Client) (endsession.Session, error){
	"read": func(ctx context.Context, c *videosdk.Client) (endsession.Session, error) { return c.Session(ctx, "s") },
	"end": func(ctx context.Context, c *videosdk.Client) (endsession.Session, error) {
		return c.End(ctx, "r", "s", soon)
	},
	"list": func(ctx context.Context, c *videosdk.Client) (endsession.Session, error) {
		list, err := c.Live(ctx, endsession.Target{RoomID: "r"})
		if err != nil || len(list) != 1 {
			return endsession.Session{}, fmt.Errorf("listed %v, %w", list, err)
		}
		return list[0], nil
	},
}

// TestOpenFields reads sessions that no documentation foresees. None may make the answer unreadable.
func TestOpenFields(t *testing.T) {
	tests := []struct {
		name string
		body string
		want endsession.Session
	}{
		{name: "only an id", body: `{"id":"s"}`, want: endsession.Session{ID: "s", Status: "ongoing", StatusDerived: true}},
		{
			name: "impossible times", body: `{"id":"s","start":"2022-03-29T15:60:35.000Z","end":"yesterday"}`,
			want: endsession.Session{ID: "s", Start: "2022-03-29T15:60:35.000Z", End: "yesterday", Status: "ended", StatusDerived: true},
		},
		{
			name: "numbers", body: `{"id":17,"roomId":-4.5e3,"start":1648531302829,"end":0,"status":3}`,
			want: endsession.Session{ID: "17", RoomID: "-4.5e3", Start: "1648531302829", End: "0", Status: "3"},
		},
		{
			name: "null", body: `{"id":"s","roomId":null,"customRoomId":null,"start":null,"end":null,"status":null,"participants":null,"links":null}`,
			want: endsession.Session{ID: "s", Status: "ongoing", StatusDerived: true},
		},
		{
			name: "other types", body: `{"id":"s","roomId":["x"],"start":{"at":1},"end":false,"status":true}`,
			want: endsession.Session{ID: "s", Status: "ongoing", StatusDerived: true},
		},
		{
			name: "empty", body: `{"id":"s","roomId":"","start":"","end":"","status":"","participants":[],"links":{}}`,
			want: endsession.Session{ID: "s", Status: "ongoing", StatusDerived: true},
		},
		{
			name: "unknown status", body: `{"id":"s","end":null,"status":"paused"}`,
			want: endsession.Session{ID: "s", Status: "paused"},
		},
		{
			name: "status against end", body: `{"id":"s","end":"2022-03-29T05:21:42.829Z","status":"ongoing"}`,
			want: endsession.Session{ID: "s", End: "2022-03-29T05:21:42.829Z", Status: "ongoing"},
		},
		{
			name: "derived from an end", body: `{"id":"s","end":"2022-03-29T05:21:42.829Z"}`,
			want: endsession.Session{ID: "s", End: "2022-03-29T05:21:42.829Z", Status: "ended", StatusDerived: true},
		},
		{
			name: "both names of the room", body: `{"id":"s","meetingId":"m","roomId":"r","userMeetingId":"u","customRoomId":"c","status":"ongoing"}`,
			want: endsession.Session{ID: "s", RoomID: "r", CustomRoomID: "c", Status: "ongoing"},
		},
		{
			name: "empty names beside the others", body: `{"id":"s","meetingId":"m","roomId":"","userMeetingId":"u","customRoomId":null,"status":"ongoing"}`,
			want: endsession.Session{ID: "s", RoomID: "m", CustomRoomID: "u", Status: "ongoing"},
		},
		{
			name: "unknown fields", body: `{"id":"s","status":"ongoing","apiKey":"k","region":{"a":[1]},"links":{"get_recording":"x"},"participants":[{"participantId":"p","email":"e","timelog":[{"by":"x"}]}]}`,
			want: endsession.Session{ID: "s", Status: "ongoing", Participants: []endsession.Participant{{ID: "p", Timelog: []endsession.Presence{{}}}}},
		},
		{
			name: "odd participants", body: `{"id":"s","status":"ongoing","participants":[{"participantId":5,"name":null,"timelog":null},null]}`,
			want: endsession.Session{ID: "s", Status: "ongoing", Participants: []endsession.Participant{{ID: "5"}, {}}},
		},
		{name: "escapes", body: `{"id":"\u0073","status":"a\"b"}`, want: endsession.Session{ID: "s", Status: `a"b`}},
	}
	for _, tt := range tests {
		for how, read := range reads {
			t.Run(tt.name+", "+how, func(t *testing.T) {
				if !json.Valid([]byte(tt.body)) {
					t.Fatalf("%s is not JSON", tt.body)
				}
				body := tt.body
				if how == "list" {
					body = `{"pageInfo":{"currentPage":1},"data":[` + body + `]}`
				}
				got, err := read(t.Context(), newClient(t, record(t, says(body)).URL, nil, nil))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("session (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestWhatIsOnlyToldMayBeOfAnyType(t *testing.T) {
	const essence = `"id":"s","roomId":"r","start":"x","status":"ongoing"`
	want := endsession.Session{ID: "s", RoomID: "r", Start: "x", Status: "ongoing"}
	linked, told := want, want
	linked.Links.Room = "room"
	told.Participants = []endsession.Participant{{ID: "p"}, {}, {ID: "q", Timelog: []endsession.Presence{{Start: "y"}}}}
	tests := []struct {
		name, body string
		want       endsession.Session
	}{
		{"participants and links", `{` + essence + `,"participants":{"total":2},"links":[1]}`, want},
		{"participants", `{"participants":7,` + essence + `,"links":{"get_room":"room"}}`, linked},
		{"one of them, and a timelog", `{` + essence + `,"links":true,"participants":[{"timelog":{},"participantId":"p"},5,{"participantId":"q","timelog":[{"start":"y"}]}]}`, told},
	}
	for _, tt := range tests {
		for how, read := range reads {
			t.Run(tt.name+", "+how, func(t *testing.T) {
				body := tt.body
				if how == "list" {
					body = `{"data":[` + body + `]}`
				}
				got, err := read(t.Context(), newClient(t, record(t, says(body)).URL, nil, nil))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("session (-want +got):\n%s", diff)
				}
			})
		}
	}
}
