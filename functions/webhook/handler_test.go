package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/doortest"
	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/gateway"
	"videosdk-end-session/internal/queue"
	"videosdk-end-session/internal/trigger"
	"videosdk-end-session/internal/webhook"
)

// secrets has sources of each kind. Nothing of it may be answered or logged.
const secrets = `{
	"calcom": {"secrets": ["hunter2"]},
	"zoom": {"secrets": ["hunter2"], "profiles": [{"when": "event == 'meeting.ended'", "customRoom": "payload.object.id"}]},
	"acuity": {"secrets": ["hunter2"]},
	"cloudevents": {"scheme": "token", "header": "X-Token", "secrets": ["hunter2"]},
	"bus": {"profiles": [{"room": "a"}]},
	"broken": {"scheme": "hunter2", "secrets": ["hunter2"]}
}`

// world is the handler with everything around it.
type world struct {
	*testing.T
	queue  doortest.Queue
	log    doortest.Log
	secret *doortest.Secret
}

func newWorld(t *testing.T) *world { return &world{T: t, secret: doortest.NewSecret(t, secrets)} }

func (w *world) invoke(payload any) (gateway.Answer, error) {
	w.Helper()
	failed := func(_ context.Context, source string, fields []string) {
		w.Errorf("expressions of %s failed: %q", source, fields)
	}
	h := handler{
		receiver: &webhook.Receiver{Secret: w.secret, BookingLead: 15 * time.Minute, BookingGrace: time.Hour, Failed: failed},
		queue:    queue.New(&w.queue, "https://queue.example/triggers"), log: w.log.Webhooks(), now: doortest.Now,
	}
	text, err := json.Marshal(payload)
	if err != nil {
		w.Fatal(err)
	}
	out, err := h.Invoke(doortest.Context(w.T), text)
	if err != nil {
		return gateway.Answer{}, err
	}
	var answer gateway.Answer
	if err := json.Unmarshal(out, &answer); err != nil {
		w.Fatal(err)
	}
	if all := string(out) + w.log.Lines(); strings.Contains(all, "hunter2") {
		w.Errorf("something private is answered or logged:\n%s", all)
	}
	return answer, nil
}

// call is a call of the HTTP API.
type call struct {
	Method, Source string
	Headers        map[string]string
	Body           string
	IsBase64       bool
}

func (c call) payload() map[string]any {
	return map[string]any{
		"version": "2.0", "headers": c.Headers, "body": c.Body, "isBase64Encoded": c.IsBase64, "pathParameters": map[string]string{"source": c.Source},
		"requestContext": map[string]any{"http": map[string]string{"method": c.Method}, "requestId": "gateway-1"},
	}
}

