// Package doortest has what the tests of the functions' handlers share: a use case, a queue and a log that keep what they are given,
// a webhook secret, and a comparison of answers with their description.
package doortest

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/gateway"
	"videosdk-end-session/internal/local/openapi"
	"videosdk-end-session/internal/telemetry"
	"videosdk-end-session/internal/webhook"
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

// Queue keeps what is sent to it, and answers with Err, or with nothing at all if it is Mute.
type Queue struct {
	Err  error
	Mute bool

	mu   sync.Mutex
	sent []*sqs.SendMessageInput
}

// SendMessage is SQS's call of this name.
func (q *Queue) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sent = append(q.sent, in)
	if q.Mute || q.Err != nil {
		return &sqs.SendMessageOutput{}, q.Err
	}
	return &sqs.SendMessageOutput{MessageId: aws.String("sent")}, nil
}

// Sent returns what was sent, in no certain order.
func (q *Queue) Sent() []*sqs.SendMessageInput {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.sent
}

// Log keeps what is logged about webhooks.
type Log struct{ lines bytes.Buffer }

// Webhooks writes to the log.
func (l *Log) Webhooks() telemetry.Webhooks {
	return telemetry.Webhooks{Log: slog.New(slog.NewTextHandler(&l.lines, &slog.HandlerOptions{ReplaceAttr: undated})), Door: "test"}
}

func undated(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// Lines returns the log, without times.
func (l *Log) Lines() string { return l.lines.String() }

// Secret is a webhook secret that is fetched at no cost. With Err it is out of reach.
type Secret struct {
	Err     error
	sources *webhook.Sources
}

// NewSecret returns the webhook secret with a text.
func NewSecret(t *testing.T, text string) *Secret {
	t.Helper()
	sources, err := webhook.Parser(http.DefaultTransport, Now)([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return &Secret{sources: sources}
}

// Get implements webhook.Secret.
func (s *Secret) Get(context.Context) (*webhook.Sources, error) { return s.sources, s.Err }

// Refresh implements webhook.Secret.
func (s *Secret) Refresh(context.Context, time.Time) (*webhook.Sources, error) {
	return s.sources, s.Err
}

// Received is an answer as whoever asked receives it.
func Received(a gateway.Answer) openapi.Answer {
	header := http.Header{}
	for name, value := range a.Headers {
		header.Set(name, value)
	}
	return openapi.Answer{Status: a.StatusCode, Header: header, Body: []byte(a.Body)}
}

// WantCodes checks that the codes that a door answers with, by status, are those that it is described with.
func WantCodes(t *testing.T, described *openapi.Document, method, path string, got map[int][]string) {
	t.Helper()
	differences, err := described.CodesDiffer(method, path, got)
	if err != nil {
		t.Fatal(err)
	}
	for _, difference := range differences {
		t.Error(difference)
	}
}
