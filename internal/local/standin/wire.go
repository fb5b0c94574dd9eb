package standin

import "time"

// PrivateMarker is part of every private value that the stand-in's sessions carry and that must never be published or logged.
const PrivateMarker = "stand-in-private"

// timestampLayout is how VideoSDK writes a time: UTC with milliseconds.
const timestampLayout = "2006-01-02T15:04:05.000Z"

const (
	statusOngoing = "ongoing"
	statusEnded   = "ended"
)

// wireSession is a session as it is sent. Which of the names of the room are filled, and whether status and links are, is the Shape.
type wireSession struct {
	Start         string            `json:"start"`
	End           *string           `json:"end"`
	Participants  []wireParticipant `json:"participants"`
	ID            string            `json:"id"`
	RoomID        string            `json:"roomId,omitempty"`
	CustomRoomID  string            `json:"customRoomId,omitempty"`
	MeetingID     string            `json:"meetingId,omitempty"`
	UserMeetingID string            `json:"userMeetingId,omitempty"`
	Status        string            `json:"status,omitempty"`
	Links         *wireLinks        `json:"links,omitempty"`

	APIKey      string            `json:"apiKey"`
	ChatLink    string            `json:"chatLink"`
	GeoLocation map[string]string `json:"geoLocation"`
}

type wireParticipant struct {
	ObjectID      string             `json:"_id"`
	ParticipantID string             `json:"participantId"`
	Name          string             `json:"name"`
	Timelog       []wireTimelogEntry `json:"timelog"`

	Email      string            `json:"email"`
	DeviceInfo map[string]string `json:"deviceInfo"`
}

type wireTimelogEntry struct {
	Start string  `json:"start"`
	End   *string `json:"end"`
}

// wireLinks are sent as VideoSDK's page shows them: get_session names the collection, not the session.
type wireLinks struct {
	GetRoom    string `json:"get_room"`
	GetSession string `json:"get_session"`
}

type wireRoom struct {
	ID            string     `json:"id"`
	RoomID        string     `json:"roomId,omitempty"`
	CustomRoomID  string     `json:"customRoomId,omitempty"`
	MeetingID     string     `json:"meetingId,omitempty"`
	UserMeetingID string     `json:"userMeetingId,omitempty"`
	Disabled      bool       `json:"disabled"`
	CreatedAt     string     `json:"createdAt"`
	UpdatedAt     string     `json:"updatedAt"`
	Links         *wireLinks `json:"links,omitempty"`
}

type wireList struct {
	PageInfo wirePageInfo  `json:"pageInfo"`
	Data     []wireSession `json:"data"`
}

type wirePageInfo struct {
	CurrentPage int `json:"currentPage"`
	PerPage     int `json:"perPage"`
	LastPage    int `json:"lastPage"`
	Total       int `json:"total"`
}

// wireError is an error body. VideoSDK documents none; message is the first field that its own SDK looks for.
type wireError struct {
	Message string `json:"message"`
}

func timestamp(t time.Time) string { return t.UTC().Format(timestampLayout) }

// optionalTimestamp is null for the zero time.
func optionalTimestamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return new(timestamp(t))
}

func links(r *room) *wireLinks {
	return &wireLinks{
		GetRoom:    "https://api.videosdk.live/v2/rooms/" + r.ID,
		GetSession: "https://api.videosdk.live/v2/sessions/",
	}
}

// sessionOnWire writes a session as it stands at now.
func (s *Server) sessionOnWire(from *session, now time.Time) wireSession {
	status, end := statusOngoing, time.Time{}
	if from.ended(now) {
		status, end = statusEnded, from.endsAt
	}
	w := wireSession{
		Start:        timestamp(from.Start),
		End:          optionalTimestamp(end),
		Participants: make([]wireParticipant, len(from.Participants)),
		ID:           from.ID,
		APIKey:       s.pair.apiKey,
		ChatLink:     "https://" + PrivateMarker + ".example/" + from.ID + "/chat.csv",
		GeoLocation:  map[string]string{"city": PrivateMarker, "country": PrivateMarker},
	}
	if from.RawStart != nil {
		w.Start = *from.RawStart
	}
	for i, p := range from.Participants {
		w.Participants[i] = participantOnWire(p, end)
		w.Participants[i].ObjectID = from.objectIDs[i]
	}
	switch s.options.Shape {
	case Documented:
		w.RoomID, w.CustomRoomID = from.room.ID, s.customID(from.room)
		w.Status, w.Links = status, links(from.room)
	case Live:
		w.MeetingID, w.UserMeetingID = from.room.ID, s.customID(from.room)
	}
	return w
}

// customID is the customRoomId that sessions of a room, and the room itself, show.
func (s *Server) customID(of *room) string {
	if s.options.CustomRoomIDUnshown {
		return ""
	}
	return of.CustomID
}

// assumesCustomRoomID reports whether it is an assumption how the session shows its room's customRoomId. In the shape Live it is known.
func (s *Server) assumesCustomRoomID(shown *session) bool {
	return shown.room.CustomID != "" && (s.options.Shape == Documented || s.options.CustomRoomIDUnshown)
}

// participantOnWire writes a participant of a session that ended at end, or is live if end is zero. Who was still there when it ended
// left then.
func participantOnWire(p Participant, end time.Time) wireParticipant {
	w := wireParticipant{
		ParticipantID: p.ID,
		Name:          p.Name,
		Timelog:       make([]wireTimelogEntry, len(p.Timelog)),
		Email:         PrivateMarker + "@example.com",
		DeviceInfo:    map[string]string{"browser": PrivateMarker, "os": PrivateMarker},
	}
	for i, stay := range p.Timelog {
		left := stay.End
		if left.IsZero() {
			left = end
		}
		w.Timelog[i] = wireTimelogEntry{Start: timestamp(stay.Start), End: optionalTimestamp(left)}
	}
	return w
}

func (s *Server) roomOnWire(r *room) wireRoom {
	w := wireRoom{ID: r.ID, CreatedAt: timestamp(r.created), UpdatedAt: timestamp(r.created)}
	switch s.options.Shape {
	case Documented:
		w.RoomID, w.CustomRoomID, w.Links = r.ID, s.customID(r), links(r)
	case Live:
		w.MeetingID, w.UserMeetingID = r.ID, s.customID(r)
	}
	return w
}
