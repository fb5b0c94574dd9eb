package trigger_test

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/gateway"
	"videosdk-end-session/internal/trigger"
)

// nasties are documents that broke something, or might.
var nasties = []string{
	``, ` `, `null`, `[]`, `{}`, `"text"`, `{"roomId":"r"} {}`, "\uFEFF{\"roomId\":\"r\"}", "{\"roomId\":\"r\",\"id\":\"\xff\"}",
	`{"roomId":"r","meetingId":"s"}`, `{"customRoomId":"c","userMeetingId":" c "}`, `{"roomId":null,"sessionId":7,"force":{},"dryRun":"yes"}`,
	`{"roomId":"r","id":"a","id":"b","ID":"c"}`, `{"roomId":"a/b?c#d","sessionId":"\u0000"}`, `{"roomId":"r","id":" ","source":"\u00a0"}`,
	`{"roomId":"r","delaySeconds":1}`, `{"roomId":"r","delaySeconds":-1}`, `{"roomId":"r","delaySeconds":1e2}`, `{"roomId":"r","delaySeconds":1e400}`,
	`{"roomId":"r","occurredAt":"2099-01-01T00:00:00Z"}`, `{"roomId":"r","occurredAt":"0001-01-01T00:00:00Z"}`,
	`{"roomId":"r","occurredAt":"2026-11-23T10:00:00,5+05:30","startsAt":"2026-11-23T09:00:00Z","endsAt":"2026-11-23T09:59:59.123456789Z"}`,
	`{"roomId":"r","occurredAt":"2026-11-23T09:00:00Z","startsAt":"1970-01-01T00:00:00+01:00"}`,
	`{"roomId":"r","occurredAt":"2026-11-23T09:00:00Z","endsAt":"9999-12-31T23:59:59-01:00"}`,
	`{"roomId":"r","occurredAt":"2026-11-23T09:00:00Z","id":"\ud83d"}`, `{"roomId":"r","occurredAt":"2026-11-23T09:00:00Z","id":"\ud83d\ude00"}`,
	`{"roomId":"r","occurredAt":"2026-11-23T09:00:00Z","id":"\ufffd","source":"\\ud83d"}`,
	`{"roomId":"r","occurredAt":"2026-11-23T09:00:00Z","reason":"<&>\u2028"}`,
}

// samplesOf are the samples in events whose shape begins so.
func samplesOf(f *testing.F, shape string) [][]byte {
	f.Helper()
	paths, err := filepath.Glob("../../events/" + shape + "*/*.json")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no samples of %s: %v", shape, err)
	}
	var all [][]byte
	for _, path := range paths {
		payload, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, payload)
	}
	return all
}

// mustBeSound checks what a door made of something that arrived in the test's now.
func mustBeSound(t *testing.T, r endsession.Request, err *endsession.Error) {
	t.Helper()
	if err != nil {
		mustBeRefusal(t, err)
		return
	}
	if problems := r.Validate(); len(problems) > 0 {
		t.Errorf("accepted with problems: %q", problems)
	}
	if r.OccurredAt.After(now) {
		t.Errorf("accepted as having happened at %s, after it was received", r.OccurredAt)
	}
	mustSurviveTheQueue(t, r)
}

// mustBeItsOwn checks that nothing in an accepted request stands in place of what could not be decoded: two triggers would become one.
func mustBeItsOwn(t *testing.T, body string, r endsession.Request, err *endsession.Error) {
	t.Helper()
	body = strings.ToLower(body)
	said := strings.ContainsRune(body, utf8.RuneError) || strings.Contains(body, `ufffd`) || strings.Contains(body, "base64")
	identity := r.Source + r.ID + r.Force + r.RoomID + r.CustomRoomID + r.SessionID
	if err == nil && !said && strings.ContainsRune(identity, utf8.RuneError) {
		t.Errorf("%q has a character that the sender did not write", identity)
	}
}

// mustBeRefusal checks that a refusal is one of a decoder: final, with a code of theirs, and texts that fit into a message's attributes.
func mustBeRefusal(t *testing.T, err *endsession.Error) {
	t.Helper()
	listed := []endsession.Code{
		endsession.CodeInvalidJSON, endsession.CodeInvalidRequest, endsession.CodeOccurredAtMissing, endsession.CodeOccurredAtInFuture,
		endsession.CodeDelayNotSupported, endsession.CodeBodyTooLarge, endsession.CodeOwnEvent,
	}
	if !slices.Contains(listed, err.Code) || err.Class != endsession.Permanent {
		t.Errorf("refused with code %q and class %d", err.Code, err.Class)
	}
	for _, text := range append([]string{err.Message}, err.Problems...) {
		if text == "" || !utf8.ValidString(text) || utf8.RuneCountInString(text) > 512 || strings.ContainsFunc(text, unicode.IsControl) {
			t.Errorf("refused with the text %q", text)
		}
	}
	if err.Code == endsession.CodeInvalidRequest && len(err.Problems) == 0 {
		t.Error("refused without a problem")
	}
}

