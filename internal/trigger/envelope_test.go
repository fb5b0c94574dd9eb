package trigger_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/trigger"
)

// quoted is text as a JSON string.
func quoted(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

func bridge(detail string) string {
	return `{"version":"0","id":"bridge-1","detail-type":"End Session","source":"my.lms","account":"123456789012","time":"2026-11-23T09:10:00Z",` +
		`"region":"us-east-1","resources":[],"detail":` + detail + `}`
}

func notification(message string) string {
	return `{"Type":"Notification","MessageId":"sns-1","TopicArn":"arn:aws:sns:us-east-1:123456789012:t","Subject":null,"Message":` + quoted(message) +
		`,"Timestamp":"2026-11-23T09:20:00.123Z","SignatureVersion":"1","Signature":"x","SigningCertURL":"x","UnsubscribeURL":"x"}`
}

func cloudEvent(rest string) string {
	return `{"specversion":"1.0","id":"cloud-1","source":"/my/calendar","type":"cancelled","time":"2026-11-23T09:30:00Z"` + rest + `}`
}

func TestMessagesInEnvelopes(t *testing.T) {
	const document = `{"roomId":"r","reason":"over"}`
	request := func(source, id string, occurredAt time.Time) endsession.Request {
		return endsession.Request{
			Target: endsession.Target{RoomID: "r"}, Source: source, ID: id, Reason: "over", OccurredAt: occurredAt, Trace: trace,
		}
	}
	tests := []struct {
		name string
		body string
		want endsession.Request
	}{
		{"EventBridge", bridge(document), request("my.lms", "bridge-1", at(9, 10))},
		{"SNS", notification(document), request("sns", "sns-1", at(9, 20).Add(123*time.Millisecond))},
		{"a CloudEvent", cloudEvent(`,"data":` + document), request("/my/calendar", "cloud-1", at(9, 30))},
		{"a CloudEvent in base64", cloudEvent(`,"data_base64":"eyJyb29tSWQiOiJyIiwicmVhc29uIjoib3ZlciJ9"`), request("/my/calendar", "cloud-1", at(9, 30))},
		{"EventBridge by SNS", notification(bridge(document)), request("my.lms", "bridge-1", at(9, 10))},
		{"a CloudEvent in EventBridge by SNS", notification(bridge(cloudEvent(`,"data":` + document))), request("/my/calendar", "cloud-1", at(9, 30))},
		{
			"a CloudEvent without a time happened when its envelope did",
			bridge(`{"specversion":"1.0","id":"c","source":"s","type":"t","data":` + document + `}`), request("s", "c", at(9, 10)),
		},
		{
			"what the document says itself holds", bridge(`{"roomId":"r","reason":"over","id":"i","source":"s","occurredAt":"2026-11-23T08:00:00Z"}`),
			request("s", "i", at(8, 0)),
		},
		{"unknown fields around it are ignored", strings.Replace(bridge(document), `"version":"0"`, `"version":"7","replay-name":"r","x":{}`, 1), request("my.lms", "bridge-1", at(9, 10))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := trigger.Reader{}.Message(t.Context(), message(tt.body, now), now)
			wantError(t, nil, err)
			wantRequest(t, tt.want, got)
		})
	}
}

