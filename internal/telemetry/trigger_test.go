package telemetry_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/telemetry"
)

const (
	key  = "a1942755e00efdba50d52f92ae66c87077927ac6adc58ad865e945c82233c225"
	name = "Ada Lovelace"
)

// result is a trigger that was delivered and is done, with everything that the use case says of it.
func result(change func(*endsession.Result)) endsession.Result {
	r := endsession.Result{
		Request: endsession.Request{
			Target: endsession.Target{CustomRoomID: "booking-4711"},
			Source: "calcom", ID: "BOOKING_CANCELLED:u1", Reason: "booking cancelled",
			OccurredAt: time.Date(2026, 11, 23, 11, 0, 0, 0, time.FixedZone("CET", 60*60)), Trace: "Root=1-x",
		},
		Key: key, Outcome: endsession.Ended, Detail: []byte(`{"session":{"participants":[{"name":"` + name + `"}]}}`),
		SessionID: "62429766903bdf001299cac5", RoomID: "abcd-efgh-ijkl", EndCalls: 1, Reads: 1,
		Durations: endsession.Durations{
			Propose: 12345 * time.Microsecond, Claim: 2 * time.Millisecond, End: 250 * time.Millisecond, Record: 3 * time.Millisecond,
			Publish: 4500 * time.Microsecond, Total: 271_845_999 * time.Nanosecond,
		},
	}
	if change != nil {
		change(&r)
	}
	return r
}

// line is what Attempted writes of result, as changed: a field that is null is absent.
func line(changes map[string]any) map[string]any {
	fields := map[string]any{
		"timestamp": "now", "level": "INFO", "message": "session.end.attempted", "requestId": "r1", "coldStart": true,
		"door": "sqs", "source": "calcom", "triggerId": "BOOKING_CANCELLED:u1", "eventId": key, "occurredAt": "2026-11-23T10:00:00Z",
		"decision": "done", "duplicate": false, "takenOver": false, "reads": 1.0, "endCalls": 1.0,
		"proposeMs": 12.345, "claimMs": 2.0, "endMs": 250.0, "recordMs": 3.0, "publishMs": 4.5, "totalMs": 271.845,
		"roomId": "abcd-efgh-ijkl", "customRoomId": "booking-4711", "sessionId": "62429766903bdf001299cac5", "reason": "booking cancelled",
		"outcome": "ended", "traceId": "Root=1-x",
	}
	for name, value := range changes {
		if value == nil {
			delete(fields, name)
			continue
		}
		fields[name] = value
	}
	return fields
}

// wantLine checks that one line was logged, and all its fields.
func wantLine(t *testing.T, out *output, want map[string]any) {
	t.Helper()
	lines := out.lines(t)
	if len(lines) != 1 {
		t.Fatalf("%d lines, want one wide one: %q", len(lines), lines)
	}
	if strings.Contains(lines[0], name) {
		t.Errorf("the line tells a participant's name: %s", lines[0])
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("line (-want +got):\n%s", diff)
	}
	// A field that stands twice is one for the reader of JSON.
	var written int
	for decoder := json.NewDecoder(strings.NewReader(lines[0])); decoder.More(); {
		if _, err := decoder.Token(); err != nil {
			break
		}
		written++
	}
	if fields := 1 + 2*len(want); written != fields {
		t.Errorf("%d tokens for %d fields: %s", written, len(want), lines[0])
	}
}

