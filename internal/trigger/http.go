package trigger

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"videosdk-end-session/internal/endsession"
)

// HTTP is an HTTP call as API Gateway passes it on: payload format 2.0.
type HTTP struct {
	event events.APIGatewayV2HTTPRequest
}

// AsHTTP returns the payload as an HTTP call, and false if it is none.
func AsHTTP(payload []byte) (HTTP, bool) {
	var shape struct {
		Version        string `json:"version"`
		RequestContext struct {
			HTTP struct {
				Method string `json:"method"`
			} `json:"http"`
		} `json:"requestContext"`
	}
	if json.Unmarshal(payload, &shape) != nil || shape.Version != "2.0" || shape.RequestContext.HTTP.Method == "" {
		return HTTP{}, false
	}
	var call HTTP
	if json.Unmarshal(payload, &call.event) != nil {
		return HTTP{}, false
	}
	return call, true
}

// Request reads the document in the call's body. Where it has no id of its own, that is the header Idempotency-Key or else the gateway's
// id of the call; where it has no time, it happened now.
func (h HTTP) Request(trace string, now time.Time) (endsession.Request, *endsession.Error) {
	env := envelope{
		source: "http", id: either(strings.TrimSpace(h.header("Idempotency-Key")), h.event.RequestContext.RequestID),
		occurredAt: now, received: now, trace: trace,
	}
	body := []byte(h.event.Body)
	if h.event.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(h.event.Body)
		if err != nil {
			return endsession.Request{Source: env.source, ID: env.id, OccurredAt: now, Trace: trace}, &endsession.Error{
				Code: endsession.CodeInvalidJSON, Class: endsession.Permanent, Message: "the gateway says that the body is base64, and it is not",
			}
		}
		body = decoded
	}
	return document(body, env)
}

// header looks a header up without regard to case.
func (h HTTP) header(name string) string {
	for key, value := range h.event.Headers {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}