func TestWhatLiesInAnEnvelopeMayBeWrong(t *testing.T) {
	own := strings.Replace(bridge(`{"roomId":"r"}`), "my.lms", "videosdk.end-session", 1)
	deep := `{"roomId":"r"}`
	for range 6 {
		deep = notification(deep)
	}
	tests := []struct {
		name string
		body string
		want endsession.Code
	}{
		{"an SNS notification of text", notification("hello"), endsession.CodeInvalidJSON},
		{"an SNS notification of nothing", notification(""), endsession.CodeInvalidJSON},
		{"an EventBridge event of a number", bridge("7"), endsession.CodeInvalidJSON},
		{"an EventBridge event of null", bridge("null"), endsession.CodeInvalidJSON},
		{"an EventBridge event that names no room", bridge(`{}`), endsession.CodeInvalidRequest},
		{"an event without a time", strings.Replace(bridge(`{"roomId":"r"}`), "2026-11-23T09:10:00Z", "yesterday", 1), endsession.CodeOccurredAtMissing},
		{"a CloudEvent without data", cloudEvent(""), endsession.CodeInvalidJSON},
		{"a CloudEvent of broken base64", cloudEvent(`,"data_base64":"%"`), endsession.CodeInvalidJSON},
		{"envelopes without end", deep, endsession.CodeInvalidRequest},
		{"an outcome of our own", own, endsession.CodeOwnEvent},
		{"an outcome of our own by SNS", notification(own), endsession.CodeOwnEvent},
		{
			"an outcome of our own as a CloudEvent", strings.Replace(cloudEvent(`,"data":{"roomId":"r"}`), "/my/calendar", "videosdk.end-session", 1),
			endsession.CodeOwnEvent,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := trigger.Reader{}.Message(t.Context(), message(tt.body, now), now)
			if err == nil || err.Code != tt.want || err.Class != endsession.Permanent {
				t.Errorf("error = %v, want a permanent %s", err, tt.want)
			}
		})
	}
}

func TestATestEventHappensNow(t *testing.T) {
	got, err := trigger.Reader{}.Event(t.Context(), []byte(`{"id":"e","source":"lms","detail-type":"t","detail":{"roomId":"r"}}`), trace, now)
	wantError(t, nil, err)
	wantRequest(t, endsession.Request{Target: endsession.Target{RoomID: "r"}, Source: "lms", ID: "e", OccurredAt: now, Trace: trace}, got)
}

func TestARequestIsTheSameTriggerWhenItIsHandedOn(t *testing.T) {
	event := `{"id":" e-1","source":"billing ","detail-type":"t","time":"2026-11-23T09:00:00Z","detail":{"roomId":" r "}}`
	first, err := trigger.Reader{}.Event(t.Context(), []byte(event), trace, now)
	wantError(t, nil, err)
	document, _ := trigger.Document(first)
	again, err := trigger.Reader{}.Message(t.Context(), message(string(document), now), now)
	wantError(t, nil, err)
	if first.Key() != again.Key() {
		t.Errorf("handed on, the trigger %q of %q is %q of %q", first.ID, first.Source, again.ID, again.Source)
	}
}

func TestEvents(t *testing.T) {
	tests := []struct {
		name    string
		payload string
		want    []string
	}{
		{"one", `{"id":"1"}`, []string{`{"id":"1"}`}},
		{"an array", `[{"id":"1"}, {"id":"2"}]`, []string{`{"id":"1"}`, `{"id":"2"}`}},
		{"an empty array", `[]`, nil},
		{"null", `null`, []string{`null`}},
		{"what is no event is left to be refused", `"x"`, []string{`"x"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, e := range trigger.Events([]byte(tt.payload)) {
				got = append(got, string(e))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestADocumentMakesTheSameRequestAgain(t *testing.T) {
	full := endsession.Request{
		Target: endsession.Target{RoomID: "r", CustomRoomID: "c☎", SessionID: "s"}, Source: "src", ID: "id", Force: "f", Reason: `why "now"?`,
		OccurredAt: at(9, 0).Add(123456789), StartsAt: at(8, 0), EndsAt: at(9, 30), DryRun: true, Trace: trace,
	}
	least := endsession.Request{Target: endsession.Target{SessionID: "s"}, Source: "src", ID: "id", OccurredAt: at(9, 0), Trace: trace}
	for name, want := range map[string]endsession.Request{"everything": full, "the least": least} {
		t.Run(name, func(t *testing.T) {
			document, err := trigger.Document(want)
			if err != nil {
				t.Fatal(err)
			}
			got, refused := trigger.Reader{}.Message(t.Context(), message(string(document), now), now)
			wantError(t, nil, refused)
			wantRequest(t, want, got)
		})
	}
}
