package endsession

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// proposal is what an attempt would do if the ledger knows nothing of the trigger yet: end the pinned session, or settle for an outcome.
type proposal struct {
	outcome Outcome // empty: end the pin
	pin     Pin
	session Session
	seen    time.Time // when the session was seen live
	err     *Error
}

func (a *attempt) refuse(code Code, format string, args ...any) proposal {
	return proposal{outcome: Refused, session: a.named(), err: &Error{Code: code, Class: Permanent, Message: fmt.Sprintf(format, args...)}}
}

// named is the session as far as the request itself describes it. Of a session that may be somebody else's nothing more is told.
func (a *attempt) named() Session {
	return Session{ID: a.request.SessionID, RoomID: a.request.RoomID, CustomRoomID: a.request.CustomRoomID}
}

// propose finds out what to do, and decides nothing: the ledger may know better. An error means that it could not be found out now.
func (a *attempt) propose(ctx context.Context) (proposal, error) {
	if p, refused := a.checkTimes(); refused {
		return p, nil
	}
	p, err := a.pin(ctx)
	if e := AsError(err); e != nil {
		if a.forNow(e) {
			return proposal{}, e
		}
		return proposal{outcome: Failed, session: a.named(), err: e}, nil
	}
	if p.outcome == "" {
		if late, refused := a.checkTimes(); refused { // that took as long as VideoSDK throttled
			return late, nil
		}
	}
	return p, nil
}

// reconsider is propose for a trigger whose owner died or gave up: its session is the recorded pin, and only that.
func (a *attempt) reconsider(ctx context.Context, pin Pin) (proposal, error) {
	session, err := a.readSession(ctx, pin.SessionID)
	if e := AsError(err); e != nil {
		if a.forNow(e) {
			return proposal{}, e
		}
		return proposal{outcome: Failed, pin: pin, session: pinned(pin), err: e}, nil
	}
	switch {
	case session.RoomID != pin.RoomID:
		return a.mismatch(), nil
	case session.Ended():
		return proposal{outcome: AlreadyEnded, pin: pin, session: session}, nil
	}
	if p, refused := a.checkTimes(); refused {
		return p, nil
	}
	if p, refused := a.guard(session); refused {
		return p, nil
	}
	return proposal{pin: pin, session: session, seen: a.with.Clock.Now()}, nil
}

func pinned(pin Pin) Session { return Session{ID: pin.SessionID, RoomID: pin.RoomID} }

// forNow decides, alone and for every step, whether a failure leaves the trigger to a later delivery.
func (a *attempt) forNow(e *Error) bool {
	switch e.Class {
	case Permanent, NotFound:
		return false
	case Credentials:
		return !a.with.Policy.FinalCredentials
	default:
		return true
	}
}

// checkTimes refuses what needs no call to be refused.
func (a *attempt) checkTimes() (proposal, bool) {
	now, r := a.with.Clock.Now(), a.request
	if age := now.Sub(r.OccurredAt); age > a.with.Policy.MaxTriggerAge {
		return a.refuse(CodeTriggerTooOld, "the trigger happened %s ago, more than the %s allowed", age.Round(time.Second), a.with.Policy.MaxTriggerAge), true
	}
	opens, closes := r.Window(a.with.Policy.BookingLead, a.with.Policy.BookingGrace)
	if !opens.IsZero() && now.Before(opens) {
		return a.refuse(CodeBeforeWindow, "the booking's window opens at %s", opens.UTC().Format(time.RFC3339)), true
	}
	if !closes.IsZero() && now.After(closes) {
		return a.refuse(CodeAfterWindow, "the booking's window closed at %s", closes.UTC().Format(time.RFC3339)), true
	}
	return proposal{}, false
}

// pin finds the one session that the trigger means.
func (a *attempt) pin(ctx context.Context) (proposal, error) {
	if a.request.SessionID != "" {
		return a.pinSession(ctx)
	}
	return a.pinRoom(ctx)
}

func (a *attempt) pinSession(ctx context.Context) (proposal, error) {
	session, err := a.readSession(ctx, a.request.SessionID)
	if err != nil {
		return proposal{}, err
	}
	seen := a.with.Clock.Now()
	shown := []Session{session}
	if err := a.identify(ctx, shown); err != nil {
		return proposal{}, err
	}
	if session = shown[0]; !a.isNamed(session) {
		return a.mismatch(), nil
	}
	pin := Pin{RoomID: session.RoomID, SessionID: session.ID}
	if session.Ended() {
		return proposal{outcome: AlreadyEnded, pin: pin, session: session}, nil
	}
	if p, refused := a.guard(session); refused {
		return p, nil
	}
	return proposal{pin: pin, session: session, seen: seen}, nil
}

