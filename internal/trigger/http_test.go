package trigger_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/gateway"
	"videosdk-end-session/internal/trigger"
)

const gatewayID = "JKJaXmPLvHcESHA="

// call is an HTTP call as API Gateway passes it on, with a change.
func call(t *testing.T, body string, change func(*events.APIGatewayV2HTTPRequest)) gateway.Call {
	t.Helper()
	event := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "POST /v1/sessions/end", RawPath: "/v1/sessions/end", Body: body,
		Headers: map[string]string{"content-type": "application/json"},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RequestID: gatewayID, HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "POST", Path: "/v1/sessions/end"},
		},
	}
	if change != nil {
		change(&event)
	}
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	got, ok := gateway.Parse(payload)
	if !ok {
		t.Fatalf("not taken as an HTTP call: %.500s", payload)
	}
	return got
}

// called is a request as the HTTP door fills it in.
func called(change func(*endsession.Request)) endsession.Request {
	r := endsession.Request{Source: "http", ID: gatewayID, OccurredAt: now, Trace: trace}
	if change != nil {
		change(&r)
	}
	return r
}

func header(name, value string) func(*events.APIGatewayV2HTTPRequest) {
	return func(e *events.APIGatewayV2HTTPRequest) { e.Headers[name] = value }
}

func inBase64(e *events.APIGatewayV2HTTPRequest) {
	e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(e.Body)), true
}

func TestHTTP(t *testing.T) {
	withID := func(id string) func(*endsession.Request) {
		return func(r *endsession.Request) { r.RoomID, r.ID = "r", id }
	}
	tests := []struct {
		name   string
		body   string
		change func(*events.APIGatewayV2HTTPRequest)
		want   func(*endsession.Request)
	}{
		{name: "the gateway gives what the document lacks", body: `{"roomId":"r"}`, want: room},
		{name: "no headers", body: `{"roomId":"r"}`, change: func(e *events.APIGatewayV2HTTPRequest) { e.Headers = nil }, want: room},
		{name: "Idempotency-Key", body: `{"roomId":"r"}`, change: header("Idempotency-Key", "k"), want: withID("k")},
		{name: "a header in small letters", body: `{"roomId":"r"}`, change: header("idempotency-key", "k"), want: withID("k")},
		{name: "a header in odd letters", body: `{"roomId":"r"}`, change: header("iDEMPOTENCY-kEY", " k "), want: withID("k")},
		{name: "a blank header", body: `{"roomId":"r"}`, change: header("Idempotency-Key", " "), want: room},
		{name: "another header", body: `{"roomId":"r"}`, change: header("X-Idempotency-Key", "k"), want: room},
		{name: "the document's id before the header's", body: `{"roomId":"r","id":"i"}`, change: header("Idempotency-Key", "k"), want: withID("i")},
		{
			name: "a repetition with id and time of the first answer", body: `{"roomId":"r","id":"i","occurredAt":"2026-11-23T09:00:00Z"}`,
			want: func(r *endsession.Request) { r.RoomID, r.ID, r.OccurredAt = "r", "i", at(9, 0) },
		},
		{name: "2099 counts as now", body: `{"roomId":"r","occurredAt":"2099-01-01T00:00:00Z"}`, want: room},
		{name: "base64", body: `{"roomId":"r"}`, change: inBase64, want: room},
		{name: "base64 of 256 KiB", body: padded(longest), change: inBase64, want: room},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := trigger.HTTP(call(t, tt.body, tt.change), trace, now)
			wantError(t, nil, err)
			wantRequest(t, called(tt.want), got)
		})
	}
}

func TestHTTPProblems(t *testing.T) {
	notBase64 := &endsession.Error{
		Code: endsession.CodeInvalidJSON, Class: endsession.Permanent, Message: "the gateway says that the body is base64, and it is not",
	}
	tests := []struct {
		name   string
		body   string
		change func(*events.APIGatewayV2HTTPRequest)
		want   func(*endsession.Request)
		err    *endsession.Error
	}{
		{name: "an empty body", err: invalidJSON()},
		{name: "a form", body: "roomId=r", err: invalidJSON()},
		{
			name: "JSON that is said to be base64", body: `{"roomId":"r"}`, change: func(e *events.APIGatewayV2HTTPRequest) { e.IsBase64Encoded = true },
			err: notBase64,
		},
		{
			name: "base64 that is not said to be", body: `{"roomId":"r"}`,
			change: func(e *events.APIGatewayV2HTTPRequest) { inBase64(e); e.IsBase64Encoded = false }, err: invalidJSON(),
		},
		{
			name: "half a base64", body: `{"roomId":"r"}`,
			change: func(e *events.APIGatewayV2HTTPRequest) {
				inBase64(e)
				e.Body = e.Body[:len(e.Body)-1]
				e.Headers["idempotency-key"] = "k"
			},
			want: func(r *endsession.Request) { r.ID = "k" }, err: notBase64,
		},
		{name: "base64 of what is not UTF-8", body: "{\"roomId\":\"r\xff\"}", change: inBase64, err: invalidJSON()},
		{name: "257 KiB", body: padded(257 << 10), err: tooLarge},
		{name: "base64 of 257 KiB", body: padded(257 << 10), change: inBase64, err: tooLarge},
		{
			name: "a header that is no id", body: `{"roomId":"r"}`, change: header("Idempotency-Key", strings.Repeat("k", 513)),
			want: func(r *endsession.Request) { r.RoomID, r.ID = "r", strings.Repeat("k", 513) },
			err:  refused(endsession.CodeInvalidRequest, "id must be at most 512 characters without control characters"),
		},
		{
			name: "a delay", body: `{"roomId":"r","delaySeconds":60}`, want: room,
			err: refused(endsession.CodeDelayNotSupported, "delaySeconds must be 0 here: only webhooks can be delayed"),
		},
		{
			name: "no id anywhere", body: `{"roomId":"r"}`, change: func(e *events.APIGatewayV2HTTPRequest) { e.RequestContext.RequestID = "" },
			want: func(r *endsession.Request) { r.RoomID, r.ID = "r", "" }, err: refused(endsession.CodeInvalidRequest, "id must not be empty"),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := trigger.HTTP(call(t, tt.body, tt.change), trace, now)
			wantError(t, tt.err, err)
			wantRequest(t, called(tt.want), got)
		})
	}
}

func TestABareDocumentWithAVersionIsReadAsOne(t *testing.T) {
	payload := []byte(`{"roomId":"r","version":"2.0","requestContext":{"stage":"x"}}`)
	if _, ok := gateway.Parse(payload); ok {
		t.Fatal("taken as an HTTP call")
	}
	got, err := trigger.Direct(payload, requestID, trace, now)
	wantError(t, nil, err)
	wantRequest(t, direct(room), got)
}
