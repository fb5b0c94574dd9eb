package main

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/doortest"
	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/gateway"
)

func invoke(t *testing.T, u *doortest.UseCase, payload string) ([]byte, error) {
	t.Helper()
	h := handler{service: u, triggers: doortest.Silent(), now: doortest.Now}
	return h.Invoke(doortest.Context(t), []byte(payload))
}

func call(body string) string {
	event, _ := json.Marshal(map[string]any{
		"version": "2.0", "requestContext": map[string]any{"requestId": "gateway-1", "http": map[string]any{"method": "POST"}}, "body": body,
	})
	return string(event)
}

const document = `{"roomId":"abcd-efgh-ijkl"}`

func TestHTTPAnswers(t *testing.T) {
	published := func(outcome endsession.Outcome, code endsession.Code, detail string) endsession.Result {
		return endsession.Result{Outcome: outcome, Code: code, Detail: []byte(detail)}
	}
	failed := func(e endsession.Error) endsession.Result { return endsession.Result{Code: e.Code, Err: &e} }
	const event = `{"error":{"message":"because"}}`
	problem := func(status, title, detail, code, rest string) string {
		return `{"title":"` + title + `","status":` + status + `,"detail":"` + detail + `","code":"` + code +
			`","id":"gateway-1","occurredAt":"2026-11-23T10:00:00Z"` + rest + `}`
	}
	json, problemJSON := "application/json", "application/problem+json"
	tests := []struct {
		name    string
		payload string // by default a valid call
		result  endsession.Result
		status  int
		content string
		retry   string
		body    string
	}{
		{name: "ended", result: published(endsession.Ended, "", event), status: 200, content: json, body: event},
		{name: "ending", result: published(endsession.Ending, "", event), status: 202, content: json, body: event},
		{name: "already ended", result: published(endsession.AlreadyEnded, "", event), status: 200, content: json, body: event},
		{name: "not active", result: published(endsession.NotActive, "", event), status: 200, content: json, body: event},
		{name: "room unknown", result: published(endsession.NotActive, endsession.CodeRoomNotFound, event), status: 200, content: json, body: event},
		{name: "dry run", result: published(endsession.DryRun, "", event), status: 200, content: json, body: event},
		{
			name: "refused", result: published(endsession.Refused, endsession.CodePinMismatch, event), status: 409, content: problemJSON,
			body: problem("409", "Conflict", "because", "pin_mismatch", `,"event":`+event),
		},
		{
			name: "conflict", result: published(endsession.Failed, endsession.CodeConflict, event), status: 409, content: problemJSON,
			body: problem("409", "Conflict", "because", "conflict", `,"event":`+event),
		},
		{
			name: "failed", result: published(endsession.Failed, endsession.CodeVideoSDKRejected, event), status: 502, content: problemJSON,
			body: problem("502", "Bad Gateway", "because", "videosdk_rejected", `,"event":`+event),
		},
		{
			name: "in progress", result: failed(endsession.Error{Code: endsession.CodeInProgress, Message: "wait", RetryAfter: 2100 * time.Millisecond}), status: 409,
			content: problemJSON, retry: "3", body: problem("409", "Conflict", "wait", "in_progress", ""),
		},
		{
			name: "transient", result: failed(endsession.Error{Code: endsession.CodeLedgerUnavailable, Message: "away"}), status: 503,
			content: problemJSON, retry: "1", body: problem("503", "Service Unavailable", "away", "ledger_unavailable", ""),
		},
		{
			name: "not JSON", payload: call("x"), status: 400, content: problemJSON,
			body: problem("400", "Bad Request", "expected a JSON object in UTF-8", "invalid_json", ""),
		},
		{
			name: "problems", payload: call(`{"roomId":1,"dryRun":"no"}`), status: 400, content: problemJSON,
			body: problem("400", "Bad Request", "roomId must be a string; dryRun must be true or false", "invalid_request",
				`,"errors":["roomId must be a string","dryRun must be true or false"]`),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.payload == "" {
				tt.payload = call(document)
			}
			raw, err := invoke(t, &doortest.UseCase{Result: tt.result}, tt.payload)
			if err != nil {
				t.Fatal(err)
			}
			got, err := decode(raw)
			if err != nil {
				t.Fatal(err)
			}
			want := gateway.Answer{StatusCode: tt.status, Headers: map[string]string{"content-type": tt.content}, Body: tt.body}
			if tt.retry != "" {
				want.Headers["retry-after"] = tt.retry
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func decode(raw []byte) (got gateway.Answer, err error) {
	return got, json.Unmarshal(raw, &got)
}

func TestABodyThatIsTooLargeIsRefused(t *testing.T) {
	large := make([]byte, 256<<10+1)
	for i := range large {
		large[i] = ' '
	}
	u := &doortest.UseCase{}
	raw, err := invoke(t, u, call(string(large)))
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := decode(raw); got.StatusCode != 413 || len(u.Asked) != 0 {
		t.Errorf("status = %d, %d requests; want 413 and none", got.StatusCode, len(u.Asked))
	}
}

func TestDirectAnswers(t *testing.T) {
	const event = `{"outcome":"refused"}`
	tests := []struct {
		name    string
		payload string
		result  endsession.Result
		want    string
		err     error
	}{
		{name: "every outcome is a result", payload: document, result: endsession.Result{Outcome: endsession.Refused, Detail: []byte(event)}, want: event},
		{
			name: "what must be repeated is an error that says how", payload: document,
			result: endsession.Result{Err: &endsession.Error{Code: endsession.CodeInProgress, Message: "wait"}},
			err: messages.InvokeResponse_Error{
				Type: "in_progress", Message: `wait; repeat with id "invocation-1" and occurredAt "2026-11-23T10:00:00Z"`,
			},
		},
		{
			name: "what must be corrected is an error that says what", payload: `{}`,
			err: messages.InvokeResponse_Error{Type: "invalid_request", Message: "one of roomId, customRoomId or sessionId is required"},
		},
		{name: "not JSON", payload: `x`, err: messages.InvokeResponse_Error{Type: "invalid_json", Message: "expected a JSON object in UTF-8"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := invoke(t, &doortest.UseCase{Result: tt.result}, tt.payload)
			if string(got) != tt.want {
				t.Errorf("result = %s, want %s", got, tt.want)
			}
			var failure messages.InvokeResponse_Error
			if errors.As(err, &failure) != (tt.err != nil) || tt.err != nil && !cmp.Equal(failure, tt.err) {
				t.Errorf("error = %#v, want %#v", err, tt.err)
			}
		})
	}
}

func TestEverythingEndsTwoSecondsBeforeTheTimeout(t *testing.T) {
	u := &doortest.UseCase{}
	if _, err := invoke(t, u, document); err != nil {
		t.Fatal(err)
	}
	if want := doortest.Now().Add(23 * time.Second); !u.Deadline.Equal(want) {
		t.Errorf("deadline = %s, want %s", u.Deadline, want)
	}
}
