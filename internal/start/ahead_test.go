package start

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"videosdk-end-session/internal/config"
	"videosdk-end-session/internal/telemetry"
)

// handling is a handler that a test makes.
type handling func(ctx context.Context, event []byte) ([]byte, error)

// Invoke implements lambda.Handler.
func (h handling) Invoke(ctx context.Context, event []byte) ([]byte, error) { return h(ctx, event) }

// process returns one whose log is the buffer.
func process(t *testing.T, log *bytes.Buffer) Process {
	t.Helper()
	keepLog(t)
	return Process{
		Function: config.SQS, Log: telemetry.Setup(log, telemetry.Options{}), Now: time.Now, ahead: &[]preparation{},
		Config: config.Config{VideoSDKSecretID: "s", LedgerTable: "t", EventBusName: "b"},
	}
}

func TestEverythingIsDoneAheadAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		p := process(t, &log)
		var done sync.Map
		for i := range 3 {
			p.Ahead(fmt.Sprint(i), func(ctx context.Context) error {
				time.Sleep(time.Second)
				done.Store(i, true)
				return ctx.Err()
			})
		}
		began := time.Now()
		p.getAhead(func(context.Context) error { return nil })
		if took := time.Since(began); took != time.Second {
			t.Errorf("took %s, want a second", took)
		}
		for i := range 3 {
			if _, ok := done.Load(i); !ok {
				t.Errorf("number %d was not done", i)
			}
		}
		if log.Len() > 0 {
			t.Errorf("logged %s", log.String())
		}
	})
}

func TestWhatFailsOrHangsAheadDelaysTheStartByTwoSecondsAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		p := process(t, &log)
		p.Ahead("the secret", func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) })
		p.Ahead("the bus", func(context.Context) error { return errors.New("no such host") })
		began := time.Now()
		p.getAhead(func(context.Context) error { return errors.New("stage fright") })
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("took %s, want 2s", took)
		}
		for _, want := range []string{"the secret", "too long", "the bus", "no such host", "rehearsal", "stage fright"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log does not tell of %q: %s", want, log.String())
			}
		}
	})
}

// TestARehearsalHasAnEventAndNoOutside rehearses each function with a handler that looks at both.
func TestARehearsalHasAnEventAndNoOutside(t *testing.T) {
	last := map[config.Function]string{
		config.API: "PutEvents", config.EventBridge: "PutEvents", config.SQS: "PutEvents", config.Webhook: "SendMessage",
	}
	for function, operation := range last {
		t.Run(string(function), func(t *testing.T) {
			var log bytes.Buffer
			p := process(t, &log)
			p.Function, p.Config.DryRun = function, true
			rehearsed := func(path, target string) error {
				return rehearse(t.Context(), p, func(stage Process) (lambda.Handler, error) {
					if stage.Config.DryRun {
						t.Error("the call that ends a session is not rehearsed")
					}
					return handling(func(ctx context.Context, event []byte) ([]byte, error) {
						if !json.Valid(event) || !bytes.Contains(event, []byte("rehearsal")) {
							t.Errorf("the event is %s", event)
						}
						stage.Log.Error("said in a rehearsal")
						for _, to := range []struct{ path, target string }{{path, ""}, {"", target}} {
							request, err := http.NewRequestWithContext(ctx, http.MethodPost, *stage.AWS.BaseEndpoint+to.path, strings.NewReader("{}"))
							if err != nil {
								return nil, err
							}
							request.Header.Set("X-Amz-Target", to.target)
							response, err := stage.AWS.HTTPClient.Do(request)
							if err != nil {
								return nil, err
							}
							if err := response.Body.Close(); err != nil {
								return nil, err
							}
						}
						return nil, nil
					}), nil
				})
			}
			if err := rehearsed("/v2/sessions/end", "Service."+operation); err != nil {
				t.Error(err)
			}
			if err := rehearsed("/v2/sessions/end", "Service.PutItem"); err == nil || !strings.Contains(err.Error(), operation) {
				t.Errorf("without %s: %v", operation, err)
			}
			if err := rehearsed("/v2/sessions", "Service."+operation); function != config.Webhook && err == nil {
				t.Error("no error without the end of a session")
			}
			if log.Len() > 0 {
				t.Errorf("the log has %s", log.String())
			}
		})
	}
}

func TestARehearsalThatPanicsIsAnError(t *testing.T) {
	var log bytes.Buffer
	err := rehearse(t.Context(), process(t, &log), func(Process) (lambda.Handler, error) {
		return handling(func(context.Context, []byte) ([]byte, error) { panic("forgot my lines") }), nil
	})
	if err == nil || !strings.Contains(err.Error(), "forgot my lines") {
		t.Errorf("got %v", err)
	}
}

func TestProcessors(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	tests := []struct {
		name, memory, set string
		want              int
	}{
		{"the smallest function", "128", "", 1}, {"with one processor", "1769", "", 1}, {"with more", "1770", "", 2}, {"not on Lambda", "", "", 2},
		{"decided by the operator", "128", "2", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			runtime.GOMAXPROCS(2)
			setProcessors(func(name string) string {
				return map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": tt.memory, "GOMAXPROCS": tt.set}[name]
			})
			if got := runtime.GOMAXPROCS(0); got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}
