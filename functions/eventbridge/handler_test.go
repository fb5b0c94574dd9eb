package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/doortest"
	"videosdk-end-session/internal/queue"
)

func invoke(t *testing.T, u *doortest.UseCase, q *doortest.Queue, payload string) (string, error) {
	t.Helper()
	h := handler{
		service: u, queue: queue.New(q, "https://queue.example/triggers"), now: doortest.Now,
		triggers: doortest.Silent(),
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
	_, err := invoke(t, &doortest.UseCase{Fails: map[string]bool{"b": true}}, &doortest.Queue{Err: errors.New("away")}, event("b", "lms", `{"roomId":"r"}`))
	var failure messages.InvokeResponse_Error
	if !errors.As(err, &failure) || failure.Type != "queue_unavailable" || !strings.Contains(failure.Message, "away") {
		t.Errorf("error = %v, want queue_unavailable", err)
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
