package lambdahost

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// The test binary is also the function under test: started with this variable
// it is a bootstrap, an unmodified user of aws-lambda-go. The value says how it
// starts.
const startVariable = "LAMBDAHOST_TEST_START"

func TestMain(m *testing.M) {
	switch os.Getenv(startVariable) {
	case "":
		os.Exit(m.Run())
	case "serve":
		lambda.Start(handle)
	case "serve-sigterm":
		lambda.StartWithOptions(handle, lambda.WithEnableSIGTERM(func() {
			fmt.Println("got SIGTERM")
			os.Exit(0)
		}))
	case "exit":
		fmt.Println("a variable is missing")
		os.Exit(3)
	case "init-error":
		status := post("init/error", `{"errorType":"Config.Invalid","errorMessage":"LEDGER_TABLE is missing"}`)
		fmt.Println("init/error answered", status)
		os.Exit(1)
	case "hang":
		time.Sleep(time.Hour)
	case "host":
		beHost()
	}
}

// order is the event of the test function: what to do, and with what.
type order struct {
	Do   string `json:"do"`
	Text string `json:"text,omitempty"`
	N    int    `json:"n,omitempty"`
}

var met atomic.Int32

func handle(ctx context.Context, o order) (any, error) {
	switch o.Do {
	case "echo":
		return o.Text, nil
	case "nothing":
		return nil, nil
	case "error":
		return nil, errors.New(o.Text)
	case "typed-error":
		return nil, messages.InvokeResponse_Error{Type: "Room.Closed", Message: o.Text}
	case "panic":
		panic(o.Text)
	case "exit":
		os.Exit(o.N)
	case "not-json":
		return strings.NewReader(o.Text), nil
	case "broken-stream":
		return io.MultiReader(strings.NewReader(`"half`), failingReader{o.Text}), nil
	case "large":
		return strings.Repeat("x", o.N), nil
	case "print":
		fmt.Print(o.Text)
		return nil, nil
	case "pid":
		return os.Getpid(), nil
	case "environment":
		return os.Environ(), nil
	case "context":
		return describe(ctx)
	case "stray":
		return post("invocation/"+o.Text+"/response", `{}`), nil
	case "hold":
		return os.Getpid(), awaitFile(o.Text)
	case "sleep":
		time.Sleep(time.Hour)
	case "meet":
		// Returns once N invocations are in this process together.
		met.Add(1)
		for met.Load() < int32(o.N) {
			time.Sleep(time.Millisecond)
		}
		return os.Getpid(), nil
	}
	return nil, fmt.Errorf("unknown order %q", o.Do)
}

type seen struct {
	RequestID   string
	ARN         string
	TraceID     string
	RemainingMS int64
}

func describe(ctx context.Context) (seen, error) {
	lc, _ := lambdacontext.FromContext(ctx)
	deadline, ok := ctx.Deadline()
	if !ok {
		return seen{}, errors.New("the context has no deadline")
	}
	return seen{
		RequestID:   lc.AwsRequestID,
		ARN:         lc.InvokedFunctionArn,
		TraceID:     os.Getenv("_X_AMZN_TRACE_ID"),
		RemainingMS: time.Until(deadline).Milliseconds(),
	}, nil
}

type failingReader struct{ text string }

func (r failingReader) Read([]byte) (int, error) { return 0, errors.New(r.text) }

// post calls the Runtime API beside the library and returns the status.
func post(path, body string) int {
	url := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/" + path
	response, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	return response.StatusCode
}

// awaitFile makes a file that says that it was reached, and waits for the other
// one that releases it.
func awaitFile(path string) error {
	if err := os.WriteFile(path+".reached", nil, 0o600); err != nil {
		return err
	}
	for {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// beHost is a host in a process of its own, which prints its function's process
// id and then waits to be killed.
func beHost() {
	function := Function{
		Name:        "orphan",
		Bootstrap:   os.Args[0],
		Environment: map[string]string{startVariable: "serve"},
		Timeout:     time.Minute,
	}
	host, err := New(function, Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	response, err := host.Invoke(context.Background(), Invocation{Payload: []byte(`{"do":"pid"}`)})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Printf("%s\n", bytes.TrimSpace(response.Payload))
	// Ends by itself when the test that started it is gone.
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// recorder keeps what a host tells. The host calls it one call at a time; the
// test reads in between.
type recorder struct {
	lines   chan string
	reports chan Report
}

func newRecorder() *recorder {
	return &recorder{lines: make(chan string, 1000), reports: make(chan Report, 100)}
}

func (r *recorder) options() Options {
	return Options{
		Log:    func(_, line string) { r.lines <- line },
		Report: func(report Report) { r.reports <- report },
	}
}

// start returns a host of the test function that is closed after the test.
func start(t *testing.T, options Options, change func(*Function)) *Host {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	function := Function{
		Name:        "under-test",
		Bootstrap:   executable,
		Environment: map[string]string{startVariable: "serve"},
		Timeout:     time.Minute,
	}
	if change != nil {
		change(&function)
	}
	host, err := New(function, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := host.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return host
}

// invoke sends an order and fails the test if the host refuses it.
func invoke(t *testing.T, host *Host, o order) Response {
	t.Helper()
	response, err := host.Invoke(t.Context(), Invocation{Payload: encode(t, o)})
	if err != nil {
		t.Fatalf("Invoke(%+v): %v", o, err)
	}
	return response
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	payload, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// decode reads the payload of a success.
func decode[T any](t *testing.T, response Response) T {
	t.Helper()
	var v T
	if response.FunctionError != "" {
		t.Fatalf("function error %s: %s", response.FunctionError, response.Payload)
	}
	if err := json.Unmarshal(response.Payload, &v); err != nil {
		t.Fatalf("payload %s: %v", response.Payload, err)
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
		time.Sleep(2 * time.Millisecond)
	}
}

func exists(path string) func() bool {
	return func() bool {
		_, err := os.Stat(path)
		return err == nil
	}
}

func release(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}
