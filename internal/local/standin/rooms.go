package standin

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// rooms holds all rooms and sessions. The Server that owns it serialises access.
type rooms struct {
	byID       map[string]*room
	byCustomID map[string]*room
	sessions   map[string]*session
	made       int // object ids made up so far
}

func newRooms() rooms {
	return rooms{byID: map[string]*room{}, byCustomID: map[string]*room{}, sessions: map[string]*session{}}
}

// all returns every session, in no order.
func (rs *rooms) all() []*session { return slices.Collect(maps.Values(rs.sessions)) }

// checkRoom refuses a room that cannot be added.
func (rs *rooms) checkRoom(added Room) error {
	var problems []error
	if added.ID == "" {
		problems = append(problems, errors.New("a room needs an id"))
	}
	if _, exists := rs.byID[added.ID]; exists {
		problems = append(problems, fmt.Errorf("room %q exists already", added.ID))
	}
	if other, exists := rs.byCustomID[added.CustomID]; exists {
		problems = append(problems, fmt.Errorf("customRoomId %q is that of room %q", added.CustomID, other.ID))
	}
	return errors.Join(problems...)
}

// addRoom takes in a new room with all of the sessions or, with an error that names every problem, nothing.
func (rs *rooms) addRoom(added Room, sessions []Session, now time.Time) ([]string, error) {
	r := &room{Room: added, created: now}
	if err := errors.Join(rs.checkRoom(added), rs.checkSessions(r, sessions, now)); err != nil {
		return nil, err
	}
	rs.byID[added.ID] = r
	if added.CustomID != "" {
		rs.byCustomID[added.CustomID] = r
	}
	return rs.addSessions(r, sessions, now)
}

// addSessions takes in all of the sessions or, with an error that names every problem, none.
func (rs *rooms) addSessions(r *room, added []Session, now time.Time) ([]string, error) {
	if err := rs.checkSessions(r, added, now); err != nil {
		return nil, err
	}
	ids := make([]string, len(added))
	for i, a := range added {
		if a.Start.IsZero() {
			a.Start = now
		}
		if a.ID == "" {
			a.ID = rs.objectID(a.Start)
		}
		if a.RawStart != nil {
			a.RawStart = new(*a.RawStart)
		}
		objectIDs := make([]string, len(a.Participants))
		a.Participants = slices.Clone(a.Participants)
		for j, p := range a.Participants {
			objectIDs[j] = rs.objectID(a.Start)
			a.Participants[j].Timelog = slices.Clone(p.Timelog)
			if len(p.Timelog) == 0 {
				a.Participants[j].Timelog = []TimelogEntry{{Start: a.Start}}
			}
		}
		s := &session{Session: a, room: r, number: len(rs.sessions), objectIDs: objectIDs, endsAt: a.End}
		rs.sessions[s.ID] = s
		r.sessions = append(r.sessions, s)
		ids[i] = s.ID
	}
	return ids, nil
}

// checkSessions refuses sessions that cannot be added to a room together.
func (rs *rooms) checkSessions(r *room, added []Session, now time.Time) error {
	var problems []error
	occupied := slices.ContainsFunc(r.sessions, func(s *session) bool { return s.endsAt.IsZero() })
	ids := map[string]bool{}
	for i, a := range added {
		refuse := func(format string, values ...any) {
			problems = append(problems, fmt.Errorf("session #%d of room %q: "+format, append([]any{i + 1, r.ID}, values...)...))
		}
		if _, exists := rs.sessions[a.ID]; exists || a.ID != "" && ids[a.ID] {
			refuse("its id %q exists already", a.ID)
		}
		ids[a.ID] = true
		if a.End.IsZero() {
			if occupied && !a.Alongside {
				refuse("the room has a live session, and a second one must be asked for")
			}
			occupied = true
		}
		for _, problem := range a.problems(now) {
			refuse("%s", problem)
		}
	}
	return errors.Join(problems...)
}

// objectID makes up an id in the form of VideoSDK's: 24 hexadecimal digits, of which the first 8 are the seconds of at.
func (rs *rooms) objectID(at time.Time) string {
	for {
		rs.made++
		id := fmt.Sprintf("%08x%016x", uint32(at.Unix()), rs.made)
		if _, taken := rs.sessions[id]; !taken {
			return id
		}
	}
}
