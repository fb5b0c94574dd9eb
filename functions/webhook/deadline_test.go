package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"videosdk-end-session/internal/doortest"
	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/gateway"
	"videosdk-end-session/internal/queue"
	"videosdk-end-session/internal/telemetry"
	"videosdk-end-session/internal/webhook"
)

// genuine takes every webhook for a trigger. It can do nothing else.
type genuine struct{ receiver }

func (genuine) Receive(context.Context, string, webhook.Delivery, string) (webhook.Verdict, *endsession.Error) {
	return webhook.Verdict{Request: endsession.Request{Source: "lms", ID: "1"}, Status: http.StatusAccepted}, nil
}

// hanging is a queue that gives no answer before it is given up. It keeps until when that would be.
type hanging struct{ until *time.Time }

func (q hanging) Send(ctx context.Context, _ queue.Message) error {
	*q.until, _ = ctx.Deadline()
	return &endsession.Error{Code: endsession.CodeQueueUnavailable, Err: context.DeadlineExceeded}
}

func TestAQueueThatHangsLeavesTimeToAnswer(t *testing.T) {
	var until time.Time
	h := handler{
		receiver: genuine{}, queue: hanging{&until}, now: doortest.Now,
		log: telemetry.Webhooks{Log: slog.New(slog.NewJSONHandler(io.Discard, nil))},
	}
	const call = `{"version":"2.0","requestContext":{"http":{"method":"POST"}},"pathParameters":{"source":"lms"},"body":"{}"}`
	got, err := h.Invoke(doortest.Context(t), []byte(call))
	if err != nil {
		t.Fatal(err)
	}
	if want := doortest.Now().Add(doortest.Timeout - time.Second); !until.Equal(want) {
		t.Errorf("the queue is given up at %s, want %s", until, want)
	}
	var answer gateway.Answer
	if err := json.Unmarshal(got, &answer); err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusServiceUnavailable || answer.Headers["retry-after"] == "" || !strings.Contains(answer.Body, `"queue_unavailable"`) {
		t.Errorf("answer = %+v, want 503, when to come again, and queue_unavailable", answer)
	}
}
