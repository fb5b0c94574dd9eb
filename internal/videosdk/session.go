package videosdk

import (
	"bytes"
	"cmp"
	"encoding/json"
	"unicode/utf8"

	"videosdk-end-session/internal/endsession"
)

// session is a session as VideoSDK sends it, in both shapes that are known: the documented one, and the one with meetingId and
// userMeetingId and without status and links, which the vendor's own SDK meets. Everything else in it is private and not read.
type session struct {
	ID            text                   `json:"id"`
	RoomID        text                   `json:"roomId"`
	MeetingID     text                   `json:"meetingId"`
	CustomRoomID  text                   `json:"customRoomId"`
	UserMeetingID text                   `json:"userMeetingId"`
	Start         text                   `json:"start"`
	End           text                   `json:"end"`
	Status        text                   `json:"status"`
	Participants  lenient[[]participant] `json:"participants"`
	Links         lenient[links]         `json:"links"`
}

type participant struct {
	ParticipantID text                `json:"participantId"`
	Name          text                `json:"name"`
	Timelog       lenient[[]presence] `json:"timelog"`
}

type presence struct {
	Start text `json:"start"`
	End   text `json:"end"`
}

type links struct {
	Room    text `json:"get_room"`
	Session text `json:"get_session"`
}

func (s session) session() endsession.Session {
	out := endsession.Session{
		ID:           string(s.ID),
		RoomID:       string(cmp.Or(s.RoomID, s.MeetingID)),
		CustomRoomID: string(cmp.Or(s.CustomRoomID, s.UserMeetingID)),
		Start:        string(s.Start),
		End:          string(s.End),
		Status:       string(s.Status),
		Links:        endsession.Links{Room: string(s.Links.value.Room), Session: string(s.Links.value.Session)},
	}
	if out.Status == "" {
		out.StatusDerived = true
		out.Status = "ongoing"
		if out.Ended() {
			out.Status = "ended"
		}
	}
	for _, p := range s.Participants.value {
		participant := endsession.Participant{ID: string(p.ParticipantID), Name: string(p.Name)}
		for _, stay := range p.Timelog.value {
			participant.Timelog = append(participant.Timelog, endsession.Presence{Start: string(stay.Start), End: string(stay.End)})
		}
		out.Participants = append(out.Participants, participant)
	}
	return out
}

// text is a string field that must not make a whole answer unreadable if VideoSDK sends another type: a number becomes its digits,
// anything else is empty.
type text string

// UnmarshalJSON reads any JSON value.
func (t *text) UnmarshalJSON(b []byte) error {
	*t = ""
	switch c := b[0]; {
	case c == '"':
		if plain := b[1 : len(b)-1]; bytes.IndexByte(plain, '\\') < 0 && utf8.Valid(plain) {
			*t = text(plain) // nearly all are, and this spares a decoder for each
			return nil
		}
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

// lenient is what is told and not needed: of another type than known, it is empty, and the rest of the answer stays readable.
type lenient[T any] struct{ value T }

// UnmarshalJSON reads any JSON value.
func (l *lenient[T]) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &l.value) != nil {
		*l = lenient[T]{}
	}
	return nil
}
