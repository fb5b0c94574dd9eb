package trigger_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/trigger"
)

// profiles make the same of every event of a source, and keep what they are asked. Of other sources they know nothing.
type profiles struct {
	source string
	mapped trigger.Mapped
	err    *endsession.Error
	asked  []trigger.Foreign
}

func (p *profiles) Map(_ context.Context, f trigger.Foreign) (trigger.Mapped, bool, *endsession.Error) {
	p.asked = append(p.asked, f)
	if f.Source != p.source {
		return trigger.Mapped{}, false, nil
	}
	return p.mapped, true, p.err
}

const (
	canvas   = `{"metadata":{"event_name":"course_updated"},"body":{"course_id":"7"}}`
	inFuture = "occurredAt must not lie in the future: redriven, this would count as having happened later still"
	timeless = "occurredAt is required in a bare document on a queue: a redriven message has no other time of its own"
	noDelay  = "delaySeconds must be 0 here: only webhooks can be delayed"
)

func TestWhatProfilesMakeOfAnEventHasTheTimeOfAnEvent(t *testing.T) {
	room := trigger.Mapped{Target: endsession.Target{RoomID: "r"}}
	with := func(change func(*trigger.Mapped)) trigger.Mapped {
		m := room
		change(&m)
		return m
	}
	request := func(source, id string, occurredAt time.Time) endsession.Request {
		return endsession.Request{Target: endsession.Target{RoomID: "r"}, Source: source, ID: id, OccurredAt: occurredAt, Trace: trace}
	}
	digest := trigger.Digest([]byte(canvas))
	sent := at(9, 30)
	tests := []struct {
		name, source, body string
		mapped             trigger.Mapped
		want               endsession.Request
		err                *endsession.Error
	}{
		{name: "that of its envelope", source: "my.lms", body: bridge(`{}`), mapped: room, want: request("my.lms", "bridge-1", at(9, 10))},
		{
			name: "its own", source: "my.lms", body: bridge(`{}`), mapped: with(func(m *trigger.Mapped) { m.OccurredAt, m.ID = at(9, 5), "own" }),
			want: request("my.lms", "own", at(9, 5)),
		},
		{
			name: "one by a clock that is ahead counts as sent", source: "my.lms", body: bridge(`{}`), mapped: with(func(m *trigger.Mapped) { m.OccurredAt = at(9, 35) }),
			want: request("my.lms", "bridge-1", sent),
		},
		{
			name: "one of the future would be later with each redrive", source: "my.lms", body: bridge(`{}`), mapped: with(func(m *trigger.Mapped) { m.OccurredAt = at(9, 36) }),
			want: request("my.lms", "bridge-1", sent), err: refused(endsession.CodeOccurredAtInFuture, inFuture),
		},
		{name: "its own, without an envelope", source: "canvas", body: canvas, mapped: with(func(m *trigger.Mapped) { m.OccurredAt = at(9, 5) }), want: request("canvas", digest, at(9, 5))},
		{
			name: "none, without an envelope", source: "canvas", body: canvas, mapped: room, want: request("canvas", digest, time.Time{}),
			err: refused(endsession.CodeOccurredAtMissing, timeless),
		},
		{name: "that of the notification around it", source: "canvas", body: notification(canvas), mapped: room, want: request("canvas", digest, at(9, 20).Add(123*time.Millisecond))},
		{
			name: "and no delay", source: "my.lms", body: bridge(`{}`), mapped: with(func(m *trigger.Mapped) { m.Delay = time.Second }),
			want: request("my.lms", "bridge-1", at(9, 10)), err: refused(endsession.CodeDelayNotSupported, noDelay),
		},
		{
			name: "every problem is named", source: "canvas", body: canvas, mapped: trigger.Mapped{Delay: time.Second},
			want: func() endsession.Request { r := request("canvas", digest, time.Time{}); r.RoomID = ""; return r }(),
			err:  refused(endsession.CodeInvalidRequest, timeless, noDelay, "one of roomId, customRoomId or sessionId is required"),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reader := trigger.Reader{Profiles: &profiles{source: tt.source, mapped: tt.mapped}}
			for _, received := range []time.Time{now, now.AddDate(0, 0, 3)} { // and redelivered
				got, err := reader.Message(t.Context(), message(tt.body, sent), received)
				wantError(t, tt.err, err)
				wantRequest(t, tt.want, got)
			}
		})
	}
}

func TestProfilesAreAskedAboutEventsOfOthersOnly(t *testing.T) {
	own := `{"id":"1","detail-type":"t","source":"videosdk.end-session","detail":{"roomId":"r"}}`
	tests := []struct {
		name, body string
		want       []trigger.Foreign
	}{
		{"an event from a bus", bridge(`{"roomId":"r"}`), []trigger.Foreign{{Source: "my.lms", Body: []byte(bridge(`{"roomId":"r"}`)), Enveloped: true}}},
		{"one by SNS", notification(bridge(`{"roomId":"r"}`)), []trigger.Foreign{{Source: "my.lms", Body: []byte(bridge(`{"roomId":"r"}`)), Enveloped: true}}},
		{"Canvas", canvas, []trigger.Foreign{{Source: "canvas", Body: []byte(canvas)}}},
		{"our own document", `{"roomId":"r","occurredAt":"2026-11-23T09:00:00Z"}`, nil},
		{"our own document by SNS", notification(`{"roomId":"r"}`), nil},
		{"our own document in a CloudEvent", cloudEvent(`,"data":{"roomId":"r"}`), nil},
		{"an outcome of our own", own, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked := &profiles{}
			_, _ = trigger.Reader{Profiles: asked}.Message(t.Context(), message(tt.body, now), now)
			if diff := cmp.Diff(tt.want, asked.asked); diff != "" {
				t.Errorf("asked about (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnEventThatCannotBeMappedSaysWhoseItIs(t *testing.T) {
	for _, want := range []*endsession.Error{
		{Code: endsession.CodeIgnored, Class: endsession.Permanent, Message: "not_relevant"}, {Code: endsession.CodeSecretUnavailable, Message: "away"},
	} {
		reader := trigger.Reader{Profiles: &profiles{source: "my.lms", err: want}}
		got, err := reader.Event(t.Context(), []byte(bridge(`{"roomId":"r"}`)), trace, now)
		wantError(t, want, err)
		wantRequest(t, endsession.Request{Source: "my.lms", ID: "bridge-1", OccurredAt: at(9, 10), Trace: trace}, got)
	}
}
