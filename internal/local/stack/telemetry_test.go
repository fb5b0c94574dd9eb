package stack_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"videosdk-end-session/internal/local/stack"
	"videosdk-end-session/internal/local/standin"
	"videosdk-end-session/internal/telemetry/telemetrytest"
)

// measuring are the lines that hold metrics.
var measuring = []string{
	"session.end.attempted", "trigger.rejected", "webhook.accepted", "webhook.ignored", "webhook.refused", "webhook.failed",
	"secret.fetched", "secret.stale",
}

// unreadable returns the lines that are no JSON, or whose metrics CloudWatch would not read as they are meant, each with what is wrong.
func (j *journal) unreadable() []string {
	var all []string
	for _, text := range j.all() {
		_, text, _ = strings.Cut(text, " ")
		metrics, err := telemetrytest.Metrics([]byte(text))
		if err == nil && slices.Contains(measuring, logged(text).Message) != (len(metrics) > 0) {
			err = fmt.Errorf("has %d metrics", len(metrics))
		}
		if err != nil {
			all = append(all, fmt.Sprintf("%v: %s", err, text))
		}
	}
	return all
}

// line is the part of a log line that the tests look at.
type line struct {
	Level, Message, RequestID, Door, TriggerID, EventID, TraceID, Outcome string
	text                                                                  string
}

func logged(text string) line {
	l := line{text: text}
	_ = json.Unmarshal([]byte(text), &l) // what is no JSON is no line with a message
	return l
}

// about returns the lines about a trigger after the first n of the journal.
func about(trigger string, n int) []line {
	var all []line
	for _, text := range printed.since(n) {
		_, text, _ = strings.Cut(text, " ")
		if l := logged(text); l.TriggerID == trigger {
			all = append(all, l)
		}
	}
	return all
}

// watched keeps what the functions ask of the local AWS, and passes it on.
type watched struct {
	mu     sync.Mutex
	bodies map[string][]string // by operation
}

func (a *watched) intercept(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		operation := r.Header.Get("X-Amz-Target")
		a.mu.Lock()
		if a.bodies == nil {
			a.bodies = map[string][]string{}
		}
		a.bodies[operation] = append(a.bodies[operation], string(body))
		a.mu.Unlock()
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		next.ServeHTTP(w, r)
	})
}

func (a *watched) of(operation string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.bodies[operation])
}

// outcomeTraces returns the trace headers with which the outcome of a trigger was put on the bus.
func (a *watched) outcomeTraces(t *testing.T, trigger string) []string {
	t.Helper()
	var traces []string
	for _, body := range a.of("AWSEvents.PutEvents") {
		var call struct {
			Entries []struct{ Source, Detail, TraceHeader string }
		}
		if err := json.Unmarshal([]byte(body), &call); err != nil {
			t.Fatal(err)
		}
		for _, e := range call.Entries {
			if e.Source == "videosdk.end-session" && strings.Contains(e.Detail, `"`+trigger+`"`) {
				traces = append(traces, e.TraceHeader)
			}
		}
	}
	return traces
}

// queuedTraces returns the trace headers with which a trigger was put on a queue.
func (a *watched) queuedTraces(t *testing.T, trigger string) []string {
	t.Helper()
	var traces []string
	for _, body := range a.of("AmazonSQS.SendMessage") {
		var call struct {
			MessageBody             string
			MessageSystemAttributes map[string]struct{ StringValue string }
		}
		if err := json.Unmarshal([]byte(body), &call); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(call.MessageBody, `"`+trigger+`"`) {
			traces = append(traces, call.MessageSystemAttributes["AWSTraceHeader"].StringValue)
		}
	}
	return traces
}

func startWatched(t *testing.T, parameters map[string]string) (*stack.Stack, *watched) {
	t.Helper()
	aws := &watched{}
	s := startWith(t, stack.Config{
		Standin: standin.Options{APIKey: apiKey, Secret: secret}, Adjust: within(4*time.Second, 5*time.Second),
		Intercept: aws.intercept, Parameters: parameters,
	})
	return s, aws
}

// wantLine checks that the one outcome of a trigger, and every line about it, bear the same ids, and returns the line that tells the outcome.
func wantLine(t *testing.T, s *stack.Stack, trigger, root string, n int) line {
	t.Helper()
	event := await(t, s, trigger)
	var settled line
	eventually(t, "the line of trigger "+trigger, func() bool {
		for _, l := range about(trigger, n) {
			if l.Outcome == event.Outcome {
				settled = l
			}
		}
		return settled.text != ""
	})
	for _, l := range about(trigger, n) {
		if l.EventID != event.ID || l.TraceID != root || l.RequestID == "" {
			t.Errorf("the event has the id %s and the trace %s, the line is %s", event.ID, root, l.text)
		}
	}
	return settled
}

func traceRoot(trace string) string {
	_, id, _ := strings.Cut(trace, "Root=")
	id, _, _ = strings.Cut(id, ";")
	return id
}

const trace = "Root=1-62429766-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1"

func TestTheTraceAndTheIDsOfAnHTTPCallReachThePublishedEvent(t *testing.T) {
	n := len(printed.all())
	s, aws := startWatched(t, nil)
	live(t, s, room, time.Hour)
	answer, err := s.Post(t.Context(), "/v1/sessions/end", http.Header{"X-Amzn-Trace-Id": {trace}}, []byte(`{"id":"traced-http","roomId":"`+room+`"}`))
	if err != nil || answer.Status != http.StatusAccepted {
		t.Fatalf("answer = %d %s, %v", answer.Status, answer.Body, err)
	}
	line := wantLine(t, s, "traced-http", "1-62429766-abcdef012345678912345678", n)
	if !strings.Contains(string(answer.Body), `"id":"`+line.EventID+`"`) {
		t.Errorf("the caller got %s, the line is %s", answer.Body, line.text)
	}
	if got := aws.outcomeTraces(t, "traced-http"); !slices.Equal(got, []string{trace}) {
		t.Errorf("published with the traces %q, want the caller's", got)
	}
}

