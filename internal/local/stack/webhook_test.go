package stack_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/local/cloud"
	"videosdk-end-session/internal/local/stack"
	"videosdk-end-session/internal/local/standin"
)

// entries are the sources of most tests: one that is signed by a body's hash, one with our own document, and one with a public key.
func entries() map[string]stack.Entry {
	return map[string]stack.Entry{"calcom": {}, "standard-webhooks": {}, "canvas": {}, "cloudevents": {}}
}

// startWebhooks runs the application with sources.
func startWebhooks(t *testing.T, c stack.Config) *stack.Stack {
	t.Helper()
	c.Standin.APIKey, c.Standin.Secret = apiKey, secret
	if c.Webhooks == nil {
		c.Webhooks = entries()
	}
	return startWith(t, c)
}

// cancelled is the payload of a cancelled Cal.com booking that runs right now.
func cancelled(uid, location string) []byte {
	now := time.Now().UTC()
	return fmt.Appendf(nil, `{"triggerEvent":"BOOKING_CANCELLED","createdAt":%q,"payload":{"uid":%q,"location":%q,"startTime":%q,"endTime":%q}}`,
		now.Format(time.RFC3339Nano), uid, location, now.Add(-20*time.Minute).Format(time.RFC3339), now.Add(10*time.Minute).Format(time.RFC3339))
}