func TestAttempted(t *testing.T) {
	tests := []struct {
		name   string
		result func(*endsession.Result)
		line   map[string]any
	}{
		{name: "ended"},
		{name: "ending", result: func(r *endsession.Result) { r.Outcome = endsession.Ending }, line: map[string]any{"outcome": "ending"}},
		{
			name: "already ended, found by the delivery after one that died",
			result: func(r *endsession.Result) {
				r.Outcome, r.TakenOver, r.EndCalls, r.Reads = endsession.AlreadyEnded, true, 0, 2
			},
			line: map[string]any{"outcome": "already_ended", "takenOver": true, "endCalls": 0.0, "reads": 2.0},
		},
		{
			name: "settled by an earlier delivery",
			result: func(r *endsession.Result) {
				r.Outcome, r.Code, r.Duplicate, r.EndCalls, r.Durations = endsession.Failed, endsession.CodeVideoSDKRejected, true, 0, endsession.Durations{}
			},
			line: map[string]any{
				"level": "ERROR", "outcome": "failed", "code": "videosdk_rejected", "duplicate": true, "endCalls": 0.0,
				"proposeMs": 0.0, "claimMs": 0.0, "endMs": 0.0, "recordMs": 0.0, "publishMs": 0.0, "totalMs": 0.0,
			},
		},
		{
			name: "nobody in the room",
			result: func(r *endsession.Result) {
				r.Outcome, r.SessionID, r.RoomID, r.EndCalls = endsession.NotActive, "", "", 0
				r.Request.Target = endsession.Target{RoomID: "named-room"}
			},
			line: map[string]any{"outcome": "not_active", "roomId": "named-room", "sessionId": nil, "customRoomId": nil, "endCalls": 0.0},
		},
		{
			name: "no such room",
			result: func(r *endsession.Result) {
				r.Outcome, r.Code, r.SessionID, r.RoomID, r.EndCalls = endsession.NotActive, endsession.CodeRoomNotFound, "", "", 0
				r.Failure = &endsession.Error{Code: endsession.CodeRoomNotFound, Message: "VideoSDK answered 404", HTTPStatus: 404, RequestID: "v-1"}
			},
			line: map[string]any{
				"outcome": "not_active", "code": "room_not_found", "roomId": nil, "sessionId": nil, "endCalls": 0.0,
				"error": "room_not_found: VideoSDK answered 404", "videosdkStatus": 404.0, "videosdkRequestId": "v-1",
			},
		},
		{
			name: "refused",
			result: func(r *endsession.Result) {
				r.Outcome, r.Code, r.SessionID, r.RoomID, r.EndCalls = endsession.Refused, endsession.CodePinMismatch, "", "", 0
				r.Request.Target = endsession.Target{SessionID: "named-session"}
				r.Failure = &endsession.Error{Code: endsession.CodePinMismatch, Message: "another session"}
			},
			line: map[string]any{
				"outcome": "refused", "code": "pin_mismatch", "roomId": nil, "customRoomId": nil, "sessionId": "named-session", "endCalls": 0.0,
				"error": "pin_mismatch: another session",
			},
		},
		{
			name: "failed, with everything that VideoSDK said and a token that it must not have",
			result: func(r *endsession.Result) {
				r.Outcome, r.Code = endsession.Failed, endsession.CodeVideoSDKForbidden
				r.Failure = &endsession.Error{
					Code: endsession.CodeVideoSDKForbidden, Message: "VideoSDK answered 403", HTTPStatus: 403, VendorCode: "E7", RequestID: "v-1",
					Err: errors.New("with " + token),
				}
			},
			line: map[string]any{
				"level": "ERROR", "outcome": "failed", "code": "videosdk_forbidden", "error": "videosdk_forbidden: VideoSDK answered 403: with [redacted]",
				"videosdkStatus": 403.0, "videosdkCode": "E7", "videosdkRequestId": "v-1",
			},
		},
		{
			name: "a dry run",
			result: func(r *endsession.Result) {
				r.Outcome, r.Key, r.EndCalls, r.Request.Force = endsession.DryRun, key+":dry-run", 0, "nonce"
			},
			line: map[string]any{"outcome": "dry_run", "eventId": key + ":dry-run", "endCalls": 0.0, "force": "nonce"},
		},
		{
			name: "to be delivered again",
			result: func(r *endsession.Result) {
				r.Outcome, r.Detail, r.Code = "", nil, endsession.CodeVideoSDKUnavailable
				r.Err = &endsession.Error{Code: endsession.CodeVideoSDKUnavailable, Message: "VideoSDK answered 503", HTTPStatus: 503, Err: errors.New("cause")}
			},
			line: map[string]any{
				"level": "WARN", "decision": "deliver again", "outcome": nil, "code": "videosdk_unavailable",
				"error": "videosdk_unavailable: VideoSDK answered 503: cause", "videosdkStatus": 503.0,
			},
		},
		{
			name: "failed, and to be delivered again because the outcome was not published",
			result: func(r *endsession.Result) {
				r.Outcome, r.Detail, r.Code = "", nil, endsession.CodePublishFailed
				r.Failure = &endsession.Error{Code: endsession.CodeVideoSDKRejected, Message: "VideoSDK answered 400", HTTPStatus: 400}
				r.Err = &endsession.Error{Code: endsession.CodePublishFailed, Message: "not yet", Err: errors.New("throttled")}
			},
			line: map[string]any{
				"level": "WARN", "decision": "deliver again", "outcome": nil, "code": "publish_failed", "error": "publish_failed: not yet: throttled",
			},
		},
		{
			name:   "published, and the ledger was not told",
			result: func(r *endsession.Result) { r.Uncompleted = errors.New("throttled") },
			line:   map[string]any{"level": "WARN", "uncompleted": "throttled"},
		},
		{
			name: "failed, and the ledger was not told",
			result: func(r *endsession.Result) {
				r.Outcome, r.Code, r.Uncompleted = endsession.Failed, endsession.CodeConflict, errors.New("throttled")
			},
			line: map[string]any{"level": "ERROR", "outcome": "failed", "code": "conflict", "uncompleted": "throttled"},
		},
		{
			name: "the least that there can be",
			result: func(r *endsession.Result) {
				r.Request = endsession.Request{Target: endsession.Target{RoomID: "r"}, Source: "s", ID: "i", OccurredAt: r.Request.OccurredAt}
				r.SessionID, r.RoomID = "", ""
			},
			line: map[string]any{
				"source": "s", "triggerId": "i", "roomId": "r", "customRoomId": nil, "sessionId": nil, "reason": nil, "traceId": nil,
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			log, out := setup(t, slog.LevelInfo)
			telemetry.Triggers{Log: log, Door: "sqs"}.Attempted(invocation(t, "r1"), result(tt.result))
			wantLine(t, out, line(tt.line))
		})
	}
}

