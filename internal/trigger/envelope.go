package trigger

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"videosdk-end-session/internal/endsession"
)

// maxEnvelopes is how deep envelopes may lie in each other. EventBridge by SNS to a queue, with a CloudEvent inside, is three.
const maxEnvelopes = 4

// message reads a document that may lie in envelopes: an EventBridge event, an SNS notification, a CloudEvent (structured mode). Each
// envelope brings an id, a source and a time, which hold where the document inside has none of its own.
func message(body []byte, env envelope) (endsession.Request, *endsession.Error) {
	for range maxEnvelopes {
		inner, enclosed, err := opened(body, env)
		if enclosed.source == endsession.EventSource {
			err = &endsession.Error{
				Code: endsession.CodeOwnEvent, Class: endsession.Permanent, Message: "an outcome of this application is never a trigger",
			}
		}
		if err != nil {
			return endsession.Request{Source: enclosed.source, ID: enclosed.id, OccurredAt: enclosed.occurredAt, Trace: enclosed.trace}, err
		}
		if inner == nil {
			break
		}
		body, env = inner, enclosed
	}
	return document(body, env)
}

// shape has the fields that tell the envelopes from each other and from a document.
type shape struct {
	// EventBridge: docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
	DetailType *json.RawMessage `json:"detail-type"`
	Detail     json.RawMessage  `json:"detail"`
	// SNS: docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
	Type      json.RawMessage  `json:"Type"`
	TopicARN  *json.RawMessage `json:"TopicArn"`
	MessageID json.RawMessage  `json:"MessageId"`
	Message   json.RawMessage  `json:"Message"`
	Timestamp json.RawMessage  `json:"Timestamp"`
	// CloudEvents 1.0: github.com/cloudevents/spec
	SpecVersion *json.RawMessage `json:"specversion"`
	Data        json.RawMessage  `json:"data"`
	DataBase64  json.RawMessage  `json:"data_base64"`
	// Of EventBridge and CloudEvents both.
	ID     json.RawMessage `json:"id"`
	Source json.RawMessage `json:"source"`
	Time   json.RawMessage `json:"time"`
}

// opened returns what lies in an envelope and what the envelope says of it, or nil if the body is no envelope.
func opened(body []byte, env envelope) ([]byte, envelope, *endsession.Error) {
	var s shape
	if len(body) > MaxDocument || !utf8.Valid(body) || json.Unmarshal(body, &s) != nil {
		return nil, env, nil // a document that says so itself
	}
	switch {
	case s.DetailType != nil && s.Detail != nil:
		return s.Detail, env.within(text(s.Source), text(s.ID), text(s.Time)), nil
	case s.TopicARN != nil && text(s.Type) == "Notification":
		return []byte(text(s.Message)), env.within("sns", text(s.MessageID), text(s.Timestamp)), nil
	case s.SpecVersion != nil:
		enclosed := env.within(text(s.Source), text(s.ID), text(s.Time))
		if s.DataBase64 == nil {
			return orEmpty(s.Data), enclosed, nil
		}
		data, err := base64.StdEncoding.DecodeString(text(s.DataBase64))
		if err != nil {
			return nil, enclosed, &endsession.Error{Code: endsession.CodeInvalidJSON, Class: endsession.Permanent, Message: "data_base64 must be base64"}
		}
		return orEmpty(data), enclosed, nil
	default:
		return nil, env, nil
	}
}

// within returns what is known of the content of an envelope.
func (e envelope) within(source, id, at string) envelope {
	e.source, e.id = cmp.Or(source, e.source), cmp.Or(id, e.id)
	if at != "" {
		e.occurredAt, _ = time.Parse(time.RFC3339, at) // a time that cannot be read is none
		e.occurredAt = e.occurredAt.UTC()
	}
	return e
}

// text returns a JSON string as a document's fields are read, and nothing for any other value.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil || unpaired(raw) {
		return ""
	}
	return strings.TrimSpace(s)
}

// orEmpty returns content that is not nil, since that stands for no envelope.
func orEmpty(content []byte) []byte {
	if content == nil {
		return []byte{}
	}
	return content
}