func sendWebhook(t *testing.T, s *stack.Stack, w stack.Webhook) stack.Answer {
	t.Helper()
	answer, err := s.SendWebhook(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func wantAnswer(t *testing.T, got stack.Answer, status int, body string) {
	t.Helper()
	if got.Status != status || !strings.Contains(string(got.Body), body) {
		t.Errorf("answer = %d %s, want %d and %s", got.Status, got.Body, status, body)
	}
}

func TestACancelledBookingEndsItsMeetingOnceHoweverOftenItIsSent(t *testing.T) {
	s := startWebhooks(t, stack.Config{Adjust: within(8*time.Second, 10*time.Second)})
	session := live(t, s, room, 18*time.Minute)
	payload := cancelled("uid-1", "https://meet.example.com/"+room)
	for range 3 {
		wantAnswer(t, sendWebhook(t, s, stack.Webhook{Source: "calcom", Payload: payload}), http.StatusAccepted, `"status":"accepted"`)
	}
	var event struct{ CreatedAt string }
	if err := json.Unmarshal(payload, &event); err != nil {
		t.Fatal(err)
	}
	got := await(t, s, "BOOKING_CANCELLED:uid-1:"+event.CreatedAt)
	if got.Outcome != "ending" || got.Session.ID == nil || *got.Session.ID != session {
		t.Errorf("outcome = %s", got.raw)
	}
	wantIdle(t, s)
	wantEnds(t, s, 1, 1)
}

// TestTheAnswersToSenders is the table of answers, through the front door and the real binary.
func TestTheAnswersToSenders(t *testing.T) {
	s := startWebhooks(t, stack.Config{})
	good := cancelled("uid-1", "nowhere")
	seated := bytes.Replace(good, []byte(`"payload":{`), []byte(`"payload":{"seatsPerTimeSlot":3,`), 1)
	later := bytes.ReplaceAll(good, []byte(`"startTime":"20`), []byte(`"startTime":"30`))
	later = bytes.ReplaceAll(later, []byte(`"endTime":"20`), []byte(`"endTime":"30`))
	stale := func() (http.Header, []byte) {
		body := []byte(`{"roomId":"r"}`)
		header, body, err := s.Keys.Sign("standard-webhooks", s.Webhooks["standard-webhooks"], body, "msg_1", time.Now().Add(-time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return header, body
	}
	signed := func(source string, payload []byte) func() (http.Header, []byte) {
		return func() (http.Header, []byte) {
			header, body, err := s.Keys.Sign(source, s.Webhooks[source], payload, "msg_"+source, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			return header, body
		}
	}
	changed := func() (http.Header, []byte) {
		header, body := signed("calcom", good)()
		return header, append(body, ' ')
	}
	unsigned := func() (http.Header, []byte) { return http.Header{"Content-Type": {"application/json"}}, good }
	large := func() (http.Header, []byte) { return http.Header{}, bytes.Repeat([]byte("x"), 257<<10) }
	tests := []struct {
		name, source string
		send         func() (http.Header, []byte)
		status       int
		body         string // a part of it; "-" for none
	}{
		{"verified and queued", "calcom", signed("calcom", good), 202, `"status":"accepted"`},
		{"verified, seen before", "calcom", signed("calcom", good), 202, `"status":"accepted"`},
		{"verified, not relevant", "calcom", signed("calcom", []byte(`{"triggerEvent":"PING"}`)), 200, `{"status":"ignored","reason":"not_relevant"}`},
		{"outside the window", "calcom", signed("calcom", later), 200, `{"status":"ignored","reason":"before_window"}`},
		{"one seat", "calcom", signed("calcom", seated), 200, `{"status":"ignored","reason":"one_seat"}`},
		{"no signature", "calcom", unsigned, 401, "-"},
		{"a changed body", "calcom", changed, 401, "-"},
		{"a stale signature", "standard-webhooks", stale, 401, "-"},
		{"a JWT of nobody", "canvas", func() (http.Header, []byte) { return http.Header{}, []byte("eyJhbGciOiJub25lIn0.e30.") }, 401, "-"},
		{"malformed after a valid signature", "calcom", signed("calcom", []byte(`not JSON`)), 400, `"code":"invalid_json"`},
		{"problems after a valid signature", "standard-webhooks", signed("standard-webhooks", []byte(`{"delaySeconds":901}`)), 400, `one of roomId, customRoomId or sessionId is required`},
		{"an unknown source", "nobody", unsigned, 404, `"code":"webhook_source_unknown"`},
		{"a native source without an entry", "calendly", unsigned, 404, `"code":"webhook_source_unknown"`},
		{"too large", "calcom", large, 413, `"code":"body_too_large"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			header, body := tt.send()
			got, err := s.Call(t.Context(), http.MethodPost, "/v1/webhooks/"+tt.source, header, body)
			if err != nil {
				t.Fatal(err)
			}
			if tt.body == "-" {
				if got.Status != tt.status || len(got.Body) != 0 {
					t.Errorf("answer = %d %q, want %d and nothing more", got.Status, got.Body, tt.status)
				}
				return
			}
			wantAnswer(t, got, tt.status, tt.body)
		})
	}
	if acked, _ := ends(s); acked != 0 {
		t.Errorf("%d end calls", acked)
	}
}

func TestASenderOfCloudEventsIsGivenPermission(t *testing.T) {
	s := startWebhooks(t, stack.Config{})
	ask := http.Header{"Webhook-Request-Origin": {"events.example.com"}, "Webhook-Request-Rate": {"120"}}
	got, err := s.Call(t.Context(), http.MethodOptions, "/v1/webhooks/cloudevents", ask, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != http.StatusOK || got.Header.Get("Webhook-Allowed-Origin") != "events.example.com" || got.Header.Get("Webhook-Allowed-Rate") != "*" {
		t.Errorf("answer = %d %v", got.Status, got.Header)
	}
	for source, want := range map[string]int{"calcom": http.StatusMethodNotAllowed, "nobody": http.StatusNotFound} {
		if got, err := s.Call(t.Context(), http.MethodOptions, "/v1/webhooks/"+source, ask, nil); err != nil || got.Status != want {
			t.Errorf("%s: answer = %d, %v; want %d", source, got.Status, err, want)
		}
	}
}

func TestAWarmWebhookMakesOneCallOnly(t *testing.T) {
	s := startWebhooks(t, stack.Config{})
	send := func(n int) {
		// Kept back, so that nothing but the function for webhooks is at work.
		body := fmt.Appendf(nil, `{"roomId":"r","id":"%d","delaySeconds":900}`, n)
		wantAnswer(t, sendWebhook(t, s, stack.Webhook{Source: "standard-webhooks", ID: "msg_1", Payload: body}), http.StatusAccepted, "accepted")
	}
	send(0)
	before := s.AWS.Operations()
	const more = 5
	for n := range more {
		send(n + 1)
	}
	got := map[string]int{}
	for operation, n := range s.AWS.Operations() {
		if made := n - before[operation]; made > 0 && operation != "sqs:ReceiveMessage" { // the poller's
			got[operation] = made
		}
	}
	if diff := cmp.Diff(map[string]int{"sqs:SendMessage": more}, got); diff != "" {
		t.Errorf("calls of AWS for %d webhooks (-want +got):\n%s", more, diff)
	}
}

func TestAQueueThatIsAwayAsksTheSenderToComeAgain(t *testing.T) {
	var away atomic.Bool
	s := startWebhooks(t, stack.Config{Intercept: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if away.Load() && r.Header.Get("X-Amz-Target") == "AmazonSQS.SendMessage" {
				http.Error(w, `{"__type":"ServiceUnavailable"}`, http.StatusServiceUnavailable)
				return
			}
			next.ServeHTTP(w, r)
		})
	}})
	live(t, s, room, 18*time.Minute)
	payload := cancelled("uid-1", "https://meet.example.com/"+room)
	away.Store(true)
	got := sendWebhook(t, s, stack.Webhook{Source: "calcom", Payload: payload})
	wantAnswer(t, got, http.StatusServiceUnavailable, `"code":"queue_unavailable"`)
	if got.Header.Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
	if all, _ := ends(s); all != 0 || len(published(t, s)) != 0 {
		t.Error("something was done although the sender will come again")
	}
	away.Store(false)
	wantAnswer(t, sendWebhook(t, s, stack.Webhook{Source: "calcom", Payload: payload}), http.StatusAccepted, "accepted")
	eventually(t, "the meeting to end", func() bool { _, acted := ends(s); return acted == 1 })
}

func TestAWebhookSecretThatIsAwayAsksTheSenderToComeAgain(t *testing.T) {
	var away atomic.Bool
	away.Store(true)
	s := startWebhooks(t, stack.Config{Intercept: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if away.Load() && r.Header.Get("X-Amz-Target") == "secretsmanager.GetSecretValue" {
				w.Header().Set("Content-Type", "application/x-amz-json-1.1")
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprint(w, `{"__type":"AccessDeniedException","message":"not yours"}`)
				return
			}
			next.ServeHTTP(w, r)
		})
	}})
	got := sendWebhook(t, s, stack.Webhook{Source: "calcom", Payload: cancelled("uid-1", "")})
	wantAnswer(t, got, http.StatusServiceUnavailable, `"code":"secret_unavailable"`)
	if got.Header.Get("Retry-After") == "" || strings.Contains(string(got.Body), "AccessDenied") {
		t.Errorf("answer = %v %s", got.Header, got.Body)
	}
	away.Store(false)
	wantAnswer(t, sendWebhook(t, s, stack.Webhook{Source: "calcom", Payload: cancelled("uid-1", "")}), http.StatusAccepted, "accepted")
}

func TestARotatedWebhookSecretLetsThePresentSenderIn(t *testing.T) {
	s := startWebhooks(t, stack.Config{Parameters: map[string]string{"SecretTtl": "1s"}})
	wantAnswer(t, sendWebhook(t, s, stack.Webhook{Source: "calcom", Payload: cancelled("uid-1", "")}), http.StatusAccepted, "accepted")
	next := stack.Entry{"secrets": json.RawMessage(`["` + nextWebhookSecret + `","an-older-secret-77bc"]`)}
	if err := s.PutWebhooks(t.Context(), map[string]stack.Entry{"calcom": next}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new secret to be known", func() bool {
		return sendWebhook(t, s, stack.Webhook{Source: "calcom", Payload: cancelled("uid-2", "")}).Status == http.StatusAccepted
	})
}

func TestAMistakeInOneSourceHarmsNoOther(t *testing.T) {
	sources := entries()
	sources["my-lms"] = stack.Entry{
		"scheme": json.RawMessage(`"token"`), "header": json.RawMessage(`"X-Token"`),
		"profiles": json.RawMessage(`[{"when":"event ==","room":"room"}]`),
	}
	before := len(printed.all())
	s := startWebhooks(t, stack.Config{Webhooks: sources})
	got := sendWebhook(t, s, stack.Webhook{Source: "my-lms", Payload: []byte(`{"event":"x"}`)})
	wantAnswer(t, got, http.StatusServiceUnavailable, `"code":"webhook_source_invalid"`)
	if strings.Contains(string(got.Body), "when") {
		t.Errorf("a stranger is told how the source is configured: %s", got.Body)
	}
	wantAnswer(t, sendWebhook(t, s, stack.Webhook{Source: "calcom", Payload: cancelled("uid-1", "")}), http.StatusAccepted, "accepted")
	if !strings.Contains(strings.Join(printed.since(before), "\n"), "source my-lms, profile 1, field when: position") {
		t.Error("the log does not name the mistake")
	}
}

func TestADelayedTriggerIsKeptBackByTheQueue(t *testing.T) {
	s := startWebhooks(t, stack.Config{})
	live(t, s, room, 18*time.Minute)
	sent := time.Now()
	wantAnswer(t, sendWebhook(t, s, stack.Webhook{
		Source: "standard-webhooks", ID: "msg_delayed", Payload: []byte(`{"roomId":"` + room + `","delaySeconds":3}`),
	}), http.StatusAccepted, "msg_delayed")
	await(t, s, "msg_delayed")
	if waited := time.Since(sent); waited < 3*time.Second {
		t.Errorf("the trigger was kept back for %s, want 3 s", waited)
	}
	wantEnds(t, s, 1, 1)
}

func TestCanvasEventsOnTheQueueAreMappedOrIgnoredAndNeverDead(t *testing.T) {
	s := startWith(t, stack.Config{Standin: standin.Options{APIKey: apiKey, Secret: secret}}) // with no webhook secret at all
	if err := s.Standin.AddRoom(standin.Room{ID: room, CustomID: "canvas-course-21070000000000565"}); err != nil {
		t.Fatal(err)
	}
	live(t, s, room, 18*time.Minute) // of the room that is there already
	event := func(name string) string {
		return fmt.Sprintf(`{"metadata":{"event_name":%q,"event_time":%q,"url":"https://x/?access_token=must-not-be-told"},"body":{"course_id":21070000000000565,"workflow_state":"completed"}}`,
			name, time.Now().UTC().Format(time.RFC3339Nano))
	}
	sendBody(t, s, event("logged_in"))
	sendBody(t, s, event("course_updated"))
	eventually(t, "the course's meeting to end", func() bool { _, acted := ends(s); return acted == 1 })
	wantIdle(t, s)
}

const canvasAccount = "VicYj3cu5BIFpoZhDVU4DZumnlBrWi1grgJEzADs"

// sendCanvas sends an event of an account to the queue, as Canvas does.
func sendCanvas(t *testing.T, s *stack.Stack, account, event string) {
	t.Helper()
	body := fmt.Sprintf(`{"metadata":{"event_name":%q,"event_time":%q,"root_account_uuid":%q},"body":{"course_id":"565","workflow_state":"deleted"}}`,
		event, time.Now().UTC().Format(time.RFC3339Nano), account)
	if _, err := s.Cloud.Send(t.Context(), cloud.Message{Queue: "CanvasQueue", Body: body}); err != nil {
		t.Fatal(err)
	}
}

// Canvas sends everything of a subscription, and the events of all its customers from one account of AWS.
func TestOnlyTheEventsOfTheOwnAccountComeByCanvassQueueAndTheOutcomesGoToTheirs(t *testing.T) {
	s := startWith(t, stack.Config{
		Standin:    standin.Options{APIKey: apiKey, Secret: secret},
		Parameters: map[string]string{"CanvasRootAccountUuid": canvasAccount, "CreateOutcomeQueue": "true"},
	})
	if err := s.Standin.AddRoom(standin.Room{ID: room, CustomID: "canvas-course-565"}); err != nil {
		t.Fatal(err)
	}
	live(t, s, room, 18*time.Minute)
	before := len(printed.all())
	sendCanvas(t, s, "somebody-else", "course_updated")
	sendCanvas(t, s, canvasAccount, "logged_in")
	eventually(t, "the events of others to be dropped", func() bool { return depth(t, s, "CanvasQueue") == 0 })
	if printed := printed.since(before); len(printed) > 0 {
		t.Errorf("a function was invoked:\n%s", strings.Join(printed, "\n"))
	}
	sendCanvas(t, s, canvasAccount, "course_updated")
	eventually(t, "the course's meeting to end", func() bool { _, acted := ends(s); return acted == 1 })
	eventually(t, "the outcome in its queue", func() bool { return depth(t, s, "OutcomeQueue") == 1 })
	wantIdle(t, s)
}

func TestJWKSThatAreAwayAreDecidedLater(t *testing.T) {
	sources := map[string]stack.Entry{"canvas": {"jwks": json.RawMessage(`"http://127.0.0.1:1/jwks"`)}}
	s := startWebhooks(t, stack.Config{Webhooks: sources})
	got := sendWebhook(t, s, stack.Webhook{Source: "canvas", Payload: []byte(`{"metadata":{"event_name":"logged_in"},"body":{}}`)})
	wantAnswer(t, got, http.StatusServiceUnavailable, `"code":"webhook_keys_unavailable"`)
	if got.Header.Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
}

// sendBody puts a body on the trigger queue as it is.
func sendBody(t *testing.T, s *stack.Stack, body string) {
	t.Helper()
	if _, err := s.Cloud.Send(t.Context(), cloud.Message{Queue: "TriggerQueue", Body: body}); err != nil {
		t.Fatal(err)
	}
}
