package standin_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"videosdk-end-session/internal/local/standin"
)

// TestEnd calls in a room with the ended session 1 and, unless the row says otherwise, the live session 2. Session 3 is live in another
// room.
func TestEnd(t *testing.T) {
	type answer struct {
		status  int
		session int // whose object is answered, 0 if none
		ended   bool
	}
	call := func(fields string, session int) string {
		return fmt.Sprintf(`{"roomId":"room-a","sessionId":"%s"%s}`, testID(session), fields)
	}
	tests := []struct {
		name        string
		options     standin.Options
		empty       bool // session 2 has ended too
		body        string
		want        answer
		actedOn     int // 0 if the call acted on none
		assumptions []string
	}{
		{"room alone", standin.Options{}, false, `{"roomId":"room-a"}`, answer{200, 2, false}, 2, nil},
		{"pinned session", standin.Options{}, false, call("", 2), answer{200, 2, false}, 2, nil},
		{"end in the answer", standin.Options{EndInAnswer: true}, false, call("", 2), answer{200, 2, true}, 2, []string{"end shown at once"}},
		{"force kill", standin.Options{EndDelay: time.Hour}, false, call(`,"vsdkForceKill":true`, 2), answer{200, 2, true}, 2, []string{"vsdkForceKill"}},
		{"live shape", standin.Options{Shape: standin.Live}, false, call("", 2), answer{200, 2, false}, 2, nil},

		{"ended, refused", standin.Options{}, false, call("", 1), answer{400, 0, false}, 0, []string{"ended session refused"}},
		{"ended, refused with 409", standin.Options{EndedStatus: 409}, false, call("", 1), answer{409, 0, false}, 0, []string{"ended session refused"}},
		{"ended, refused with 404", standin.Options{EndedStatus: 404}, false, call("", 1), answer{404, 0, false}, 0, []string{"ended session refused"}},
		{"ended, ignoreClosed", standin.Options{}, false, call(`,"ignoreClosed":true`, 1), answer{200, 1, true}, 0, []string{"ignoreClosed"}},
		{"ended, not ignored", standin.Options{}, false, call(`,"ignoreClosed":false`, 1), answer{400, 0, false}, 0, []string{"ended session refused"}},
		{"ended, acts on the next", standin.Options{EndedReading: standin.ActOnNext}, false, call("", 1), answer{200, 2, false}, 2,
			[]string{"ended session stands for the next"}},
		{"ended, acts on the next in spite of ignoreClosed", standin.Options{EndedReading: standin.ActOnNext}, false, call(`,"ignoreClosed":true`, 1),
			answer{200, 2, false}, 2, []string{"ended session stands for the next"}},
		{"ended, no next", standin.Options{EndedReading: standin.ActOnNext}, true, call("", 1), answer{400, 0, false}, 0, []string{"ended session refused"}},

		{"nothing live", standin.Options{}, true, `{"roomId":"room-a"}`, answer{400, 0, false}, 0, []string{"nothing to end"}},
		{"nothing live, 402", standin.Options{EndedStatus: 402}, true, `{"roomId":"room-a"}`, answer{402, 0, false}, 0, []string{"nothing to end"}},
		{"nothing live, ignoreClosed", standin.Options{}, true, `{"roomId":"room-a","ignoreClosed":true}`, answer{200, 2, true}, 0, []string{"ignoreClosed"}},
		{"room without sessions, ignoreClosed", standin.Options{}, false, `{"roomId":"room-c","ignoreClosed":true}`, answer{400, 0, false}, 0,
			[]string{"nothing to end"}},
		{"session of another room", standin.Options{}, false, call("", 3), answer{404, 0, false}, 0, []string{"unknown session"}},
		{"session of another room, acting on the next", standin.Options{EndedReading: standin.ActOnNext}, false, call("", 3), answer{404, 0, false}, 0,
			[]string{"unknown session"}},
		{"unknown session", standin.Options{}, false, call("", 9), answer{404, 0, false}, 0, []string{"unknown session"}},
		{"customRoomId refused", standin.Options{}, false, `{"roomId":"custom-a"}`, answer{400, 0, false}, 0, []string{"unknown room"}},
		{"customRoomId taken", standin.Options{CustomRoomIDEnds: true}, false, `{"roomId":"custom-a"}`, answer{200, 2, false}, 2,
			[]string{"customRoomId as roomId"}},
		{"customRoomId unknown", standin.Options{CustomRoomIDEnds: true}, false, `{"roomId":"custom-z"}`, answer{400, 0, false}, 0, []string{"unknown room"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := twoRooms(t, tt.options)
			b.room(standin.Room{ID: "room-c"})
			if tt.empty {
				if err := b.EndSession(testID(2)); err != nil {
					t.Fatal(err)
				}
			}
			b.clock.Advance(time.Second)

			answered := b.end(tt.body)
			got := answer{status: answered.status}
			if answered.status == http.StatusOK {
				session := decode[wireSession](t, answered.body)
				_, _ = fmt.Sscanf(session.ID, "%x", &got.session)
				got.ended = session.End != nil
			} else if answered.message() == "" {
				t.Errorf("no message in %s", answered.body)
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(answer{})); diff != "" {
				t.Errorf("answer %s (-want +got):\n%s", answered.body, diff)
			}
			assumed := tt.assumptions
			if tt.want.session != 0 && tt.options.Shape == standin.Documented {
				assumed = append(assumed, customRoomIDShown)
			}
			if diff := cmp.Diff(assumed, answered.assumptions(), cmpopts.EquateEmpty(), inAnyOrder); diff != "" {
				t.Errorf("assumptions (-want +got):\n%s", diff)
			}

			var actedOn string
			if tt.actedOn > 0 {
				actedOn = testID(tt.actedOn)
			}
			if call := b.calls(standin.OpEndSession)[0]; call.Acted != (actedOn != "") || call.ActedOn != actedOn {
				t.Errorf("acted %t on %q, want %q", call.Acted, call.ActedOn, actedOn)
			}
			for number, wasLive := range map[int]bool{1: false, 2: !tt.empty, 3: true} {
				if want := wasLive && (number != tt.actedOn || tt.options.EndDelay > 0 && !got.ended); b.isLive(testID(number)) != want {
					t.Errorf("session %d is live: %t, want %t", number, !want, want)
				}
			}
		})
	}
}

