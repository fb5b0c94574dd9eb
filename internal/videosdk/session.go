package videosdk

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"videosdk-end-session/internal/endsession"
)

// session is a session as VideoSDK sends it, in both shapes that are known: the documented one, and the one with meetingId and
// userMeetingId and without status and links, which the vendor's own SDK meets. Everything else in it is private and not read.
type session struct {
	essence
	Participants []participant `json:"participants"`
	Links        links         `json:"links"`
}

// essence is what is needed of a session. The rest is told in passing.
type essence struct {
	room
	ID     text `json:"id"`
	Start  text `json:"start"`
	End    text `json:"end"`
	Status text `json:"status"`
}

// room is how a session and a room itself name the room.
type room struct {
	RoomID        text `json:"roomId"`
	MeetingID     text `json:"meetingId"`
	CustomRoomID  text `json:"customRoomId"`
	UserMeetingID text `json:"userMeetingId"`
}

func (r room) id() string       { return string(cmp.Or(r.RoomID, r.MeetingID)) }
func (r room) customID() string { return string(cmp.Or(r.CustomRoomID, r.UserMeetingID)) }

type participant struct {
	ParticipantID text       `json:"participantId"`
	Name          text       `json:"name"`
	Timelog       []presence `json:"timelog"`
}

type presence struct {
	Start text `json:"start"`
	End   text `json:"end"`
}

type links struct {
	Room    text `json:"get_room"`
	Session text `json:"get_session"`
}

// readOne reads a session. Something in it may be of another type than known, as long as that is not the essence: json.Unmarshal leaves it
// out, reads the rest, and tells of the first such place only.
func readOne(body []byte) (session, error) {
	var s session
	err := json.Unmarshal(body, &s)
	if isOfAnotherType(err) {
		err = json.Unmarshal(body, &s.essence)
	}
	return s, err
}

// readList reads a list of sessions as readOne does. It is nil if there is none.
func readList(body []byte) ([]session, error) {
	var list struct {
		Data []session `json:"data"`
	}
	err := json.Unmarshal(body, &list)
	if !isOfAnotherType(err) {
		return list.Data, err
	}
	var essences struct {
		Data []essence `json:"data"`
	}
	return list.Data, json.Unmarshal(body, &essences)
}

// readRoom reads a room's names.
func readRoom(body []byte) (endsession.Target, error) {
	var r room
	err := json.Unmarshal(body, &r)
	return endsession.Target{RoomID: r.id(), CustomRoomID: r.customID()}, err
}

func isOfAnotherType(err error) bool {
	_, is := errors.AsType[*json.UnmarshalTypeError](err)
	return is
}

func (s session) session() endsession.Session {
	out := endsession.Session{
		ID:           string(s.ID),
		RoomID:       s.id(),
		CustomRoomID: s.customID(),
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
