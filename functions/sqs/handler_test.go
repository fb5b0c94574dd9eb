package main

import (
	"bytes"
	"context"
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
	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/telemetry"
	"videosdk-end-session/internal/telemetry/telemetrytest"
	"videosdk-end-session/internal/trigger"
	"videosdk-end-session/internal/webhook"
)

func invoke(t *testing.T, u *doortest.UseCase, q *doortest.Queue, payload []byte) (string, error) {
	t.Helper()
	return invokeWith(t, u, q, trigger.Reader{}, &doortest.Log{}, payload)
}

func invokeWith(t *testing.T, u *doortest.UseCase, q *doortest.Queue, r trigger.Reader, log *doortest.Log, payload []byte) (string, error) {
	t.Helper()
	h := handler{
		service: u, letters: deadLetters{queue: q, url: "https://queue.example/dlq"}, reader: r, now: doortest.Now,
		triggers: doortest.Silent(), webhooks: log.Webhooks(),
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
	for name, q := range map[string]*doortest.Queue{
		"the queue is away": {Err: errors.New("away")}, "the answer is not the queue's": {Mute: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := invoke(t, &doortest.UseCase{}, q, batch("{", document("a")))
			if want := `{"batchItemFailures":[{"itemIdentifier":"m-0"}]}`; err != nil || got != want {
				t.Errorf("answer = %s, %v; want %s", got, err, want)
			}
		})
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

// lesson is an event of a source that has a profile, from a bus.
func lesson(source, detailType, detail string) string {
	return `{"id":"e","detail-type":"` + detailType + `","source":"` + source + `","time":"2026-11-23T09:59:00Z","detail":` + detail + `}`
}

const profiles = `{
	"lms": {"profiles": [{"when": "\"detail-type\" == 'over'", "room": "detail.room", "occurredAt": "detail.at || time"}]},
	"broken": {"profiles": [{"when": "(", "room": "detail.room"}]}
}`

// unmapped does nothing with expressions that failed.
func unmapped(context.Context, string, []string) {}

func TestEventsOfSourcesWithProfiles(t *testing.T) {
	const canvas = `{"metadata":{"event_name":"course_updated","event_time":"2026-11-23T09:59:00Z"},"body":{"course_id":"7","workflow_state":"available"}}`
	tests := []struct {
		name, body    string
		secret        error
		again, letter bool
		ended         string // room
		log           string
	}{
		{name: "mapped", body: lesson("lms", "over", `{"room":"abcd-efgh-ijkl"}`), ended: "abcd-efgh-ijkl"},
		{
			name: "left alone", body: lesson("lms", "begun", `{"room":"abcd-efgh-ijkl"}`),
			log: "level=INFO msg=webhook.ignored source=lms reason=not_relevant\n",
		},
		{
			name: "naming no room", body: lesson("lms", "over", `{}`),
			log: "level=INFO msg=webhook.ignored source=lms reason=no_room\n",
		},
		{name: "left alone, bare", body: canvas, log: "level=INFO msg=webhook.ignored source=canvas reason=not_relevant\n"},
		{name: "with a time that is none", body: lesson("lms", "over", `{"room":"abcd-efgh-ijkl","at":"soon"}`), letter: true},
		{name: "whose profiles are wrong", body: lesson("broken", "over", `{"room":"abcd-efgh-ijkl"}`), again: true},
		{
			name: "whose profiles are out of reach", body: lesson("lms", "over", `{"room":"abcd-efgh-ijkl"}`), again: true,
			secret: &endsession.Error{Code: endsession.CodeSecretUnavailable},
		},
		{
			name: "whose profiles are in a secret that is none", body: lesson("lms", "over", `{"room":"abcd-efgh-ijkl"}`), again: true,
			secret: &endsession.Error{Code: endsession.CodeSecretInvalid, Class: endsession.Credentials},
		},
		{
			name: "without profiles, while nobody can know that", body: lesson("other", "over", `{"roomId":"r"}`), again: true,
			secret: &endsession.Error{Code: endsession.CodeSecretUnavailable},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, q, log, secret := &doortest.UseCase{}, &doortest.Queue{}, &doortest.Log{}, doortest.NewSecret(t, profiles)
			secret.Err = tt.secret
			reader := trigger.Reader{Profiles: webhook.Events{Secret: secret, Failed: unmapped}}
			got, err := invokeWith(t, u, q, reader, log, batch(tt.body, document("a")))
			want := `{"batchItemFailures":[]}`
			if tt.again {
				want = `{"batchItemFailures":[{"itemIdentifier":"m-0"}]}`
			}
			if err != nil || got != want {
				t.Errorf("answer = %s, %v; want %s", got, err, want)
			}
			if buried := len(q.Sent()) > 0; buried != tt.letter {
				t.Errorf("dead letter: %t, want %t", buried, tt.letter)
			}
			var rooms []string
			for _, r := range u.Asked {
				rooms = append(rooms, r.RoomID)
			}
			wanted := []string{"r"} // of the other message, which none of this concerns
			if tt.ended != "" {
				wanted = []string{tt.ended, "r"}
			}
			if diff := cmp.Diff(wanted, rooms); diff != "" {
				t.Errorf("handled (-want +got):\n%s", diff)
			}
			if log.Lines() != tt.log {
				t.Errorf("log %q, want %q", log.Lines(), tt.log)
			}
		})
	}
}

func TestARequestKnowsHowLongItWasQueued(t *testing.T) {
	u := &doortest.UseCase{}
	payload, _ := json.Marshal(events.SQSEvent{Records: []events.SQSMessage{{
		MessageId: "m-0", Body: document("a"), Attributes: map[string]string{"SentTimestamp": fmt.Sprint(doortest.Now().Add(-time.Minute).UnixMilli())},
	}}})
	if _, err := invoke(t, u, &doortest.Queue{}, payload); err != nil {
		t.Fatal(err)
	}
	if u.Asked[0].Queued != time.Minute {
		t.Errorf("queued for %s, want a minute", u.Asked[0].Queued)
	}
}

// TestAMessageThatWaitsForItsProfilesShowsItsAge holds what the alarm for repeated triggers looks at: SQS leaves a message that is received
// again and again out of its own metric.
func TestAMessageThatWaitsForItsProfilesShowsItsAge(t *testing.T) {
	var lines bytes.Buffer
	reader := trigger.Reader{Profiles: webhook.Events{Secret: doortest.NewSecret(t, profiles), Failed: unmapped}}
	h := handler{
		service: &doortest.UseCase{}, letters: deadLetters{queue: &doortest.Queue{}, url: "https://queue.example/dlq"}, reader: reader,
		now: doortest.Now, triggers: telemetry.Triggers{Log: telemetry.Setup(&lines, telemetry.Options{Stack: "demo"}), Door: "sqs"},
	}
	payload, _ := json.Marshal(events.SQSEvent{Records: []events.SQSMessage{{
		MessageId: "m-0", Body: lesson("broken", "over", `{"room":"abcd-efgh-ijkl"}`),
		Attributes: map[string]string{"SentTimestamp": fmt.Sprint(doortest.Now().Add(-31 * time.Minute).UnixMilli())},
	}}})
	if _, err := h.Invoke(doortest.Context(t), payload); err != nil {
		t.Fatal(err)
	}
	got, err := telemetrytest.Metrics(lines.Bytes())
	want := map[string]float64{"QueueAge{door=sqs,stack=demo}": 31 * 60 * 1000, "Deferred{code=webhook_source_invalid,door=sqs,stack=demo}": 1}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("metrics of %s: %v (-want +got):\n%s", lines.Bytes(), err, diff)
	}
}
