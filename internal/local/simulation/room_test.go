package simulation

import (
	"fmt"
	"time"

	"videosdk-end-session/internal/endsession"
)

// session is one meeting, in true time.
type session struct {
	id      string
	room    *room
	start   string    // as VideoSDK shows it
	began   time.Time // in truth
	natural time.Time // when it ends by itself
	over    time.Time // when it ends because of a call; zero without one
}

// end is when the session ends, as far as that is settled by now.
func (s *session) end() time.Time {
	if !s.over.IsZero() && s.over.Before(s.natural) {
		return s.over
	}
	return s.natural
}

func (s *session) live(now time.Time) bool { return !now.Before(s.began) && now.Before(s.end()) }

// leave ends the session by itself very soon, as far as nothing has ended it before.
func (s *session) leave(l luck, now time.Time) {
	if soon := now.Add(l.between(time.Millisecond, 200*time.Millisecond)); s.over.IsZero() && s.live(now) && soon.Before(s.natural) {
		s.natural = soon
	}
}

// shown is the session as VideoSDK describes it.
func (s *session) shown(w *world, now time.Time) endsession.Session {
	out := endsession.Session{ID: s.id, RoomID: s.room.id, CustomRoomID: s.room.shownCustom(w), Start: s.start, Status: "ongoing"}
	if !s.live(now) {
		out.End, out.Status = w.videoTime(s.end()), "ended"
	}
	return out
}

// videoTime is a time as VideoSDK's clock shows it.
func (w *world) videoTime(t time.Time) string {
	return t.Add(w.videoSkew).UTC().Format("2006-01-02T15:04:05.000Z")
}

// room is a room with its successive sessions: one after the other, in some rooms in two lanes at the same time.
type room struct {
	id, custom string
	lanes      []*lane
}

// shownCustom is the customRoomId as the room's sessions show it, and the room itself.
func (r *room) shownCustom(w *world) string {
	if w.unshown {
		return ""
	}
	return r.custom
}

// lane is a sequence of sessions. It grows as time goes by: when the next one begins depends on when the one before ends.
type lane struct {
	sessions []*session
	gap      time.Duration // from the end of the last session to the begin of the next
	luck     luck
}

func (w *world) newRoom(index int) *room {
	l := newLuck(w.seed, "room", fmt.Sprint(index))
	r := &room{id: fmt.Sprintf("room-%04d-sim", index+1)}
	if l.chance(0.6) {
		r.custom = fmt.Sprintf("booking-%d", index+1)
	}
	for i := range among(l, 1, 1, 1, 2) {
		r.lanes = append(r.lanes, &lane{luck: newLuck(w.seed, "lane", fmt.Sprint(index, i))})
		w.begin(r, r.lanes[i], w.zero.Add(l.between(-3*time.Hour, -time.Second)))
	}
	return r
}

// begin begins a session and settles how it would end if nobody did anything.
func (w *world) begin(r *room, on *lane, at time.Time) {
	l := on.luck
	w.sessionCount++
	s := &session{id: fmt.Sprintf("%024x", w.sessionCount), room: r, began: at, start: w.videoTime(at)}
	if l.chance(w.blurred) {
		s.start = among(l, "", "2022-03-29T15:60:35.000Z")
	}
	s.natural = at.Add(among(l, l.between(time.Second, time.Minute), l.between(5*time.Minute, time.Hour), l.between(time.Hour, 20*time.Hour)))
	on.gap = among(l, l.between(time.Second, time.Minute), l.between(time.Minute, time.Hour), l.between(time.Hour, 9*time.Hour))
	if l.chance(w.eager) {
		on.gap = among(l, l.between(time.Millisecond, 50*time.Millisecond), l.between(time.Millisecond, 500*time.Millisecond))
	}
	on.sessions = append(on.sessions, s)
	w.sessions[s.id] = s
}

// advance lets the room's sessions come and go up to now.
func (w *world) advance(r *room, now time.Time) {
	for _, on := range r.lanes {
		for {
			last := on.sessions[len(on.sessions)-1]
			next := last.end().Add(on.gap)
			if last.end().After(now) || next.After(now) {
				break
			}
			w.begin(r, on, next)
		}
	}
}

// live returns the room's live sessions, the newest first.
func (w *world) live(r *room, now time.Time) []*session {
	w.advance(r, now)
	var live []*session
	for _, on := range r.lanes {
		if last := on.sessions[len(on.sessions)-1]; last.live(now) {
			live = append(live, last)
		}
	}
	if len(live) == 2 && live[1].began.After(live[0].began) {
		live[0], live[1] = live[1], live[0]
	}
	return live
}

// latest returns the room's live session, or else the last one that was.
func (w *world) latest(r *room, now time.Time) *session {
	if live := w.live(r, now); len(live) > 0 {
		return live[0]
	}
	return r.lanes[0].sessions[len(r.lanes[0].sessions)-1]
}
