package simulation

import (
	"context"
	"errors"
	"time"

	"videosdk-end-session/internal/endsession"
)

// videoLimit is how long the client waits for an answer of VideoSDK.
const videoLimit = 8 * time.Second

// Live implements endsession.SessionReader.
func (p *process) Live(ctx context.Context, target endsession.Target) ([]endsession.Session, error) {
	type answer struct {
		sessions []endsession.Session
		err      error
	}
	var got answer
	var at time.Time
	err := p.through(ctx, call{op: "list", on: target.RoomID + "|" + target.CustomRoomID, limit: videoLimit}, func(l luck, _ fate) {
		at = time.Now()
		if got.err = p.trouble(l); got.err == nil {
			got.sessions, got.err = p.list(target, l)
		}
	})
	if err != nil {
		return nil, videoError(err)
	}
	p.note("list %s%s: %d sessions, %v", target.RoomID, target.CustomRoomID, len(got.sessions), got.err)
	for _, s := range got.sessions {
		p.looked(s, at)
	}
	return got.sessions, got.err
}

func (w *world) list(target endsession.Target, l luck) ([]endsession.Session, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	ignored := !w.healthy && l.chance(w.unfiltered)
	var known bool
	var out []endsession.Session
	for _, r := range w.rooms {
		asked := r.id == target.RoomID || target.RoomID == "" && r.custom == target.CustomRoomID
		known = known || asked
		live := w.live(r, now)
		if asked && len(live) > 1 {
			w.seen["two live at once"] = true
		}
		for _, s := range live {
			if (asked || ignored) && len(out) < 2 {
				out = append(out, s.shown(w, now))
				if l.chance(w.fickle) {
					s.leave(l, now)
				}
			}
		}
	}
	if !known && !ignored && l.chance(0.5) {
		return nil, roomNotFound()
	}
	return out, nil
}

// Room implements endsession.SessionReader. VideoSDK takes a room by either name.
func (p *process) Room(ctx context.Context, id string) (endsession.Target, error) {
	var named endsession.Target
	var refusal error
	err := p.through(ctx, call{op: "room", on: id, limit: videoLimit}, func(l luck, _ fate) {
		if refusal = p.trouble(l); refusal == nil {
			named, refusal = p.roomOf(id)
		}
	})
	if err != nil {
		return endsession.Target{}, videoError(err)
	}
	p.note("room %s: %v, %v", id, named, refusal)
	return named, refusal
}

func (w *world) roomOf(id string) (endsession.Target, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.rooms {
		if r.id == id || r.custom == id {
			w.seen["a room looked up by its customRoomId"] = true
			return endsession.Target{RoomID: r.id, CustomRoomID: r.shownCustom(w)}, nil
		}
	}
	return endsession.Target{}, roomNotFound()
}

// Session implements endsession.SessionReader.
func (p *process) Session(ctx context.Context, id string) (endsession.Session, error) {
	var session endsession.Session
	var refusal error
	var at time.Time
	err := p.through(ctx, call{op: "look", on: id, limit: videoLimit}, func(l luck, _ fate) {
		at = time.Now()
		if refusal = p.trouble(l); refusal == nil {
			session, refusal = p.show(id, l)
		}
	})
	if err != nil {
		return endsession.Session{}, videoError(err)
	}
	if refusal == nil {
		p.looked(session, at)
	}
	p.note("look %s: %s, %v", id, session.Status, refusal)
	return session, refusal
}

func (w *world) show(id string, l luck) (endsession.Session, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, now := w.sessions[id], time.Now()
	if s == nil || w.forgets && !s.live(now) {
		return endsession.Session{}, sessionNotFound()
	}
	shown := s.shown(w, now)
	if l.chance(w.fickle) {
		s.leave(l, now)
	}
	return shown, nil
}

// looked remembers when the process last saw a session. Of two equal requests one may see it end while the other is about to end it.
func (p *process) looked(s endsession.Session, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.twins || !s.Ended() {
		p.looks[s.ID] = look{at: at, told: time.Now()}
	}
}

// End implements endsession.SessionEnder.
func (p *process) End(ctx context.Context, roomID, sessionID string, startBy time.Time) (endsession.Session, error) {
	pin := endsession.Pin{RoomID: roomID, SessionID: sessionID}
	p.mu.Lock()
	e := endCall{process: p, pin: pin, trigger: p.claims[pin], looked: p.looks[sessionID].at, told: p.looks[sessionID].told, again: p.ended[pin]}
	p.mu.Unlock()
	e.check(startBy)
	var session endsession.Session
	var refusal error
	err := p.through(ctx, call{op: "end", on: sessionID, limit: videoLimit}, func(l luck, _ fate) {
		refusal = p.trouble(l)
		if refusal == nil && l.chance(p.rate(p.faults)*0.02) {
			refusal = rejected() // for reasons of VideoSDK's own
		}
		if refusal == nil {
			session, refusal = e.arrive(l)
		}
	})
	p.mu.Lock()
	p.ended[pin] = time.Now()
	p.mu.Unlock()
	if err != nil {
		return endsession.Session{}, videoError(err)
	}
	p.note("end %s: %s %s, %v", sessionID, session.ID, session.Status, refusal)
	return session, refusal
}

