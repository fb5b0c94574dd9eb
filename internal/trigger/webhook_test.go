package trigger_test

import (
	"strings"
	"testing"
	"time"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/trigger"
)

// hook is a webhook that was received now, in which only the digest of the body stands for an id.
func hook(body string) trigger.Delivery {
	return trigger.Delivery{Source: "calcom", Body: []byte(body), Received: now, Trace: trace}
}

// hooked is a request as the webhook door fills it in.
func hooked(id string, change func(*endsession.Request)) endsession.Request {
	r := endsession.Request{Target: endsession.Target{RoomID: "r"}, Source: "calcom", ID: id, OccurredAt: now, Trace: trace}
	if change != nil {
		change(&r)
	}
	return r
}

// The digest of hook(`b`).
const digest = "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"

func TestTheDocumentOfAWebhook(t *testing.T) {
	with := func(change func(*trigger.Delivery)) trigger.Delivery {
		d := hook(`b`)
		change(&d)
		return d
	}
	happened := func(r *endsession.Request) { r.OccurredAt = at(9, 0) }
	tests := []struct {
		name, document string
		delivery       trigger.Delivery
		want           endsession.Request
		delay          time.Duration
		err            *endsession.Error
	}{
		{name: "without anything", document: `{"roomId":"r"}`, delivery: hook(`b`), want: hooked(digest+":2026-11-23", nil)},
		{
			name: "with a time the same bytes are the same on every day", document: `{"roomId":"r","occurredAt":"2026-11-23T09:00:00Z"}`, delivery: hook(`b`),
			want: hooked(digest, happened),
		},
		{
			name: "a time of the delivery does as well", document: `{"roomId":"r"}`, delivery: with(func(d *trigger.Delivery) { d.OccurredAt = at(9, 0) }),
			want: hooked(digest, happened),
		},
		{name: "a delivery's own id", document: `{"roomId":"r"}`, delivery: with(func(d *trigger.Delivery) { d.ID = " msg_1\n" }), want: hooked("msg_1", nil)},
		{name: "a blank id is none", document: `{"roomId":"r"}`, delivery: with(func(d *trigger.Delivery) { d.ID = " " }), want: hooked(digest+":2026-11-23", nil)},
		{name: "the document's id", document: `{"roomId":"r","id":"i"}`, delivery: with(func(d *trigger.Delivery) { d.ID = "msg_1" }), want: hooked("i", nil)},
		{name: "not the document's source", document: `{"roomId":"r","source":"acuity"}`, delivery: hook(`b`), want: hooked(digest+":2026-11-23", nil)},
		{name: "not even one that is none", document: `{"roomId":"r","source":{}}`, delivery: hook(`b`), want: hooked(digest+":2026-11-23", nil)},
		{name: "the future counts as now", document: `{"roomId":"r","occurredAt":"2099-01-01T00:00:00Z"}`, delivery: hook(`b`), want: hooked(digest, nil)},
		{name: "a delay", document: `{"roomId":"r","delaySeconds":900}`, delivery: hook(`b`), want: hooked(digest+":2026-11-23", nil), delay: 15 * time.Minute},
		{
			name: "the delivery's delay", document: `{"roomId":"r"}`, delivery: with(func(d *trigger.Delivery) { d.Delay = time.Minute }),
			want: hooked(digest+":2026-11-23", nil), delay: time.Minute,
		},
		{
			name: "the document's delay goes before it", document: `{"roomId":"r","delaySeconds":0}`, delivery: with(func(d *trigger.Delivery) { d.Delay = time.Minute }),
			want: hooked(digest+":2026-11-23", nil),
		},
		{
			name: "too long a delay", document: `{"roomId":"r","delaySeconds":901}`, delivery: hook(`b`), want: hooked(digest+":2026-11-23", nil),
			err: refused(endsession.CodeInvalidRequest, "delaySeconds must be a whole number of seconds from 0 to 900"),
		},
		{name: "no JSON", document: `end it`, delivery: hook(`b`), want: hooked(digest+":2026-11-23", func(r *endsession.Request) { r.RoomID, r.ID = "", digest }), err: invalidJSON()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, delay, err := tt.delivery.Document([]byte(tt.document))
			wantError(t, tt.err, err)
			wantRequest(t, tt.want, got)
			if delay != tt.delay {
				t.Errorf("delay %s, want %s", delay, tt.delay)
			}
		})
	}
}

func TestWhatProfilesFoundIsCompleted(t *testing.T) {
	found := trigger.Mapped{Target: endsession.Target{RoomID: "r"}}
	with := func(change func(*trigger.Mapped)) trigger.Mapped {
		m := found
		change(&m)
		return m
	}
	long := strings.Repeat("i", 513)
	tests := []struct {
		name   string
		mapped trigger.Mapped
		want   endsession.Request
		err    *endsession.Error
	}{
		{name: "nothing but a room", mapped: found, want: hooked(digest+":2026-11-23", nil)},
		{
			name: "everything",
			mapped: trigger.Mapped{
				Target: endsession.Target{CustomRoomID: "c", SessionID: "s"}, ID: "i", Reason: "over", OccurredAt: at(9, 0), StartsAt: at(8, 0), EndsAt: at(9, 30), Delay: time.Minute,
			},
			want: hooked("i", func(r *endsession.Request) {
				r.Target = endsession.Target{CustomRoomID: "c", SessionID: "s"}
				r.Reason, r.OccurredAt, r.StartsAt, r.EndsAt = "over", at(9, 0), at(8, 0), at(9, 30)
			}),
		},
		{
			name: "with a time the same bytes are the same on every day", mapped: with(func(m *trigger.Mapped) { m.OccurredAt = at(9, 0) }),
			want: hooked(digest, func(r *endsession.Request) { r.OccurredAt = at(9, 0) }),
		},
		{name: "the future counts as now", mapped: with(func(m *trigger.Mapped) { m.OccurredAt = now.AddDate(1, 0, 0) }), want: hooked(digest, nil)},
		{
			name: "an id that is too long", mapped: with(func(m *trigger.Mapped) { m.ID = long }), want: hooked(long, nil),
			err: refused(endsession.CodeInvalidRequest, "id must be at most 512 characters without control characters"),
		},
		{
			name: "no room, and an end before the start", mapped: trigger.Mapped{StartsAt: at(9, 0), EndsAt: at(8, 0)},
			want: hooked(digest+":2026-11-23", func(r *endsession.Request) { r.RoomID, r.StartsAt, r.EndsAt = "", at(9, 0), at(8, 0) }),
			err:  refused(endsession.CodeInvalidRequest, "one of roomId, customRoomId or sessionId is required", "endsAt must not be before startsAt"),
		},
		{
			name: "before 1970", mapped: with(func(m *trigger.Mapped) { m.StartsAt = time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC) }),
			want: hooked(digest+":2026-11-23", func(r *endsession.Request) { r.StartsAt = time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC) }),
			err:  refused(endsession.CodeInvalidRequest, "startsAt must lie between the years 1970 and 9999"),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := hook(`b`).Mapped(tt.mapped)
			wantError(t, tt.err, err)
			wantRequest(t, tt.want, got)
		})
	}
}
