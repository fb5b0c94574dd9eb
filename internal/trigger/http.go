package trigger

import (
	"cmp"
	"errors"
	"strings"
	"time"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/gateway"
)

// HTTP reads the document in the body of an HTTP call. Where it has no id of its own, that is the header Idempotency-Key or else the
// gateway's id of the call; where it has no time, it happened now.
func HTTP(call gateway.Call, trace string, now time.Time) (endsession.Request, *endsession.Error) {
	env := envelope{
		source: "http", id: cmp.Or(strings.TrimSpace(call.Header.Get("Idempotency-Key")), call.ID), occurredAt: now, received: now, trace: trace,
	}
	body, err := call.Body(MaxDocument)
	if err != nil {
		return endsession.Request{Source: env.source, ID: env.id, OccurredAt: now, Trace: trace}, BodyError(err)
	}
	return document(body, env)
}

// BodyError returns the error of a call's body as one with a code.
func BodyError(err error) *endsession.Error {
	if errors.Is(err, gateway.ErrTooLarge) {
		return tooLarge()
	}
	return &endsession.Error{Code: endsession.CodeInvalidJSON, Class: endsession.Permanent, Message: err.Error()}
}