// mustSurviveTheQueue checks that a request which is handed on, and redriven days later, is the same trigger.
func mustSurviveTheQueue(t *testing.T, r endsession.Request) {
	t.Helper()
	document, err := trigger.Document(r)
	if err != nil {
		t.Fatal(err)
	}
	redriven := events.SQSMessage{MessageId: "redriven", Body: string(document), Attributes: map[string]string{
		"SentTimestamp": strconv.FormatInt(now.Add(48*time.Hour).UnixMilli(), 10), "AWSTraceHeader": r.Trace,
	}}
	got, refused := trigger.Reader{}.Message(t.Context(), redriven, now.Add(49*time.Hour))
	if refused != nil {
		t.Fatalf("%s is refused on the queue: %v", document, refused)
	}
	wantRequest(t, r, got)
	if got.Key() != r.Key() {
		t.Errorf("%s has become another trigger", document)
	}
}

// FuzzDocument reads a document, also in every envelope and call that may carry it, which changes nothing.
func FuzzDocument(f *testing.F) {
	for _, payload := range samplesOf(f, "direct") {
		f.Add(payload, requestID)
	}
	for _, document := range nasties {
		f.Add([]byte(document), requestID)
		f.Add([]byte(document), " two\n ids ")
	}
	f.Fuzz(func(t *testing.T, body []byte, id string) {
		want, err := trigger.Direct(body, id, trace, now)
		mustBeSound(t, want, err)
		mustBeItsOwn(t, string(body), want, err)
		again, errAgain := trigger.Direct(body, id, trace, now)
		wantRequest(t, want, again)
		wantError(t, err, errAgain)
		if !utf8.ValidString(id) {
			return
		}
		throughGateways(t, body, id, func(got endsession.Request, gotErr *endsession.Error) {
			wantError(t, err, gotErr)
			if got.Source == "http" && want.Source == "direct" {
				got.Source = want.Source // the name of the door, where the document has none
			}
			wantRequest(t, want, got)
		})
		if err != nil || len(body) > longest/16 || isEnvelope(body) { // escapes make it up to seven times as long
			return
		}
		for _, envelope := range enveloped(t, body, id) {
			got, gotErr := trigger.Reader{}.Event(t.Context(), envelope, trace, now)
			if gotErr != nil && gotErr.Code == endsession.CodeOccurredAtInFuture && want.OccurredAt.Equal(now) {
				continue // decided by the door, not by the envelope
			}
			if gotErr != nil {
				t.Fatalf("accepted bare, and in %s: %v", envelope, gotErr)
			}
			wantRequest(t, want, got)
		}
	})
}