// arrive is an end call that has come to VideoSDK.
func (e endCall) arrive(l luck) (endsession.Session, error) {
	faults := e.process.rate(e.process.faults)
	w := e.process.world
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	s := w.sessions[e.pin.SessionID]
	if s != nil {
		w.advance(s.room, now)
	}
	if s == nil || s.room.id != e.pin.RoomID || !s.live(now) {
		next, err := w.instead(e.pin, s, now)
		if next == nil || err != nil {
			return endsession.Session{}, err
		}
		if s = next; !s.live(now) {
			return s.shown(w, now), nil // answered as if it had ended it
		}
	}
	switch {
	case s.over.IsZero():
		s.over = now
		if w.asyncEnd > 0 {
			s.over = now.Add(l.between(0, w.asyncEnd))
			w.seen["an end that shows later"] = true
		}
		if s.over.Before(s.natural) {
			e.acts(s, now)
		}
	case w.busyAnswer == 409:
		return endsession.Session{}, &endsession.Error{Code: endsession.CodeVideoSDKConflict, Class: endsession.Permanent, HTTPStatus: 409}
	}
	switch x := l.Float64(); {
	case x < faults*0.1:
		return endsession.Session{}, unavailable(true)
	case x < faults*0.2:
		w.seen["accepted unreadably"] = true
		return endsession.Session{}, nil
	}
	return s.shown(w, now), nil
}

// instead is what an end call gets whose session is not live in the room: the session that it acts on instead, or an answer.
func (w *world) instead(pin endsession.Pin, s *session, now time.Time) (*session, error) {
	if w.reading == actsOnNext {
		for _, r := range w.rooms {
			if live := w.live(r, now); r.id == pin.RoomID && len(live) > 0 {
				return live[0], nil
			}
		}
	}
	w.seen["an end call for an ended session"] = true
	switch {
	case s == nil || s.room.id != pin.RoomID || w.endedAnswer == 404:
		return nil, sessionNotFound()
	case w.endedAnswer == 200:
		return s, nil
	case w.endedAnswer == 409:
		return nil, &endsession.Error{Code: endsession.CodeVideoSDKConflict, Class: endsession.Permanent, HTTPStatus: 409}
	default:
		return nil, rejected()
	}
}

// trouble is an answer of VideoSDK, or the lack of a secret, that keeps a call from having any effect.
func (p *process) trouble(l luck) error {
	if p.away("credentials") {
		return among(l,
			&endsession.Error{Code: endsession.CodeVideoSDKUnauthorized, Class: endsession.Credentials, HTTPStatus: 401},
			&endsession.Error{Code: endsession.CodeVideoSDKForbidden, Class: endsession.Credentials, HTTPStatus: 403},
			&endsession.Error{Code: endsession.CodeSecretUnavailable, Class: endsession.Credentials},
			&endsession.Error{Code: endsession.CodeSecretInvalid, Class: endsession.Credentials},
		)
	}
	if p.away("videosdk") {
		return among(l, unavailable(true), unavailable(false))
	}
	faults := p.rate(p.faults)
	switch x := l.Float64(); {
	case x < faults*0.2:
		p.cover("Retry-After")
		return &endsession.Error{
			Code: endsession.CodeVideoSDKThrottled, HTTPStatus: 429, RetryAfter: among(l, 0, l.between(time.Second, 5*time.Second), 30*time.Second),
		}
	case x < faults*0.4:
		return unavailable(true)
	case x < faults*0.45:
		return &endsession.Error{Code: endsession.CodeVideoSDKUnreadable}
	}
	return nil
}

func unavailable(uncertain bool) *endsession.Error {
	return &endsession.Error{Code: endsession.CodeVideoSDKUnavailable, Uncertain: uncertain, Err: errors.New("5xx")}
}

func rejected() error {
	return &endsession.Error{Code: endsession.CodeVideoSDKRejected, Class: endsession.Permanent, HTTPStatus: 400}
}

func roomNotFound() error {
	return &endsession.Error{Code: endsession.CodeRoomNotFound, Class: endsession.NotFound, HTTPStatus: 404}
}

func sessionNotFound() error {
	return &endsession.Error{Code: endsession.CodeSessionNotFound, Class: endsession.NotFound, HTTPStatus: 404}
}

// videoError is what the client makes of a call that brought no answer.
func videoError(err error) error {
	return &endsession.Error{Code: endsession.CodeVideoSDKUnavailable, Uncertain: !errors.Is(err, errRefused) && !errors.Is(err, errUnsent), Err: err}
}
