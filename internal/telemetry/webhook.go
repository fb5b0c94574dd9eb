package telemetry

import (
	"context"
	"log/slog"
	"time"

	"videosdk-end-session/internal/endsession"
)

// Webhooks writes what becomes of webhooks to the log, each as one wide line. Their sources are configured names, except for an unknown
// source, which is whatever stood in the URL.
type Webhooks struct {
	Log  *slog.Logger
	Door string // the function's name
}

// Accepted writes that the queue has the trigger, and how long it keeps it back. What becomes of it has a line with the same eventId.
func (w Webhooks) Accepted(ctx context.Context, source string, r endsession.Request, delay time.Duration) {
	var line fields
	line.text("source", endsession.Truncate(source))
	line.identity(r)
	line.target(r.Target)
	line.text("reason", r.Reason)
	line = append(line, slog.Int64("delaySeconds", int64(delay/time.Second)))
	m := measured{door: w.Door, source: source}
	m.count(webhooksAccepted)
	write(ctx, w.Log, slog.LevelInfo, "webhook.accepted", line, m)
}

// Ignored writes that a genuine webhook is no trigger, and why.
func (w Webhooks) Ignored(ctx context.Context, source, reason string) {
	var line fields
	line.text("source", endsession.Truncate(source))
	line.text("reason", endsession.Truncate(reason))
	m := measured{door: w.Door, code: endsession.CodeIgnored, reason: reason}
	m.count(webhooksIgnored)
	write(ctx, w.Log, slog.LevelInfo, "webhook.ignored", line, m)
}

// Refused writes that a webhook is not known to be genuine. The error's message is the reason, its cause the rest.
func (w Webhooks) Refused(ctx context.Context, source string, why *endsession.Error) {
	var line fields
	line.text("source", endsession.Truncate(source))
	line.text("reason", endsession.Truncate(why.Message))
	line.failure(why)
	m := measured{door: w.Door, code: why.Code, reason: why.Message}
	m.count(webhooksRefused)
	write(ctx, w.Log, slog.LevelWarn, "webhook.refused", line, m)
}

// Failed writes that a genuine webhook did not get to the queue: it is malformed, which its sender must mend, or something here is out of
// reach, which is an error because not every sender comes again.
func (w Webhooks) Failed(ctx context.Context, source string, err *endsession.Error) {
	var line fields
	line.text("source", endsession.Truncate(source))
	line.failure(err)
	m := measured{door: w.Door, code: err.Code}
	level := slog.LevelError
	if err.Class == endsession.Permanent {
		level = slog.LevelWarn
		m.count(rejected)
	} else {
		m.count(webhooksFailed)
	}
	if err.Class == endsession.Credentials {
		m.count(credentialsRefused)
	}
	write(ctx, w.Log, level, "webhook.failed", line, m)
}

// ExpressionsFailed writes that expressions of a source's profiles failed on a document, and so found nothing.
func (w Webhooks) ExpressionsFailed(ctx context.Context, source string, failed []string) {
	line := fields{slog.String("door", w.Door)}
	line.text("source", endsession.Truncate(source))
	line = append(line, slog.Any("expressions", failed))
	w.Log.LogAttrs(ctx, slog.LevelWarn, "webhook.expressions_failed", line...)
}

// Misconfigured writes what is wrong with the sources of the webhook secret, if anything is.
func (w Webhooks) Misconfigured(ctx context.Context, mistakes []string) {
	if len(mistakes) > 0 {
		w.Log.LogAttrs(ctx, slog.LevelError, "webhook.sources_invalid", slog.String("door", w.Door), slog.Any("mistakes", mistakes))
	}
}
