package simulation

import (
	"maps"
	"slices"
	"time"

	"videosdk-end-session/internal/endsession"
)

// longestWindow bounds the time between the last look at a session and the arrival of the call that ends it, as long as its process
// does not stand still: the look's answer takes at most client's 8 s, the look counts for 2 s, and a call is at most 12 s on its way.
// Within that window the session may end and the next one begin, and if VideoSDK then acts on that one, nobody can prevent it.
const longestWindow = videoLimit + lookCounts + longestWay

// lookCounts is how long after the answer of a look a call may be made that relies on it.
const lookCounts = 2 * time.Second

// startTolerance is the design's, on purpose not the code's.
const startTolerance = 30 * time.Second

// endCall is a call to end a session.
type endCall struct {
	process *process
	pin     endsession.Pin
	trigger *trigger  // for which it is made; nil if the process has claimed none with this pin
	looked  time.Time // when the process last saw the session; zero if it never did
	told    time.Time // when it had the answer of that look
	again   time.Time // when the process's last call to end it returned; zero for the first
}

// check checks what must be true of every call that is made, whether it acts or not.
func (e endCall) check(startBy time.Time) {
	w, t := e.process.world, e.trigger
	w.mu.Lock()
	defer w.mu.Unlock()
	if t == nil {
		w.broken("%s calls the end of %s, for which it has no claim", e.process.name, e.pin.SessionID)
		return
	}
	r, p := t.request, e.process
	switch {
	case p.began.Sub(r.OccurredAt) > w.policy.MaxTriggerAge+processSkew:
		w.broken("%s: calls the end of %s, %s after it happened", t.name, e.pin.SessionID, p.began.Sub(r.OccurredAt))
	case !r.StartsAt.IsZero() && time.Now().Before(r.StartsAt.Add(-w.policy.BookingLead-processSkew)):
		w.broken("%s: calls the end of %s before the booking's window", t.name, e.pin.SessionID)
	case !r.EndsAt.IsZero() && p.began.After(r.EndsAt.Add(w.policy.BookingGrace+processSkew)):
		w.broken("%s: calls the end of %s after the booking's window", t.name, e.pin.SessionID)
	}
	p.mu.Lock()
	still := p.frozen > 0
	p.mu.Unlock()
	if since := time.Since(e.told); !e.looked.IsZero() && !still && since > lookCounts+time.Millisecond {
		w.broken("%s: calls the end of %s %s after it has looked", t.name, e.pin.SessionID, since)
	}
	if allowed := startBy.Sub(e.told.Add(p.skew)); !e.looked.IsZero() && !still && allowed > lookCounts+time.Millisecond {
		w.broken("%s: the end of %s may be sent until %s after it has looked", t.name, e.pin.SessionID, allowed)
	}
	if r.DryRun {
		w.broken("%s: a dry run calls the end of %s", t.name, e.pin.SessionID)
	}
	if t.pin != (endsession.Pin{}) && t.pin != e.pin {
		w.broken("%s: calls name both %v and %v", t.name, t.pin, e.pin)
	}
	t.pin = e.pin
	if !t.published.IsZero() && e.process.began.After(t.published) {
		w.broken("%s: its outcome was published %s before %s began, which calls an end all the same", t.name, e.process.began.Sub(t.published), e.process.name)
	}
}

// acts checks a call because of which a live session ends. The caller holds the world's mutex.
func (e endCall) acts(s *session, now time.Time) {
	w, t := e.process.world, e.trigger
	if t == nil {
		return
	}
	w.noteLocked(t.name, "ENDS %s, begun at %s", s.id, s.began.Sub(w.zero))
	if s.id != e.pin.SessionID && e.unavoidable(now) {
		return
	}
	if t.acted++; t.acted > 1 {
		w.broken("%s: a second end call acts, on %s", t.name, s.id)
	}
	if !t.names(s) {
		w.broken("%s: ends %s in %s, which it does not name", t.name, s.id, s.room.id)
	}
	r := t.request
	if late := s.began.Add(w.videoSkew).Sub(r.OccurredAt); late > startTolerance+time.Millisecond {
		w.broken("%s: ends %s, which began %s after it happened", t.name, s.id, late)
	}
	start, readable := s.shown(w, now).StartTime()
	early := !r.StartsAt.IsZero() && start.Before(r.StartsAt.Add(-w.policy.BookingLead))
	if readable && (early || !r.EndsAt.IsZero() && start.After(r.EndsAt)) {
		w.broken("%s: ends %s, which began outside the booking's window", t.name, s.id)
	}
}

