package telemetry

import (
	"cmp"
	"context"
	"log/slog"

	"videosdk-end-session/internal/endsession"
)

// Triggers writes what becomes of triggers to the log.
type Triggers struct {
	Log  *slog.Logger
	Door string // the function's name
}

// Attempted writes the one wide line of a delivered trigger. It has the form of endsession.Config.Observe.
func (t Triggers) Attempted(ctx context.Context, r endsession.Result) {
	level, decision := slog.LevelInfo, "done"
	failure := r.Failure
	switch {
	case r.Err != nil:
		level, decision, failure = slog.LevelWarn, "deliver again", r.Err
	case r.Outcome == endsession.Failed:
		level = slog.LevelError
	case r.Uncompleted != nil:
		level = slog.LevelWarn
	}
	line := fields{
		slog.String("source", r.Request.Source),
		slog.String("triggerId", r.Request.ID),
		slog.String("eventId", r.Key),
		slog.Time("occurredAt", r.Request.OccurredAt.UTC()),
		slog.String("decision", decision),
		slog.Bool("duplicate", r.Duplicate),
		slog.Bool("takenOver", r.TakenOver),
		slog.Int("reads", r.Reads),
		slog.Int("endCalls", r.EndCalls),
		slog.Float64("proposeMs", milliseconds(r.Durations.Propose)),
		slog.Float64("claimMs", milliseconds(r.Durations.Claim)),
		slog.Float64("endMs", milliseconds(r.Durations.End)),
		slog.Float64("recordMs", milliseconds(r.Durations.Record)),
		slog.Float64("publishMs", milliseconds(r.Durations.Publish)),
		slog.Float64("totalMs", milliseconds(r.Durations.Total)),
	}
	if r.Published {
		line = append(line, slog.Float64("wholeMs", milliseconds(r.Durations.Whole)))
	}
	line.text("roomId", cmp.Or(r.RoomID, r.Request.RoomID))
	line.text("customRoomId", r.Request.CustomRoomID)
	line.text("sessionId", cmp.Or(r.SessionID, r.Request.SessionID))
	line.text("reason", r.Request.Reason)
	line.text("force", r.Request.Force)
	line.text("outcome", string(r.Outcome))
	line.text("traceId", root(r.Request.Trace))
	line.failure(failure)
	if r.Uncompleted != nil {
		line = append(line, slog.Any("uncompleted", r.Uncompleted))
	}
	write(ctx, t.Log, level, "session.end.attempted", line, t.measure(r, failure))
}

// measure returns the metrics of a delivered trigger.
func (t Triggers) measure(r endsession.Result, failure *endsession.Error) measured {
	m := measured{door: t.Door, source: r.Request.Source, code: r.Code, values: make([]value, 0, 6)}
	switch {
	case r.Err != nil:
		m.count(deferred)
	case r.Published:
		m.count(countOf(r.Outcome))
	default:
		m.count(duplicates)
	}
	if failure != nil && failure.Class == endsession.Credentials {
		m.count(credentialsRefused)
	}
	if r.Reads+r.EndCalls > 0 {
		m.took(videoSDKLatency, r.Durations.Propose+r.Durations.End)
	}
	if r.Durations.Publish > 0 {
		m.took(publishLatency, r.Durations.Publish)
	}
	m.took(totalLatency, r.Durations.Total)
	m.waited(r.Request)
	return m
}

// countOf returns the metric that counts an outcome.
func countOf(o endsession.Outcome) Metric {
	switch o {
	case endsession.Ended:
		return ended
	case endsession.Ending:
		return ending
	case endsession.AlreadyEnded:
		return alreadyEnded
	case endsession.NotActive:
		return notActive
	case endsession.Refused:
		return refused
	case endsession.DryRun:
		return dryRun
	default:
		return failed
	}
}

// Rejected writes the line of something that was delivered and is no request, or cannot be read as one for now. What it says of itself may
// be of any length.
func (t Triggers) Rejected(ctx context.Context, r endsession.Request, err *endsession.Error) {
	var line fields
	line.text("source", endsession.Truncate(r.Source))
	line.text("triggerId", endsession.Truncate(r.ID))
	line.text("traceId", root(r.Trace))
	line.failure(err)
	m := measured{door: t.Door, code: err.Code}
	m.unread(err)
	m.waited(r)
	write(ctx, t.Log, slog.LevelWarn, "trigger.rejected", line, m)
}

// fields are those of a line. Empty ones are left out, where that says as much.
type fields []slog.Attr

func (f *fields) text(name, value string) {
	if value != "" {
		*f = append(*f, slog.String(name, value))
	}
}

// identity is what the lines about one trigger have in common, at every door that it passes.
func (f *fields) identity(r endsession.Request) {
	f.text("triggerId", r.ID)
	f.text("eventId", r.Key())
	*f = append(*f, slog.Time("occurredAt", r.OccurredAt.UTC()))
	f.text("force", r.Force)
	f.text("traceId", root(r.Trace))
}

func (f *fields) target(t endsession.Target) {
	f.text("roomId", t.RoomID)
	f.text("customRoomId", t.CustomRoomID)
	f.text("sessionId", t.SessionID)
}

func (f *fields) failure(e *endsession.Error) {
	if e == nil {
		return
	}
	f.text("error", e.Error())
	if e.HTTPStatus != 0 {
		*f = append(*f, slog.Int("videosdkStatus", e.HTTPStatus))
	}
	f.text("videosdkCode", e.VendorCode)
	f.text("videosdkRequestId", e.RequestID)
}