// FuzzFields reads a document that is JSON, whatever its fields hold.
func FuzzFields(f *testing.F) {
	const early, late = "2026-11-23T09:00:00Z", "2026-11-23T09:59:59.123456789+05:30"
	f.Add("abcd-efgh-ijkl", "booking-4711", "62429766903bdf001299cac5", "calcom", "BOOKING_CANCELLED:u1", "nonce", "cancelled", early, early, late, true)
	f.Add(" r ", "\u00a0", "\n", "\u0085s", "\u2028", "\ufeff", "<&>", "1970-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "", false)
	f.Add("😀", strings.Repeat("é", 256), "", strings.Repeat("é", 257), strings.Repeat("é", 512), "\\ud83d", strings.Repeat("é", 513), late, "", "24:00", false)
	f.Add(".", "..", "%2f", "videosdk.end-session", "0", "\x7f", "\x00", "2026-11-23t09:00:00z", "0001-01-01T00:00:00Z", "2026-02-30T00:00:00Z", true)
	f.Fuzz(func(t *testing.T, room, custom, session, source, id, force, reason, occurred, starts, ends string, dry bool) {
		fields := map[string]string{
			"roomId": room, "customRoomId": custom, "sessionId": session, "source": source, "id": id, "force": force, "reason": reason,
		}
		doors := map[string]string{"source": "direct", "id": requestID}
		document := map[string]any{"dryRun": dry}
		for name, value := range fields {
			if !utf8.ValidString(value) {
				return // what is no UTF-8 is no JSON
			}
			document[name] = value
		}
		for name, at := range map[string]string{"occurredAt": occurred, "startsAt": starts, "endsAt": ends} {
			if at != "" {
				document[name] = at
			}
		}
		r, err := trigger.Direct(marshalled(t, document), requestID, trace, now)
		mustBeSound(t, r, err)
		if err != nil {
			return
		}
		for name, got := range map[string]string{
			"roomId": r.RoomID, "customRoomId": r.CustomRoomID, "sessionId": r.SessionID, "force": r.Force, "reason": r.Reason,
			"source": r.Source, "id": r.ID,
		} {
			if want := cmp.Or(strings.TrimSpace(fields[name]), doors[name]); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		if r.DryRun != dry {
			t.Errorf("dryRun is %t", r.DryRun)
		}
	})
}

// throughGateways makes each kind of HTTP call with a body, and with the id as that of the call or as the header Idempotency-Key.
func throughGateways(t *testing.T, body []byte, id string, each func(endsession.Request, *endsession.Error)) {
	t.Helper()
	type object = map[string]any
	post := func(id string) object { return object{"http": object{"method": "POST"}, "requestId": id} }
	calls := []object{{"requestContext": post(id)}}
	if strings.TrimSpace(id) != "" {
		calls = append(calls,
			object{"requestContext": post("other"), "headers": object{"idempotency-key": id}},
			object{"requestContext": post("other"), "headers": object{}, "multiValueHeaders": object{"Idempotency-Key": []string{id, "second"}}},
			object{"requestContext": object{"requestId": "other"}, "httpMethod": "POST", "headers": object{"Idempotency-Key": id}},
		)
	}
	for _, call := range calls {
		for _, inBase64 := range []bool{true, false} {
			call["isBase64Encoded"], call["body"] = inBase64, string(body)
			if inBase64 {
				call["body"] = base64.StdEncoding.EncodeToString(body)
			} else if !utf8.Valid(body) {
				continue // no gateway can write that
			}
			h, ok := gateway.Parse(marshalled(t, call))
			if !ok {
				t.Fatalf("%v is no call", call)
			}
			each(trigger.HTTP(h, trace, now))
		}
	}
}

// enveloped lays a document in each kind of envelope, which says of it what the direct door says.
func enveloped(t *testing.T, body []byte, id string) [][]byte {
	t.Helper()
	type object = map[string]any
	at := now.Format(time.RFC3339Nano)
	detail := func(detail any) []byte {
		return marshalled(t, object{"detail-type": "t", "source": "direct", "id": id, "time": at, "detail": detail})
	}
	event := detail(json.RawMessage(body))
	notification := marshalled(t, object{
		"Type": "Notification", "TopicArn": "arn", "MessageId": "m", "Timestamp": at, "Message": string(event),
	})
	encoded := object{"specversion": "1.0", "source": "direct", "id": id, "time": at, "data_base64": base64.StdEncoding.EncodeToString(body)}
	structured := object{"specversion": "1.0", "source": "direct", "id": id, "time": at, "data": json.RawMessage(body)}
	return [][]byte{event, notification, detail(encoded), detail(structured), marshalled(t, structured)}
}

// isEnvelope reports whether a document has fields of an envelope, and so isn't read as a document inside another one.
func isEnvelope(body []byte) bool {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return false
	}
	for name := range fields {
		for _, tell := range []string{"detail-type", "TopicArn", "specversion"} {
			if strings.EqualFold(name, tell) {
				return true
			}
		}
	}
	return false
}

func marshalled(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// FuzzHTTP reads a gateway's payload.
func FuzzHTTP(f *testing.F) {
	for _, payload := range samplesOf(f, "http") {
		f.Add(payload)
	}
	for _, document := range nasties {
		f.Add(fmt.Appendf(nil, `{"httpMethod":"POST","requestContext":{"requestId":" g "},"headers":null,"body":%s}`, quoted(document)))
	}
	for _, payload := range []string{
		`{"requestContext":null,"httpMethod":"POST"}`, `{"requestContext":{"http":{"method":"POST"}},"body":{}}`, `{"httpMethod":"POST","requestContext":{}}`,
		`{"requestContext":{"http":{"method":"POST"},"requestId":"g"},"isBase64Encoded":true,"body":"e30=\n"}`,
		`{"requestContext":{"http":{"method":"POST"},"requestId":"g"},"headers":{"idempotency-key":"a","Idempotency-Key":"b"},"body":"{\"roomId\":\"r\"}"}`,
	} {
		f.Add([]byte(payload))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		h, ok := gateway.Parse(payload)
		if !ok {
			return
		}
		r, err := trigger.HTTP(h, trace, now)
		mustBeSound(t, r, err)
		for range 4 { // maps have no order, and the identity must not either
			again, errAgain := trigger.HTTP(h, trace, now)
			wantRequest(t, r, again)
			wantError(t, err, errAgain)
		}
	})
}

// FuzzEvent reads a payload of EventBridge: one event, or an array.
func FuzzEvent(f *testing.F) {
	for _, payload := range samplesOf(f, "eventbridge") {
		f.Add(payload)
	}
	for _, document := range nasties {
		f.Add([]byte(`[` + bridge(document) + `,` + bridge(`{"specversion":"1.0","data":`+document+`}`) + `]`))
	}
	for _, payload := range []string{
		`[]`, `[null]`, `[[{}]]`, `{"detail-type":null,"detail":{"roomId":"r"}}`, `{"detail-type":"t","detail":null}`,
		`{"detail-type":"t","id":"\udc00","detail":{"roomId":"r"}}`, `{"detail-type":"t","time":"9999-12-31T23:59:59-01:00","detail":{"roomId":"r"}}`,
		`{"detail-type":"t","time":"1970-01-01T00:00:00+01:00","detail":{"roomId":"r"}}`, "{\"detail-type\":\"t\",\"id\":\"\xfe\",\"detail\":{\"roomId\":\"r\"}}",
		`{"detail-type":"t","detail":{"specversion":"1.0","data_base64":"!"}}`, `{"detail-type":"t","source":"videosdk.end-session","detail":{"roomId":"r"}}`,
	} {
		f.Add([]byte(payload))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, event := range trigger.Events(payload) {
			r, err := trigger.Reader{}.Event(t.Context(), event, trace, now)
			mustBeSound(t, r, err)
			mustBeItsOwn(t, string(event), r, err)
		}
		if !json.Valid(payload) || !utf8.Valid(payload) {
			return
		}
		own := marshalled(t, map[string]any{
			"detail-type": "Session End Succeeded", "source": endsession.EventSource, "detail": json.RawMessage(payload),
		})
		for _, event := range []string{string(own), notification(string(own)), bridge(string(own))} {
			if _, err := (trigger.Reader{}).Event(t.Context(), []byte(event), trace, now); err == nil || len(event) <= longest && err.Code != endsession.CodeOwnEvent {
				t.Errorf("%s: got %v, want it known as our own", event, err)
			}
		}
	})
}

