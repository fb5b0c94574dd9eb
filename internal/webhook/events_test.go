package webhook

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/trigger"
)

// course is a Canvas Live Event as it lies on a queue, and completed one whose course is over.
const (
	course    = `{"metadata":{"event_name":"course_updated","event_time":"2026-11-23T09:59:00.000Z"},"body":{"course_id":"21070000000000056","workflow_state":"available"}}`
	completed = `{"metadata":{"event_name":"course_updated","event_time":"2026-11-23 09:59:00 UTC"},"body":{"course_id":9007199254740993,"workflow_state":"completed"}}`
)

func bridged(source, detail string) string {
	return `{"version":"0","id":"bridge-1","detail-type":"t","source":` + quoted(source) + `,"time":"2026-11-23T09:59:00Z","detail":` + detail + `}`
}

func notified(message string) string {
	return `{"Type":"Notification","MessageId":"sns-1","TopicArn":"arn:aws:sns:us-east-1:123456789012:t","Message":` + quoted(message) + `,"Timestamp":"2026-11-23T09:58:00Z"}`
}

// queued is a message that was sent in the morning.
func queued(body string) events.SQSMessage {
	return events.SQSMessage{
		MessageId: "m-1", Body: body, Attributes: map[string]string{"SentTimestamp": strconv.FormatInt(morning.UnixMilli(), 10), "AWSTraceHeader": "Root=1-x"},
	}
}

