package lambdahost

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestInvokeAnswers(t *testing.T) {
	tests := map[string]struct {
		order order
		want  string // payload of a success
	}{
		"a value":          {order{Do: "echo", Text: "hello"}, `"hello"`},
		"nothing":          {order{Do: "nothing"}, `null`},
		"a megabyte":       {order{Do: "large", N: 1 << 20}, `"` + strings.Repeat("x", 1<<20) + `"`},
		"streamed JSON":    {order{Do: "not-json", Text: `{"a":1}`}, `{"a":1}`},
		"an empty body":    {order{Do: "not-json", Text: ""}, ``},
		"the largest body": {order{Do: "large", N: MaxResponseBytes - 2}, `"` + strings.Repeat("x", MaxResponseBytes-2) + `"`},
	}
	host := start(t, Options{}, nil)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := invoke(t, host, tt.order)
			if got.FunctionError != "" || string(got.Payload) != tt.want {
				t.Errorf("got %q with %d bytes %.80q, want %d bytes %.80q",
					got.FunctionError, len(got.Payload), got.Payload, len(tt.want), tt.want)
			}
		})
	}
}

func TestInvokeFunctionErrors(t *testing.T) {
	tests := map[string]struct {
		order order
		want  fault // %s stands for the request id
	}{
		"an error": {
			order{Do: "error", Text: "no room"},
			fault{"errorString", "no room"},
		},
		"an error with a type": {
			order{Do: "typed-error", Text: "room is closed"},
			fault{"Room.Closed", "room is closed"},
		},
		"a panic, posted before the process exits": {
			order{Do: "panic", Text: "out of cheese"},
			fault{"string", "out of cheese"},
		},
		"exit 1": {
			order{Do: "exit", N: 1},
			fault{ErrorTypeExit, "RequestId: %s Error: Runtime exited with error: exit status 1"},
		},
		"exit 0": {
			order{Do: "exit", N: 0},
			fault{ErrorTypeExit, "RequestId: %s Error: Runtime exited without providing a reason"},
		},
		"a response that is not JSON": {
			order{Do: "not-json", Text: "<html>"},
			fault{ErrorTypeInvalidResponse, "The function's response is not valid JSON."},
		},
		"a response above the limit": {
			order{Do: "large", N: MaxResponseBytes},
			fault{ErrorTypeResponseSize, "Response payload size exceeded maximum allowed payload size (6291556 bytes)."},
		},
		"a stream that breaks": {
			order{Do: "broken-stream", Text: "disk on fire"},
			fault{"errorString", "disk on fire"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			record := newRecorder()
			host := start(t, record.options(), func(f *Function) { f.Environments = 1 })
			got := invoke(t, host, tt.order)
			if got.FunctionError != "Unhandled" {
				t.Errorf("FunctionError %q, want Unhandled", got.FunctionError)
			}
			var document fault
			if err := json.Unmarshal(got.Payload, &document); err != nil {
				t.Fatalf("payload %s: %v", got.Payload, err)
			}
			tt.want.Message = strings.ReplaceAll(tt.want.Message, "%s", got.RequestID)
			if diff := cmp.Diff(tt.want, document); diff != "" {
				t.Errorf("payload (-want +got):\n%s", diff)
			}
			report := <-record.reports
			if report.Status != StatusError || report.ErrorType != tt.want.Type || report.RequestID != got.RequestID {
				t.Errorf("report %+v", report)
			}
			// Whatever happened, the one environment there may be is free again.
			if after := decode[string](t, invoke(t, host, order{Do: "echo", Text: "next"})); after != "next" {
				t.Errorf("the invocation after it answered %q", after)
			}
		})
	}
}

func TestReadyTellsTheProcessBeforeItsFirstEvent(t *testing.T) {
	var ready []int
	host := start(t, Options{Ready: func(pid int) { ready = append(ready, pid) }}, nil)
	for range 2 {
		pid := decode[int](t, invoke(t, host, order{Do: "pid"}))
		if diff := cmp.Diff([]int{pid}, ready); diff != "" {
			t.Errorf("ready (-want +got):\n%s", diff)
		}
	}
}

func TestInvokeTimeout(t *testing.T) {
	record := newRecorder()
	host := start(t, record.options(), func(f *Function) {
		f.Timeout = 300 * time.Millisecond
		f.Environments = 1
	})
	got := invoke(t, host, order{Do: "sleep"})
	want := `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ` + got.RequestID +
		` Error: Task timed out after 0.30 seconds"}`
	if got.FunctionError != "Unhandled" || string(got.Payload) != want {
		t.Errorf("got %q %s, want %s", got.FunctionError, got.Payload, want)
	}
	report := <-record.reports
	if report.Status != StatusTimeout || report.Duration < 300*time.Millisecond {
		t.Errorf("report %+v", report)
	}
}