func sum(text string) []byte {
	mac := hmac.New(sha256.New, []byte("hunter2"))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// fromCalcom is a genuine webhook of Cal.com.
func fromCalcom(body string) call {
	return call{Method: "POST", Source: "calcom", Headers: map[string]string{"x-cal-signature-256": hex.EncodeToString(sum(body))}, Body: body}
}

func fromZoom(body string) call {
	const now = "1795428000"
	return call{
		Method: "POST", Source: "zoom", Body: body,
		Headers: map[string]string{"x-zm-signature": "v0=" + hex.EncodeToString(sum("v0:"+now+":"+body)), "x-zm-request-timestamp": now},
	}
}

// fromAcuity is a form, which HTTP APIs encode.
func fromAcuity(body string) call {
	return call{
		Method: "POST", Source: "acuity", Body: base64.StdEncoding.EncodeToString([]byte(body)), IsBase64: true,
		Headers: map[string]string{"x-acuity-signature": base64.StdEncoding.EncodeToString(sum(body)), "content-type": "application/x-www-form-urlencoded"},
	}
}

func fromToken(method, body string, headers map[string]string) call {
	all := map[string]string{"x-token": "hunter2"}
	for name, value := range headers {
		all[name] = value
	}
	return call{Method: method, Source: "cloudevents", Headers: all, Body: body}
}

const (
	cancelled = `{"triggerEvent":"BOOKING_CANCELLED","createdAt":"2026-11-23T09:59:00Z","payload":{"uid":"u1","startTime":"2026-11-23T09:40:00Z","endTime":"2026-11-23T10:10:00Z"}}`
	// queued is the document of cancelled.
	queued = `{"customRoomId":"u1","endsAt":"2026-11-23T10:10:00Z","id":"BOOKING_CANCELLED:u1:2026-11-23T09:59:00Z","occurredAt":"2026-11-23T09:59:00Z",` +
		`"reason":"booking cancelled","source":"calcom","startsAt":"2026-11-23T09:40:00Z"}`
	meetingEnded = `{"event":"meeting.ended","payload":{"object":{"id":4711}}}` // of Zoom
	unavailable  = `{"title":"Service Unavailable","status":503,"detail":"the webhook could not be decided; send it again","code":`
)

var (
	isJSON    = map[string]string{"content-type": "application/json"}
	isProblem = map[string]string{"content-type": "application/problem+json"}
	isLater   = map[string]string{"content-type": "application/problem+json", "retry-after": "30"}
)

func TestAnswersToTheSender(t *testing.T) {
	forged, unsigned := fromCalcom(cancelled), fromCalcom(cancelled)
	forged.Body = strings.Replace(cancelled, "u1", "u2", 1)
	unsigned.Headers = nil
	nowhere, bus, broken := fromCalcom(cancelled), fromCalcom(cancelled), fromCalcom(cancelled)
	nowhere.Source, bus.Source, broken.Source = "nowhere", "bus", "broken"
	stale := fromZoom(`{}`)
	stale.Headers["x-zm-request-timestamp"] = "1795427000"
	plain := fromCalcom(cancelled)
	plain.IsBase64 = true
	huge := fromCalcom(strings.Repeat(" ", trigger.MaxDocument+1))
	hugeInBase64 := fromAcuity(strings.Repeat("a", trigger.MaxDocument+1))
	away := &endsession.Error{Code: endsession.CodeSecretUnavailable, Message: "hunter2"}
	tests := []struct {
		name   string
		call   call
		secret error
		queue  error
		want   gateway.Answer
		queued string
		delay  int32
		log    string
	}{
		{
			name: "verified and queued", call: fromCalcom(cancelled), queued: queued,
			want: gateway.Answer{StatusCode: 202, Headers: isJSON, Body: `{"status":"accepted","id":"BOOKING_CANCELLED:u1:2026-11-23T09:59:00Z"}`},
			log:  "level=INFO msg=webhook.accepted ",
		},
		{
			name: "verified and queued, of Zoom", call: fromZoom(meetingEnded),
			queued: `{"customRoomId":"4711","id":"` + trigger.Digest([]byte(meetingEnded)) + `:2026-11-23","occurredAt":"2026-11-23T10:00:00Z","source":"zoom"}`,
			want:   gateway.Answer{StatusCode: 200, Headers: isJSON}, log: "level=INFO msg=webhook.accepted ",
		},
		{
			name: "a form in base64", call: fromAcuity("action=canceled&id=4711"), log: "level=INFO msg=webhook.accepted ",
			queued: `{"customRoomId":"acuity-4711","id":"` + trigger.Digest([]byte("action=canceled&id=4711")) + `:2026-11-23","occurredAt":"2026-11-23T10:00:00Z","reason":"appointment canceled","source":"acuity"}`,
			want:   gateway.Answer{StatusCode: 202, Headers: isJSON},
		},
		{
			name:  "kept back",
			call:  fromCalcom(`{"triggerEvent":"MEETING_ENDED","uid":"u1","startTime":"2026-11-23T09:30:00Z","endTime":"2026-11-23T10:00:00Z"}`),
			delay: 300, log: "level=INFO msg=webhook.accepted ", want: gateway.Answer{StatusCode: 202, Headers: isJSON},
			queued: `{"customRoomId":"u1","endsAt":"2026-11-23T10:00:00Z","id":"MEETING_ENDED:u1:2026-11-23T10:00:00Z","occurredAt":"2026-11-23T10:00:00Z","reason":"scheduled end","source":"calcom","startsAt":"2026-11-23T09:30:00Z"}`,
		},
		{
			name: "not relevant", call: fromCalcom(`{"triggerEvent":"PING"}`), log: "level=INFO msg=webhook.ignored source=calcom reason=not_relevant\n",
			want: gateway.Answer{StatusCode: 200, Headers: isJSON, Body: `{"status":"ignored","reason":"not_relevant"}`},
		},
		{
			name: "outside the window", call: fromCalcom(strings.NewReplacer("T09:40", "T19:40", "T10:10", "T20:10").Replace(cancelled)),
			want: gateway.Answer{StatusCode: 200, Headers: isJSON, Body: `{"status":"ignored","reason":"before_window"}`}, log: "level=INFO msg=webhook.ignored source=calcom reason=before_window\n",
		},
		{
			name: "one seat", call: fromCalcom(strings.Replace(cancelled, `"uid"`, `"seatsPerTimeSlot":5,"uid"`, 1)), log: "level=INFO msg=webhook.ignored source=calcom reason=one_seat\n",
			want: gateway.Answer{StatusCode: 200, Headers: isJSON, Body: `{"status":"ignored","reason":"one_seat"}`},
		},
		{
			name: "an outcome of our own", call: fromToken("POST", `{"specversion":"1.0","id":"1","source":"videosdk.end-session","data":{"roomId":"r"}}`, nil),
			want: gateway.Answer{StatusCode: 200, Headers: isJSON, Body: `{"status":"ignored","reason":"own_event"}`}, log: "level=INFO msg=webhook.ignored source=cloudevents reason=own_event\n",
		},
		{
			name: "a challenge", call: fromZoom(`{"event":"endpoint.url_validation","payload":{"plainToken":"t"}}`), log: "level=INFO msg=webhook.ignored source=zoom reason=challenge\n",
			want: gateway.Answer{StatusCode: 200, Headers: isJSON, Body: `{"encryptedToken":"` + hex.EncodeToString(sum("t")) + `","plainToken":"t"}`},
		},
		{name: "no signature", call: unsigned, want: gateway.Answer{StatusCode: 401, Headers: map[string]string{}}, log: "level=WARN msg=webhook.refused source=calcom reason=signature_missing error=\"webhook_refused: signature_missing: no header X-Cal-Signature-256\"\n"},
		{name: "a wrong signature", call: forged, want: gateway.Answer{StatusCode: 401, Headers: map[string]string{}}, log: "level=WARN msg=webhook.refused source=calcom reason=signature_mismatch error=\"webhook_refused: signature_mismatch: made with none of the secrets, or for another body\"\n"},
		{name: "a stale signature", call: stale, want: gateway.Answer{StatusCode: 401, Headers: map[string]string{}}, log: "level=WARN msg=webhook.refused source=zoom reason=signature_stale error=\"webhook_refused: signature_stale: the timestamp is more than 300 s from now\"\n"},
		{
			name: "not JSON", call: fromCalcom(`triggerEvent=PING`), log: "level=WARN msg=webhook.failed source=calcom error=\"invalid_json: ",
			want: gateway.Answer{StatusCode: 400, Headers: isProblem, Body: `{"title":"Bad Request","status":400,"detail":"expected a JSON value","code":"invalid_json"}`},
		},
		{
			name: "with a problem", call: fromToken("POST", `{"roomId":"a b"}`, nil), log: "level=WARN msg=webhook.failed source=cloudevents error=\"invalid_request: ",
			want: gateway.Answer{StatusCode: 400, Headers: isProblem, Body: `{"title":"Bad Request","status":400,` +
				`"detail":"roomId must be 1 to 256 characters without white space, control characters, '/', '?' or '#'","code":"invalid_request",` +
				`"errors":["roomId must be 1 to 256 characters without white space, control characters, '/', '?' or '#'"]}`},
		},
		{
			name: "not the base64 that the gateway says", call: plain, secret: away, log: "level=WARN msg=webhook.failed source=calcom error=\"invalid_json: ",
			want: gateway.Answer{StatusCode: 400, Headers: isProblem, Body: `{"title":"Bad Request","status":400,"detail":"the gateway says that the body is base64, and it is not","code":"invalid_json"}`},
		},
		{
			name: "an unknown source", call: nowhere, log: "level=WARN msg=webhook.failed source=nowhere error=\"webhook_source_unknown: ",
			want: gateway.Answer{StatusCode: 404, Headers: isProblem, Body: `{"title":"Not Found","status":404,"detail":"the webhook secret has no source of this name","code":"webhook_source_unknown"}`},
		},
		{
			name: "a source whose events come by a bus", call: bus, log: "level=WARN msg=webhook.failed source=bus error=\"webhook_source_unknown: ",
			want: gateway.Answer{StatusCode: 404, Headers: isProblem, Body: `{"title":"Not Found","status":404,"detail":"the webhook secret has no source of this name","code":"webhook_source_unknown"}`},
		},
		{
			name: "too large, before anything is verified", call: huge, secret: away, log: "level=WARN msg=webhook.failed source=calcom error=\"body_too_large: ",
			want: gateway.Answer{StatusCode: 413, Headers: isProblem, Body: `{"title":"Request Entity Too Large","status":413,"detail":"the document has more than the 262144 bytes allowed","code":"body_too_large"}`},
		},
		{
			name: "too large in base64, before anything is verified", call: hugeInBase64, secret: away, log: "level=WARN msg=webhook.failed source=acuity error=\"body_too_large: ",
			want: gateway.Answer{StatusCode: 413, Headers: isProblem, Body: `{"title":"Request Entity Too Large","status":413,"detail":"the document has more than the 262144 bytes allowed","code":"body_too_large"}`},
		},
		{
			name: "the queue is out of reach", call: fromCalcom(cancelled), queue: errors.New("away"), queued: queued, log: "level=ERROR msg=webhook.failed source=calcom error=\"queue_unavailable: ",
			want: gateway.Answer{StatusCode: 503, Headers: isLater, Body: unavailable + `"queue_unavailable"}`},
		},
		{
			name: "the secret is out of reach", call: fromCalcom(cancelled), secret: &endsession.Error{Code: endsession.CodeSecretUnavailable}, log: "level=ERROR msg=webhook.failed source=calcom error=secret_unavailable\n",
			want: gateway.Answer{StatusCode: 503, Headers: isLater, Body: unavailable + `"secret_unavailable"}`},
		},
		{
			name: "the secret is none", call: fromCalcom(cancelled), secret: &endsession.Error{Code: endsession.CodeSecretInvalid, Class: endsession.Credentials},
			want: gateway.Answer{StatusCode: 503, Headers: isLater, Body: unavailable + `"secret_invalid"}`}, log: "level=ERROR msg=webhook.failed source=calcom error=secret_invalid\n",
		},
		{
			name: "the source has mistakes, which nobody is told", call: broken, log: "level=ERROR msg=webhook.failed source=broken error=\"webhook_source_invalid: ",
			want: gateway.Answer{StatusCode: 503, Headers: isLater, Body: unavailable + `"webhook_source_invalid"}`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.secret.Err, w.queue.Err = tt.secret, tt.queue
			got, err := w.invoke(tt.call.payload())
			if err != nil {
				t.Fatal(err)
			}
			if tt.want.StatusCode < 300 && tt.want.Body == "" {
				got.Body = "" // which has the id, and that is in the document
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			w.wantQueued(tt.queued, tt.delay)
			if lines := w.log.Lines(); !strings.HasPrefix(lines, tt.log) || strings.Count(lines, "\n") != 1 {
				t.Errorf("log %q, want one line %q", lines, tt.log)
			}
		})
	}
}

// wantQueued checks what was put on the queue: a document, or nothing.
func (w *world) wantQueued(document string, delay int32) {
	w.Helper()
	sent := w.queue.Sent()
	if document == "" {
		if len(sent) != 0 {
			w.Errorf("%d messages on the queue, want none", len(sent))
		}
		return
	}
	if len(sent) != 1 {
		w.Fatalf("%d messages on the queue, want 1", len(sent))
	}
	in := sent[0]
	if diff := cmp.Diff(document, *in.MessageBody); diff != "" {
		w.Errorf("document (-want +got):\n%s", diff)
	}
	if *in.QueueUrl != "https://queue.example/triggers" || in.DelaySeconds != delay || *in.MessageSystemAttributes["AWSTraceHeader"].StringValue != doortest.Trace {
		w.Errorf("sent to %s, kept back for %d s, with %v", *in.QueueUrl, in.DelaySeconds, in.MessageSystemAttributes)
	}
}

func TestWhatWasSeenBeforeIsAnsweredAsTheFirstTime(t *testing.T) {
	w := newWorld(t)
	first, err := w.invoke(fromCalcom(cancelled).payload())
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.invoke(fromCalcom(cancelled).payload())
	if diff := cmp.Diff(first, again); err != nil || diff != "" {
		t.Errorf("answer: %v (-first +second):\n%s", err, diff)
	}
	if sent := w.queue.Sent(); len(sent) != 2 || *sent[0].MessageBody != *sent[1].MessageBody {
		t.Errorf("%d messages on the queue, want the same twice, which the ledger absorbs", len(sent))
	}
}

func TestACallOfARESTAPI(t *testing.T) {
	c := fromCalcom(cancelled)
	got, err := newWorld(t).invoke(map[string]any{
		"httpMethod": "POST", "headers": map[string]string{"X-Cal-Signature-256": c.Headers["x-cal-signature-256"]}, "body": c.Body,
		"pathParameters": map[string]string{"source": "calcom"}, "requestContext": map[string]any{"httpMethod": "POST", "requestId": "gateway-1"},
	})
	if err != nil || got.StatusCode != 202 {
		t.Errorf("answer %+v, %v", got, err)
	}
}

func TestASenderOfCloudEventsAsksForPermission(t *testing.T) {
	origin := map[string]string{"webhook-request-origin": "lms.example.com"}
	tests := []struct {
		name string
		call call
		want gateway.Answer
	}{
		{
			name: "given", call: fromToken("OPTIONS", "", origin),
			want: gateway.Answer{StatusCode: 200, Headers: map[string]string{"allow": "POST", "webhook-allowed-origin": "lms.example.com"}},
		},
		{
			name: "given, with a rate", call: fromToken("OPTIONS", "", map[string]string{"webhook-request-origin": "lms.example.com", "webhook-request-rate": "120"}),
			want: gateway.Answer{StatusCode: 200, Headers: map[string]string{"allow": "POST", "webhook-allowed-origin": "lms.example.com", "webhook-allowed-rate": "*"}},
		},
		{name: "without an origin", call: fromToken("OPTIONS", "", nil), want: gateway.Answer{StatusCode: 405, Headers: map[string]string{"allow": "POST"}}},
		{
			name: "of a source that takes none", call: call{Method: "OPTIONS", Source: "calcom", Headers: origin},
			want: gateway.Answer{StatusCode: 405, Headers: map[string]string{"allow": "POST"}},
		},
		{
			name: "of an unknown source", call: call{Method: "OPTIONS", Source: "nowhere", Headers: origin},
			want: gateway.Answer{StatusCode: 404, Headers: isProblem, Body: `{"title":"Not Found","status":404,"detail":"the webhook secret has no source of this name","code":"webhook_source_unknown"}`},
		},
		{
			name: "of a source with mistakes", call: call{Method: "OPTIONS", Source: "broken", Headers: origin},
			want: gateway.Answer{StatusCode: 503, Headers: isLater, Body: unavailable + `"webhook_source_invalid"}`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			got, err := w.invoke(tt.call.payload())
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("answer: %v (-want +got):\n%s", err, diff)
			}
			w.wantQueued("", 0)
		})
	}
}

func TestOtherMethodsAreNotAllowed(t *testing.T) {
	for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "post"} {
		w := newWorld(t)
		c := fromCalcom(cancelled)
		c.Method = method
		got, err := w.invoke(c.payload())
		if diff := cmp.Diff(gateway.Answer{StatusCode: 405, Headers: map[string]string{"allow": "POST"}}, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", method, err, diff)
		}
		w.wantQueued("", 0)
	}
}

func TestWhatIsNoCallIsAnUnknownEvent(t *testing.T) {
	for name, payload := range map[string]any{"a document": map[string]string{"roomId": "r"}, "a batch": map[string]any{"Records": []any{}}, "a text": "x", "null": nil} {
		w := newWorld(t)
		_, err := w.invoke(payload)
		var failure messages.InvokeResponse_Error
		if !errors.As(err, &failure) || failure.Type != "unknown_event" {
			t.Errorf("%s: %v, want unknown_event", name, err)
		}
		w.wantQueued("", 0)
	}
}
