package standin_test

import (
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/local/standin"
)

// seeded has one live session, with a participant who came back and one without a timelog of its own.
func seeded(t *testing.T, options standin.Options) *bench {
	t.Helper()
	b := newBench(t, options)
	b.room(standin.Room{ID: "abcd-efgh-ijkl", CustomID: "booking-4711"}, standin.Session{
		ID:    "62429766903bdf001299cac5",
		Start: morning.Add(-time.Hour + 829*time.Millisecond),
		Participants: []standin.Participant{
			{ID: "demo-1", Name: "John", Timelog: []standin.TimelogEntry{
				{Start: morning.Add(-50 * time.Minute), End: morning.Add(-40 * time.Minute)},
				{Start: morning.Add(-30 * time.Minute)},
			}},
			{ID: "demo-2", Name: "Jane"},
		},
	})
	return b
}

func without(object map[string]any, field string) map[string]any {
	rest := maps.Clone(object)
	delete(rest, field)
	return rest
}

func TestShapes(t *testing.T) {
	documented := map[string]any{
		"roomId": "abcd-efgh-ijkl", "customRoomId": "booking-4711", "status": "ongoing",
		"links": map[string]any{
			"get_room":    "https://api.videosdk.live/v2/rooms/abcd-efgh-ijkl",
			"get_session": "https://api.videosdk.live/v2/sessions/",
		},
	}
	live := map[string]any{"meetingId": "abcd-efgh-ijkl", "userMeetingId": "booking-4711"}

	tests := []struct {
		name    string
		options standin.Options
		want    map[string]any
		room    []string // fields of a room
		assumed []string
	}{
		{"documented", standin.Options{}, documented,
			[]string{"id", "roomId", "customRoomId", "disabled", "createdAt", "updatedAt", "links"}, []string{customRoomIDShown}},
		{"live", standin.Options{Shape: standin.Live}, live,
			[]string{"id", "meetingId", "userMeetingId", "disabled", "createdAt", "updatedAt"}, nil},
		{"documented, as its sample", standin.Options{CustomRoomIDUnshown: true}, without(documented, "customRoomId"),
			[]string{"id", "roomId", "disabled", "createdAt", "updatedAt", "links"}, []string{customRoomIDShown}},
		{"live, without customRoomId", standin.Options{Shape: standin.Live, CustomRoomIDUnshown: true}, without(live, "userMeetingId"),
			[]string{"id", "meetingId", "disabled", "createdAt", "updatedAt"}, []string{customRoomIDShown}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := seeded(t, tt.options)
			private := map[string]any{"browser": standin.PrivateMarker, "os": standin.PrivateMarker}
			want := map[string]any{
				"id": "62429766903bdf001299cac5", "start": "2026-11-23T09:00:00.829Z", "end": nil,
				"apiKey":      apiKey,
				"chatLink":    "https://stand-in-private.example/62429766903bdf001299cac5/chat.csv",
				"geoLocation": map[string]any{"city": standin.PrivateMarker, "country": standin.PrivateMarker},
				"participants": []any{
					map[string]any{
						"participantId": "demo-1", "name": "John", "email": "stand-in-private@example.com", "deviceInfo": private,
						"timelog": []any{
							map[string]any{"start": "2026-11-23T09:10:00.000Z", "end": "2026-11-23T09:20:00.000Z"},
							map[string]any{"start": "2026-11-23T09:30:00.000Z", "end": nil},
						},
					},
					map[string]any{
						"participantId": "demo-2", "name": "Jane", "email": "stand-in-private@example.com", "deviceInfo": private,
						"timelog": []any{map[string]any{"start": "2026-11-23T09:00:00.829Z", "end": nil}},
					},
				},
			}
			for name, value := range tt.want {
				want[name] = value
			}
			one := b.do(http.MethodGet, "/v2/sessions/62429766903bdf001299cac5", "")
			if diff := cmp.Diff(want, withoutObjectIDs(t, decode[map[string]any](t, one.body))); diff != "" {
				t.Errorf("GET of the session (-want +got):\n%s", diff)
			}
			if contentType := one.header.Get("Content-Type"); !strings.HasPrefix(contentType, "application/json") {
				t.Errorf("Content-Type %q", contentType)
			}
			list := b.do(http.MethodGet, "/v2/sessions?roomId=abcd-efgh-ijkl", "")
			listed := decode[struct{ Data []map[string]any }](t, list.body).Data
			for _, session := range listed {
				withoutObjectIDs(t, session)
			}
			if diff := cmp.Diff([]map[string]any{want}, listed); diff != "" {
				t.Errorf("list (-want +got):\n%s", diff)
			}
			ended := b.end(`{"roomId":"abcd-efgh-ijkl","sessionId":"62429766903bdf001299cac5"}`)
			if diff := cmp.Diff(want, withoutObjectIDs(t, decode[map[string]any](t, ended.body))); diff != "" {
				t.Errorf("answer to the end call (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.assumed, ended.assumptions()); diff != "" {
				t.Errorf("assumptions (-want +got):\n%s", diff)
			}

			room := decode[map[string]any](t, b.do(http.MethodGet, "/v2/rooms/booking-4711", "").body)
			for _, field := range tt.room {
				if _, present := room[field]; !present {
					t.Errorf("the room has no %s", field)
				}
				delete(room, field)
			}
			if len(room) != 0 {
				t.Errorf("the room has unknown fields %v", room)
			}
		})
	}
}