func TestInitFailures(t *testing.T) {
	tests := map[string]struct {
		start     string
		initLimit time.Duration
		want      fault
	}{
		"exits before it asks for an event": {"exit", lambdaLimits.init,
			fault{ErrorTypeExit, "RequestId: %s Error: Runtime exited with error: exit status 3"}},
		"posts its reason": {"init-error", lambdaLimits.init,
			fault{"Config.Invalid", "LEDGER_TABLE is missing"}},
		"never asks for an event": {"hang", 200 * time.Millisecond,
			fault{ErrorTypeTimeout, "RequestId: %s Error: Task timed out after 0.20 seconds"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			record := newRecorder()
			host := start(t, record.options(), func(f *Function) {
				f.Environment[startVariable] = tt.start
				f.Environments = 1
			})
			host.limits.init = tt.initLimit
			// Twice: a failed environment leaves its place to the next.
			for range 2 {
				got := invoke(t, host, order{Do: "echo"})
				want := tt.want
				want.Message = strings.ReplaceAll(want.Message, "%s", got.RequestID)
				var document fault
				if err := json.Unmarshal(got.Payload, &document); err != nil {
					t.Fatalf("payload %s: %v", got.Payload, err)
				}
				if diff := cmp.Diff(want, document); diff != "" || got.FunctionError != "Unhandled" {
					t.Errorf("FunctionError %q, payload (-want +got):\n%s", got.FunctionError, diff)
				}
				if report := <-record.reports; report.InitDuration <= 0 || report.Duration != 0 {
					t.Errorf("report %+v", report)
				}
			}
		})
	}
}

func TestBootstrapThatCannotRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bootstrap")
	if err := os.WriteFile(path, []byte("not a program"), 0o700); err != nil {
		t.Fatal(err)
	}
	host := start(t, Options{}, func(f *Function) { f.Bootstrap = path })
	got := invoke(t, host, order{})
	if kind := errorType(got.Payload); kind != ErrorTypeEntrypoint || got.FunctionError == "" {
		t.Errorf("got %q %s", got.FunctionError, got.Payload)
	}
}

func TestEnvironmentIsReused(t *testing.T) {
	record := newRecorder()
	host := start(t, record.options(), func(f *Function) { f.Environments = 1 })
	first := decode[int](t, invoke(t, host, order{Do: "pid"}))
	for range 20 {
		// Refused if the environment were not free again when Invoke returns.
		if again := decode[int](t, invoke(t, host, order{Do: "pid"})); again != first {
			t.Fatalf("process %d, want %d again", again, first)
		}
	}
	cold, warm := <-record.reports, <-record.reports
	if cold.InitDuration <= 0 || warm.InitDuration != 0 {
		t.Errorf("init durations: cold %s, warm %s", cold.InitDuration, warm.InitDuration)
	}
}

func TestEnvironmentsGrowToTheLimit(t *testing.T) {
	host := start(t, Options{}, func(f *Function) { f.Environments = 2 })
	gate := filepath.Join(t.TempDir(), "gate")
	processes := make(chan Response, 2)
	for _, name := range []string{gate + "1", gate + "2"} {
		go func() {
			response, _ := host.Invoke(t.Context(), Invocation{Payload: encode(t, order{Do: "hold", Text: name})})
			processes <- response
		}()
		eventually(t, "the function holds at "+name, exists(name+".reached"))
	}
	_, err := host.Invoke(t.Context(), Invocation{})
	if !errors.Is(err, ErrThrottled) {
		t.Errorf("a third call: %v, want ErrThrottled", err)
	}
	release(t, gate+"1")
	release(t, gate+"2")
	a, b := decode[int](t, <-processes), decode[int](t, <-processes)
	if a == b {
		t.Errorf("both ran in process %d", a)
	}
	if again := decode[int](t, invoke(t, host, order{Do: "pid"})); again != a && again != b {
		t.Errorf("process %d, want %d or %d again", again, a, b)
	}
}

func TestSeveralInvocationsInOneProcess(t *testing.T) {
	const together = 3
	host := start(t, Options{}, func(f *Function) {
		f.Environments = 1
		f.Environment["AWS_LAMBDA_MAX_CONCURRENCY"] = "3"
	})
	processes := make(chan Response, together)
	for range together {
		go func() {
			response, _ := host.Invoke(t.Context(), Invocation{Payload: encode(t, order{Do: "meet", N: together})})
			processes <- response
		}()
	}
	var pids []int
	for range together {
		pids = append(pids, decode[int](t, <-processes))
	}
	if len(slices.Compact(pids)) != 1 {
		t.Errorf("ran in processes %v, want one", pids)
	}
	for range 2 * together {
		if pid := decode[int](t, invoke(t, host, order{Do: "pid"})); pid != pids[0] {
			t.Errorf("process %d, want %d again", pid, pids[0])
		}
	}
}