func TestEventsOfOthersAreMapped(t *testing.T) {
	const secret = `{
		"lms": {"profiles": [{"when": "detail.over", "room": "detail.url", "customRoom": "detail.lesson", "occurredAt": "detail.at", "startsAt": "detail.start"}]},
		"slow": {"delaySeconds": 5, "profiles": [{"session": "detail.session"}]},
		"kept": {"profiles": [{"session": "detail.session", "delay": 5}]},
		"broken": {"profiles": [{"session": "("}]},
		"calcom": {"secrets": ["s"]},
		"github": {"secrets": ["s"], "profiles": [{"when": "detail", "session": "detail.session"}, {"session": "session"}]}
	}`
	const over = `{"over":true,"url":"https://x/abcd-efgh-ijkl","lesson":"l-1"}`
	at := func(minute int) time.Time { return time.Date(2026, 11, 23, 9, minute, 0, 0, time.UTC) }
	room := func(source, id string, occurredAt time.Time) endsession.Request {
		return endsession.Request{Target: endsession.Target{RoomID: "abcd-efgh-ijkl"}, Source: source, ID: id, OccurredAt: occurredAt, Trace: "Root=1-x"}
	}
	session := endsession.Request{Target: endsession.Target{SessionID: "s-1"}, Source: "github", ID: "bridge-1", OccurredAt: at(59), Trace: "Root=1-x"}
	slow := session
	slow.Source = "slow"
	ended := endsession.Request{
		Target: endsession.Target{CustomRoomID: "canvas-course-9007199254740993"}, Source: "canvas", ID: trigger.Digest([]byte(completed)),
		OccurredAt: at(59), Reason: "course completed", Trace: "Root=1-x",
	}
	bare := room("calcom", "bridge-1", at(59))
	canvasBare := room("canvas", "bridge-1", at(59))
	withStart := room("lms", "bridge-1", at(50))
	withStart.StartsAt = at(30)
	tests := []struct {
		name, body string
		want       endsession.Request
		code       endsession.Code
		message    string
	}{
		{name: "by a profile", body: bridged("lms", over), want: room("lms", "bridge-1", at(59))},
		{name: "by a profile, by SNS", body: notified(bridged("lms", over)), want: room("lms", "bridge-1", at(59))},
		{
			name: "with times of its own", want: withStart,
			body: bridged("lms", `{"over":true,"url":"abcd-efgh-ijkl","at":"2026-11-23T09:50:00Z","start":"2026-11-23 09:30:00 UTC"}`),
		},
		{name: "left alone", body: bridged("lms", `{}`), code: endsession.CodeIgnored, message: "not_relevant"},
		{name: "naming no room", body: bridged("lms", `{"over":true}`), code: endsession.CodeIgnored, message: "no_room"},
		{
			name: "whose time is none", body: bridged("lms", `{"over":true,"url":"abcd-efgh-ijkl","at":"soon"}`), code: endsession.CodeInvalidRequest,
			message: "occurredAt must be an RFC 3339 time such as 2026-11-23T10:00:00Z, or Unix seconds",
		},
		{
			name: "of the future", body: bridged("lms", `{"over":true,"url":"abcd-efgh-ijkl","at":"2026-11-23T10:06:00Z"}`), code: endsession.CodeOccurredAtInFuture,
			message: "occurredAt must not lie in the future: redriven, this would count as having happened later still",
		},
		{
			name: "of the next minutes, by a clock that is ahead", body: bridged("lms", `{"over":true,"url":"abcd-efgh-ijkl","at":"2026-11-23T10:05:00Z"}`),
			want: room("lms", "bridge-1", morning),
		},
		{
			name: "with a delay of the profile", body: bridged("kept", `{"session":"s-1"}`), code: endsession.CodeDelayNotSupported,
			message: "delaySeconds must be 0 here: only webhooks can be delayed",
		},
		{name: "with a delay of the entry, which is for its webhooks", body: bridged("slow", `{"session":"s-1"}`), want: slow},
		{
			name: "with a delay and more", body: bridged("kept", `{"session":"s 1"}`), code: endsession.CodeInvalidRequest,
			message: "delaySeconds must be 0 here: only webhooks can be delayed; sessionId must be 1 to 256 characters without white space, control characters, '/', '?' or '#'",
		},
		{name: "of a source with mistakes", body: bridged("broken", `{"session":"s-1"}`), code: endsession.CodeWebhookSourceInvalid, message: "source broken, profile 1, field session: position 2: Incomplete expression"},
		{name: "of a source that nobody knows, with our own document", body: bridged("other", `{"roomId":"abcd-efgh-ijkl"}`), want: room("other", "bridge-1", at(59))},
		{name: "of a source whose profiles are for its webhooks, with our own document", body: bridged("calcom", `{"roomId":"abcd-efgh-ijkl"}`), want: bare},
		{name: "of Canvas, with our own document", body: bridged("canvas", `{"roomId":"abcd-efgh-ijkl"}`), want: canvasBare},
		{name: "of a source that sends webhooks too", body: bridged("github", `{"session":"s-1"}`), want: session},
		{name: "an outcome of our own", body: bridged("videosdk.end-session", over), code: endsession.CodeOwnEvent, message: "an outcome of this application is never a trigger"},

		{name: "Canvas", body: completed, want: ended},
		{name: "Canvas, by SNS", body: notified(completed), want: ended},
		{name: "Canvas, left alone", body: course, code: endsession.CodeIgnored, message: "not_relevant"},
		{
			name: "Canvas, without a time", body: strings.Replace(completed, `"event_time"`, `"at"`, 1), code: endsession.CodeOccurredAtMissing,
			message: "occurredAt is required in a bare document on a queue: a redriven message has no other time of its own",
		},
		{
			name: "Canvas, with a time that is none", body: strings.Replace(completed, `UTC`, ``, 1), code: endsession.CodeInvalidRequest,
			message: "occurredAt must be an RFC 3339 time such as 2026-11-23T10:00:00Z, or Unix seconds",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reader := trigger.Reader{Profiles: Events{Secret: fixed{parsed(t, secret)}, Failed: unexpected(t)}}
			check := func(door string, got endsession.Request, err *endsession.Error) {
				if codeOf(err) != tt.code || err != nil && err.Message != tt.message {
					t.Errorf("%s: error %v, want %q: %s", door, err, tt.code, tt.message)
				}
				if tt.code != "" {
					return
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%s: request (-want +got):\n%s", door, diff)
				}
			}
			got, err := reader.Message(t.Context(), queued(tt.body), morning.Add(time.Hour)) // which is delivered again
			check("queue", got, err)
			if strings.HasPrefix(tt.body, `{"version"`) {
				got, err = reader.Event(t.Context(), json.RawMessage(tt.body), "Root=1-x", morning)
				check("bus", got, err)
			}
		})
	}
}

