package webhook

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

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
		// No signature covers these headers: where the delivery has an id that was signed, they don't give it another, or whoever repeats it
		// could.
		return payload, cloudEvent{
			source: attribute(header, "Ce-Source"), id: attribute(header, "Ce-Id"), time: attribute(header, "Ce-Time"), signedID: d.ID,
		}.take(d)
	}
	var shape struct {
		SpecVersion json.RawMessage `json:"specversion"`
		Source      any             `json:"source"`
		ID          any             `json:"id"`
		Time        any             `json:"time"`
		Type        any             `json:"type"`
		Timestamp   any             `json:"timestamp"`
		Data        json.RawMessage `json:"data"`
		DataBase64  json.RawMessage `json:"data_base64"`
		RoomID      any             `json:"roomId"`
		MeetingID   any             `json:"meetingId"`
		CustomRoom  any             `json:"customRoomId"`
		UserMeeting any             `json:"userMeetingId"`
		SessionID   any             `json:"sessionId"`
	}
	if json.Unmarshal(payload, &shape) != nil {
		return payload, nil // which says so itself
	}
	isBare := shape.RoomID != nil || shape.MeetingID != nil || shape.CustomRoom != nil || shape.UserMeeting != nil || shape.SessionID != nil
	switch {
	case shape.SpecVersion != nil:
		data, err := dataOf(shape.Data, shape.DataBase64)
		if err != nil {
			return nil, err
		}
		source, _ := shape.Source.(string)
		id, _ := shape.ID.(string)
		return data, cloudEvent{source: source, id: id, time: shape.Time}.take(d)
	case shape.Source == endsession.EventSource:
		return nil, ownEvent()
	case !isBare && isText(shape.Type) && bytes.HasPrefix(shape.Data, []byte("{")):
		return shape.Data, happened(d, "timestamp", shape.Timestamp)
	default:
		return payload, nil
	}
}

// attribute returns an attribute of a CloudEvent in binary mode, whose value is percent-encoded: section 3.1.3.2 of the binding.
func attribute(header http.Header, name string) string {
	value := headerOf(header, name)
	if decoded, err := url.PathUnescape(value); err == nil {
		return decoded
	}
	return value
}

func isText(value any) bool {
	text, _ := value.(string)
	return text != ""
}

// dataOf returns the data of a CloudEvent in structured mode.
func dataOf(data, inBase64 json.RawMessage) ([]byte, *endsession.Error) {
	if inBase64 == nil {
		return data, nil
	}
	var text string
	err := json.Unmarshal(inBase64, &text)
	if err == nil {
		data, err = base64.StdEncoding.DecodeString(text)
	}
	if err != nil {
		return nil, &endsession.Error{Code: endsession.CodeInvalidJSON, Class: endsession.Permanent, Message: "data_base64 must be base64"}
	}
	return data, nil
}

// cloudEvent is what identifies a CloudEvent.
type cloudEvent struct {
	source, id string
	time       any
	signedID   string // of the delivery, to be kept; empty for none
}

// take takes over what identifies the event: source and id together. A source is a URI reference and so has no blank.
func (e cloudEvent) take(d *trigger.Delivery) *endsession.Error {
	source, id := strings.TrimSpace(e.source), strings.TrimSpace(e.id)
	switch {
	case source == "" || id == "":
		return invalid("a CloudEvent must have a source and an id")
	case source == endsession.EventSource:
		return ownEvent()
	case strings.ContainsRune(source+id, utf8.RuneError):
		return invalid("source and id must not contain U+FFFD, which half of a surrogate pair becomes")
	case e.signedID == "":
		d.ID = source + " " + id
	}
	return happened(d, "time", e.time)
}

// happened takes over when an event happened. One that says so and cannot be understood must not count as happening now.
func happened(d *trigger.Delivery, field string, at any) *endsession.Error {
	if at == nil || at == "" {
		return nil
	}
	text, _ := textOf(at)
	t, ok := parseTime(text)
	if !ok {
		return invalid(field + " must be an RFC 3339 time such as 2026-11-23T10:00:00Z, or Unix seconds")
	}
	d.OccurredAt = t
	return nil
}

// ownEvent is the error of an outcome of this application, which is never a trigger.
func ownEvent() *endsession.Error { return ignored(string(endsession.CodeOwnEvent)) }

// ignored is the error of something genuine that is left alone.
func ignored(reason string) *endsession.Error {
	return &endsession.Error{Code: endsession.CodeIgnored, Class: endsession.Permanent, Message: reason}
}

// invalid is the error of something genuine that has problems.
func invalid(problems ...string) *endsession.Error {
	return &endsession.Error{
		Code: endsession.CodeInvalidRequest, Class: endsession.Permanent, Problems: problems,
		Message: endsession.Truncate(strings.Join(problems, "; ")),
	}
}