func (a *attempt) pinRoom(ctx context.Context) (proposal, error) {
	sessions, err := repeat(ctx, a, func() ([]Session, error) {
		a.result.Reads++
		return a.with.Reader.Live(ctx, a.request.Target)
	})
	if e := AsError(err); e != nil {
		if e.Class == NotFound {
			// What the trigger wants holds already: nobody can be in a room that does not exist, as with a booking whose room was never made.
			return proposal{outcome: NotActive, session: a.named(), err: e}, nil
		}
		return proposal{}, e
	}
	if len(sessions) == 0 {
		return proposal{outcome: NotActive, session: a.named()}, nil
	}
	seen := a.with.Clock.Now()
	if err := a.identify(ctx, sessions); err != nil {
		return proposal{}, err
	}
	var best Session
	var newest time.Time
	var refusal *proposal
	for _, session := range sessions {
		p, refused := a.mismatch(), !a.isNamed(session) || session.Ended()
		if !refused {
			p, refused = a.guard(session)
		}
		if refused {
			if refusal == nil {
				refusal = &p
			}
			continue
		}
		if start, _ := session.StartTime(); best.ID == "" || start.After(newest) {
			best, newest = session, start
		}
	}
	if best.ID == "" {
		return *refusal, nil
	}
	return proposal{pin: Pin{RoomID: best.RoomID, SessionID: best.ID}, session: best, seen: seen}, nil
}

// identify gives sessions that do not show their room's customRoomId, as the one on VideoSDK's own page, the one that the trigger names
// if it is their room's. Without it they could not be told from somebody else's.
func (a *attempt) identify(ctx context.Context, sessions []Session) error {
	named := a.request.CustomRoomID
	if named == "" || !slices.ContainsFunc(sessions, func(s Session) bool { return s.CustomRoomID == "" }) {
		return nil
	}
	room, err := repeat(ctx, a, func() (Target, error) {
		a.result.Reads++
		return a.with.Reader.Room(ctx, named)
	})
	if e := AsError(err); e != nil {
		if e.Class == NotFound {
			return nil // nor has it a session
		}
		return e
	}
	if room.CustomRoomID != named && (room.CustomRoomID != "" || room.RoomID == named) {
		return nil // a room whose roomId is what the trigger calls customRoomId
	}
	for i := range sessions {
		if s := &sessions[i]; s.CustomRoomID == "" && s.RoomID == room.RoomID {
			s.CustomRoomID = named
		}
	}
	return nil
}

// mismatch refuses a session that is not the one asked for, or not live as asked for.
func (a *attempt) mismatch() proposal {
	return a.refuse(CodePinMismatch, "VideoSDK showed a session other than the one asked for")
}

// guard refuses a live session that the trigger cannot mean by its times: it must have begun when the trigger happened, since the same
// room may be somebody else's meeting by now, and within the booking's window.
func (a *attempt) guard(session Session) (proposal, bool) {
	r := a.request
	start, readable := session.StartTime()
	if !readable {
		if r.SessionID != "" {
			return proposal{}, false // the caller has decided which session it is
		}
		return a.refuse(CodeSessionStartUnknown, "the session's start is missing or impossible, so it may have begun after the trigger"), true
	}
	if latest := r.OccurredAt.Add(StartTolerance); start.After(latest) {
		return a.refuse(CodeSessionAfterTrigger, "the session began at %s, after the trigger happened at %s",
			start.UTC().Format(time.RFC3339), r.OccurredAt.UTC().Format(time.RFC3339)), true
	}
	opens, closes := r.Window(a.with.Policy.BookingLead, 0) // a session that begins in the grace after a booking is not the booking's
	early := !opens.IsZero() && start.Before(opens)
	late := !closes.IsZero() && start.After(closes)
	if early || late {
		return a.refuse(CodeSessionOutsideWindow, "the session began at %s, outside the booking's window", start.UTC().Format(time.RFC3339)), true
	}
	return proposal{}, false
}

// isNamed reports whether the session is what the request names, in everything that it names.
func (a *attempt) isNamed(session Session) bool {
	r := a.request
	matches := func(named, shown string) bool { return named == "" || named == shown }
	return session.ID != "" && session.RoomID != "" &&
		matches(r.SessionID, session.ID) && matches(r.RoomID, session.RoomID) && matches(r.CustomRoomID, session.CustomRoomID)
}

// readSession reads one session. An answer about another one is no answer.
func (a *attempt) readSession(ctx context.Context, id string) (Session, error) {
	return repeat(ctx, a, func() (Session, error) {
		a.result.Reads++
		session, err := a.with.Reader.Session(ctx, id)
		if err == nil && session.ID != id {
			return Session{}, &Error{Code: CodeVideoSDKUnreadable, Message: "VideoSDK showed a session other than the one asked for"}
		}
		return session, err
	})
}
