package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/telemetry"
)

// token is signed with the key "key"; nothing accepts it.
const token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhcGlrZXkiOiJrIiwidmVyc2lvbiI6Mn0.x3lOP0Bq-6a_Yl1TzqC0hUvYbM4pXkR8Jd2sE9fWnGI"

// output is what a process has logged. It may be written to at the same time.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

// lines returns the lines logged since the last call, each with "now" in place of its timestamp.
func (o *output) lines(t *testing.T) []string {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	var lines []string
	for line := range strings.Lines(o.text.String()) {
		stamp := timestamp.FindStringSubmatch(line)
		if stamp == nil {
			t.Fatalf("no timestamp leads the line %s", line)
		}
		if at, err := time.Parse(time.RFC3339Nano, stamp[1]); err != nil || time.Since(at).Abs() > time.Hour {
			t.Errorf("timestamp %s: %v, want about now", stamp[1], err)
		}
		lines = append(lines, strings.TrimSuffix(strings.Replace(line, stamp[1], "now", 1), "\n"))
	}
	o.text.Reset()
	return lines
}

var timestamp = regexp.MustCompile(`^\{"timestamp":"([^"]+)",`)

// setup sets the log of this process up, and puts back what was there when the test ends.
func setup(t *testing.T, level slog.Level) (*slog.Logger, *output) {
	t.Helper()
	before, writer, flags := slog.Default(), log.Writer(), log.Flags()
	t.Cleanup(func() {
		slog.SetDefault(before)
		slog.SetLogLoggerLevel(slog.LevelInfo)
		log.SetOutput(writer)
		log.SetFlags(flags)
	})
	out := &output{}
	return telemetry.Setup(out, telemetry.Options{Level: level, Stack: "demo"}), out
}

// invocation is the context of one, as the Lambda runtime's client makes it.
func invocation(t *testing.T, requestID string) context.Context {
	t.Helper()
	return lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: requestID})
}

func wantLines(t *testing.T, out *output, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, out.lines(t)); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestALine(t *testing.T) {
	log, out := setup(t, slog.LevelDebug)
	log.Debug("outside", "n", 1)
	ctx := invocation(t, "r1")
	log.InfoContext(ctx, "inside", "text", "<a>\n", "flag", true, "error", errors.New("down"), "for", 1500*time.Millisecond)
	log.WarnContext(ctx, "nothing more")
	wantLines(t, out,
		`{"timestamp":"now","level":"DEBUG","message":"outside","n":1}`,
		`{"timestamp":"now","level":"INFO","message":"inside","requestId":"r1","coldStart":true,"text":"<a>\n","flag":true,"error":"down","for":1500000000}`,
		`{"timestamp":"now","level":"WARN","message":"nothing more","requestId":"r1","coldStart":true}`,
	)
}

func TestLevels(t *testing.T) {
	log, out := setup(t, slog.LevelWarn)
	ctx := invocation(t, "r1")
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		log.Log(ctx, level, "x")
		log.With("a", 1).WithGroup("g").Log(ctx, level, "y")
	}
	wantLines(t, out,
		`{"timestamp":"now","level":"WARN","message":"x","requestId":"r1","coldStart":true}`,
		`{"timestamp":"now","level":"WARN","message":"y","requestId":"r1","coldStart":true,"a":1}`,
		`{"timestamp":"now","level":"ERROR","message":"x","requestId":"r1","coldStart":true}`,
		`{"timestamp":"now","level":"ERROR","message":"y","requestId":"r1","coldStart":true,"a":1}`,
	)
}

func TestASampledInvocationWritesEveryLevel(t *testing.T) {
	log, out := setup(t, slog.LevelError)
	sampled := telemetry.Sampled(invocation(t, "r1"))
	log.DebugContext(sampled, "x")
	log.With("a", 1).WithGroup("g").DebugContext(sampled, "y")
	log.DebugContext(invocation(t, "r2"), "z")
	log.Debug("z")
	wantLines(t, out,
		`{"timestamp":"now","level":"DEBUG","message":"x","requestId":"r1","coldStart":true}`,
		`{"timestamp":"now","level":"DEBUG","message":"y","requestId":"r1","coldStart":true,"a":1}`,
	)
}

