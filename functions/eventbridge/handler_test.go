package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

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
		results[i].Request = r
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

func invoke(t *testing.T, u *useCase, q *queue, payload string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithDeadline(context.WithValue(t.Context(), "x-amzn-trace-id", "Root=1"), now.Add(25*time.Second)) //nolint:staticcheck // the key of aws-lambda-go
	defer cancel()
	h := handler{
		service: u, queue: triggerQueue{queue: q, url: "https://queue.example/triggers"}, now: func() time.Time { return now },
		triggers: telemetry.Triggers{Log: slog.New(slog.NewJSONHandler(io.Discard, nil))},
	}
	got, err := h.Invoke(ctx, []byte(payload))
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
			u, q := &useCase{fails: map[string]bool{"b": true}}, &queue{}
			got, err := invoke(t, u, q, tt.payload)
			if err != nil || got != tt.want {
				t.Errorf("answer = %s, %v; want %s", got, err, tt.want)
			}
			if len(u.asked) != tt.asked {
				t.Errorf("%d requests, want %d", len(u.asked), tt.asked)
			}
			sent := map[string]bool{}
			for _, in := range q.sent {
				sent[*in.MessageBody] = true
				if *in.QueueUrl != "https://queue.example/triggers" || *in.MessageSystemAttributes["AWSTraceHeader"].StringValue != "Root=1" {
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
	_, err := invoke(t, &useCase{fails: map[string]bool{"b": true}}, &queue{err: errors.New("away")}, event("b", "lms", `{"roomId":"r"}`))
	var failure messages.InvokeResponse_Error
	if !errors.As(err, &failure) || failure.Type != "queue_unavailable" || !strings.Contains(failure.Message, "away") {
		t.Errorf("error = %v, want queue_unavailable", err)
	}
}

func TestThereIsTimeLeftToHandOn(t *testing.T) {
	u := &useCase{}
	if _, err := invoke(t, u, &queue{}, event("a", "lms", `{"roomId":"r"}`)); err != nil {
		t.Fatal(err)
	}
	if want := now.Add(22 * time.Second); !u.deadline.Equal(want) {
		t.Errorf("deadline = %s, want %s", u.deadline, want)
	}
}

func TestTheAnswerIsJSON(t *testing.T) {
	got, err := invoke(t, &useCase{}, &queue{}, event("a", "lms", `{"roomId":"r"}`))
	if err != nil || !json.Valid([]byte(got)) {
		t.Errorf("answer = %s, %v", got, err)
	}
}
