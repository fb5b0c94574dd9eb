package stack_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"videosdk-end-session/internal/local/cloud"
	"videosdk-end-session/internal/local/stack"
	"videosdk-end-session/internal/local/standin"
	"videosdk-end-session/internal/local/template"
)

// putEvent puts a trigger for the room on the bus.
func putEvent(t *testing.T, s *stack.Stack, id, room string) {
	t.Helper()
	if _, err := s.PutEvent(t.Context(), "videosdk.trigger", "End Session", fmt.Appendf(nil, `{"id":%q,"roomId":%q}`, id, room)); err != nil {
		t.Fatal(err)
	}
}

// atOnce makes Lambda deliver that many events in one invocation, as a list.
func atOnce(events int) func(*template.Template) {
	return func(t *template.Template) {
		for i := range t.Functions {
			for j := range t.Functions[i].Rules {
				t.Functions[i].Rules[j].EventsAtOnce = events
			}
		}
	}
}

// retryingAfter shortens Lambda's waits.
func retryingAfter(wait time.Duration) func(*template.Template) {
	return func(t *template.Template) {
		for i := range t.Functions {
			t.Functions[i].Async.RetryWait, t.Functions[i].Async.ThrottleWait = wait, wait
		}
	}
}

func TestAnEventOnTheBusEndsTheSession(t *testing.T) {
	for _, tt := range []struct {
		name   string
		atOnce int
	}{{"one event", 0}, {"a list", 10}} {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, standin.Options{}, atOnce(tt.atOnce))
			live(t, s, room, time.Hour)
			putEvent(t, s, "by-bus", room)
			if got := await(t, s, "by-bus"); got.Outcome != "ending" {
				t.Errorf("outcome = %s", got.raw)
			}
			wantEnds(t, s, 1, 1)
			wantIdle(t, s)
		})
	}
}

func TestAnEventOfAnotherTimeIsJudgedByIt(t *testing.T) {
	s := start(t, standin.Options{}, nil)
	live(t, s, room, 5*time.Minute)
	id, err := s.Cloud.PutEvent(t.Context(), cloud.Event{
		Bus: "default", Source: "videosdk.trigger", DetailType: "End Session", Detail: []byte(`{"roomId":"` + room + `"}`),
		Time: time.Now().Add(-10 * time.Minute),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := await(t, s, id); got.Outcome != "refused" {
		t.Errorf("outcome = %s", got.raw)
	}
	wantEnds(t, s, 0, 0)
}

func TestAnEventThatTheRuleDoesNotMatchIsNoTrigger(t *testing.T) {
	s := start(t, standin.Options{}, nil)
	live(t, s, room, time.Hour)
	detail := []byte(`{"id":"no-trigger","roomId":"` + room + `"}`)
	for _, e := range []struct{ source, detailType string }{{"videosdk.end-session", "End Session"}, {"videosdk.trigger", "Other"}} {
		if _, err := s.PutEvent(t.Context(), e.source, e.detailType, detail); err != nil {
			t.Fatal(err)
		}
	}
	putEvent(t, s, "last", "some-other-room")
	await(t, s, "last")
	if got := published(t, s)["no-trigger"]; len(got) != 0 {
		t.Errorf("outcome = %s", got[0].raw)
	}
	wantEnds(t, s, 0, 0)
}

// When the function can neither end a session nor use the queue, Lambda tries again, and then puts the event aside.
func TestAnEventThatTheFunctionCannotHandOnIsADeadLetter(t *testing.T) {
	var away atomic.Bool
	away.Store(true)
	s := startWith(t, stack.Config{
		Standin: standin.Options{APIKey: apiKey, Secret: secret},
		Adjust: func(t *template.Template) {
			retryingAfter(50 * time.Millisecond)(t)
			for _, f := range t.Functions {
				if queue, ok := f.Environment["QUEUE_URL"]; ok {
					f.Environment["QUEUE_URL"] = queue + "-that-is-not-there"
				}
			}
		},
		Intercept: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				operation := r.Header.Get("X-Amz-Target")
				if away.Load() && strings.HasPrefix(operation, "DynamoDB_") && strings.HasSuffix(operation, "Item") {
					http.Error(w, `{"__type":"AccessDeniedException","message":"the ledger is away"}`, http.StatusBadRequest)
					return
				}
				next.ServeHTTP(w, r)
			})
		},
	})
	live(t, s, room, time.Hour)
	putEvent(t, s, "kept", room)
	eventually(t, "a dead letter", func() bool { return depth(t, s, "DeadLetterQueue") == 1 })
	letters, err := s.Cloud.DeadLetters(t.Context(), "DeadLetterQueue")
	if err != nil {
		t.Fatal(err)
	}
	letter := letters[0]
	var event struct {
		Source string
		Detail struct{ ID string }
	}
	if err := json.Unmarshal([]byte(letter.Body), &event); err != nil || event.Source != "videosdk.trigger" || event.Detail.ID != "kept" {
		t.Errorf("the dead letter is %s, %v; want the event", letter.Body, err)
	}
	if letter.Attributes["ErrorCode"] != "200" || letter.Attributes["RequestID"] == "" || letter.Attributes["ErrorMessage"] == "" {
		t.Errorf("attributes %v", letter.Attributes)
	}
	if n := printed.count(letter.Attributes["RequestID"]); n == 0 {
		t.Error("the function's log has no line of the dead letter's request")
	}

	// Moved to the trigger queue as it is, it is a trigger again.
	away.Store(false)
	if _, err := s.Cloud.Send(t.Context(), cloud.Message{Queue: "TriggerQueue", Body: letter.Body}); err != nil {
		t.Fatal(err)
	}
	if got := await(t, s, "kept"); got.Outcome != "ending" {
		t.Errorf("outcome = %s", got.raw)
	}
	wantEnds(t, s, 1, 1)
}
