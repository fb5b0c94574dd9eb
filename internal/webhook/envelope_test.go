package webhook

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/trigger"
)

const document = `{"roomId":"abcd-efgh-ijkl"}`

// ce are the headers of a CloudEvent in binary mode.
func ce(attributes map[string]string) http.Header {
	h := http.Header{"Content-Type": {"application/json"}}
	h.Set("Ce-Specversion", "1.0")
	for name, value := range attributes {
		h.Set("Ce-"+name, value)
	}
	return h
}

func TestEnvelopes(t *testing.T) {
	early := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	const structured = `{"specversion":"1.0","type":"t","source":"/lms","id":"e-1",`
	tests := []struct {
		name, payload string
		header        http.Header
		id            string // of the delivery; empty for none
		content       string
		want          trigger.Delivery
		code          endsession.Code
		message       string
	}{
		// our own document
		{name: "bare", payload: document, content: document},
		{name: "bare, with an id of the delivery", payload: document, id: "d-1", content: document, want: trigger.Delivery{ID: "d-1"}},
		{name: "no JSON", payload: "roomId=r", content: "roomId=r"},
		{name: "a list", payload: "[]", content: "[]"},
		{name: "nothing", payload: "", content: ""},
		{
			name: "with a type and data of its own", payload: `{"roomId":"r","type":"lesson","data":{"roomId":"other"},"timestamp":"soon"}`,
			content: `{"roomId":"r","type":"lesson","data":{"roomId":"other"},"timestamp":"soon"}`,
		},
		{name: "naming a session", payload: `{"sessionId":"s","type":"t","data":{}}`, content: `{"sessionId":"s","type":"t","data":{}}`},
		{name: "naming a custom room", payload: `{"customRoomId":7,"type":"t","data":{}}`, content: `{"customRoomId":7,"type":"t","data":{}}`},
		{name: "by the other names", payload: `{"meetingId":"m","type":"t","data":{}}`, content: `{"meetingId":"m","type":"t","data":{}}`},
		{name: "by the other name of a custom room", payload: `{"userMeetingId":"m","type":"t","data":{}}`, content: `{"userMeetingId":"m","type":"t","data":{}}`},
		{name: "an outcome of our own", payload: `{"source":"videosdk.end-session","roomId":"r"}`, code: endsession.CodeIgnored, message: "own_event"},
		{
			name: "an outcome of our own, as a bus has it", payload: `{"detail-type":"Session End Succeeded","source":"videosdk.end-session","detail":{"roomId":"r"}}`,
			code: endsession.CodeIgnored, message: "own_event",
		},

		// Standard Webhooks
		{
			name: "a Standard Webhooks payload", payload: `{"type":"lesson.over","timestamp":"2026-11-23T09:00:00Z","data":` + document + `}`, id: "msg_1",
			content: document, want: trigger.Delivery{ID: "msg_1", OccurredAt: early},
		},
		{name: "one without a timestamp", payload: `{"type":"t","data": ` + document + `}`, content: document},
		{name: "one with a timestamp that is empty", payload: `{"type":"t","timestamp":"","data":` + document + `}`, content: document},
		{name: "one with Unix seconds", payload: `{"type":"t","timestamp":1795424400,"data":` + document + `}`, content: document, want: trigger.Delivery{OccurredAt: early}},
		{name: "one with a room that is null", payload: `{"type":"t","roomId":null,"data":` + document + `}`, content: document},
		{
			name: "one with a timestamp that is none", payload: `{"type":"t","timestamp":"soon","data":` + document + `}`, code: endsession.CodeInvalidRequest,
			message: "timestamp must be an RFC 3339 time such as 2026-11-23T10:00:00Z, or Unix seconds",
		},
		{
			name: "one with a timestamp that is a list", payload: `{"type":"t","timestamp":["2026-11-23T09:00:00Z"],"data":` + document + `}`, code: endsession.CodeInvalidRequest,
			message: "timestamp must be an RFC 3339 time such as 2026-11-23T10:00:00Z, or Unix seconds",
		},
		{name: "a type and data that is no object", payload: `{"type":"t","data":"{}"}`, content: `{"type":"t","data":"{}"}`},
		{name: "data without a type", payload: `{"data":{}}`, content: `{"data":{}}`},
		{name: "data and a type that is no text", payload: `{"type":7,"data":{}}`, content: `{"type":7,"data":{}}`},

		// CloudEvents, structured
		{
			name: "a CloudEvent", payload: structured + `"time":"2026-11-23T09:00:00Z","data":` + document + `}`,
			content: document, want: trigger.Delivery{ID: "/lms e-1", OccurredAt: early},
		},
		{name: "one whose envelope is signed has its own id", payload: structured + `"data":` + document + `}`, id: "msg_1", content: document, want: trigger.Delivery{ID: "/lms e-1"}},
		{name: "one in base64", payload: structured + `"data_base64":"eyJyb29tSWQiOiJhYmNkLWVmZ2gtaWprbCJ9"}`, content: document, want: trigger.Delivery{ID: "/lms e-1"}},
		{name: "one with blanks around its names", payload: `{"specversion":"1.0","source":" /lms ","id":"e-1\n","data":` + document + `}`, content: document, want: trigger.Delivery{ID: "/lms e-1"}},
		{name: "one that names a room beside its data", payload: structured + `"roomId":"other","data":` + document + `}`, content: document, want: trigger.Delivery{ID: "/lms e-1"}},
		{name: "one without data", payload: structured + `"x":1}`, content: "", want: trigger.Delivery{ID: "/lms e-1"}},
		{name: "one of another version", payload: strings.Replace(structured, `"1.0"`, `2`, 1) + `"data":` + document + `}`, content: document, want: trigger.Delivery{ID: "/lms e-1"}},
		{name: "one in base64 that is none", payload: structured + `"data_base64":"%"}`, code: endsession.CodeInvalidJSON, message: "data_base64 must be base64"},
		{name: "one in base64 that is no text", payload: structured + `"data_base64":7,"roomId":"r"}`, code: endsession.CodeInvalidJSON, message: "data_base64 must be base64"},
		{name: "one without an id", payload: `{"specversion":"1.0","source":"/lms","data":` + document + `}`, code: endsession.CodeInvalidRequest, message: "a CloudEvent must have a source and an id"},
		{name: "one with a blank id", payload: `{"specversion":"1.0","source":"/lms","id":" ","data":` + document + `}`, code: endsession.CodeInvalidRequest, message: "a CloudEvent must have a source and an id"},
		{name: "one whose id is a number", payload: `{"specversion":"1.0","source":"/lms","id":7,"data":` + document + `}`, code: endsession.CodeInvalidRequest, message: "a CloudEvent must have a source and an id"},
		{name: "one without a source", payload: `{"specversion":"1.0","id":"e-1","data":` + document + `}`, id: "msg_1", code: endsession.CodeInvalidRequest, message: "a CloudEvent must have a source and an id"},
		{
			name: "one whose id has half a surrogate pair", payload: `{"specversion":"1.0","source":"/lms","id":"e\ud83d","data":` + document + `}`, code: endsession.CodeInvalidRequest,
			message: "source and id must not contain U+FFFD, which half of a surrogate pair becomes",
		},
		{
			name: "one whose time is none", payload: structured + `"time":"soon","data":` + document + `}`, code: endsession.CodeInvalidRequest,
			message: "time must be an RFC 3339 time such as 2026-11-23T10:00:00Z, or Unix seconds",
		},
		{
			name: "one whose time is no text", payload: structured + `"time":{},"data":` + document + `}`, code: endsession.CodeInvalidRequest,
			message: "time must be an RFC 3339 time such as 2026-11-23T10:00:00Z, or Unix seconds",
		},
		{name: "an outcome of our own as a CloudEvent", payload: strings.Replace(structured, "/lms", "videosdk.end-session", 1) + `"data":` + document + `}`, code: endsession.CodeIgnored, message: "own_event"},

		// CloudEvents, binary
		{
			name: "a CloudEvent in headers", payload: document, header: ce(map[string]string{"Source": "/lms", "Id": "e-1", "Time": "2026-11-23T09:00:00Z"}),
			content: document, want: trigger.Delivery{ID: "/lms e-1", OccurredAt: early},
		},
		{
			name: "percent-encoded", payload: document, header: ce(map[string]string{"Source": "/lms/%C3%A9%20", "Id": "%22e%25-1%22", "Time": "2026-11-23T09%3A00%3A00Z"}),
			content: document, want: trigger.Delivery{ID: `/lms/é "e%-1"`, OccurredAt: early},
		},
		{name: "percent-encoded wrongly", payload: document, header: ce(map[string]string{"Source": "/lms%", "Id": "e%zz"}), content: document, want: trigger.Delivery{ID: "/lms% e%zz"}},
		{
			name: "headers are not signed, and a signed id stays", payload: document, id: "msg_1",
			header: ce(map[string]string{"Source": "/lms", "Id": "another", "Time": "2026-11-23T09:00:00Z"}), content: document, want: trigger.Delivery{ID: "msg_1", OccurredAt: early},
		},
		{name: "without an id in headers", payload: document, header: ce(map[string]string{"Source": "/lms"}), code: endsession.CodeInvalidRequest, message: "a CloudEvent must have a source and an id"},
		{name: "without a source in headers", payload: document, header: ce(map[string]string{"Id": "e-1"}), code: endsession.CodeInvalidRequest, message: "a CloudEvent must have a source and an id"},
		{
			name: "with bytes that are no text", payload: document, header: ce(map[string]string{"Source": "/lms", "Id": "e%FF"}), code: endsession.CodeInvalidRequest,
			message: "source and id must not contain U+FFFD, which half of a surrogate pair becomes",
		},
		{
			name: "with a time that is none", payload: document, header: ce(map[string]string{"Source": "/lms", "Id": "e-1", "Time": "soon"}), code: endsession.CodeInvalidRequest,
			message: "time must be an RFC 3339 time such as 2026-11-23T10:00:00Z, or Unix seconds",
		},
		{name: "an outcome of our own in headers", payload: document, header: ce(map[string]string{"Source": "videosdk.end-session", "Id": "e-1"}), code: endsession.CodeIgnored, message: "own_event"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.header == nil {
				tt.header = http.Header{}
			}
			got := trigger.Delivery{ID: tt.id}
			content, err := unpack([]byte(tt.payload), tt.header, &got)
			if codeOf(err) != tt.code || err != nil && (err.Message != tt.message || err.Class != endsession.Permanent) {
				t.Errorf("error %v, want %s: %s", err, tt.code, tt.message)
			}
			if err != nil {
				return
			}
			if string(content) != tt.content {
				t.Errorf("content %s, want %s", content, tt.content)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("delivery (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWhoRepeatsASignedDeliveryCannotMakeItAnotherTrigger adds headers to a delivery that was signed, which change nothing of its
// signature.
func TestWhoRepeatsASignedDeliveryCannotMakeItAnotherTrigger(t *testing.T) {
	r := receiving(t, stored(t, `{"standard-webhooks":{"secrets":["`+standardSecret+`"]}}`))
	d := senderOf(t, "standard-webhooks by webhook").deliver(message{id: "msg_1", body: document}.at(morning), standardSecret)
	first, err := r.Receive(t.Context(), "standard-webhooks", d, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, headers := range []http.Header{
		ce(map[string]string{"Source": "/lms", "Id": "another"}), {"X-Github-Delivery": {"another"}}, {"Svix-Id": {"another"}}, {"Idempotency-Key": {"another"}},
	} {
		again, err := r.Receive(t.Context(), "standard-webhooks", d.with(headers), "")
		if err != nil || again.Request.Key() != first.Request.Key() {
			t.Errorf("with %v: %+v, %v", headers, again.Request, err)
		}
	}
}