func TestTheTraceAndTheIDsOfAWebhookReachThePublishedEventByTheQueue(t *testing.T) {
	n := len(printed.all())
	aws := &watched{}
	s := startWebhooks(t, stack.Config{Intercept: aws.intercept})
	live(t, s, room, time.Hour)
	wantAnswer(t, sendWebhook(t, s, stack.Webhook{
		Source: "standard-webhooks", ID: "msg_1", Header: map[string]string{"X-Amzn-Trace-Id": trace},
		Payload: []byte(`{"id":"traced-webhook","roomId":"` + room + `"}`),
	}), http.StatusAccepted, "accepted")
	if line := wantLine(t, s, "traced-webhook", traceRoot(trace), n); line.Door != "sqs" {
		t.Errorf("settled by %s", line.Door)
	}
	if lines := about("traced-webhook", n); lines[0].Message != "webhook.accepted" || lines[0].Door != "webhook" {
		t.Errorf("first seen in %s", lines[0].text)
	}
	for at, traces := range map[string][]string{
		"queue": aws.queuedTraces(t, "traced-webhook"), "bus": aws.outcomeTraces(t, "traced-webhook"),
	} {
		if !slices.Equal(traces, []string{trace}) {
			t.Errorf("on the %s with the traces %q, want the sender's", at, traces)
		}
	}
}

func TestTheTraceOfAnEventIsPassedOnByTheQueueToThePublishedEvent(t *testing.T) {
	n := len(printed.all())
	s, aws := startWatched(t, nil)
	live(t, s, room, time.Hour)
	if err := s.Standin.Inject(standin.Fault{Do: standin.Answer, Status: http.StatusServiceUnavailable}); err != nil {
		t.Fatal(err)
	}
	putEvent(t, s, "traced-bus", room)
	eventually(t, "the event on the queue", func() bool { return len(aws.queuedTraces(t, "traced-bus")) > 0 })
	s.Standin.ClearFaults()

	handedOn := aws.queuedTraces(t, "traced-bus")[0]
	if traceRoot(handedOn) == "" {
		t.Fatalf("handed on with the trace %q", handedOn)
	}
	line := wantLine(t, s, "traced-bus", traceRoot(handedOn), n)
	if line.Door != "sqs" {
		t.Errorf("settled by %s, want it to have gone by the queue", line.Door)
	}
	if doors := about("traced-bus", n); doors[0].Door != "eventbridge" {
		t.Errorf("first seen by %s", doors[0].Door)
	}
	for _, published := range aws.outcomeTraces(t, "traced-bus") {
		if traceRoot(published) != traceRoot(handedOn) {
			t.Errorf("published with the trace %q, handed on with %q", published, handedOn)
		}
	}
	metrics, err := telemetrytest.Metrics([]byte(line.text))
	if err != nil {
		t.Fatal(err)
	}
	if metrics["Ending{door=sqs,sourceGroup=videosdk.trigger,stack=local}"] != 1 || metrics["QueueAge{door=sqs,stack=local}"] <= 0 {
		t.Errorf("metrics %v", metrics)
	}
}

func TestLogLevelErrorHidesTriggersAndNoMetric(t *testing.T) {
	n := len(printed.all())
	s, _ := startWatched(t, map[string]string{"LogLevel": "ERROR"})
	live(t, s, room, time.Hour)
	send(t, s, "unlogged", room, time.Now())
	await(t, s, "unlogged")
	eventually(t, "the metric", func() bool {
		return strings.Contains(strings.Join(printed.since(n), "\n"), `"Ending":1`)
	})
	for _, text := range printed.since(n) {
		if strings.Contains(text, "unlogged") || strings.Contains(text, room) {
			t.Errorf("at level ERROR the log has %s", text)
		}
	}
}

func TestASampledTriggerIsLoggedFromEndToEnd(t *testing.T) {
	tests := []struct {
		rate  string
		lines []string
	}{
		{"0", nil},
		{"1", []string{
			`"message":"secret.fetched"`, `"message":"videosdk.called"`, `"path":"/v2/sessions?perPage=2&roomId=` + room + `&status=ongoing"`,
			`"path":"/v2/sessions/end"`, `"message":"ledger.stored"`, `"to":"claimed"`, `"to":"recorded"`, `"to":"published"`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.rate, func(t *testing.T) {
			n := len(printed.all())
			s, _ := startWatched(t, map[string]string{"LogSampleRate": tt.rate})
			live(t, s, room, time.Hour)
			send(t, s, "sampled-"+tt.rate, room, time.Now())
			await(t, s, "sampled-"+tt.rate)
			eventually(t, "the line", func() bool { return len(about("sampled-"+tt.rate, n)) > 0 })
			log := strings.Join(printed.since(n), "\n")
			for _, part := range tt.lines {
				if !strings.Contains(log, part) {
					t.Errorf("no %s in\n%s", part, log)
				}
			}
			if tt.lines == nil && strings.Contains(log, "videosdk.called") {
				t.Errorf("a debug line in\n%s", log)
			}
		})
	}
}
