package endsession

import "time"

// Session is one meeting in a room, as VideoSDK describes it. Timestamps and status stay the strings that VideoSDK sent: it has
// published impossible times, and status is an open list.
type Session struct {
	ID            string
	RoomID        string
	CustomRoomID  string
	Start         string
	End           string // empty while the session is live
	Status        string
	StatusDerived bool // VideoSDK sent no status; it was derived from End
	Participants  []Participant
	Links         Links
}

// Participant is one person or device in a session.
type Participant struct {
	ID      string
	Name    string // personal data: published only if configured, never logged
	Timelog []Presence
}

// Presence is one stay of a participant; one who rejoined has several.
type Presence struct {
	Start string
	End   string // empty while present
}

// Links are VideoSDK's own addresses of a session and its room.
type Links struct {
	Room    string
	Session string
}

// Ended reports whether VideoSDK has set the session's end.
func (s Session) Ended() bool { return s.End != "" }

// StartTime returns the start as a time, and false if it is missing or impossible.
func (s Session) StartTime() (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, s.Start)
	return t, err == nil
}