// FuzzMessage reads a message of the trigger queue.
func FuzzMessage(f *testing.F) {
	sent := strconv.FormatInt(now.Add(-time.Minute).UnixMilli(), 10)
	for _, payload := range samplesOf(f, "sqs") {
		var batch events.SQSEvent
		if err := json.Unmarshal(payload, &batch); err != nil {
			f.Fatal(err)
		}
		for _, m := range batch.Records {
			f.Add(m.Body, m.MessageId, m.Attributes["SentTimestamp"])
		}
	}
	for _, document := range nasties {
		f.Add(document, messageID, sent)
		f.Add(notification(document), " m ", "")
		f.Add(bridge(notification(document)), "", "-1")
		f.Add(cloudEvent(`,"data_base64":`+quoted(base64.StdEncoding.EncodeToString([]byte(document)))), "m", "9223372036854775807")
	}
	f.Add(strings.Repeat(`{"specversion":"1.0","data":`, 9)+`{}`+strings.Repeat(`}`, 9), "m", sent)
	f.Add(`{"roomId":"r","occurredAt":"2026-11-23T09:00:00Z"}`, "\xff", sent)
	f.Fuzz(func(t *testing.T, body, id, sent string) {
		m := events.SQSMessage{MessageId: id, Body: body, Attributes: map[string]string{"SentTimestamp": sent, "AWSTraceHeader": trace}}
		r, err := trigger.Reader{}.Message(t.Context(), m, now)
		mustBeSound(t, r, err)
		mustBeItsOwn(t, body+id, r, err)
		if ms, bad := strconv.ParseInt(sent, 10, 64); bad == nil && err == nil && r.OccurredAt.After(time.UnixMilli(ms)) {
			t.Errorf("accepted as having happened at %s, after it was sent", r.OccurredAt)
		}
		if r.Trace != trace {
			t.Errorf("the trace is %q", r.Trace)
		}
	})
}