func TestKill(t *testing.T) {
	host := start(t, Options{}, func(f *Function) { f.Environments = 1 })
	before := decode[int](t, invoke(t, host, order{Do: "pid"}))

	gate := filepath.Join(t.TempDir(), "gate")
	running := make(chan Response, 1)
	go func() {
		response, _ := host.Invoke(t.Context(), Invocation{Payload: encode(t, order{Do: "hold", Text: gate})})
		running <- response
	}()
	eventually(t, "the function holds", exists(gate+".reached"))
	host.Kill()
	got := <-running
	want := exitFault(got.RequestID, "Runtime exited with error: signal: killed")
	if got.FunctionError != "Unhandled" || string(got.Payload) != string(want.payload()) {
		t.Errorf("got %q %s, want %s", got.FunctionError, got.Payload, want.payload())
	}
	if after := decode[int](t, invoke(t, host, order{Do: "pid"})); after == before {
		t.Errorf("process %d survived", after)
	}
}

func TestCallerThatLeaves(t *testing.T) {
	host := start(t, Options{}, func(f *Function) { f.Environments = 1 })
	gate := filepath.Join(t.TempDir(), "gate")
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := host.Invoke(ctx, Invocation{Payload: encode(t, order{Do: "hold", Text: gate})})
		left <- err
	}()
	eventually(t, "the function holds", exists(gate+".reached"))
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("Invoke: %v, want context.Canceled", err)
	}
	if _, err := host.Invoke(t.Context(), Invocation{}); !errors.Is(err, ErrThrottled) {
		t.Errorf("the function works on, so a call must be refused with ErrThrottled, got %v", err)
	}
	release(t, gate)
	eventually(t, "the environment is free again", func() bool {
		_, err := host.Invoke(t.Context(), Invocation{Payload: encode(t, order{Do: "echo"})})
		return err == nil
	})
}

func TestRefusedCalls(t *testing.T) {
	host := start(t, Options{}, nil)
	closed := start(t, Options{}, nil)
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	tests := map[string]struct {
		host    *Host
		ctx     context.Context
		payload string
		want    error
	}{
		"above 6 MB":      {host, t.Context(), `"` + strings.Repeat("x", MaxRequestBytes-1) + `"`, ErrPayloadTooLarge},
		"not JSON":        {host, t.Context(), `{"a":`, ErrInvalidPayload},
		"context is over": {host, over, `{}`, context.Canceled},
		"host is closed":  {closed, t.Context(), `{}`, ErrClosed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := tt.host.Invoke(tt.ctx, Invocation{Payload: []byte(tt.payload)})
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestWhatTheFunctionSees(t *testing.T) {
	host := start(t, Options{}, func(f *Function) { f.Environment["AWS_REGION"] = "eu-central-1" })
	const trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
	response, err := host.Invoke(t.Context(), Invocation{Payload: []byte(`{"do":"context"}`), TraceID: trace})
	if err != nil {
		t.Fatal(err)
	}
	got := decode[seen](t, response)
	if got.RemainingMS <= 0 || got.RemainingMS > 60_000 {
		t.Errorf("%d ms remain of a timeout of 1 minute", got.RemainingMS)
	}
	got.RemainingMS = 0
	want := seen{
		RequestID: response.RequestID,
		ARN:       "arn:aws:lambda:eu-central-1:123456789012:function:under-test",
		TraceID:   trace,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	untraced := decode[seen](t, invoke(t, host, order{Do: "context"}))
	if !strings.HasPrefix(untraced.TraceID, "Root=1-") || !strings.HasSuffix(untraced.TraceID, ";Sampled=0") {
		t.Errorf("trace %q of a call without one", untraced.TraceID)
	}
}

func TestStrayResponseIsRefused(t *testing.T) {
	host := start(t, Options{}, nil)
	if status := decode[int](t, invoke(t, host, order{Do: "stray", Text: newUUID()})); status != 400 {
		t.Errorf("status %d, want 400", status)
	}
}

func TestLogLines(t *testing.T) {
	record := newRecorder()
	host := start(t, record.options(), nil)
	invoke(t, host, order{Do: "print", Text: "one\ntwo\r\n\nunfinished"})
	host.Kill()
	var got []string
	for len(record.lines) > 0 {
		got = append(got, <-record.lines)
	}
	if diff := cmp.Diff([]string{"one", "two", "", "unfinished"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCloseWarnsAFunctionThatAsksForIt(t *testing.T) {
	record := newRecorder()
	host := start(t, record.options(), func(f *Function) { f.Environment[startVariable] = "serve-sigterm" })
	host.limits.shutdown = time.Minute // a busy machine may need more than Lambda gives
	invoke(t, host, order{Do: "echo"})
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	if len(record.lines) != 1 {
		t.Fatalf("%d lines, want 1", len(record.lines))
	}
	if line := <-record.lines; line != "got SIGTERM" {
		t.Errorf("line %q", line)
	}
}

func TestCloseEndsRunningInvocations(t *testing.T) {
	host := start(t, Options{}, nil)
	gate := filepath.Join(t.TempDir(), "gate")
	running := make(chan Response, 1)
	go func() {
		response, _ := host.Invoke(t.Context(), Invocation{Payload: encode(t, order{Do: "hold", Text: gate})})
		running <- response
	}()
	eventually(t, "the function holds", exists(gate+".reached"))
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	if got := <-running; errorType(got.Payload) != ErrorTypeExit {
		t.Errorf("got %q %s", got.FunctionError, got.Payload)
	}
}
