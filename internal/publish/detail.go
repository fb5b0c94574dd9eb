// Package publish makes the outcome events and puts them on EventBridge.
//
// The detail of an event is a whitelist: what VideoSDK answers carries e-mail addresses, keys and device data, and none of that is
// passed on. Its schema is outcome.schema.json beside this file, with one example per outcome in testdata.
package publish

import (
	"encoding/json"
	"fmt"
	"time"

	"videosdk-end-session/internal/endsession"
)

// schemaVersion changes with the meaning of a field. New fields do not change it.
const schemaVersion = "1.0"

// maxDetail is the most bytes of an event's detail. Every limit on the way holds it: PutEvents and SQS with 256 KiB, the ledger's item
// with 400 KB.
const maxDetail = 240 << 10

type detail struct {
	SchemaVersion string             `json:"schemaVersion"`
	ID            string             `json:"id"`
	Outcome       endsession.Outcome `json:"outcome"`
	Trigger       trigger            `json:"trigger"`
	Session       session            `json:"session"`
	Error         *failure           `json:"error"`
}

type trigger struct {
	Source     string `json:"source"`
	ID         string `json:"id"`
	Reason     string `json:"reason,omitempty"`
	OccurredAt string `json:"occurredAt"`
}

type session struct {
	ID                    *string       `json:"id"`
	RoomID                *string       `json:"roomId"`
	CustomRoomID          *string       `json:"customRoomId"`
	Start                 *string       `json:"start"`
	End                   *string       `json:"end"`
	Status                *string       `json:"status"`
	StatusDerived         bool          `json:"statusDerived"`
	ParticipantCount      int           `json:"participantCount"`
	Participants          []participant `json:"participants"`
	ParticipantsTruncated bool          `json:"participantsTruncated,omitempty"`
	Links                 links         `json:"links"`
}

type participant struct {
	ID      string     `json:"participantId"`
	Name    string     `json:"name,omitempty"`
	Timelog []presence `json:"timelog"`
}

type presence struct {
	Start *string `json:"start"`
	End   *string `json:"end"`
}

type links struct {
	Room    string `json:"get_room,omitempty"`
	Session string `json:"get_session,omitempty"`
}

type failure struct {
	Code       endsession.Code `json:"code"`
	Message    string          `json:"message"`
	HTTPStatus int             `json:"httpStatus"`
	RequestID  string          `json:"requestId"`
}

// render returns the detail of the report's event, at most maxDetail bytes: participants that do not fit are left out, and the event
// says so. Names are included only if names is true.
func render(r endsession.Report, names bool) ([]byte, error) {
	s := r.Session
	d := detail{
		SchemaVersion: schemaVersion,
		ID:            r.ID,
		Outcome:       r.Outcome,
		Trigger: trigger{
			Source: r.Request.Source, ID: r.Request.ID, Reason: r.Request.Reason,
			OccurredAt: r.Request.OccurredAt.UTC().Format(time.RFC3339Nano),
		},
		Session: session{
			ID: known(s.ID), RoomID: known(s.RoomID), CustomRoomID: known(s.CustomRoomID),
			Start: known(s.Start), End: known(s.End), Status: known(s.Status), StatusDerived: s.StatusDerived,
			ParticipantCount: len(s.Participants), Participants: make([]participant, len(s.Participants)),
			Links: links{Room: endsession.Truncate(s.Links.Room), Session: endsession.Truncate(s.Links.Session)},
		},
	}
	if e := r.Err; e != nil {
		d.Error = &failure{
			Code: e.Code, Message: endsession.Truncate(e.Message), HTTPStatus: e.HTTPStatus, RequestID: endsession.Truncate(e.RequestID),
		}
	}
	for i, p := range s.Participants {
		d.Session.Participants[i] = presented(p, names)
	}
	rendered, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("render the event's detail: %w", err)
	}
	if len(rendered) <= maxDetail {
		return rendered, nil
	}
	d.Session.ParticipantsTruncated = true
	over := len(rendered) + len(`"participantsTruncated":true,`) - maxDetail
	for over > 0 && len(d.Session.Participants) > 0 {
		last := len(d.Session.Participants) - 1
		one, err := json.Marshal(d.Session.Participants[last])
		if err != nil {
			return nil, fmt.Errorf("render a participant: %w", err)
		}
		over -= len(one) + len(",")
		d.Session.Participants = d.Session.Participants[:last]
	}
	return json.Marshal(d)
}

func presented(p endsession.Participant, names bool) participant {
	out := participant{ID: endsession.Truncate(p.ID), Timelog: []presence{}}
	if names {
		out.Name = endsession.Truncate(p.Name)
	}
	for _, stay := range p.Timelog {
		out.Timelog = append(out.Timelog, presence{Start: known(stay.Start), End: known(stay.End)})
	}
	return out
}

// known returns s, or null for what VideoSDK did not say.
func known(s string) *string {
	if s == "" {
		return nil
	}
	s = endsession.Truncate(s)
	return &s
}
