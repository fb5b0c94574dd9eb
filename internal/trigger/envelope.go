package trigger

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"videosdk-end-session/internal/endsession"
)

// maxEnvelopes is how deep envelopes may lie in each other. EventBridge by SNS to a queue, with a CloudEvent inside, is three.
const maxEnvelopes = 4

// Reader reads what queues and buses deliver. The zero value knows our own documents only.
type Reader struct {
	Profiles Profiles // of other events; nil for none
}

// message reads a document that may lie in envelopes: an EventBridge event, an SNS notification, a CloudEvent (structured mode). Each
// envelope brings an id, a source and a time, which hold where the document inside has none of its own.
func (r Reader) message(ctx context.Context, body []byte, env envelope) (endsession.Request, *endsession.Error) {
	for range maxEnvelopes {
		opened, err := open(body, env)
		if opened.source == endsession.EventSource {
			err = &endsession.Error{
				Code: endsession.CodeOwnEvent, Class: endsession.Permanent, Message: "an outcome of this application is never a trigger",
			}
		}
		if err == nil && opened.foreign != "" {
			if mapped, known, err := r.foreign(ctx, body, opened); known || err != nil {
				return mapped, err
			}
		}
		if err != nil {
			return opened.unread(), err
		}
		if opened.content == nil {
			break
		}
		body, env = opened.content, opened.envelope
	}
	return document(body, env)
}

// foreign maps an event that need not hold a document of ours.
func (r Reader) foreign(ctx context.Context, body []byte, o opened) (endsession.Request, bool, *endsession.Error) {
	if r.Profiles == nil {
		return endsession.Request{}, false, nil
	}
	mapped, known, err := r.Profiles.Map(ctx, Foreign{Source: o.foreign, Body: body, Enveloped: o.content != nil})
	if err != nil {
		return o.unread(), known, err
	}
	if !known {
		return endsession.Request{}, false, nil
	}
	request, err := mapped.request(o.envelope)
	return request, true, err
}

// opened is an envelope and what lies in it.
type opened struct {
	envelope        // what is known of the content
	content  []byte // nil if the body is no envelope
	foreign  string // the source whose profiles may map the body as a whole; empty for none
}

// unread returns what is known of a request that could not be read.
func (o opened) unread() endsession.Request {
	return endsession.Request{Source: o.source, ID: o.id, OccurredAt: o.occurredAt, Trace: o.trace}
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
	// Canvas Live Events.
	Metadata json.RawMessage  `json:"metadata"`
	Body     *json.RawMessage `json:"body"`
	// Of EventBridge and CloudEvents both.
	ID     json.RawMessage `json:"id"`
	Source json.RawMessage `json:"source"`
	Time   json.RawMessage `json:"time"`
}

// open opens an envelope.
func open(body []byte, env envelope) (opened, *endsession.Error) {
	var s shape
	if len(body) > MaxDocument || !utf8.Valid(body) || json.Unmarshal(body, &s) != nil {
		return opened{envelope: env}, nil // a document that says so itself
	}
	switch {
	case s.DetailType != nil && s.Detail != nil:
		return opened{envelope: env.within(text(s.Source), text(s.ID), text(s.Time)), content: s.Detail, foreign: text(s.Source)}, nil
	case s.TopicARN != nil && text(s.Type) == "Notification":
		return opened{envelope: env.within("sns", text(s.MessageID), text(s.Timestamp)), content: []byte(text(s.Message))}, nil
	case s.SpecVersion != nil:
		o := opened{envelope: env.within(text(s.Source), text(s.ID), text(s.Time)), content: orEmpty(s.Data)}
		if s.DataBase64 == nil {
			return o, nil
		}
		data, err := base64.StdEncoding.DecodeString(text(s.DataBase64))
		if err != nil {
			return o, &endsession.Error{Code: endsession.CodeInvalidJSON, Class: endsession.Permanent, Message: "data_base64 must be base64"}
		}
		o.content = orEmpty(data)
		return o, nil
	case s.Body != nil && isCanvas(s.Metadata):
		return opened{envelope: env.within(CanvasSource, Digest(body), ""), foreign: CanvasSource}, nil
	default:
		return opened{envelope: env}, nil
	}
}

// isCanvas reports whether metadata are those of a Canvas Live Event.
func isCanvas(metadata json.RawMessage) bool {
	var m struct {
		EventName *string `json:"event_name"`
	}
	return json.Unmarshal(metadata, &m) == nil && m.EventName != nil
}

// Digest is the id of an event that has none: the hex SHA-256 of its bytes.
func Digest(event []byte) string {
	sum := sha256.Sum256(event)
	return hex.EncodeToString(sum[:])
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
