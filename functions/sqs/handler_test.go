package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/telemetry"
)

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// useCase fails the requests with the ids that it is given, and keeps what it was asked.
type useCase struct {
	fails    map[string]bool
	asked    []endsession.Request
	deadline time.Time
}

func (u *useCase) Handle(ctx context.Context, requests ...endsession.Request) []endsession.Result {
	u.asked = append(u.asked, requests...)
	u.deadline, _ = ctx.Deadline()
	results := make([]endsession.Result, len(requests))
	for i, r := range requests {
		if u.fails[r.ID] {
			results[i].Err = &endsession.Error{Code: endsession.CodeVideoSDKUnavailable}
		}
	}
	return results
}

// queue keeps the messages that are sent to it, or fails.
type queue struct {
	err error

	mu   sync.Mutex
	sent []*sqs.SendMessageInput
}

func (q *queue) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sent = append(q.sent, in)
	return &sqs.SendMessageOutput{}, q.err
}

func invoke(t *testing.T, u *useCase, q *queue, payload []byte) (string, error) {
	t.Helper()
	ctx, cancel := context.WithDeadline(t.Context(), now.Add(25*time.Second))
	defer cancel()
	h := handler{
		service: u, letters: deadLetters{queue: q, url: "https://queue.example/dlq"}, now: func() time.Time { return now },
		triggers: telemetry.Triggers{Log: slog.New(slog.NewJSONHandler(io.Discard, nil))},
	}
	got, err := h.Invoke(ctx, payload)
	return string(got), err
}

// batch is an event with the bodies as messages m-0, m-1 and so on.
func batch(bodies ...string) []byte {
	var event events.SQSEvent
	for i, body := range bodies {
		event.Records = append(event.Records, events.SQSMessage{MessageId: fmt.Sprint("m-", i), Body: body})
	}
	payload, _ := json.Marshal(event)
	return payload
}

func document(id string) string {
	return fmt.Sprintf(`{"id":%q,"roomId":"r","occurredAt":"2026-11-23T09:59:00Z"}`, id)
}

func TestOnlyWhatFailedForNowIsDeliveredAgain(t *testing.T) {
	u, q := &useCase{fails: map[string]bool{"b": true}}, &queue{}
	got, err := invoke(t, u, q, batch(document("a"), document("b"), `not JSON`, document("c")))
	if want := `{"batchItemFailures":[{"itemIdentifier":"m-1"}]}`; err != nil || got != want {
		t.Errorf("answer = %s, %v; want %s", got, err, want)
	}
	if len(u.asked) != 3 || len(q.sent) != 1 {
		t.Errorf("%d requests and %d dead letters, want 3 and 1", len(u.asked), len(q.sent))
	}
}

