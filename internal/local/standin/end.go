package standin

import (
	"net/http"
	"time"
)

// endSession answers POST /v2/sessions/end.
func (s *Server) endSession(q *request, call *Call, now time.Time) *answer {
	var assumptions []string
	r, exists := s.rooms.byID[q.roomID]
	if !exists && s.options.CustomRoomIDEnds {
		if r, exists = s.rooms.byCustomID[q.roomID]; exists {
			assumptions = append(assumptions, assumeCustomRoomID)
		}
	}
	if !exists {
		return refused(s.options.UnknownRoom, "Room not found.", assumeUnknownRoom)
	}

	var a *answer
	if q.sessionID == "" {
		a = s.endLive(r, q, call, now)
	} else {
		a = s.endNamed(r, q, call, now)
	}
	a.assumptions = append(a.assumptions, assumptions...)
	return a
}

// endLive ends whatever is live in the room.
func (s *Server) endLive(r *room, q *request, call *Call, now time.Time) *answer {
	live := r.live(now)
	if len(live) == 0 {
		if closed := newestFirst(r.sessions); q.end.ignoreClosed && len(closed) > 0 {
			return s.showing(closed[0], now, assumeIgnoreClosed)
		}
		return refused(s.options.EndedStatus, "The room has no live session.", assumeNothingToEnd)
	}
	a := s.end(newestToEnd(live, now), q, call, now)
	if len(live) > 1 {
		a.assumptions = append(a.assumptions, assumeSeveralLive)
	}
	return a
}

// endNamed ends the session that the call names, or what the reading of an ended session makes of it.
func (s *Server) endNamed(r *room, q *request, call *Call, now time.Time) *answer {
	named, exists := s.rooms.sessions[q.sessionID]
	if !exists || named.room != r {
		return refused(http.StatusNotFound, "Session not found.", assumeUnknownSession)
	}
	if !named.ended(now) {
		return s.end(named, q, call, now)
	}
	if live := r.live(now); s.options.EndedReading == ActOnNext && len(live) > 0 {
		a := s.end(newestToEnd(live, now), q, call, now)
		a.assumptions = append(a.assumptions, assumeEndedActsOnNext)
		return a
	}
	if q.end.ignoreClosed {
		return s.showing(named, now, assumeIgnoreClosed)
	}
	return refused(s.options.EndedStatus, "The session has ended.", assumeEndedRefused)
}

// newestToEnd picks the newest of the live sessions that no end call has been accepted for, or the newest if there is none. After an
// accepted end call people may be in the room's next session before the last one is gone.
func newestToEnd(live []*session, now time.Time) *session {
	for _, candidate := range live {
		if !candidate.ending(now) {
			return candidate
		}
	}
	return live[0]
}

// end ends a live session, after Options.EndDelay or at once, and records that this call did it.
func (s *Server) end(live *session, q *request, call *Call, now time.Time) *answer {
	if !live.ending(now) {
		call.Acted, call.ActedOn = true, live.ID
	} else if !q.end.forceKill {
		return s.showing(live, now, assumeAlreadyEnding)
	}
	switch {
	case q.end.forceKill:
		live.endsAt = now
		return s.showing(live, now, assumeForceKill)
	case s.options.EndInAnswer:
		live.endsAt = now
		return s.showing(live, now, assumeEndInAnswer)
	default:
		// The end is asynchronous: the answer shows the session as it was.
		a := s.showing(live, now)
		live.endsAt = now.Add(s.options.EndDelay)
		return a
	}
}
