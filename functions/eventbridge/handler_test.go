package main

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/doortest"
	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/queue"
	"videosdk-end-session/internal/trigger"
	"videosdk-end-session/internal/webhook"
)

func invoke(t *testing.T, u *doortest.UseCase, q *doortest.Queue, payload string) (string, error) {
	t.Helper()
	return invokeWith(t, u, q, trigger.Reader{}, &doortest.Log{}, payload)
}

func invokeWith(t *testing.T, u *doortest.UseCase, q *doortest.Queue, r trigger.Reader, log *doortest.Log, payload string) (string, error) {
	t.Helper()
	h := handler{
		service: u, queue: queue.New(q, "https://queue.example/triggers"), reader: r, now: doortest.Now,
		triggers: doortest.Silent(), webhooks: log.Webhooks(),
	}
	got, err := h.Invoke(doortest.Context(t), []byte(payload))
	return string(got), err
}

func event(id, source, detail string) string {
	return `{"id":"` + id + `","detail-type":"t","source":"` + source + `","time":"2026-11-23T09:59:00Z","detail":` + detail + `}`
}

func TestEventsAreTriedOnceAndHandedOn(t *testing.T) {
	const room, document = `{"roomId":"r"}`, `{"id":"b","occurredAt":"2026-11-23T09:59:00Z","roomId":"r","source":"lms"}`
	bad := event("c", "lms", `{}`)
	tests := []struct {
		name    string
		payload string
		want    string
		asked   int
		onward  []string
	}{
		{name: "settled", payload: event("a", "lms", room), want: `{"settled":1,"handedOn":0,"ignored":0}`, asked: 1},
		{name: "failed for now", payload: event("b", "lms", room), want: `{"settled":0,"handedOn":1,"ignored":0}`, asked: 1, onward: []string{document}},
		{
			name: "an array with a bad element", payload: `[` + event("a", "lms", room) + `,` + bad + `,` + event("b", "lms", room) + `]`,
			want: `{"settled":1,"handedOn":2,"ignored":0}`, asked: 2, onward: []string{bad, document},
		},
		{name: "an outcome of our own", payload: event("a", "videosdk.end-session", room), want: `{"settled":0,"handedOn":0,"ignored":1}`},
		{name: "no event at all", payload: `"x"`, want: `{"settled":0,"handedOn":1,"ignored":0}`, onward: []string{`"x"`}},
		{name: "nothing", payload: `[]`, want: `{"settled":0,"handedOn":0,"ignored":0}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, q := &doortest.UseCase{Fails: map[string]bool{"b": true}}, &doortest.Queue{}
			got, err := invoke(t, u, q, tt.payload)
			if err != nil || got != tt.want {
				t.Errorf("answer = %s, %v; want %s", got, err, tt.want)
			}
			if len(u.Asked) != tt.asked {
				t.Errorf("%d requests, want %d", len(u.Asked), tt.asked)
			}
			sent := map[string]bool{}
			for _, in := range q.Sent() {
				sent[*in.MessageBody] = true
				if *in.QueueUrl != "https://queue.example/triggers" || *in.MessageSystemAttributes["AWSTraceHeader"].StringValue != doortest.Trace {
					t.Errorf("sent to %s with %v", *in.QueueUrl, in.MessageSystemAttributes)
				}
			}
			want := map[string]bool{}
			for _, body := range tt.onward {
				want[body] = true
			}
			if diff := cmp.Diff(want, sent); diff != "" {
				t.Errorf("handed on (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatCannotBeHandedOnFailsTheInvocation(t *testing.T) {
	tests := []struct {
		name  string
		queue *doortest.Queue
		want  string
	}{
		{"the queue is away", &doortest.Queue{Err: errors.New("away")}, "away"},
		{"the answer is not the queue's", &doortest.Queue{Mute: true}, "no message id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := &doortest.UseCase{Fails: map[string]bool{"b": true}}
			_, err := invoke(t, u, tt.queue, event("b", "lms", `{"roomId":"r"}`))
			var failure messages.InvokeResponse_Error
			if !errors.As(err, &failure) || failure.Type != "queue_unavailable" || !strings.Contains(failure.Message, tt.want) {
				t.Errorf("error = %v, want queue_unavailable: %s", err, tt.want)
			}
		})
	}
}

func TestThereIsTimeLeftToHandOn(t *testing.T) {
	u := &doortest.UseCase{}
	if _, err := invoke(t, u, &doortest.Queue{}, event("a", "lms", `{"roomId":"r"}`)); err != nil {
		t.Fatal(err)
	}
	if want := doortest.Now().Add(22 * time.Second); !u.Deadline.Equal(want) {
		t.Errorf("deadline = %s, want %s", u.Deadline, want)
	}
}

func TestTheAnswerIsJSON(t *testing.T) {
	got, err := invoke(t, &doortest.UseCase{}, &doortest.Queue{}, event("a", "lms", `{"roomId":"r"}`))
	if err != nil || !json.Valid([]byte(got)) {
		t.Errorf("answer = %s, %v", got, err)
	}
}

func TestEventsOfSourcesWithProfiles(t *testing.T) {
	const profiles = `{
		"lms": {"profiles": [{"when": "detail.over", "room": "detail.room", "delay": 0}]},
		"slow": {"profiles": [{"room": "detail.room", "delay": 5}]},
		"broken": {"profiles": [{"room": "(", "name": "b"}]}
	}`
	mapped, ignored := event("b", "lms", `{"over":true,"room":"abcd-efgh-ijkl"}`), event("c", "lms", `{"room":"abcd-efgh-ijkl"}`)
	delayed, broken := event("d", "slow", `{"room":"abcd-efgh-ijkl"}`), event("e", "broken", `{"room":"abcd-efgh-ijkl"}`)
	const document = `{"id":"b","occurredAt":"2026-11-23T09:59:00Z","roomId":"abcd-efgh-ijkl","source":"lms"}`
	const line = "level=INFO msg=webhook.ignored source=lms reason=not_relevant\n"
	tests := []struct {
		name, payload, want string
		secret              error
		onward              []string
		log                 string
	}{
		{name: "left alone", payload: ignored, want: `{"settled":0,"handedOn":0,"ignored":1}`, log: line},
		{name: "mapped, and failed for now", payload: mapped, want: `{"settled":0,"handedOn":1,"ignored":0}`, onward: []string{document}},
		{name: "asking for a delay, which the queue's function dead-letters", payload: delayed, want: `{"settled":0,"handedOn":1,"ignored":0}`, onward: []string{delayed}},
		{name: "whose profiles are wrong", payload: broken, want: `{"settled":0,"handedOn":1,"ignored":0}`, onward: []string{broken}},
		{
			name: "whose profiles are out of reach", payload: `[` + mapped + `,` + ignored + `]`, want: `{"settled":0,"handedOn":2,"ignored":0}`,
			secret: &endsession.Error{Code: endsession.CodeSecretUnavailable}, onward: []string{mapped, ignored},
		},
		{
			name: "some of each", payload: `[` + mapped + `,` + ignored + `,` + broken + `]`, want: `{"settled":0,"handedOn":2,"ignored":1}`,
			onward: []string{broken, document}, log: line,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, q, log := &doortest.UseCase{Fails: map[string]bool{"b": true}}, &doortest.Queue{}, &doortest.Log{}
			secret := doortest.NewSecret(t, profiles)
			secret.Err = tt.secret
			failed := func(context.Context, string, []string) { t.Error("an expression failed") }
			got, err := invokeWith(t, u, q, trigger.Reader{Profiles: webhook.Events{Secret: secret, Failed: failed}}, log, tt.payload)
			if err != nil || got != tt.want {
				t.Errorf("answer = %s, %v; want %s", got, err, tt.want)
			}
			var sent []string
			for _, in := range q.Sent() {
				sent = append(sent, *in.MessageBody)
			}
			slices.Sort(sent)
			slices.Sort(tt.onward)
			if diff := cmp.Diff(tt.onward, sent); diff != "" {
				t.Errorf("handed on (-want +got):\n%s", diff)
			}
			if log.Lines() != tt.log {
				t.Errorf("log %q, want %q", log.Lines(), tt.log)
			}
		})
	}
}
