package videosdk

import (
	"encoding/json"

	"videosdk-end-session/internal/endsession"
)

// session is a session as VideoSDK sends it, in both shapes that are known: the documented one, and the one with meetingId and
// userMeetingId and without status and links, which the vendor's own SDK meets. Everything else in it is private and not read.
type session struct {
	ID            text `json:"id"`
	RoomID        text `json:"roomId"`
	MeetingID     text `json:"meetingId"`
	CustomRoomID  text `json:"customRoomId"`
	UserMeetingID text `json:"userMeetingId"`
	Start         text `json:"start"`
	End           text `json:"end"`
	Status        text `json:"status"`
	Participants  []struct {
		ParticipantID text `json:"participantId"`
		Name          text `json:"name"`
		Timelog       []struct {
			Start text `json:"start"`
			End   text `json:"end"`
		} `json:"timelog"`
	} `json:"participants"`
	Links struct {
		Room    text `json:"get_room"`
		Session text `json:"get_session"`
	} `json:"links"`
}

func (s session) session() endsession.Session {
	out := endsession.Session{
		ID:           string(s.ID),
		RoomID:       string(either(s.RoomID, s.MeetingID)),
		CustomRoomID: string(either(s.CustomRoomID, s.UserMeetingID)),
		Start:        string(s.Start),
		End:          string(s.End),
		Status:       string(s.Status),
		Links:        endsession.Links{Room: string(s.Links.Room), Session: string(s.Links.Session)},
	}
	if out.Status == "" {
		out.StatusDerived = true
		out.Status = "ongoing"
		if out.Ended() {
			out.Status = "ended"
		}
	}
	for _, p := range s.Participants {
		participant := endsession.Participant{ID: string(p.ParticipantID), Name: string(p.Name)}
		for _, stay := range p.Timelog {
			participant.Timelog = append(participant.Timelog, endsession.Presence{Start: string(stay.Start), End: string(stay.End)})
		}
		out.Participants = append(out.Participants, participant)
	}
	return out
}

func either(a, b text) text {
	if a != "" {
		return a
	}
	return b
}

// text is a string field that must not make a whole answer unreadable if VideoSDK sends another type: a number becomes its digits,
// anything else is empty.
type text string

// UnmarshalJSON reads any JSON value.
func (t *text) UnmarshalJSON(b []byte) error {
	*t = ""
	switch c := b[0]; {
	case c == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = text(s)
	case c == '-' || c >= '0' && c <= '9':
		*t = text(b)
	}
	return nil
}
