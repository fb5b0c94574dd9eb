package standin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/local/standin"
)

// control makes a request as curl does: without a token.
func (b *bench) control(method, path, body string) reply {
	b.t.Helper()
	r := b.request(b.t.Context(), method, "/_standin/"+path, body)
	r.Header.Del("Authorization")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got, err := b.send(r)
	if err != nil {
		b.t.Fatal(err)
	}
	return got
}

type admitted struct {
	RoomID, CustomRoomID string
	SessionIDs           []string
}

func TestControlDrivesASession(t *testing.T) {
	b := newBench(t, standin.Options{})
	created := b.control(http.MethodPost, "rooms", `{"roomId":"abcd-efgh-ijkl","customRoomId":"booking-4711","sessions":[
		{"id":"62429766903bdf001299cac5","start":"2026-11-23T07:00:00Z","end":"2026-11-23T08:00:00Z"},
		{"rawStart":"15:60:35","participants":[{"participantId":"demo-1","name":"John",
			"timelog":[{"start":"2026-11-23T09:00:00Z","end":"2026-11-23T09:05:00Z"},{"start":"2026-11-23T09:10:00Z"}]}]},
		{"start":"2026-11-23T09:30:00Z","alongside":true}]}`)
	got := decode[admitted](t, created.body)
	if created.status != http.StatusCreated || got.RoomID != "abcd-efgh-ijkl" || got.CustomRoomID != "booking-4711" || len(got.SessionIDs) != 3 {
		t.Fatalf("got %d %s", created.status, created.body)
	}
	if got.SessionIDs[0] != "62429766903bdf001299cac5" || b.isLive(got.SessionIDs[0]) || !b.isLive(got.SessionIDs[1]) || !b.isLive(got.SessionIDs[2]) {
		t.Errorf("the sessions are not as told: %s", created.body)
	}
	raw := b.do(http.MethodGet, "/v2/sessions/"+got.SessionIDs[1], "")
	if session := decode[wireSession](t, raw.body); session.Start != "15:60:35" || strings.Count(raw.body, `"end":`) != 3 {
		t.Errorf("the second session is not as told: %s", raw.body)
	}

	for _, id := range got.SessionIDs {
		if ended := b.control(http.MethodPost, "sessions/"+id+"/end", ""); ended.status != http.StatusNoContent || b.isLive(id) {
			t.Errorf("end of %s: %d, live: %t", id, ended.status, b.isLive(id))
		}
	}
	next := b.control(http.MethodPost, "rooms", `{"roomId":"abcd-efgh-ijkl","sessions":[{}]}`)
	if ids := decode[admitted](t, next.body).SessionIDs; next.status != http.StatusOK || len(ids) != 1 || !b.isLive(ids[0]) {
		t.Errorf("the room's next session: %d %s", next.status, next.body)
	}
	empty := b.control(http.MethodPost, "rooms", `{"roomId":"mnop"}`)
	if want := `{"roomId":"mnop","sessionIds":[]}` + "\n"; empty.status != http.StatusCreated || empty.body != want {
		t.Errorf("a room without sessions: %d %s, want %s", empty.status, empty.body, want)
	}
}

