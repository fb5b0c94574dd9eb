package endsession

import "context"

// end asks VideoSDK to end the claimed session and returns what that came to. Before it repeats a call it looks at the session again:
// once that has ended, by this call or by others, the same call might reach the room's next meeting.
func (a *attempt) end(ctx context.Context, p proposal) (proposal, error) {
	for made := 1; ; made++ {
		a.result.EndCalls++
		session, err := a.Ender.End(ctx, p.pin.RoomID, p.pin.SessionID)
		e := AsError(err)
		if e == nil {
			return a.accepted(p, session), nil
		}
		a.unsure = a.unsure || e.Uncertain
		if !a.forNow(e) {
			return a.confirm(ctx, p, e)
		}
		if e.Class != Transient || made == maxCalls || !a.pause(ctx, made, e.RetryAfter) {
			return proposal{}, e
		}
		session, err = a.readSession(ctx, p.pin.SessionID)
		if err != nil {
			return proposal{}, err
		}
		if session.Ended() {
			return proposal{outcome: a.endedMeanwhile(), pin: p.pin, session: session}, nil
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

// confirm looks at a session that VideoSDK finally refused to end: no one knows how it answers for one that has ended already.
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
	default:
		return failed, nil
	}
}
