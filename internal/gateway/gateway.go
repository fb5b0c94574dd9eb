// Package gateway reads HTTP calls as AWS's gateways pass them on to a function, and writes the answers: API Gateway's payload formats
// 1.0 (REST API) and 2.0 (HTTP API), and that of function URLs, which is 2.0.
package gateway

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// The errors of a body.
var (
	ErrTooLarge  = errors.New("the body is too large")
	ErrNotBase64 = errors.New("the gateway says that the body is base64, and it is not")
)

// Call is one HTTP call.
type Call struct {
	Method     string
	ID         string            // the gateway's own id of the call
	Parameters map[string]string // of the route's path
	Header     http.Header       // by canonical names; format 2.0 joins several values of one name with commas

	body     string
	inBase64 bool
}

// Parse returns the payload as an HTTP call, and false if it is none. The request context tells: a request document has none.
func Parse(payload []byte) (Call, bool) {
	var shape struct {
		HTTPMethod     string `json:"httpMethod"` // format 1.0
		RequestContext *struct {
			HTTP struct {
				Method string `json:"method"` // format 2.0
			} `json:"http"`
		} `json:"requestContext"`
	}
	if json.Unmarshal(payload, &shape) != nil || shape.RequestContext == nil {
		return Call{}, false
	}
	method := cmp.Or(shape.HTTPMethod, shape.RequestContext.HTTP.Method)
	if method == "" {
		return Call{}, false
	}
	var call struct {
		Headers           map[string]string   `json:"headers"`
		MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
		PathParameters    map[string]string   `json:"pathParameters"`
		Body              string              `json:"body"`
		IsBase64Encoded   bool                `json:"isBase64Encoded"`
		RequestContext    struct {
			RequestID string `json:"requestId"`
		} `json:"requestContext"`
	}
	if json.Unmarshal(payload, &call) != nil {
		return Call{}, false
	}
	return Call{
		Method: method, ID: strings.TrimSpace(call.RequestContext.RequestID), Parameters: call.PathParameters,
		Header: header(call.Headers, call.MultiValueHeaders), body: call.Body, inBase64: call.IsBase64Encoded,
	}, true
}

// header merges what the formats tell of the headers. Names are compared without regard to case; the order of values is the same every
// time, although maps have none.
func header(single map[string]string, multiple map[string][]string) http.Header {
	all := http.Header{}
	for _, name := range slices.Sorted(maps.Keys(multiple)) {
		for _, value := range multiple[name] {
			all.Add(name, value)
		}
	}
	several := all.Clone()
	for _, name := range slices.Sorted(maps.Keys(single)) {
		if several.Values(name) == nil { // format 1.0 repeats here the last value of several
			all.Add(name, single[name])
		}
	}
	return all
}

// Body returns the exact bytes that the caller sent, ErrTooLarge if there are more of them than most, which costs nothing, or
// ErrNotBase64.
func (c Call) Body(most int) ([]byte, error) {
	if !c.inBase64 {
		if len(c.body) > most {
			return nil, ErrTooLarge
		}
		return []byte(c.body), nil
	}
	if len(c.body) > base64.StdEncoding.EncodedLen(most) {
		return nil, ErrTooLarge
	}
	body, err := base64.StdEncoding.DecodeString(c.body)
	switch {
	case err != nil:
		return nil, ErrNotBase64
	case len(body) > most:
		return nil, ErrTooLarge
	default:
		return body, nil
	}
}

// Answer is an answer that gateways of both formats take; a REST API takes no fields but these.
type Answer struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
}