func TestAnUndecodableMessageIsADeadLetterAtOnce(t *testing.T) {
	tests := []struct{ name, body, code, reason string }{
		{"not JSON", "{", "invalid_json", "expected a JSON object in UTF-8"},
		{"no time", `{"roomId":"r"}`, "occurred_at_missing", "occurredAt is required in a bare document on a queue: a redriven message has no other time of its own"},
		{"problems", `{"occurredAt":"2026-11-23T09:59:00Z"}`, "invalid_request", "one of roomId, customRoomId or sessionId is required"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := &queue{}
			if got, err := invoke(t, &useCase{}, q, batch(tt.body)); err != nil || got != `{"batchItemFailures":[]}` {
				t.Errorf("answer = %s, %v; want no failures", got, err)
			}
			if len(q.sent) != 1 {
				t.Fatalf("%d dead letters, want 1", len(q.sent))
			}
			letter, attributes := q.sent[0], map[string]string{}
			for name, value := range letter.MessageAttributes {
				attributes[name] = *value.StringValue
			}
			if *letter.MessageBody != tt.body || *letter.QueueUrl != "https://queue.example/dlq" {
				t.Errorf("sent %q to %s", *letter.MessageBody, *letter.QueueUrl)
			}
			want := map[string]string{"code": tt.code, "reason": tt.reason, "originalMessageId": "m-0"}
			if diff := cmp.Diff(want, attributes); diff != "" {
				t.Errorf("attributes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestADeadLetterThatCannotBeSentIsDeliveredAgain(t *testing.T) {
	got, err := invoke(t, &useCase{}, &queue{err: errors.New("away")}, batch("{", document("a")))
	if want := `{"batchItemFailures":[{"itemIdentifier":"m-0"}]}`; err != nil || got != want {
		t.Errorf("answer = %s, %v; want %s", got, err, want)
	}
}

func TestWhatIsNoBatchIsAnError(t *testing.T) {
	for name, payload := range map[string]string{"not JSON": "{", "a document": `{"roomId":"r"}`, "empty": `{"Records":[]}`, "an array": `[]`} {
		t.Run(name, func(t *testing.T) {
			_, err := invoke(t, &useCase{}, &queue{}, []byte(payload))
			var failure messages.InvokeResponse_Error
			if !errors.As(err, &failure) || failure.Type != "unknown_event" {
				t.Errorf("error = %v, want unknown_event", err)
			}
		})
	}
}

func TestEverythingEndsASecondBeforeTheTimeout(t *testing.T) {
	u := &useCase{}
	if _, err := invoke(t, u, &queue{}, batch(document("a"))); err != nil {
		t.Fatal(err)
	}
	if want := now.Add(24 * time.Second); !u.deadline.Equal(want) {
		t.Errorf("deadline = %s, want %s", u.deadline, want)
	}
}

func TestAttributesHoldOnlyWhatSQSTakes(t *testing.T) {
	for in, want := range map[string]string{"": "-", "a\x00b\nc": "a b c", "ü\uFFFE": "ü ", "plain": "plain"} {
		if got := *attribute(in).StringValue; got != want {
			t.Errorf("attribute(%q) = %q, want %q", in, got, want)
		}
	}
	if long := *attribute(strings.Repeat("x", 512)).StringValue; len(long) != 512 {
		t.Errorf("a long reason is cut to %d", len(long))
	}
}

func TestAFIFOBatchStopsAtTheFirstFailure(t *testing.T) {
	fifo := func(bodies ...string) []byte {
		var event events.SQSEvent
		if err := json.Unmarshal(batch(bodies...), &event); err != nil {
			t.Fatal(err)
		}
		for i := range event.Records {
			event.Records[i].EventSourceARN = "arn:aws:sqs:us-east-1:123456789012:triggers.fifo"
		}
		payload, _ := json.Marshal(event)
		return payload
	}
	u, q := &useCase{fails: map[string]bool{"b": true}}, &queue{}
	got, err := invoke(t, u, q, fifo(document("a"), "{", document("b"), document("c"), "{"))
	if want := `{"batchItemFailures":[{"itemIdentifier":"m-2"},{"itemIdentifier":"m-3"},{"itemIdentifier":"m-4"}]}`; err != nil || got != want {
		t.Errorf("answer = %s, %v; want %s", got, err, want)
	}
	var ids []string
	for _, r := range u.asked {
		ids = append(ids, r.ID)
	}
	if diff := cmp.Diff([]string{"a", "b"}, ids); diff != "" {
		t.Errorf("handled (-want +got):\n%s", diff)
	}
	if len(q.sent) != 1 {
		t.Errorf("%d dead letters, want 1: what comes after the failure waits", len(q.sent))
	}
}

func TestAnOutcomeOfOurOwnIsDropped(t *testing.T) {
	u, q := &useCase{}, &queue{}
	got, err := invoke(t, u, q, batch(`{"id":"1","detail-type":"Session End Succeeded","source":"videosdk.end-session","detail":{"roomId":"r"}}`))
	if err != nil || got != `{"batchItemFailures":[]}` || len(u.asked) != 0 || len(q.sent) != 0 {
		t.Errorf("answer = %s, %v with %d requests and %d dead letters; want it dropped", got, err, len(u.asked), len(q.sent))
	}
}