// unavoidable reports whether the pinned session was live when the process looked, after any earlier call of its own, and ended while
// this one was on its way.
func (e endCall) unavoidable(now time.Time) bool {
	w := e.process.world
	pinned := w.sessions[e.pin.SessionID]
	if pinned == nil || pinned.room.id != e.pin.RoomID || e.looked.IsZero() || e.looked.Before(e.again) || !pinned.live(e.looked) {
		return false
	}
	window := now.Sub(e.looked)
	e.process.mu.Lock()
	still := e.process.frozen
	e.process.mu.Unlock()
	if window > longestWindow+still {
		w.broken("%s: %s passed between the look at %s and the call, which acts on the next session", e.trigger.name, window, e.pin.SessionID)
		return true
	}
	if still == 0 {
		w.seen["unavoidable: the next session is ended, because the last one ended while the call was on its way"] = true
		w.unavoidable = max(w.unavoidable, window)
	} else {
		w.seen["unavoidable: the next session is ended, because the process stood still between look and call"] = true
	}
	w.noteLocked(e.trigger.name, "unavoidable: %s ended in the %s between look and call", e.pin.SessionID, window)
	return true
}

// holds checks a claim that the ledger has taken: whoever is at work is left alone until the end of the lease. The caller holds the
// world's mutex.
func (t *trigger) holds(p *process, entry endsession.Entry) {
	switch left := time.Until(t.lease); {
	case entry.Owner == t.owner:
		t.lease = time.Time{} // given up
		p.seen["release"] = true
		return
	case left > processSkew+time.Millisecond: // as far as the clock of an environment may be wrong
		p.broken("%s: %s takes over from %s, which has another %s", t.name, p.name, t.owner, left)
	}
	t.owner, t.lease = entry.Owner, p.deadline
}

// check checks what a process tells its door.
func (p *process) check(results []endsession.Result, triggers []*trigger) {
	p.mu.Lock()
	dead, frozen := p.dead, p.frozen
	p.mu.Unlock()
	if dead {
		return
	}
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	if over := time.Since(p.deadline); over > 5*time.Millisecond && frozen == 0 {
		p.broken("%s answers %s after its deadline", p.name, over)
	}
	for i, r := range results {
		if r.Err != nil {
			continue
		}
		if e := p.rendered[string(r.Detail)]; e == nil || e.copies == 0 {
			p.broken("%s says that %s is done as %s, and that is not published", p.name, triggers[i].name, r.Outcome)
		}
	}
}

// checkOutcomes checks, when everything is over, that each accepted trigger has one outcome, and that outcomes are true.
func (w *world) checkOutcomes() {
	w.mu.Lock()
	defer w.mu.Unlock()
	byID := map[string]*rendering{}
	for _, detail := range slices.Sorted(maps.Keys(w.rendered)) {
		r := w.rendered[detail]
		if r.copies == 0 {
			continue
		}
		if !r.Request.DryRun { // a dry run leaves no trace in the ledger, so each delivery is one of its own
			if other := byID[r.ID]; other != nil {
				w.broken("%s: %s was published with different bytes: %s by now, and another time %s", r.trigger.name, r.ID[:8], r.Outcome, other.Outcome)
			}
			byID[r.ID] = r
		}
		if why := w.lie(r); why != "" {
			w.broken("%s: its outcome %s is not true: %s", r.trigger.name, r.Outcome, why)
		}
	}
	for _, t := range w.triggers {
		switch {
		case len(t.ids) > 1:
			w.broken("%s: published under %d ids", t.name, len(t.ids))
		case t.accepted && len(t.ids) == 0 && t.buried == 0:
			w.broken("%s: was accepted, and is neither published nor a dead letter", t.name)
		case t.stuck:
			w.broken("%s: is a dead letter again, though everything was well", t.name)
		}
	}
}
