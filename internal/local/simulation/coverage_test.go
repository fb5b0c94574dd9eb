package simulation

import (
	"context"

	"videosdk-end-session/internal/endsession"
)

// mustSee is what the default number of seeds has to come across, or the simulation would prove less than it says.
var mustSee = []string{
	"crash before a call", "crash in a call, before its effect", "crash in a call, after its effect", "crash after a call",
	"freeze before a call", "freeze in a call, before its effect", "freeze in a call, after its effect", "freeze after a call",
	"zombie", "take-over", "release", "duplicate", "lost claim", "a call arrives after its client has given up",
	"a publish whose answer is lost", "a half-failed publish", "published again", "published and not completed",
	"dead letter", "redrive", "delayed by hours or days", "a caller who gives up",
	"a message delivered twice at once", "a message twice in a batch", "a batch of several",
	"two triggers for one room", "two live at once", "an end that shows later", "accepted unreadably", "Retry-After",
	"an end call for an ended session", "several end calls in one delivery",
	"a room looked up by its customRoomId",
	"unavoidable: the next session is ended, because the last one ended while the call was on its way",
	"unavoidable: the next session is ended, because the process stood still between look and call",

	"outcome ended", "outcome ending", "outcome already_ended", "outcome not_active", "outcome refused", "outcome failed", "outcome dry_run",

	"code trigger_too_old", "code before_window", "code after_window", "code pin_mismatch", "code session_start_unknown",
	"code session_after_trigger", "code session_outside_window",
	"code room_not_found", "code session_not_found", "code conflict", "code other_session", "code videosdk_rejected",
	"code videosdk_unauthorized", "code videosdk_forbidden", "code videosdk_conflict", "code videosdk_throttled",
	"code videosdk_unavailable", "code videosdk_unreadable", "code secret_unavailable", "code secret_invalid",
	"code ledger_unavailable", "code publish_failed", "code in_progress", "code internal",
}

// observe is told of every result.
func (p *process) observe(_ context.Context, r endsession.Result) {
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return
	}
	saw := func(is bool, what string) {
		if is {
			p.seen[what] = true
		}
	}
	saw(r.Err == nil, "outcome "+string(r.Outcome))
	saw(r.Code != "", "code "+string(r.Code))
	saw(r.TakenOver, "take-over")
	saw(r.Duplicate, "duplicate")
	saw(r.Uncompleted != nil, "published and not completed")
	saw(r.EndCalls > 1, "several end calls in one delivery")
	saw(r.Err != nil && r.Err.Code == endsession.CodeInProgress && r.EndCalls > 0, "lost claim")
	p.noteLocked(p.name, "RESULT %s: %s %s, duplicate %v, taken over %v, %v", r.Request.ID, r.Outcome, r.Code, r.Duplicate, r.TakenOver, r.Err)
}
