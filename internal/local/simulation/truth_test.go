package simulation

import (
	"fmt"
	"time"

	"videosdk-end-session/internal/endsession"
)

// lie says what is not true about a published outcome, or nothing. A use case that refused everything would keep all the promises about
// what must not happen.
func (w *world) lie(r *rendering) string {
	if r.Err == nil && (r.Outcome == endsession.Failed || r.Outcome == endsession.Refused) {
		return "it gives no reason"
	}
	switch r.Outcome {
	case endsession.Ended, endsession.AlreadyEnded:
		if s := w.sessions[r.Session.ID]; s == nil || s.end().After(r.at) || !r.trigger.names(s) {
			return "no session that it names had ended"
		}
	case endsession.Ending:
		if s := w.sessions[r.Session.ID]; s == nil || s.over.IsZero() && s.end().After(r.at) || !r.trigger.names(s) {
			return "no session that it names was about to end"
		}
	case endsession.Failed:
		if class := r.Err.Class; class == endsession.Transient || class == endsession.Credentials && !r.waiting {
			return fmt.Sprintf("%s may pass, and is no outcome", r.Err.Code)
		}
	case endsession.Refused:
		if !w.mayRefuse(r) {
			return fmt.Sprintf("nothing was there to be refused as %s", r.Err.Code)
		}
	}
	return ""
}

// mayRefuse reports whether the reason of a refusal holds. The clocks of environments differ from the true time.
func (w *world) mayRefuse(r *rendering) bool {
	q, p := r.Request, w.policy
	switch r.Err.Code {
	case endsession.CodeTriggerTooOld:
		return r.at.Add(processSkew).Sub(q.OccurredAt) > p.MaxTriggerAge
	case endsession.CodeBeforeWindow:
		return r.at.Add(-processSkew - time.Minute).Before(q.StartsAt.Add(-p.BookingLead)) // a minute: refused first, rendered later
	case endsession.CodeAfterWindow:
		return r.at.Add(processSkew).After(q.EndsAt.Add(p.BookingGrace))
	case endsession.CodeSessionStartUnknown:
		return w.blurred > 0
	case endsession.CodePinMismatch:
		return w.unfiltered > 0 || q.SessionID != "" || q.RoomID != "" && q.CustomRoomID != ""
	case endsession.CodeSessionAfterTrigger:
		return w.someSession(r, func(start time.Time) bool { return start.After(q.OccurredAt.Add(startTolerance)) })
	case endsession.CodeSessionOutsideWindow:
		return w.someSession(r, func(start time.Time) bool {
			return start.Before(q.StartsAt.Add(-p.BookingLead)) || start.After(q.EndsAt)
		})
	default:
		return false
	}
}

// someSession reports whether a session that the trigger names had begun by then at such a time.
func (w *world) someSession(r *rendering, such func(start time.Time) bool) bool {
	for _, s := range w.sessions {
		if start, ok := s.shown(w, r.at).StartTime(); ok && r.trigger.names(s) && !s.began.After(r.at) && such(start) {
			return true
		}
	}
	return false
}
