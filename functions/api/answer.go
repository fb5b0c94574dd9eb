package main

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/gateway"
)

// problem is an RFC 9457 problem document. With its id and occurredAt a caller can repeat the same trigger.
type problem struct {
	Title      string          `json:"title"`
	Status     int             `json:"status"`
	Detail     string          `json:"detail"`
	Code       endsession.Code `json:"code"`
	ID         string          `json:"id"`
	OccurredAt string          `json:"occurredAt"`
	Errors     []string        `json:"errors,omitempty"`
	Event      json.RawMessage `json:"event,omitempty"` // the published event's detail, if there is one
}

// httpAnswer returns the answer to an HTTP caller: the event's detail where the caller's wish holds, a problem otherwise.
func httpAnswer(r endsession.Result) gateway.Answer {
	status := httpStatus(r)
	if status < 300 {
		return gateway.Answer{
			StatusCode: status, Headers: map[string]string{"content-type": "application/json"}, Body: string(r.Detail),
		}
	}
	p := problem{
		Title: http.StatusText(status), Status: status, Code: r.Code, Event: r.Detail,
		ID: r.Request.ID, OccurredAt: r.Request.OccurredAt.UTC().Format(time.RFC3339Nano),
	}
	headers := map[string]string{"content-type": "application/problem+json"}
	if r.Err != nil {
		p.Detail, p.Errors = r.Err.Message, r.Err.Problems
		if r.Err.Class != endsession.Permanent {
			headers["retry-after"] = strconv.Itoa(max(1, int(math.Ceil(r.Err.RetryAfter.Seconds()))))
		}
	} else {
		p.Detail = publishedMessage(r.Detail)
	}
	body, err := json.Marshal(p)
	if err != nil { // only a defect can make a document of strings unmarshalable
		return gateway.Answer{StatusCode: http.StatusInternalServerError}
	}
	return gateway.Answer{StatusCode: status, Headers: headers, Body: string(body)}
}

// httpStatus returns the status for a result. 2xx, 4xx except in_progress, and 502 are final; the others ask the caller to repeat.
func httpStatus(r endsession.Result) int {
	switch r.Outcome {
	case endsession.Ended, endsession.AlreadyEnded, endsession.NotActive, endsession.DryRun:
		return http.StatusOK
	case endsession.Ending:
		return http.StatusAccepted
	case endsession.Refused:
		return http.StatusConflict
	case endsession.Failed:
		if r.Code == endsession.CodeConflict {
			return http.StatusConflict
		}
		return http.StatusBadGateway
	}
	switch {
	case r.Code == endsession.CodeBodyTooLarge:
		return http.StatusRequestEntityTooLarge
	case r.Code == endsession.CodeInProgress:
		return http.StatusConflict
	case r.Err != nil && r.Err.Class == endsession.Permanent:
		return http.StatusBadRequest
	default:
		return http.StatusServiceUnavailable
	}
}

// publishedMessage returns the message of the error in an event's detail.
func publishedMessage(detail []byte) string {
	var event struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(detail, &event) != nil {
		return ""
	}
	return event.Error.Message
}

// directAnswer returns the answer to a direct invocation: the event's detail for every outcome, a function error whose type is the
// code for what must be corrected or repeated. A Step Functions state can retry by that type.
func directAnswer(r endsession.Result) ([]byte, error) {
	if r.Err == nil {
		return r.Detail, nil
	}
	message := r.Err.Message
	if r.Err.Class != endsession.Permanent {
		message = fmt.Sprintf("%s; repeat with id %q and occurredAt %q", message, r.Request.ID, r.Request.OccurredAt.UTC().Format(time.RFC3339Nano))
	}
	return nil, messages.InvokeResponse_Error{Type: string(r.Err.Code), Message: message}
}