func TestOnlyTheFirstInvocationIsAColdStart(t *testing.T) {
	log, out := setup(t, slog.LevelInfo)
	derived := log.With("a", 1) // before any invocation
	for _, requestID := range []string{"r1", "r2", "r3"} {
		log.InfoContext(invocation(t, requestID), "one")
		derived.InfoContext(invocation(t, requestID), "two")
		log.With("b", 2).InfoContext(invocation(t, requestID), "three")
	}
	var want []string
	for _, call := range []struct {
		requestID string
		cold      bool
	}{{"r1", true}, {"r2", false}, {"r3", false}} {
		head := fmt.Sprintf(`"requestId":"%s","coldStart":%t`, call.requestID, call.cold)
		want = append(want,
			`{"timestamp":"now","level":"INFO","message":"one",`+head+`}`,
			`{"timestamp":"now","level":"INFO","message":"two",`+head+`,"a":1}`,
			`{"timestamp":"now","level":"INFO","message":"three",`+head+`,"b":2}`,
		)
	}
	wantLines(t, out, want...)
}

func TestEachProcessHasItsOwnColdStart(t *testing.T) {
	log, out := setup(t, slog.LevelInfo)
	log.InfoContext(invocation(t, "r1"), "x")
	wantLines(t, out, `{"timestamp":"now","level":"INFO","message":"x","requestId":"r1","coldStart":true}`)
	log, out = setup(t, slog.LevelInfo)
	log.InfoContext(invocation(t, "r2"), "x")
	wantLines(t, out, `{"timestamp":"now","level":"INFO","message":"x","requestId":"r2","coldStart":true}`)
}

func TestGroupsDoNotHideTheInvocation(t *testing.T) {
	log, out := setup(t, slog.LevelInfo)
	ctx := invocation(t, "r1")
	tests := []struct {
		name   string
		logger *slog.Logger
		want   string // after coldStart
	}{
		{"with", log.With("a", 1), `"a":1,"z":9`},
		{"group", log.WithGroup("g"), `"g":{"z":9}`},
		{"with and group", log.With("a", 1).WithGroup("g"), `"a":1,"g":{"z":9}`},
		{"group and with", log.WithGroup("g").With("a", 1), `"g":{"a":1,"z":9}`},
		{"groups in groups", log.With("a", 1).WithGroup("g").With("b", 2).WithGroup("h").With("c", 3), `"a":1,"g":{"b":2,"h":{"c":3,"z":9}}`},
		{"a group without a name", log.WithGroup("").With("a", 1), `"a":1,"z":9`},
		{"with nothing", log.With(), `"z":9`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.logger.InfoContext(ctx, "x", "z", 9)
			wantLines(t, out, `{"timestamp":"now","level":"INFO","message":"x","requestId":"r1","coldStart":true,`+tt.want+`}`)
			tt.logger.Info("x", "z", 9)
			wantLines(t, out, `{"timestamp":"now","level":"INFO","message":"x",`+tt.want+`}`)
		})
	}
}

func TestLoggersOfOneParentDoNotMix(t *testing.T) {
	log, out := setup(t, slog.LevelInfo)
	parent := log.With("a", 1).With("b", 2).With("c", 3)
	first, second := parent.With("d", "first"), parent.With("d", "second")
	first.Info("x")
	second.Info("x")
	wantLines(t, out,
		`{"timestamp":"now","level":"INFO","message":"x","a":1,"b":2,"c":3,"d":"first"}`,
		`{"timestamp":"now","level":"INFO","message":"x","a":1,"b":2,"c":3,"d":"second"}`,
	)
}

