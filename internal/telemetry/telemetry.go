// Package telemetry writes the log: JSON lines, each with the request id of its invocation, and one wide line per trigger and webhook.
// Such a line holds metrics too, in CloudWatch's Embedded Metric Format: its capitalised fields. docs/telemetry.md describes everything.
//
// Nothing secret is given to it. As a second net, whatever looks like a JSON Web Token is masked.
package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Options are how a process logs.
type Options struct {
	Level slog.Level // the least severe that is written
	Stack string     // the deployment that the metrics are of
}

// Setup makes the log of this process: JSON lines to w. What the Lambda runtime's client prints by itself goes there too, as errors,
// which it is.
func Setup(w io.Writer, o Options) *slog.Logger {
	logger := slog.New(&handler{
		lines: slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: replace}), // Handle does not ask it for its level
		with:  o,
		first: &atomic.Pointer[string]{},
	})
	slog.SetDefault(logger)
	slog.SetLogLoggerLevel(slog.LevelError)
	return logger
}

// handler adds what is known of the invocation, always at the top of the line, whatever groups a logger has.
type handler struct {
	lines slog.Handler
	with  Options
	steps []step                  // what the logger was given by With and WithGroup, in that order
	first *atomic.Pointer[string] // the request id of the process's first invocation
}

// step is one With or WithGroup of a logger. It waits for the line, because what it adds comes after what the invocation adds.
type step func(slog.Handler) slog.Handler

// Enabled implements slog.Handler.
func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= h.with.Level || ctx.Value(sampledKey{}) != nil || ctx.Value(measuredKey{}) != nil
}

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	var attrs []slog.Attr
	if call, ok := lambdacontext.FromContext(ctx); ok {
		h.first.CompareAndSwap(nil, &call.AwsRequestID)
		attrs = append(attrs, slog.String("requestId", call.AwsRequestID), slog.Bool("coldStart", *h.first.Load() == call.AwsRequestID))
	}
	if m, ok := ctx.Value(measuredKey{}).(measured); ok {
		attrs = append(attrs, m.attrs(r.Time, h.with.Stack)...)
	}
	inner := h.lines.WithAttrs(attrs)
	for _, add := range h.steps {
		inner = add(inner)
	}
	return inner.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.then(func(inner slog.Handler) slog.Handler { return inner.WithAttrs(attrs) })
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	return h.then(func(inner slog.Handler) slog.Handler { return inner.WithGroup(name) })
}

func (h *handler) then(s step) *handler {
	return &handler{lines: h.lines, with: h.with, steps: append(slices.Clip(h.steps), s), first: h.first}
}

type sampledKey struct{}

// Sampled returns the context of an invocation whose lines are all written, whatever their level.
func Sampled(ctx context.Context) context.Context { return context.WithValue(ctx, sampledKey{}, true) }

// jwt matches a JSON Web Token: three parts, the first two JSON objects in base64url.
var jwt = regexp.MustCompile(`eyJ[\w-]+\.eyJ[\w-]+\.[\w-]*`)

// replace names the fields as CloudWatch Logs and Lambda expect them, and masks tokens.
func replace(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 {
		switch a.Key {
		case slog.TimeKey:
			a.Key = "timestamp"
		case slog.MessageKey:
			a.Key = "message"
		}
	}
	switch value := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(masked(value))
	case []string:
		texts := make([]string, len(value))
		for i, text := range value {
			texts[i] = masked(text)
		}
		a.Value = slog.AnyValue(texts)
	case error:
		// Unlike value.Error(), Sprint survives a nil pointer.
		a.Value = slog.StringValue(masked(fmt.Sprint(value)))
	}
	return a
}

func masked(text string) string {
	if !strings.Contains(text, "eyJ") { // almost every text, and far quicker
		return text
	}
	return jwt.ReplaceAllString(text, "[redacted]")
}

// Trace returns the X-Ray trace header of the invocation, to be passed on; empty if there is none. Its key in the context is
// aws-lambda-go's.
func Trace(ctx context.Context) string {
	trace, _ := ctx.Value("x-amzn-trace-id").(string)
	return trace
}

// root is the part of a trace header that all who pass it on have in common, by which X-Ray finds the trace.
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
func root(header string) string {
	for part := range strings.SplitSeq(header, ";") {
		if id, found := strings.CutPrefix(part, "Root="); found {
			return id
		}
	}
	return ""
}
