package standin

import (
	"net/http"
	"slices"
	"time"
)

const (
	defaultPageSize = 20
	maxPageSize     = 100
	// maxPage keeps the arithmetic of pages far from overflow.
	maxPage = 1_000_000
)

// listSessions answers GET /v2/sessions.
func (s *Server) listSessions(q *request, now time.Time) *answer {
	listed := s.candidates(q)
	var assumptions []string
	switch {
	case s.options.IgnoreFilters:
		assumptions = append(assumptions, assumeFiltersIgnored)
	case !s.unknownFilter(q):
	case s.options.UnknownRoomList != http.StatusOK:
		return refused(s.options.UnknownRoomList, "Room not found.", assumeUnknownRoomList)
	default:
		assumptions = append(assumptions, assumeUnknownRoomList)
	}
	if !s.options.IgnoreFilters {
		listed = slices.DeleteFunc(listed, func(candidate *session) bool { return !q.matches(candidate, now) })
	}
	if len(listed) > 1 {
		assumptions = append(assumptions, assumeListOrder)
	}
	if q.list.defaultSize {
		assumptions = append(assumptions, assumePageSize)
	}
	if len(listed) == 0 {
		assumptions = append(assumptions, assumeEmptyList)
	}

	if slices.ContainsFunc(listed, s.assumesCustomRoomID) {
		assumptions = append(assumptions, assumeCustomRoomIDShown)
	}

	page, info := q.list.cut(newestFirst(listed))
	list := wireList{PageInfo: info, Data: make([]wireSession, len(page))}
	for i, listed := range page {
		list.Data[i] = s.sessionOnWire(listed, now)
	}
	return found(list, assumptions...)
}

// cut returns the page that was asked for, which is empty beyond the last.
func (l listQuery) cut(all []*session) ([]*session, wirePageInfo) {
	total := len(all)
	first := min((l.page-1)*l.perPage, total)
	return all[first:min(first+l.perPage, total)], wirePageInfo{
		CurrentPage: l.page,
		PerPage:     l.perPage,
		LastPage:    max(1, (total+l.perPage-1)/l.perPage),
		Total:       total,
	}
}

// candidates returns the sessions among which those are that the request asks for: of a room that it names, only that room's, since
// there may be thousands of others.
func (s *Server) candidates(q *request) []*session {
	if named, known := s.rooms.byID[q.roomID]; known && !s.options.IgnoreFilters {
		return slices.Clone(named.sessions)
	}
	return s.rooms.all()
}

// unknownFilter reports whether the request names a room that does not exist.
func (s *Server) unknownFilter(q *request) bool {
	_, idKnown := s.rooms.byID[q.roomID]
	_, customIDKnown := s.rooms.byCustomID[q.customRoomID]
	return q.roomID != "" && !idKnown || q.customRoomID != "" && !customIDKnown
}

// matches reports whether a session passes the filters of a list.
func (q *request) matches(listed *session, now time.Time) bool {
	switch {
	case q.roomID != "" && q.roomID != listed.room.ID:
		return false
	case q.customRoomID != "" && q.customRoomID != listed.room.CustomID:
		return false
	case q.list.status == "":
		return true
	default:
		return (q.list.status == statusEnded) == listed.ended(now)
	}
}

// getSession answers GET /v2/sessions/{sessionId}.
func (s *Server) getSession(q *request, now time.Time) *answer {
	known, exists := s.rooms.sessions[q.sessionID]
	if !exists {
		return refused(http.StatusNotFound, "Session not found.", assumeUnknownSession)
	}
	return s.showing(known, now)
}

// getRoom answers GET /v2/rooms/{roomId or customRoomId}.
func (s *Server) getRoom(q *request) *answer {
	r, exists := s.rooms.byID[q.roomID]
	if !exists {
		r, exists = s.rooms.byCustomID[q.roomID]
	}
	if !exists {
		return refused(s.options.UnknownRoom, "Room not found.", assumeUnknownRoom)
	}
	return found(s.roomOnWire(r), assumeRoomShape)
}
