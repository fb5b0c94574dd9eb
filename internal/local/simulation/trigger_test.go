package simulation

import (
	"fmt"
	"time"

	"videosdk-end-session/internal/endsession"
)

// trigger is one document of a sender, however often it is delivered, and what came of it. Two documents with one identity and
// different targets are two triggers.
type trigger struct {
	name     string
	request  endsession.Request
	key      string
	happened time.Time // in truth
	rooms    []*room   // that it can have to do with
	sent     int       // copies, to all doors
	accepted bool
	buried   int // of its messages that are dead letters

	stuck bool // a message of it became a dead letter in a world that was well

	owner     string // of the claim
	lease     time.Time
	pin       endsession.Pin // of its end calls
	acted     int
	published time.Time // first
	ids       map[string]bool
}

// sender lets something happen in the world, once or as a group of triggers that belong together, and hands it to the doors.
func (w *world) sender(index int) {
	l := newLuck(w.seed, "sender", fmt.Sprint(index))
	time.Sleep(l.between(0, w.horizon))
	r := among(l, w.rooms...)
	w.mu.Lock()
	ends := time.Until(w.latest(r, time.Now()).end())
	w.mu.Unlock()
	if ends > 3*time.Second && ends < 2*time.Hour && l.chance(0.4) {
		time.Sleep(ends + l.between(-3*time.Second, 3*time.Second)) // about when the session ends by itself
	}
	name := fmt.Sprintf("t%d", index+1)
	w.send(w.happen(l, name, name, r), l)
	if l.chance(0.25) {
		time.Sleep(l.between(0, 5*time.Second))
		w.cover("two triggers for one room")
		w.send(w.happen(l, name+"b", name+"b", r), l)
	}
	if l.chance(0.15) { // a sender's mistake: the same identity, another target
		time.Sleep(among(l, l.between(0, time.Second), l.between(time.Second, time.Hour)))
		w.send(w.happen(l, name+"c", name, among(l, w.rooms...)), l)
	}
}

// happen makes the trigger for something that happens now.
func (w *world) happen(l luck, name, id string, r *room) *trigger {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	last := w.latest(r, now)
	t := &trigger{name: name, happened: now, rooms: []*room{r}, ids: map[string]bool{}}
	t.request = endsession.Request{
		Target: w.target(l, t, last), Source: "simulation", ID: id, Reason: "over", OccurredAt: now.Add(w.senderSkew), DryRun: l.chance(0.05),
	}
	if l.chance(0.3) {
		starts := last.began.Add(l.between(-20*time.Minute, 20*time.Minute))
		switch {
		case l.chance(0.15):
			starts = now.Add(l.between(-5*time.Minute, 3*time.Hour))
		case l.chance(0.15):
			starts = now.Add(l.between(-3*time.Hour, 0))
		}
		t.request.StartsAt, t.request.EndsAt = starts, starts.Add(l.between(10*time.Minute, 2*time.Hour))
	}
	t.key = t.request.Key()
	if known := w.trigger(t.key, t.request.Target); known != nil {
		return known // the mistake was none: it names the same target
	}
	w.triggers = append(w.triggers, t)
	w.noteLocked(name, "happens: %+v, dry run %v, booking %s", t.request.Target, t.request.DryRun, w.window(t.request))
	return t
}

func (w *world) window(r endsession.Request) string {
	if r.StartsAt.IsZero() {
		return "none"
	}
	return fmt.Sprintf("%s to %s", r.StartsAt.Sub(w.zero).Round(time.Second), r.EndsAt.Sub(w.zero).Round(time.Second))
}

// target names the room, the session, or both.
func (w *world) target(l luck, t *trigger, s *session) endsession.Target {
	r := s.room
	kind := l.Float64()
	switch {
	case kind < 0.15 && r.custom != "":
		return endsession.Target{CustomRoomID: r.custom}
	case kind < 0.20 && r.custom != "":
		return endsession.Target{RoomID: r.id, CustomRoomID: r.custom}
	case kind < 0.35:
		return endsession.Target{SessionID: s.id}
	case kind < 0.50:
		return endsession.Target{RoomID: r.id, SessionID: s.id}
	case kind < 0.53:
		return endsession.Target{CustomRoomID: "booking-1", SessionID: s.id}
	case kind < 0.57: // a mistake: one room, and the session of another
		other := among(l, w.rooms...)
		t.rooms = append(t.rooms, other)
		return endsession.Target{RoomID: other.id, SessionID: s.id}
	case kind < 0.59:
		return endsession.Target{RoomID: "room-nobody-made-" + t.name}
	case kind < 0.60:
		return endsession.Target{SessionID: "session-nobody-saw-" + t.name}
	default:
		return endsession.Target{RoomID: r.id}
	}
}

// names reports whether the trigger names the session.
func (t *trigger) names(s *session) bool {
	named := t.request.Target
	return (named.SessionID == "" || named.SessionID == s.id) && (named.RoomID == "" || named.RoomID == s.room.id) &&
		(named.CustomRoomID == "" || named.CustomRoomID == s.room.custom)
}

// send hands the trigger to a door, now or late, and perhaps more than once.
func (w *world) send(t *trigger, l luck) {
	w.deliver(t, l)
	for copies := 2; copies <= 4 && l.chance(w.duplicates); copies++ {
		w.deliver(t, l)
	}
}

func (w *world) deliver(t *trigger, l luck) {
	w.mu.Lock()
	t.sent++
	number := t.sent
	w.mu.Unlock()
	delay := l.between(0, 2*time.Second)
	switch late := l.Float64(); {
	case late < 0.08:
		delay = l.between(3*time.Hour, 6*24*time.Hour)
		w.cover("delayed by hours or days")
	case late < 0.25:
		delay = l.between(10*time.Minute, 3*time.Hour)
	case late < 0.45:
		delay = l.between(2*time.Second, 10*time.Minute)
	}
	byHTTP := l.chance(0.3)
	if w.burst && l.chance(0.8) {
		delay, byHTTP = l.between(0, 2*time.Second), false
	}
	if w.tight {
		delay = l.between(0, 8*time.Second)
	}
	w.senders.Go(func() {
		time.Sleep(delay)
		if byHTTP {
			w.caller(t, number)
			return
		}
		w.mu.Lock()
		t.accepted = true
		w.mu.Unlock()
		w.queue.put(&message{trigger: t, id: fmt.Sprintf("%s.%d", t.name, number)})
	})
}
