package trigger

import (
	"context"
	"encoding/json"
	"time"

	"videosdk-end-session/internal/endsession"
)

// Events returns the events in an EventBridge payload: the one that it is, or those of the array that newer buses deliver.
func Events(payload []byte) []json.RawMessage {
	var all []json.RawMessage
	if json.Unmarshal(payload, &all) == nil && all != nil {
		return all
	}
	return []json.RawMessage{payload}
}

// Event reads one EventBridge event, whose detail is the document or a CloudEvent around it, unless its source has profiles. An event of
// this application's own is an error of CodeOwnEvent. Every event from a bus has a time; one that has none is a test event, which
// happens now.
func (r Reader) Event(ctx context.Context, event []byte, trace string, now time.Time) (endsession.Request, *endsession.Error) {
	return r.message(ctx, event, envelope{source: "eventbridge", occurredAt: now, received: now, redrivable: true, trace: trace})
}

// Document returns the request as the document from which Message makes the same request again, so that it can be handed on.
func Document(r endsession.Request) ([]byte, error) {
	document := map[string]any{"source": r.Source, "id": r.ID, "occurredAt": r.OccurredAt.UTC().Format(time.RFC3339Nano)}
	for name, value := range map[string]string{
		"roomId": r.RoomID, "customRoomId": r.CustomRoomID, "sessionId": r.SessionID, "force": r.Force, "reason": r.Reason,
	} {
		if value != "" {
			document[name] = value
		}
	}
	for name, at := range map[string]time.Time{"startsAt": r.StartsAt, "endsAt": r.EndsAt} {
		if !at.IsZero() {
			document[name] = at.UTC().Format(time.RFC3339Nano)
		}
	}
	if r.DryRun {
		document["dryRun"] = true
	}
	return json.Marshal(document)
}