func TestRejected(t *testing.T) {
	head := map[string]any{
		"timestamp": "now", "level": "WARN", "message": "trigger.rejected", "requestId": "r1", "coldStart": true, "door": "sqs", "code": "invalid_request",
	}
	with := func(fields map[string]any) map[string]any {
		for name, value := range head {
			fields[name] = value
		}
		return fields
	}
	long := strings.Repeat("x", 256<<10)
	cut := strings.Repeat("x", 511) + "…"
	tests := []struct {
		name    string
		request endsession.Request
		message string
		want    map[string]any
	}{
		{
			name: "a readable request", request: result(nil).Request, message: "roomId must be a string",
			want: map[string]any{"source": "calcom", "triggerId": "BOOKING_CANCELLED:u1", "error": "invalid_request: roomId must be a string"},
		},
		{name: "nothing readable", message: "m", want: map[string]any{"error": "invalid_request: m"}},
		{
			name: "a request of any length", request: endsession.Request{Source: long, ID: long}, message: "m",
			want: map[string]any{"source": cut, "triggerId": cut, "error": "invalid_request: m"},
		},
		{
			name: "a token for an id", request: endsession.Request{Source: "s", ID: token}, message: "m",
			want: map[string]any{"source": "s", "triggerId": "[redacted]", "error": "invalid_request: m"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			log, out := setup(t, slog.LevelInfo)
			err := &endsession.Error{Code: endsession.CodeInvalidRequest, Class: endsession.Permanent, Message: tt.message, Problems: []string{tt.message}}
			telemetry.Triggers{Log: log, Door: "sqs"}.Rejected(invocation(t, "r1"), tt.request, err)
			wantLine(t, out, with(tt.want))
		})
	}
}
