package standin

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Room is a VideoSDK room. Sessions take place in it, one after the other.
type Room struct {
	// ID is the roomId, in VideoSDK's own form xxxx-xxxx-xxxx or any other text.
	ID string
	// CustomID is the customRoomId, the caller's own name for the room. Empty if it has none.
	CustomID string
}

// Session is one meeting in a room.
type Session struct {
	// ID is 24 lower-case hexadecimal digits. If empty, one is made up.
	ID string
	// Start is when the session began, now if zero.
	Start time.Time
	// RawStart, if set, is sent as the start in place of Start, for a timestamp that nobody can read.
	RawStart *string
	// End is when the session ended. Zero if it is live.
	End time.Time
	// Alongside allows a live session in a room that has one already.
	Alongside bool
	// Participants of the session, also those who left.
	Participants []Participant
}

// Participant is someone who is or was in a session.
type Participant struct {
	// ID is the participantId, unique within the session.
	ID string
	// Name is what the others see. It is personal data.
	Name string
	// Timelog has an entry for each time that the participant joined. If empty, there is one, open, from the session's start.
	Timelog []TimelogEntry
}

// TimelogEntry is one stay of a participant.
type TimelogEntry struct {
	// Start is when the participant joined.
	Start time.Time
	// End is when the participant left. While it is zero the stay lasts as long as the session.
	End time.Time
}

var objectIDForm = regexp.MustCompile(`^[0-9a-f]{24}$`)

// problems says what is wrong with a session by itself.
func (s Session) problems(now time.Time) []string {
	var problems []string
	refuse := func(format string, values ...any) { problems = append(problems, fmt.Sprintf(format, values...)) }
	if s.ID != "" && !objectIDForm.MatchString(s.ID) {
		refuse("its id %q is not 24 hexadecimal digits", s.ID)
	}
	if !s.End.IsZero() && s.Start.IsZero() {
		refuse("it has an end and no start")
	}
	if s.End.After(now) {
		refuse("its end is still to come")
	}
	if !s.End.IsZero() && s.End.Before(s.Start) {
		refuse("it ends before it starts")
	}
	seen := map[string]bool{}
	for i, p := range s.Participants {
		if p.ID == "" {
			refuse("participant #%d has no id", i+1)
		} else if seen[p.ID] {
			refuse("participant %q is there twice", p.ID)
		}
		seen[p.ID] = true
	}
	return problems
}

// room is a Room with its sessions in the order in which they were added.
type room struct {
	Room
	created  time.Time
	sessions []*session
}

// session is a Session in its room. Its start is never zero and its participants have a timelog.
type session struct {
	Session
	room   *room
	number int // the order in which sessions were added, over all rooms
	// objectIDs are VideoSDK's own ids of the participants, in their order.
	objectIDs []string
	// endsAt is when the session ends or ended. Zero while no end is in sight.
	endsAt time.Time
}

// ended reports whether the session has ended at now.
func (s *session) ended(now time.Time) bool { return !s.endsAt.IsZero() && !now.Before(s.endsAt) }

// ending reports whether an end call was accepted whose effect is still to come at now.
func (s *session) ending(now time.Time) bool { return !s.endsAt.IsZero() && now.Before(s.endsAt) }

// live returns the sessions that have not ended at now, newest first.
func (r *room) live(now time.Time) []*session {
	live := newestFirst(r.sessions)
	return slices.DeleteFunc(live, func(s *session) bool { return s.ended(now) })
}

// newestFirst returns the sessions by start, the newest first. Of two that began together the one added later counts as newer.
func newestFirst(sessions []*session) []*session {
	return slices.SortedFunc(slices.Values(sessions), func(a, b *session) int {
		return cmp.Or(b.Start.Compare(a.Start), cmp.Compare(b.number, a.number))
	})
}