func TestConcurrentInvocationsKeepTheirOwnIDs(t *testing.T) {
	logger, out := setup(t, slog.LevelInfo)
	first := invocation(t, "r0")
	logger.InfoContext(first, "first")
	var calls sync.WaitGroup
	for n := 1; n <= 8; n++ {
		calls.Go(func() {
			requestID := fmt.Sprint("r", n)
			ctx := invocation(t, requestID)
			mine := logger.With("mine", requestID)
			for range 50 {
				mine.InfoContext(ctx, "x")
			}
		})
	}
	calls.Wait()
	got := map[string]int{}
	for _, line := range out.lines(t) {
		got[line]++
	}
	want := map[string]int{`{"timestamp":"now","level":"INFO","message":"first","requestId":"r0","coldStart":true}`: 1}
	for n := 1; n <= 8; n++ {
		want[fmt.Sprintf(`{"timestamp":"now","level":"INFO","message":"x","requestId":"r%d","coldStart":false,"mine":"r%d"}`, n, n)] = 50
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestTheRuntimesOwnLinesAreErrors(t *testing.T) {
	_, out := setup(t, slog.LevelError)
	log.Printf("failed to POST to %s", "/invocation/response")
	log.Println("with a token", token)
	slog.Info("a line of the default logger, below the level")
	slog.Error("a line of the default logger")
	wantLines(t, out,
		`{"timestamp":"now","level":"ERROR","message":"failed to POST to /invocation/response"}`,
		`{"timestamp":"now","level":"ERROR","message":"with a token [redacted]"}`,
		`{"timestamp":"now","level":"ERROR","message":"a line of the default logger"}`,
	)
}

// resolved is a value that becomes another one when it is logged.
type resolved struct{ value slog.Value }

func (r resolved) LogValue() slog.Value { return r.value }

func TestTokensAreMasked(t *testing.T) {
	logger, out := setup(t, slog.LevelInfo)
	var none *endsession.Error
	tests := []struct {
		name string
		attr slog.Attr
		want string
	}{
		{"a text", slog.String("k", token), `"k":"[redacted]"`},
		{"within a text", slog.String("k", "Authorization: "+token+" was sent"), `"k":"Authorization: [redacted] was sent"`},
		{"two", slog.String("k", token+","+token), `"k":"[redacted],[redacted]"`},
		{"without a signature", slog.String("k", token[:strings.LastIndex(token, ".")+1]), `"k":"[redacted]"`},
		{"an error", slog.Any("k", errors.New("sent "+token)), `"k":"sent [redacted]"`},
		{
			"the cause of an error", slog.Any("k", fmt.Errorf("call: %w", &endsession.Error{Code: "c", Message: "m", Err: errors.New(token)})),
			`"k":"call: c: m: [redacted]"`,
		},
		{"a group", slog.Group("g", "k", token, "n", 1), `"g":{"k":"[redacted]","n":1}`},
		{"a group with names of the line's fields", slog.Group("g", "time", token, "msg", token), `"g":{"time":"[redacted]","msg":"[redacted]"}`},
		{
			"groups in groups", slog.Group("g", slog.Group("h", "k", token, slog.Group("i", "k", errors.New(token)))),
			`"g":{"h":{"k":"[redacted]","i":{"k":"[redacted]"}}}`,
		},
		{"a value that resolves itself", slog.Any("k", resolved{slog.StringValue(token)}), `"k":"[redacted]"`},
		{"a value that resolves to a group", slog.Any("g", resolved{slog.GroupValue(slog.String("k", token))}), `"g":{"k":"[redacted]"}`},
		{"a text by the name of a field of the line", slog.String("time", token), `"timestamp":"[redacted]"`},
		{"texts", slog.Any("k", []string{"a", token}), `"k":["a","[redacted]"]`},
		{"no token", slog.String("k", "eyJ.eyJ and a.b.c and eyJx.x"), `"k":"eyJ.eyJ and a.b.c and eyJx.x"`},
		{"no error", slog.Any("k", none), `"k":"<nil>"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			logger.LogAttrs(t.Context(), slog.LevelInfo, "sent "+token, tt.attr)
			wantLines(t, out, `{"timestamp":"now","level":"INFO","message":"sent [redacted]",`+tt.want+`}`)
			logger.With(tt.attr).Info("x")
			wantLines(t, out, `{"timestamp":"now","level":"INFO","message":"x",`+tt.want+`}`)
		})
	}
}

func TestTrace(t *testing.T) {
	const trace = "Root=1-62429766-abcdef012345678912345678;Sampled=1"
	//lint:ignore SA1029 the key is aws-lambda-go's
	if got := telemetry.Trace(context.WithValue(t.Context(), "x-amzn-trace-id", trace)); got != trace {
		t.Errorf("Trace() = %q, want that of the invocation", got)
	}
	if got := telemetry.Trace(t.Context()); got != "" {
		t.Errorf("Trace() = %q outside of an invocation", got)
	}
}
