package gateway_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/gateway"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name    string
		payload string
		want    bool
	}{
		{name: "a call", payload: `{"version":"2.0","requestContext":{"http":{"method":"POST"}}}`, want: true},
		{name: "a call with fields of tomorrow", payload: `{"version":"2.0","requestContext":{"http":{"method":"POST","x":1},"y":[]},"z":{}}`, want: true},
		{name: "a bare document", payload: `{"roomId":"r"}`},
		{name: "a bare document with a version", payload: `{"roomId":"r","version":"2.0"}`},
		{name: "a bare document with a version that is a number", payload: `{"roomId":"r","version":2}`},
		{name: "a bare document with a context of its own", payload: `{"roomId":"r","version":"2.0","requestContext":{"http":{"path":"/x"}}}`},
		{name: "a bare document with a context that is a text", payload: `{"roomId":"r","version":"2.0","requestContext":"x"}`},
		{name: "a bare document with a body", payload: `{"roomId":"r","version":"2.0","body":"{}","headers":{}}`},
		{name: "a call of a REST API", payload: `{"httpMethod":"POST","requestContext":{"httpMethod":"POST"}}`, want: true},
		{name: "a call in payload format 1.0", payload: `{"version":"1.0","httpMethod":"POST","requestContext":{"httpMethod":"POST"}}`, want: true},
		{name: "a bare document with a method", payload: `{"roomId":"r","httpMethod":"POST"}`},
		{name: "a call whose body is no text", payload: `{"version":"2.0","requestContext":{"http":{"method":"POST"}},"body":{"roomId":"r"}}`},
		{name: "an array", payload: `[]`},
		{name: "null", payload: `null`},
		{name: "nothing", payload: ``},
		{name: "arrays without end", payload: strings.Repeat("[", 100_000)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, got := gateway.Parse([]byte(tt.payload)); got != tt.want {
				t.Errorf("Parse() = %t, want %t", got, tt.want)
			}
		})
	}
}

func parse(t *testing.T, fields string) gateway.Call {
	t.Helper()
	call, ok := gateway.Parse([]byte(`{"requestContext":{"http":{"method":"POST"},"requestId":" g-1 "},` + fields + `}`))
	if !ok {
		t.Fatalf("%s is no call", fields)
	}
	return call
}

func TestHeadersHaveCanonicalNamesAndAllTheirValues(t *testing.T) {
	tests := []struct {
		name, fields string
		want         http.Header
	}{
		{"none", `"headers":null`, http.Header{}},
		{"format 2.0", `"headers":{"x-a":"1","x-b":"2, 3"}`, http.Header{"X-A": {"1"}, "X-B": {"2, 3"}}},
		{"two spellings, in the order of the spellings", `"headers":{"x-a":"2","X-A":"1"}`, http.Header{"X-A": {"1", "2"}}},
		{"format 1.0 repeats the last value", `"headers":{"X-A":"2"},"multiValueHeaders":{"X-A":["1","2"]}`, http.Header{"X-A": {"1", "2"}}},
		{"each in one of the two", `"headers":{"X-A":"1"},"multiValueHeaders":{"x-b":["2"],"x-c":[]}`, http.Header{"X-A": {"1"}, "X-B": {"2"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 8 { // maps have no order
				if diff := cmp.Diff(tt.want, parse(t, tt.fields).Header); diff != "" {
					t.Fatalf("headers (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestTheCallTellsItsMethodIDAndParameters(t *testing.T) {
	call := parse(t, `"pathParameters":{"source":"calcom"}`)
	if call.Method != "POST" || call.ID != "g-1" || call.Parameters["source"] != "calcom" {
		t.Errorf("call = %+v", call)
	}
}

func TestBodyIsWhatTheCallerSent(t *testing.T) {
	const most = 8
	encoded := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	tests := []struct {
		name, fields, want string
		err                error
	}{
		{name: "plain", fields: `"body":"a+b=c"`, want: "a+b=c"},
		{name: "base64", fields: `"isBase64Encoded":true,"body":"` + encoded("a+b=c") + `"`, want: "a+b=c"},
		{name: "none", fields: `"headers":{}`},
		{name: "as long as allowed", fields: `"body":"12345678"`, want: "12345678"},
		{name: "too long", fields: `"body":"123456789"`, err: gateway.ErrTooLarge},
		{name: "as long as allowed in base64", fields: `"isBase64Encoded":true,"body":"` + encoded("12345678") + `"`, want: "12345678"},
		{name: "too long in base64", fields: `"isBase64Encoded":true,"body":"` + encoded("123456789") + `"`, err: gateway.ErrTooLarge},
		{name: "too long for base64 to be decoded", fields: `"isBase64Encoded":true,"body":"` + strings.Repeat("!", 100) + `"`, err: gateway.ErrTooLarge},
		{name: "the flag is wrong", fields: `"isBase64Encoded":true,"body":"{}"`, err: gateway.ErrNotBase64},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parse(t, tt.fields).Body(most)
			if string(got) != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("body = %q, %v; want %q, %v", got, err, tt.want, tt.err)
			}
		})
	}
}