func TestEventsWithoutAWebhookSecret(t *testing.T) {
	reader := trigger.Reader{Profiles: Events{Failed: unexpected(t)}}
	for body, want := range map[string]endsession.Target{
		completed: {CustomRoomID: "canvas-course-9007199254740993"}, bridged("lms", document): {RoomID: "abcd-efgh-ijkl"}, bridged("canvas", document): {RoomID: "abcd-efgh-ijkl"},
	} {
		if got, err := reader.Message(t.Context(), queued(body), morning); err != nil || got.Target != want {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
}

func TestAnEntryOfCanvasHoldsOnTheQueueToo(t *testing.T) {
	own := `{"canvas":{"profiles":[{"when":"body.own","customRoom":"body.own","occurredAt":"metadata.event_time"}]}}`
	for secret, want := range map[string]string{own: "mine", `{"canvas":{}}`: "canvas-course-9007199254740993", `{}`: "canvas-course-9007199254740993"} {
		reader := trigger.Reader{Profiles: Events{Secret: fixed{parsed(t, secret)}, Failed: unexpected(t)}}
		body := strings.Replace(completed, `"body":{`, `"body":{"own":"mine",`, 1)
		if got, err := reader.Message(t.Context(), queued(body), morning); err != nil || got.CustomRoomID != want {
			t.Errorf("%s: %+v, %v", secret, got, err)
		}
	}
	reader := trigger.Reader{Profiles: Events{Secret: fixed{parsed(t, `{"canvas":{"profiles":7}}`)}, Failed: unexpected(t)}}
	if _, err := reader.Message(t.Context(), queued(completed), morning); codeOf(err) != endsession.CodeWebhookSourceInvalid || err.Class != endsession.Transient {
		t.Errorf("with a mistake: %v", err)
	}
}

func TestEventsWaitWhileTheirProfilesAreOutOfReach(t *testing.T) {
	for _, fault := range []*endsession.Error{
		{Code: endsession.CodeSecretUnavailable}, {Code: endsession.CodeSecretInvalid, Class: endsession.Credentials},
	} {
		reader := trigger.Reader{Profiles: Events{Secret: &vault{clock: clock{now: morning}, err: fault}, Failed: unexpected(t)}}
		for _, body := range []string{completed, bridged("lms", document), notified(bridged("lms", document))} {
			got, err := reader.Message(t.Context(), queued(body), morning)
			if codeOf(err) != fault.Code || err.Class == endsession.Permanent || got.Source == "" || got.Source == "queue" {
				t.Errorf("%s: %+v, %v", body, got, err)
			}
		}
		// What is certainly ours needs no profiles.
		for _, body := range []string{`{"roomId":"r","occurredAt":"2026-11-23T09:59:00Z"}`, notified(`{"roomId":"r"}`), `{"specversion":"1.0","id":"e","source":"lms","time":"2026-11-23T09:59:00Z","data":{"roomId":"r"}}`} {
			if _, err := reader.Message(t.Context(), queued(body), morning); err != nil {
				t.Errorf("%s: %v", body, err)
			}
		}
	}
}

func TestExpressionsThatFailOnEventsAreReportedByName(t *testing.T) {
	var reported []string
	failed := func(_ context.Context, source string, fields []string) {
		reported = append(append(reported, source), fields...)
	}
	reader := trigger.Reader{Profiles: Events{Secret: fixed{parsed(t, `{"lms":{"profiles":[{"session":"detail.session","reason":"abs(detail.reason)"}]}}`)}, Failed: failed}}
	if _, err := reader.Event(t.Context(), []byte(bridged("lms", `{"session":"s","reason":"hunter2"}`)), "", morning); err != nil {
		t.Error(err)
	}
	want := []string{"lms", "profile 1, field reason: a function was given a value of a type that it does not take"}
	if diff := cmp.Diff(want, reported); diff != "" {
		t.Errorf("reported (-want +got):\n%s", diff)
	}
}
