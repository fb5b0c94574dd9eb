// Package doortest has what the tests of the functions' handlers share: a use case and a queue that keep what they are given.
package doortest

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/telemetry"
)

// The invocation that a handler under test sees.
const (
	RequestID = "invocation-1"
	Trace     = "Root=1-62429766-abcdef012345678912345678"
	Timeout   = 25 * time.Second
)

// Now is when every test takes place.
func Now() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) }

// Context returns the context of an invocation that begins now.
func Context(t *testing.T) context.Context {
	t.Helper()
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: RequestID})
	//lint:ignore SA1029 the key is aws-lambda-go's
	ctx = context.WithValue(ctx, "x-amzn-trace-id", Trace)
	ctx, cancel := context.WithDeadline(ctx, Now().Add(Timeout))
	t.Cleanup(cancel)
	return ctx
}

// Silent is a log that nobody reads.
func Silent() telemetry.Triggers {
	return telemetry.Triggers{Log: slog.New(slog.NewJSONHandler(io.Discard, nil))}
}

// UseCase answers every request with Result, or with an error that may pass if Fails has its id.
type UseCase struct {
	Result   endsession.Result
	Fails    map[string]bool
	Asked    []endsession.Request
	Deadline time.Time // of the last call
}

// Handle keeps the requests and answers them.
func (u *UseCase) Handle(ctx context.Context, requests ...endsession.Request) []endsession.Result {
	u.Asked = append(u.Asked, requests...)
	u.Deadline, _ = ctx.Deadline()
	results := make([]endsession.Result, len(requests))
	for i, r := range requests {
		results[i] = u.Result
		results[i].Request = r
		if u.Fails[r.ID] {
			results[i].Err = &endsession.Error{Code: endsession.CodeVideoSDKUnavailable}
		}
	}
	return results
}

// Queue keeps what is sent to it, and answers with Err.
type Queue struct {
	Err error

	mu   sync.Mutex
	sent []*sqs.SendMessageInput
}

// SendMessage is SQS's call of this name.
func (q *Queue) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sent = append(q.sent, in)
	return &sqs.SendMessageOutput{}, q.Err
}

// Sent returns what was sent, in no certain order.
func (q *Queue) Sent() []*sqs.SendMessageInput {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.sent
}