func TestEndRefusesWhatItDoesNotKnow(t *testing.T) {
	tests := []struct {
		name, body, contentType string
		problems                []string
	}{
		{"unknown fields", `{"roomId":"room-a","meetingId":"x","force":true}`, "application/json", []string{"force is unknown", "meetingId is unknown"}},
		{"other case", `{"roomid":"room-a"}`, "application/json", []string{"roomId is missing", "roomid is unknown"}},
		{"session alone", `{"sessionId":"` + testID(2) + `"}`, "application/json", []string{"roomId is missing"}},
		{"empty fields", `{"roomId":"","sessionId":" "}`, "application/json", []string{"roomId is empty", "sessionId is empty"}},
		{"null", `{"roomId":"room-a","sessionId":null}`, "application/json", []string{"sessionId is not a string"}},
		{"wrong types", `{"roomId":7,"ignoreClosed":"yes","vsdkForceKill":1}`, "application/json",
			[]string{"roomId is not a string", "ignoreClosed is not true or false", "vsdkForceKill is not true or false"}},
		{"no object", `["room-a"]`, "application/json", []string{"not a JSON object"}},
		{"null body", `null`, "application/json", []string{"not a JSON object"}},
		{"empty body", ``, "application/json", []string{"not a JSON object"}},
		{"two objects", `{"roomId":"room-a"}{}`, "application/json", []string{"not a JSON object"}},
		{"other content type", `{"roomId":"room-a"}`, "text/plain", []string{"Content-Type is not application/json"}},
		{"no content type", `{"roomId":"room-a"}`, "", []string{"Content-Type is not application/json"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := twoRooms(t, standin.Options{})
			r := b.request(t.Context(), http.MethodPost, "/v2/sessions/end", tt.body)
			r.Header.Del("Content-Type")
			if tt.contentType != "" {
				r.Header.Set("Content-Type", tt.contentType)
			}
			got, err := b.send(r)
			if err != nil || got.status != http.StatusBadRequest {
				t.Fatalf("got %d %s, %v, want 400", got.status, got.body, err)
			}
			for _, problem := range tt.problems {
				if !strings.Contains(got.message(), problem) {
					t.Errorf("message %q does not say %q", got.message(), problem)
				}
			}
			if diff := cmp.Diff([]string{"invalid request"}, got.assumptions()); diff != "" {
				t.Errorf("assumptions (-want +got):\n%s", diff)
			}
			if !b.isLive(testID(2)) {
				t.Error("the refused call ended the session")
			}
		})
	}
}