var objectIDForm = regexp.MustCompile(`^[0-9a-f]{24}$`)

// withoutObjectIDs checks the participants' own ids, which are made up, and strikes them off.
func withoutObjectIDs(t *testing.T, session map[string]any) map[string]any {
	t.Helper()
	participants, _ := session["participants"].([]any)
	for _, element := range participants {
		participant := element.(map[string]any)
		if id, _ := participant["_id"].(string); !objectIDForm.MatchString(id) {
			t.Errorf("_id is %q", id)
		}
		delete(participant, "_id")
	}
	return session
}

func TestEndClosesOpenTimelogEntries(t *testing.T) {
	b := seeded(t, standin.Options{})
	b.clock.Advance(time.Minute)
	if err := b.EndSession("62429766903bdf001299cac5"); err != nil {
		t.Fatal(err)
	}
	b.clock.Advance(time.Minute)
	if err := b.EndSession("62429766903bdf001299cac5"); err != nil { // changes nothing
		t.Fatal(err)
	}
	type stay struct{ Start, End string }
	type session struct {
		End, Status  string
		Participants []struct{ Timelog []stay }
	}
	got := decode[session](t, b.do(http.MethodGet, "/v2/sessions/62429766903bdf001299cac5", "").body)
	want := session{End: "2026-11-23T10:01:00.000Z", Status: "ended", Participants: []struct{ Timelog []stay }{
		{Timelog: []stay{
			{"2026-11-23T09:10:00.000Z", "2026-11-23T09:20:00.000Z"},
			{"2026-11-23T09:30:00.000Z", "2026-11-23T10:01:00.000Z"},
		}},
		{Timelog: []stay{{"2026-11-23T09:00:00.829Z", "2026-11-23T10:01:00.000Z"}}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUnreadableStartIsSentAsItIs(t *testing.T) {
	b := newBench(t, standin.Options{})
	raw := "2022-03-29T15:60:35.000Z"
	id := b.room(standin.Room{ID: "abcd-efgh-ijkl"}, standin.Session{RawStart: &raw})[0]
	raw = "the caller's variable is its own again"
	got := decode[wireSession](t, b.do(http.MethodGet, "/v2/sessions/"+id, "").body)
	if got.Start != "2022-03-29T15:60:35.000Z" {
		t.Errorf("start is %q", got.Start)
	}
}
