package webhook

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/trigger"
)

// unpack returns the request document in a payload, and completes what is known of the delivery. The document may lie in
//
//   - a CloudEvent, structured or binary: github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md,
//   - a Standard Webhooks payload of type, timestamp and data:
//     github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, section "Payload structure",
//   - or nothing.
func unpack(payload []byte, header http.Header, d *trigger.Delivery) ([]byte, *endsession.Error) {
	if headerOf(header, "Ce-Specversion") != "" {
		attribute := func(name string) string {
			value := headerOf(header, name)
			if decoded, err := url.PathUnescape(value); err == nil { // as section 3.1.3.2 of the binding has it
				return decoded
			}
			return value
		}
		return payload, cloudEvent(d, attribute("Ce-Source"), attribute("Ce-Id"), attribute("Ce-Time"))
	}
	var shape struct {
		SpecVersion *json.RawMessage `json:"specversion"`
		Source, ID  any
		Time        any
		Type        any
		Timestamp   any
		Data        json.RawMessage
		DataBase64  *string         `json:"data_base64"`
		RoomID      json.RawMessage `json:"roomId"`
		MeetingID   json.RawMessage `json:"meetingId"`
		CustomRoom  json.RawMessage `json:"customRoomId"`
		UserMeeting json.RawMessage `json:"userMeetingId"`
		SessionID   json.RawMessage `json:"sessionId"`
	}
	if json.Unmarshal(payload, &shape) != nil {
		return payload, nil // which says so itself
	}
	text := func(value any) string { s, _ := value.(string); return s }
	isBare := shape.RoomID != nil || shape.MeetingID != nil || shape.CustomRoom != nil || shape.UserMeeting != nil || shape.SessionID != nil
	switch {
	case shape.SpecVersion != nil:
		data := []byte(shape.Data)
		if shape.DataBase64 != nil {
			var err error
			if data, err = base64.StdEncoding.DecodeString(*shape.DataBase64); err != nil {
				return nil, &endsession.Error{Code: endsession.CodeInvalidJSON, Class: endsession.Permanent, Message: "data_base64 must be base64"}
			}
		}
		return data, cloudEvent(d, text(shape.Source), text(shape.ID), text(shape.Time))
	case !isBare && text(shape.Type) != "" && bytes.HasPrefix(bytes.TrimSpace(shape.Data), []byte("{")):
		return shape.Data, happened(d, "timestamp", text(shape.Timestamp))
	default:
		return payload, nil
	}
}

// cloudEvent takes over what identifies a CloudEvent: source and id together. A source is a URI reference and so has no blank.
func cloudEvent(d *trigger.Delivery, source, id, at string) *endsession.Error {
	if source == "" || id == "" {
		return &endsession.Error{
			Code: endsession.CodeInvalidRequest, Class: endsession.Permanent, Message: "a CloudEvent must have a source and an id",
			Problems: []string{"a CloudEvent must have a source and an id"},
		}
	}
	if source == endsession.EventSource {
		return &endsession.Error{Code: endsession.CodeIgnored, Class: endsession.Permanent, Message: string(endsession.CodeOwnEvent)}
	}
	d.ID = source + " " + id
	return happened(d, "time", at)
}

func happened(d *trigger.Delivery, field, at string) *endsession.Error {
	if at == "" {
		return nil
	}
	t, ok := parseTime(at)
	if !ok {
		problem := field + " must be an RFC 3339 time such as 2026-11-23T10:00:00Z"
		return &endsession.Error{Code: endsession.CodeInvalidRequest, Class: endsession.Permanent, Message: problem, Problems: []string{problem}}
	}
	d.OccurredAt = t
	return nil
}
