package telemetry

import (
	"cmp"
	"context"
	"log/slog"
	"time"

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
		slog.String("door", t.Door),
		slog.String("source", r.Request.Source),
		slog.String("triggerId", r.Request.ID),
		slog.String("eventId", r.Key),
		slog.Time("occurredAt", r.Request.OccurredAt.UTC()),
		slog.String("decision", decision),
		slog.Bool("duplicate", r.Duplicate),
		slog.Bool("takenOver", r.TakenOver),
		slog.Int("reads", r.Reads),
		slog.Int("endCalls", r.EndCalls),
		milliseconds("proposeMs", r.Durations.Propose),
		milliseconds("claimMs", r.Durations.Claim),
		milliseconds("endMs", r.Durations.End),
		milliseconds("recordMs", r.Durations.Record),
		milliseconds("publishMs", r.Durations.Publish),
		milliseconds("totalMs", r.Durations.Total),
	}
	line.text("roomId", cmp.Or(r.RoomID, r.Request.RoomID))
	line.text("customRoomId", r.Request.CustomRoomID)
	line.text("sessionId", cmp.Or(r.SessionID, r.Request.SessionID))
	line.text("reason", r.Request.Reason)
	line.text("force", r.Request.Force)
	line.text("outcome", string(r.Outcome))
	line.text("code", string(r.Code))
	line.text("traceId", r.Request.Trace)
	line.failure(failure)
	if r.Uncompleted != nil {
		line = append(line, slog.Any("uncompleted", r.Uncompleted))
	}
	t.Log.LogAttrs(ctx, level, "session.end.attempted", line...)
}

// Rejected writes the line of something that was delivered and is no request. What it says of itself may be of any length.
func (t Triggers) Rejected(ctx context.Context, r endsession.Request, err *endsession.Error) {
	line := fields{slog.String("door", t.Door), slog.String("code", string(err.Code))}
	line.text("source", endsession.Truncate(r.Source))
	line.text("triggerId", endsession.Truncate(r.ID))
	line.failure(err)
	t.Log.LogAttrs(ctx, slog.LevelWarn, "trigger.rejected", line...)
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
	f.text("traceId", r.Trace)
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

func milliseconds(name string, d time.Duration) slog.Attr {
	return slog.Float64(name, float64(d.Microseconds())/1000)
}
