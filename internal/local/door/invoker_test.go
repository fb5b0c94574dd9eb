package door

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"videosdk-end-session/internal/local/lambdahost"
)

var _ Invoker = (*lambdahost.Host)(nil)

// invokerFunc is a function in this process.
type invokerFunc func(context.Context, lambdahost.Invocation) (lambdahost.Response, error)

func (f invokerFunc) Invoke(ctx context.Context, invocation lambdahost.Invocation) (lambdahost.Response, error) {
	return f(ctx, invocation)
}

// answering is a function that always answers the same.
func answering(payload string) invokerFunc {
	return func(context.Context, lambdahost.Invocation) (lambdahost.Response, error) {
		return lambdahost.Response{RequestID: "r-1", Payload: []byte(payload)}, nil
	}
}

// failing is a function that ends in a function error.
func failing() invokerFunc {
	return func(context.Context, lambdahost.Invocation) (lambdahost.Response, error) {
		return lambdahost.Response{
			RequestID:     "r-1",
			Payload:       []byte(`{"errorType":"Boom","errorMessage":"boom"}`),
			FunctionError: "Unhandled",
		}, nil
	}
}

// refusing is a function that cannot be run.
func refusing(err error) invokerFunc {
	return func(context.Context, lambdahost.Invocation) (lambdahost.Response, error) {
		return lambdahost.Response{}, err
	}
}

// recording keeps the invocations of a function.
type recording struct {
	Invoker
	mu          sync.Mutex
	invocations []lambdahost.Invocation
}

func (r *recording) Invoke(ctx context.Context, invocation lambdahost.Invocation) (lambdahost.Response, error) {
	r.mu.Lock()
	r.invocations = append(r.invocations, invocation)
	r.mu.Unlock()
	return r.Invoker.Invoke(ctx, invocation)
}

func (r *recording) all() []lambdahost.Invocation {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]lambdahost.Invocation(nil), r.invocations...)
}

// document decodes JSON for a comparison that does not depend on the order of
// its fields.
func document(t *testing.T, payload []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(payload, &v); err != nil {
		t.Fatalf("%s: %v", payload, err)
	}
	return v
}

// eventually polls, with a limit that only a broken program reaches.
func eventually(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !reached(); {
		if time.Now().After(deadline) {
			t.Fatalf("not reached: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}
