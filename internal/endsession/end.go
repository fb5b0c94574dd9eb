package endsession

import (
	"context"
	"time"
)

// freshness is how long a look at a live session counts: a call to end it is sent within that time, or after another look. Later it may
// have ended, and the room's next meeting have begun.
const freshness = 2 * time.Second

// end asks VideoSDK to end the claimed session and returns what that came to. Before it repeats a call, and if the claim took long, it
// looks at the session again: once that has ended, by this call or by others, a call might reach the room's next meeting.
func (a *attempt) end(ctx context.Context, p proposal) (proposal, error) {
	for made := 0; ; {
		if made > 0 || a.with.Clock.Now().Sub(p.seen) >= freshness {
			session, err := a.readSession(ctx, p.pin.SessionID)
			switch e := AsError(err); {
			case e != nil && a.forNow(e):
				return proposal{}, e
			case e != nil:
				return proposal{outcome: Failed, pin: p.pin, session: p.session, err: e}, nil
			case session.Ended():
				return proposal{outcome: a.endedMeanwhile(), pin: p.pin, session: session}, nil
			}
			p.seen = a.with.Clock.Now()
		}
		made++
		a.result.EndCalls++
		session, err := a.with.Ender.End(ctx, p.pin.RoomID, p.pin.SessionID, p.seen.Add(freshness))
		e := AsError(err)
		if e == nil {
			return a.accepted(p, session), nil
		}
		a.unsure = a.unsure || e.Uncertain
		if !a.forNow(e) {
			return a.confirm(ctx, p, e)
		}
		if !a.again(ctx, made, e) {
			return proposal{}, e
		}
	}
}

// endedMeanwhile is the outcome of a session that is found ended after calls that failed: ended by one of them, if any may have had
// its effect.
func (a *attempt) endedMeanwhile() Outcome {
	if a.unsure {
		return Ended
	}
	return AlreadyEnded
}

// accepted is the outcome of a call that VideoSDK took.
func (a *attempt) accepted(p proposal, answer Session) proposal {
	if answer.ID == "" {
		// Taken, and answered unreadably: what was known before the call still holds.
		return proposal{outcome: Ending, pin: p.pin, session: p.session}
	}
	if answer.ID != p.pin.SessionID {
		return proposal{outcome: Failed, pin: p.pin, session: p.session, err: &Error{
			Code: CodeOtherSession, Class: Permanent, Message: "VideoSDK answered the end of another session than the one asked for",
		}}
	}
	if answer.RoomID == "" {
		answer.RoomID = p.pin.RoomID
	}
	if answer.CustomRoomID == "" {
		answer.CustomRoomID = p.session.CustomRoomID
	}
	if answer.Ended() {
		return proposal{outcome: Ended, pin: p.pin, session: answer}
	}
	return proposal{outcome: Ending, pin: p.pin, session: answer}
}

// confirm looks at a session that VideoSDK finally refused to end: no one knows how it answers for one that has ended already, or is
// about to, because an earlier call had its effect unseen. In that case it is too early to tell.
func (a *attempt) confirm(ctx context.Context, p proposal, refusal *Error) (proposal, error) {
	failed := proposal{outcome: Failed, pin: p.pin, session: p.session, err: refusal}
	if refusal.Class == Credentials {
		return failed, nil
	}
	session, err := a.readSession(ctx, p.pin.SessionID)
	switch e := AsError(err); {
	case e != nil && a.forNow(e):
		return proposal{}, e
	case e == nil && session.Ended():
		return proposal{outcome: a.endedMeanwhile(), pin: p.pin, session: session}, nil
	case e == nil && a.unsure:
		later := *refusal
		later.Class = Transient
		return proposal{}, &later
	default:
		return failed, nil
	}
}
