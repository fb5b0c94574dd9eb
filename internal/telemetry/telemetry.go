// Package telemetry writes the log: JSON lines, each with the request id of its invocation, and one wide line per trigger.
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
	"sync/atomic"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Setup makes the log of this process: JSON lines to w, from the given level on. What the Lambda runtime's client prints by itself goes
// there too, as errors, which it is.
func Setup(w io.Writer, level slog.Level) *slog.Logger {
	logger := slog.New(&handler{
		lines: slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: replace}),
		first: &atomic.Pointer[string]{},
	})
	slog.SetDefault(logger)
	slog.SetLogLoggerLevel(slog.LevelError)
	return logger
}

// handler adds what is known of the invocation, always at the top of the line, whatever groups a logger has.
type handler struct {
	lines slog.Handler
	steps []step                  // what the logger was given by With and WithGroup, in that order
	first *atomic.Pointer[string] // the request id of the process's first invocation
}

// step is one With or WithGroup of a logger. It waits for the line, because what it adds comes after what the invocation adds.
type step func(slog.Handler) slog.Handler

// Enabled implements slog.Handler.
func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.lines.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	inner := h.lines
	if call, ok := lambdacontext.FromContext(ctx); ok {
		h.first.CompareAndSwap(nil, &call.AwsRequestID)
		inner = inner.WithAttrs([]slog.Attr{
			slog.String("requestId", call.AwsRequestID), slog.Bool("coldStart", *h.first.Load() == call.AwsRequestID),
		})
	}
	for _, add := range h.steps {
		inner = add(inner)
	}
	return inner.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.with(func(inner slog.Handler) slog.Handler { return inner.WithAttrs(attrs) })
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	return h.with(func(inner slog.Handler) slog.Handler { return inner.WithGroup(name) })
}

func (h *handler) with(s step) *handler {
	return &handler{lines: h.lines, steps: append(slices.Clip(h.steps), s), first: h.first}
}

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
		a.Value = slog.StringValue(jwt.ReplaceAllString(value, "[redacted]"))
	case error:
		// Unlike value.Error(), Sprint survives a nil pointer.
		a.Value = slog.StringValue(jwt.ReplaceAllString(fmt.Sprint(value), "[redacted]"))
	}
	return a
}

// Trace returns the X-Ray trace header of the invocation, to be passed on; empty if there is none.
func Trace(ctx context.Context) string {
	trace, _ := ctx.Value("x-amzn-trace-id").(string) // the key of aws-lambda-go
	return trace
}
