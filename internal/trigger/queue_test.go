package trigger_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/trigger"
)

const messageID = "059f36b4-87a3-44ab-83d2-661975830a7d"

// message is a message of the trigger queue that was sent at a time.
func message(body string, sent time.Time) events.SQSMessage {
	return events.SQSMessage{
		MessageId: messageID, Body: body,
		Attributes: map[string]string{"SentTimestamp": strconv.FormatInt(sent.UnixMilli(), 10), "AWSTraceHeader": trace},
	}
}

// queued is a request as the queue's door fills it in.
func queued(occurredAt time.Time) endsession.Request {
	return endsession.Request{Target: endsession.Target{RoomID: "r"}, Source: "queue", ID: messageID, OccurredAt: occurredAt, Trace: trace}
}

func TestMessage(t *testing.T) {
	sent := at(9, 30)
	with := func(change func(map[string]string)) events.SQSMessage {
		m := message(`{"roomId":"r","occurredAt":"2099-01-01T00:00:00Z"}`, sent)
		change(m.Attributes)
		return m
	}
	untraced := message(`{"roomId":"r","occurredAt":"2026-11-23T09:00:00Z"}`, sent)
	untraced.Attributes = nil
	own := queued(at(9, 0))
	own.Source, own.ID = "calcom", "i"
	bare := queued(at(9, 0))
	bare.Trace = ""
	tests := []struct {
		name    string
		message events.SQSMessage
		want    endsession.Request
	}{
		{
			name: "the message gives what the document lacks", message: message(`{"roomId":"r","occurredAt":"2026-11-23T09:00:00Z"}`, sent),
			want: queued(at(9, 0)),
		},
		{
			name:    "the document's own source and id",
			message: message(`{"roomId":"r","source":"calcom","id":"i","occurredAt":"2026-11-23T09:00:00Z"}`, sent), want: own,
		},
		{name: "no attributes", message: untraced, want: bare},
		{
			name: "later than it was sent counts as sent", message: message(`{"roomId":"r","occurredAt":"2026-11-23T09:30:00.001Z"}`, sent),
			want: queued(sent),
		},
		{
			name: "five minutes ahead counts as sent", message: message(`{"roomId":"r","occurredAt":"2026-11-23T09:35:00Z"}`, sent),
			want: queued(sent),
		},
		{
			name: "sent later than now", message: message(`{"roomId":"r","occurredAt":"2026-11-23T10:01:00Z"}`, now.Add(time.Minute)),
			want: queued(now),
		},
		{name: "2099 in a message that was not sent counts as now", message: with(func(a map[string]string) { delete(a, "SentTimestamp") }), want: queued(now)},
		{name: "sent at an unreadable time", message: with(func(a map[string]string) { a["SentTimestamp"] = "yesterday" }), want: queued(now)},
		{
			name: "a redriven message happened when it happened", message: message(`{"roomId":"r","occurredAt":"2026-11-20T09:00:00Z"}`, sent),
			want: queued(at(9, 0).AddDate(0, 0, -3)),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := trigger.Reader{}.Message(t.Context(), tt.message, now)
			wantError(t, nil, err)
			wantRequest(t, tt.want, got)
		})
	}
}

func TestMessageProblems(t *testing.T) {
	const (
		unstated = "occurredAt is required in a bare document on a queue: a redriven message has no other time of its own"
		noDelay  = "delaySeconds must be 0 here: only webhooks can be delayed"
	)
	none := queued(time.Time{})
	nowhere := none
	nowhere.RoomID = ""
	tests := []struct {
		name string
		body string
		want endsession.Request
		err  *endsession.Error
	}{
		{name: "no time", body: `{"roomId":"r"}`, want: none, err: refused(endsession.CodeOccurredAtMissing, unstated)},
		{name: "a time that is null", body: `{"roomId":"r","occurredAt":null}`, want: none, err: refused(endsession.CodeOccurredAtMissing, unstated)},
		{
			name: "an unreadable time", body: `{"roomId":"r","occurredAt":"soon"}`, want: none,
			err: refused(endsession.CodeInvalidRequest, "occurredAt must be an RFC 3339 time such as 2026-11-23T10:00:00Z"),
		},
		{
			name: "the zero time of a Go program", body: `{"roomId":"r","occurredAt":"0001-01-01T00:00:00Z"}`, want: none,
			err: refused(endsession.CodeInvalidRequest, "occurredAt must lie between the years 1970 and 9999"),
		},
		{
			name: "no time and more", body: `{"delaySeconds":5}`, want: nowhere,
			err: refused(endsession.CodeInvalidRequest, noDelay, unstated, "one of roomId, customRoomId or sessionId is required"),
		},
		{
			name: "a delay", body: `{"roomId":"r","occurredAt":"2026-11-23T09:00:00Z","delaySeconds":5}`, want: queued(at(9, 0)),
			err: refused(endsession.CodeDelayNotSupported, noDelay),
		},
		{name: "no JSON", body: "end it", want: nowhere, err: invalidJSON()},
		{name: "257 KiB", body: padded(257 << 10), want: nowhere, err: tooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := trigger.Reader{}.Message(t.Context(), message(tt.body, at(9, 30)), now)
			wantError(t, tt.err, err)
			wantRequest(t, tt.want, got)
		})
	}
}

func TestATimeInTheFutureIsRefusedWhereItCouldBeRedriven(t *testing.T) {
	const problem = "occurredAt must not lie in the future: redriven, this would count as having happened later still"
	want := refused(endsession.CodeOccurredAtInFuture, problem)
	sent := at(9, 30)
	_, err := trigger.Reader{}.Message(t.Context(), message(`{"roomId":"r","occurredAt":"2026-11-23T09:35:00.001Z"}`, sent), now)
	wantError(t, want, err)
	_, err = trigger.Reader{}.Message(t.Context(), message(strings.Replace(bridge(`{"roomId":"r"}`), "2026", "2099", 1), sent), now)
	wantError(t, want, err)
	_, err = trigger.Reader{}.Event(t.Context(), []byte(strings.Replace(bridge(`{"roomId":"r"}`), "2026", "2099", 1)), trace, now)
	wantError(t, want, err)
}

func TestQueued(t *testing.T) {
	now := at(10, 0)
	for sent, want := range map[string]time.Duration{
		strconv.FormatInt(now.UnixMilli()-1500, 10): 1500 * time.Millisecond,
		strconv.FormatInt(now.UnixMilli()+1500, 10): 0, // the queue's clock is ahead
		"":                     0,
		"9223372036854775808":  0,
		"9223372036854775807":  0,
		"-9223372036854775808": 1<<63 - 1,
	} {
		m := events.SQSMessage{Attributes: map[string]string{"SentTimestamp": sent}}
		if got := trigger.Queued(m, now); got != want {
			t.Errorf("sent at %q: queued for %s, want %s", sent, got, want)
		}
	}
	if got := trigger.Queued(events.SQSMessage{}, now); got != 0 {
		t.Errorf("not sent: queued for %s", got)
	}
}

func BenchmarkMessage(b *testing.B) {
	m := message(`{"id":"BOOKING_CANCELLED:u1","source":"calcom","roomId":"abcd-efgh-ijkl","reason":"cancelled","occurredAt":"2026-11-23T09:20:00Z"}`, at(9, 30))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (trigger.Reader{}).Message(b.Context(), m, at(9, 31)); err != nil {
			b.Fatal(err)
		}
	}
}
