package trigger

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"videosdk-end-session/internal/endsession"
)

// HTTP is an HTTP call as a gateway passes it on: API Gateway's payload formats 1.0 (REST API) and 2.0 (HTTP API), or a function URL's,
// which is 2.0.
type HTTP struct {
	call struct {
		Headers           map[string]string   `json:"headers"`
		MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
		Body              string              `json:"body"`
		IsBase64Encoded   bool                `json:"isBase64Encoded"`
		RequestContext    struct {
			RequestID string `json:"requestId"`
		} `json:"requestContext"`
	}
}

// AsHTTP returns the payload as an HTTP call, and false if it is none. The request context tells: a document has none.
func AsHTTP(payload []byte) (HTTP, bool) {
	var shape struct {
		HTTPMethod     string `json:"httpMethod"` // format 1.0
		RequestContext *struct {
			HTTP struct {
				Method string `json:"method"` // format 2.0
			} `json:"http"`
		} `json:"requestContext"`
	}
	if json.Unmarshal(payload, &shape) != nil || shape.RequestContext == nil || shape.HTTPMethod+shape.RequestContext.HTTP.Method == "" {
		return HTTP{}, false
	}
	var h HTTP
	if json.Unmarshal(payload, &h.call) != nil {
		return HTTP{}, false
	}
	return h, true
}

// Request reads the document in the call's body. Where it has no id of its own, that is the header Idempotency-Key or else the gateway's
// id of the call; where it has no time, it happened now.
func (h HTTP) Request(trace string, now time.Time) (endsession.Request, *endsession.Error) {
	env := envelope{
		source: "http", id: cmp.Or(strings.TrimSpace(h.header("Idempotency-Key")), strings.TrimSpace(h.call.RequestContext.RequestID)),
		occurredAt: now, received: now, trace: trace,
	}
	body := []byte(h.call.Body)
	if h.call.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(h.call.Body)
		if err != nil {
			return endsession.Request{Source: env.source, ID: env.id, OccurredAt: now, Trace: trace}, &endsession.Error{
				Code: endsession.CodeInvalidJSON, Class: endsession.Permanent, Message: "the gateway says that the body is base64, and it is not",
			}
		}
		body = decoded
	}
	return document(body, env)
}

// header looks a header up without regard to case. Of several values it returns the first, the same one every time.
func (h HTTP) header(name string) string {
	for _, key := range slices.Sorted(maps.Keys(h.call.Headers)) {
		if strings.EqualFold(key, name) {
			return h.call.Headers[key]
		}
	}
	for _, key := range slices.Sorted(maps.Keys(h.call.MultiValueHeaders)) {
		if values := h.call.MultiValueHeaders[key]; strings.EqualFold(key, name) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}