func TestControlInjectsFaults(t *testing.T) {
	b := seeded(t, standin.Options{})
	injected := b.control(http.MethodPost, "faults",
		`{"on":"EndSession","about":"abcd-efgh-ijkl","when":"after","do":"answer","times":1,"status":503,"headers":{"retry-after":"3"},"body":"busy"}`)
	if injected.status != http.StatusNoContent {
		t.Fatalf("got %d %s", injected.status, injected.body)
	}
	if got := b.end(endBody); got.status != 503 || got.body != "busy" || got.header.Get("Retry-After") != "3" || b.isLive("62429766903bdf001299cac5") {
		t.Errorf("got %d %v %s", got.status, got.header, got.body)
	}

	b.control(http.MethodPost, "faults", `{"do":"garbage"}`)
	b.control(http.MethodPost, "faults", `{"do":"slow","delay":"1h"}`)
	if got := b.do(http.MethodGet, "/v2/sessions", ""); !strings.HasPrefix(got.body, "<!DOCTYPE") {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if cleared := b.control(http.MethodDelete, "faults", ""); cleared.status != http.StatusNoContent {
		t.Errorf("got %d %s", cleared.status, cleared.body)
	}
	if got := b.do(http.MethodGet, "/v2/sessions", ""); !strings.HasPrefix(got.body, "{") {
		t.Errorf("the fault is still there: %s", got.body)
	}
}

func TestControlShowsCalls(t *testing.T) {
	b := seeded(t, standin.Options{})
	if none := b.control(http.MethodGet, "calls", ""); none.body != `{"calls":[]}`+"\n" {
		t.Errorf("before any call: %s", none.body)
	}
	b.end(endBody)
	shown := b.control(http.MethodGet, "calls", "")
	want := map[string]any{"calls": []any{map[string]any{
		"at": morning.Format(time.RFC3339), "operation": "EndSession", "method": "POST", "uri": "/v2/sessions/end",
		"roomId": "abcd-efgh-ijkl", "sessionId": "62429766903bdf001299cac5", "requestId": "stand-in-000001", "status": 200.0,
		"acted": true, "actedOn": "62429766903bdf001299cac5", "assumptions": []any{customRoomIDShown},
	}}}
	if diff := cmp.Diff(want, decode[map[string]any](t, shown.body)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestControlRefuses(t *testing.T) {
	tests := []struct {
		name, method, path, body string
		status                   int
		problems                 []string
	}{
		{"room with every problem", "POST", "rooms", `{"customRoomId":7,"meetingId":"x","sessions":[
			{"start":"noon","alongside":"yes","participants":[{"participantId":"","name":null,"role":"host","timelog":[{"start":1}]},3]},5]}`, 400, []string{
			"roomId is missing", "customRoomId is not a string", "meetingId is unknown", "sessions[0].start is not a time like 2026-11-23T10:00:00Z",
			"sessions[0].alongside is not true or false", "sessions[0].participants[0].participantId is empty",
			"sessions[0].participants[0].name is not a string", "sessions[0].participants[0].role is unknown",
			"sessions[0].participants[0].timelog[0].start is not a time", "sessions[0].participants[1] is not an object", "sessions[1] is not an object",
		}},
		{"room that contradicts others and itself", "POST", "rooms", `{"roomId":"new","customRoomId":"booking-4711","sessions":[
			{},{},{"id":"62429766903bdf001299cac5","alongside":true},{"end":"2026-11-23T09:00:00Z"},{"alongside":true,"participants":[{}]}]}`, 400, []string{
			`customRoomId "booking-4711" is that of room "abcd-efgh-ijkl"`, `session #2 of room "new": the room has a live session`,
			`session #3 of room "new": its id "62429766903bdf001299cac5" exists already`, `session #4 of room "new": it has an end and no start`,
			`session #5 of room "new": participant #1 has no id`,
		}},
		{"room with another customRoomId", "POST", "rooms", `{"roomId":"abcd-efgh-ijkl","customRoomId":"other"}`, 400, []string{"another customRoomId"}},
		{"live session too many", "POST", "rooms", `{"roomId":"abcd-efgh-ijkl","sessions":[{}]}`, 400, []string{"has a live session"}},
		{"the same id twice", "POST", "rooms",
			`{"roomId":"abcd-efgh-ijkl","sessions":[{"id":"000000000000000000000001","alongside":true},{"id":"000000000000000000000001","alongside":true}]}`,
			400, []string{"session #2", "exists already"}},
		{"sessions are no list", "POST", "rooms", `{"roomId":"new","sessions":{}}`, 400, []string{"sessions is not a list of objects"}},
		{"no object", "POST", "rooms", `[]`, 400, []string{"the body is not a JSON object"}},
		{"no JSON", "POST", "faults", `do=reset`, 400, []string{"the body is not a JSON object"}},
		{"fault with every problem", "POST", "faults", `{"on":"Dance","do":"explode","times":"once","headers":["a"],"delay":"long","room":"x"}`, 400, []string{
			"times is not a whole number", "headers is not an object of strings", "delay is not a duration", "room is unknown",
			`operation "Dance" is none of`, `misbehaviour "explode" is none of`,
		}},
		{"large body", "POST", "rooms", `{"roomId":"` + strings.Repeat("x", 1<<20) + `"}`, 413, []string{"larger than 1 MiB"}},
		{"unknown session", "POST", "sessions/nobody/end", "", 404, []string{`no session "nobody"`}},
		{"unknown path", "GET", "rooms", "", 404, []string{"there is no GET /_standin/rooms"}},
		{"method", "PUT", "faults", "{}", 404, []string{"there is no PUT /_standin/faults"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := seeded(t, standin.Options{})
			answered := b.control(tt.method, tt.path, tt.body)
			got := decode[struct {
				Message  string
				Problems []string
			}](t, answered.body)
			if answered.status != tt.status || got.Message == "" {
				t.Errorf("got %d %s, want %d", answered.status, answered.body, tt.status)
			}
			for _, problem := range tt.problems {
				if !strings.Contains(strings.Join(got.Problems, "\n"), problem) {
					t.Errorf("problems %q do not say %q", got.Problems, problem)
				}
			}
			if list := decode[wireList](t, b.do(http.MethodGet, "/v2/sessions", "").body); list.PageInfo.Total != 1 {
				t.Errorf("there are %d sessions now, want 1", list.PageInfo.Total)
			}
			if room := b.do(http.MethodGet, "/v2/rooms/new", ""); room.status != http.StatusBadRequest {
				t.Errorf("the refused room was left behind: %s", room.body)
			}
		})
	}
}