func TestEndRefusesALargeBody(t *testing.T) {
	b := twoRooms(t, standin.Options{})
	got := b.end(`{"roomId":"room-a","pad":"` + strings.Repeat("x", 1<<20) + `"}`)
	if got.status != http.StatusRequestEntityTooLarge || !b.isLive(testID(2)) {
		t.Errorf("got %d %s, want 413 and a live session", got.status, got.body)
	}
}

func TestEndDelayKeepsTheSessionLive(t *testing.T) {
	b := newBench(t, standin.Options{EndDelay: 10 * time.Second})
	first := b.room(standin.Room{ID: "room-a"}, standin.Session{})[0]

	b.end(`{"roomId":"room-a"}`)
	b.clock.Advance(9 * time.Second)
	if !b.isLive(first) {
		t.Fatal("the session ended before its delay")
	}
	again := b.end(`{"roomId":"room-a","sessionId":"` + first + `"}`)
	if diff := cmp.Diff([]string{"session already ending"}, again.assumptions()); diff != "" || again.status != http.StatusOK {
		t.Errorf("second end call: %d, assumptions (-want +got):\n%s", again.status, diff)
	}

	// People may be back in the room before the old session is gone; then the room's end is theirs.
	second, err := b.StartSession("room-a", standin.Session{})
	if err != nil {
		t.Fatal(err)
	}
	third := b.end(`{"roomId":"room-a"}`)
	if diff := cmp.Diff([]string{"several live sessions"}, third.assumptions()); diff != "" {
		t.Errorf("end call for two live sessions: assumptions (-want +got):\n%s", diff)
	}

	b.clock.Advance(time.Second)
	if b.isLive(first) || !b.isLive(second) {
		t.Errorf("first live: %t, want false; second live: %t, want true", b.isLive(first), b.isLive(second))
	}
	var acted []string
	for _, call := range b.calls(standin.OpEndSession) {
		acted = append(acted, call.ActedOn)
	}
	if diff := cmp.Diff([]string{first, "", second}, acted); diff != "" {
		t.Errorf("acted on (-want +got):\n%s", diff)
	}
}

func TestEndTakesTheNewestOfSeveralLive(t *testing.T) {
	b := newBench(t, standin.Options{})
	ids := b.room(standin.Room{ID: "room-a"},
		standin.Session{Start: morning.Add(-time.Minute)},
		standin.Session{Start: morning.Add(-time.Hour), Alongside: true},
	)
	b.end(`{"roomId":"room-a"}`)
	if b.isLive(ids[0]) || !b.isLive(ids[1]) {
		t.Error("the end call did not act on the newest session")
	}
}

func TestEndPassesOverASessionThatIsEnding(t *testing.T) {
	b := newBench(t, standin.Options{EndDelay: time.Hour})
	ids := b.room(standin.Room{ID: "room-a"},
		standin.Session{Start: morning.Add(-time.Minute)},
		standin.Session{Start: morning.Add(-time.Hour), Alongside: true},
	)
	for range 3 {
		b.end(`{"roomId":"room-a"}`)
	}
	var acted []string
	for _, call := range b.Calls() {
		acted = append(acted, call.ActedOn)
	}
	if diff := cmp.Diff([]string{ids[0], ids[1], ""}, acted); diff != "" {
		t.Errorf("acted on (-want +got):\n%s", diff)
	}
}

func TestConcurrentEndCallsActOnce(t *testing.T) {
	b := newBench(t, standin.Options{EndDelay: time.Hour})
	id := b.room(standin.Room{ID: "room-a"}, standin.Session{})[0]
	const callers = 20
	var wg sync.WaitGroup
	for range callers {
		r := b.request(t.Context(), http.MethodPost, "/v2/sessions/end", `{"roomId":"room-a","sessionId":"`+id+`"}`)
		wg.Go(func() {
			if got, err := b.send(r); err != nil || got.status != http.StatusOK {
				t.Errorf("got %d, %v", got.status, err)
			}
		})
	}
	wg.Wait()

	acted, requestIDs := 0, map[string]bool{}
	for _, call := range b.calls(standin.OpEndSession) {
		requestIDs[call.RequestID] = true
		if call.Acted {
			acted++
		}
	}
	if acted != 1 || len(requestIDs) != callers {
		t.Errorf("%d calls acted, want 1; %d request ids, want %d", acted, len(requestIDs), callers)
	}
}
