package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/doortest"
)

func invoke(t *testing.T, u *doortest.UseCase, q *doortest.Queue, payload []byte) (string, error) {
	t.Helper()
	h := handler{
		service: u, letters: deadLetters{queue: q, url: "https://queue.example/dlq"}, now: doortest.Now,
		triggers: doortest.Silent(),
	}
	got, err := h.Invoke(doortest.Context(t), payload)
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
	u, q := &doortest.UseCase{Fails: map[string]bool{"b": true}}, &doortest.Queue{}
	got, err := invoke(t, u, q, batch(document("a"), document("b"), `not JSON`, document("c")))
	if want := `{"batchItemFailures":[{"itemIdentifier":"m-1"}]}`; err != nil || got != want {
		t.Errorf("answer = %s, %v; want %s", got, err, want)
	}
	if len(u.Asked) != 3 || len(q.Sent()) != 1 {
		t.Errorf("%d requests and %d dead letters, want 3 and 1", len(u.Asked), len(q.Sent()))
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
			q := &doortest.Queue{}
			if got, err := invoke(t, &doortest.UseCase{}, q, batch(tt.body)); err != nil || got != `{"batchItemFailures":[]}` {
				t.Errorf("answer = %s, %v; want no failures", got, err)
			}
			if len(q.Sent()) != 1 {
				t.Fatalf("%d dead letters, want 1", len(q.Sent()))
			}
			letter, attributes := q.Sent()[0], map[string]string{}
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
	got, err := invoke(t, &doortest.UseCase{}, &doortest.Queue{Err: errors.New("away")}, batch("{", document("a")))
	if want := `{"batchItemFailures":[{"itemIdentifier":"m-0"}]}`; err != nil || got != want {
		t.Errorf("answer = %s, %v; want %s", got, err, want)
	}
}

func TestWhatIsNoBatchIsAnError(t *testing.T) {
	for name, payload := range map[string]string{"not JSON": "{", "a document": `{"roomId":"r"}`, "empty": `{"Records":[]}`, "an array": `[]`} {
		t.Run(name, func(t *testing.T) {
			_, err := invoke(t, &doortest.UseCase{}, &doortest.Queue{}, []byte(payload))
			var failure messages.InvokeResponse_Error
			if !errors.As(err, &failure) || failure.Type != "unknown_event" {
				t.Errorf("error = %v, want unknown_event", err)
			}
		})
	}
}

func TestEverythingEndsASecondBeforeTheTimeout(t *testing.T) {
	u := &doortest.UseCase{}
	if _, err := invoke(t, u, &doortest.Queue{}, batch(document("a"))); err != nil {
		t.Fatal(err)
	}
	if want := doortest.Now().Add(24 * time.Second); !u.Deadline.Equal(want) {
		t.Errorf("deadline = %s, want %s", u.Deadline, want)
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
	u, q := &doortest.UseCase{Fails: map[string]bool{"b": true}}, &doortest.Queue{}
	got, err := invoke(t, u, q, fifo(document("a"), "{", document("b"), document("c"), "{"))
	if want := `{"batchItemFailures":[{"itemIdentifier":"m-2"},{"itemIdentifier":"m-3"},{"itemIdentifier":"m-4"}]}`; err != nil || got != want {
		t.Errorf("answer = %s, %v; want %s", got, err, want)
	}
	var ids []string
	for _, r := range u.Asked {
		ids = append(ids, r.ID)
	}
	if diff := cmp.Diff([]string{"a", "b"}, ids); diff != "" {
		t.Errorf("handled (-want +got):\n%s", diff)
	}
	if len(q.Sent()) != 1 {
		t.Errorf("%d dead letters, want 1: what comes after the failure waits", len(q.Sent()))
	}
}

func TestAnOutcomeOfOurOwnIsDropped(t *testing.T) {
	u, q := &doortest.UseCase{}, &doortest.Queue{}
	got, err := invoke(t, u, q, batch(`{"id":"1","detail-type":"Session End Succeeded","source":"videosdk.end-session","detail":{"roomId":"r"}}`))
	if err != nil || got != `{"batchItemFailures":[]}` || len(u.Asked) != 0 || len(q.Sent()) != 0 {
		t.Errorf("answer = %s, %v with %d requests and %d dead letters; want it dropped", got, err, len(u.Asked), len(q.Sent()))
	}
}
