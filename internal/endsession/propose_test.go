package endsession_test

import (
	"testing"
	"testing/synctest"
	"time"

	"videosdk-end-session/internal/endsession"
)

func TestNeverTheWrongMeeting(t *testing.T) {
	ago := func(d time.Duration) time.Time { return time.Now().Add(-d) }
	tests := []struct {
		name    string
		world   func(*world)
		trigger func(*endsession.Request)
		outcome endsession.Outcome
		code    endsession.Code
		ended   int // index into the world's sessions, from 1; 0 for none
	}{
		{
			name:    "the room's live session is ended",
			world:   func(w *world) { w.live(time.Hour) },
			outcome: endsession.Ended, ended: 1,
		},
		{
			name:    "delivered ten minutes late, the room's new session is left alone",
			world:   func(w *world) { w.live(5 * time.Minute) },
			trigger: func(r *endsession.Request) { r.OccurredAt = ago(10 * time.Minute) },
			outcome: endsession.Refused, code: endsession.CodeSessionAfterTrigger,
		},
		{
			name:    "a session that began 30 s after the trigger is within the tolerance",
			world:   func(w *world) { w.live(0) },
			trigger: func(r *endsession.Request) { r.OccurredAt = ago(30 * time.Second) },
			outcome: endsession.Ended, ended: 1,
		},
		{
			name:    "a session that began 31 s after the trigger is not",
			world:   func(w *world) { w.live(0) },
			trigger: func(r *endsession.Request) { r.OccurredAt = ago(31 * time.Second) },
			outcome: endsession.Refused, code: endsession.CodeSessionAfterTrigger,
		},
		{
			name: "an ignored list filter ends nothing",
			world: func(w *world) {
				w.unfilter = true
				w.live(time.Hour).RoomID = "some-body-else"
			},
			outcome: endsession.Refused, code: endsession.CodePinMismatch,
		},
		{
			name: "an ignored list filter hides nothing either",
			world: func(w *world) {
				w.unfilter = true
				w.live(2 * time.Hour)
				w.live(time.Hour).RoomID = "some-body-else"
			},
			outcome: endsession.Ended, ended: 1,
		},
		{
			name:    "a session without a readable start is left alone",
			world:   func(w *world) { w.live(time.Hour).Start = "2022-03-29T15:60:35.000Z" },
			outcome: endsession.Refused, code: endsession.CodeSessionStartUnknown,
		},
		{
			name:    "a session without any start is left alone",
			world:   func(w *world) { w.live(time.Hour).Start = "" },
			outcome: endsession.Refused, code: endsession.CodeSessionStartUnknown,
		},
		{
			name:    "a session without an id is left alone",
			world:   func(w *world) { w.live(time.Hour).ID = "" },
			outcome: endsession.Refused, code: endsession.CodePinMismatch,
		},
		{
			name:    "of two live sessions the newest that counts is ended",
			world:   func(w *world) { w.live(3 * time.Hour); w.live(2 * time.Hour) },
			outcome: endsession.Ended, ended: 2,
		},
		{
			name:    "of two live sessions only one may have begun by then",
			world:   func(w *world) { w.live(3 * time.Hour); w.live(time.Minute) },
			trigger: func(r *endsession.Request) { r.OccurredAt = ago(time.Hour) },
			outcome: endsession.Ended, ended: 1,
		},
		{
			name:    "nobody in the room",
			outcome: endsession.NotActive,
		},
		{
			name: "a room that VideoSDK doesn't know has nobody in it",
			world: func(w *world) {
				w.onRead = func(int) error { return roomNotFound() }
			},
			outcome: endsession.NotActive, code: endsession.CodeRoomNotFound,
		},
		{
			name:    "a trigger of yesterday is too old",
			world:   func(w *world) { w.live(48 * time.Hour) },
			trigger: func(r *endsession.Request) { r.OccurredAt = ago(24*time.Hour + time.Second) },
			outcome: endsession.Refused, code: endsession.CodeTriggerTooOld,
		},
		{
			name:    "before the booking's window",
			world:   func(w *world) { w.live(time.Hour) },
			trigger: func(r *endsession.Request) { r.StartsAt = time.Now().Add(16 * time.Minute) },
			outcome: endsession.Refused, code: endsession.CodeBeforeWindow,
		},
		{
			name:    "within the lead of the booking",
			world:   func(w *world) { w.live(0) },
			trigger: func(r *endsession.Request) { r.StartsAt = time.Now().Add(14 * time.Minute) },
			outcome: endsession.Ended, ended: 1,
		},
		{
			name:    "after the booking's window",
			world:   func(w *world) { w.live(3 * time.Hour) },
			trigger: func(r *endsession.Request) { r.EndsAt = ago(61 * time.Minute) },
			outcome: endsession.Refused, code: endsession.CodeAfterWindow,
		},
		{
			name:  "the booking before this one left its session open",
			world: func(w *world) { w.live(3 * time.Hour) },
			trigger: func(r *endsession.Request) {
				r.StartsAt, r.EndsAt = ago(time.Hour), time.Now()
			},
			outcome: endsession.Refused, code: endsession.CodeSessionOutsideWindow,
		},
		{
			name:  "the next booking's session is left alone within the grace",
			world: func(w *world) { w.live(10 * time.Minute) },
			trigger: func(r *endsession.Request) {
				r.StartsAt, r.EndsAt = ago(time.Hour), ago(20*time.Minute)
			},
			outcome: endsession.Refused, code: endsession.CodeSessionOutsideWindow,
		},
		{
			name:    "a customRoomId finds the room",
			world:   func(w *world) { w.live(time.Hour) },
			trigger: func(r *endsession.Request) { r.Target = endsession.Target{CustomRoomID: booking} },
			outcome: endsession.Ended, ended: 1,
		},
		{
			name:    "a room with another customRoomId than the one named is left alone",
			world:   func(w *world) { w.live(time.Hour) },
			trigger: func(r *endsession.Request) { r.CustomRoomID = "booking-1" },
			outcome: endsession.Refused, code: endsession.CodePinMismatch,
		},
		{
			name:    "a customRoomId finds the room whose session does not show it",
			world:   func(w *world) { w.unshown = true; w.live(time.Hour) },
			trigger: func(r *endsession.Request) { r.Target = endsession.Target{CustomRoomID: booking} },
			outcome: endsession.Ended, ended: 1,
		},
		{
			name:    "and the room itself does not show it",
			world:   func(w *world) { w.unshown, w.nameless = true, true; w.live(time.Hour) },
			trigger: func(r *endsession.Request) { r.Target = endsession.Target{CustomRoomID: booking} },
			outcome: endsession.Ended, ended: 1,
		},
		{
			name: "an ignored list filter ends nothing where sessions show no customRoomId",
			world: func(w *world) {
				w.unfilter, w.unshown = true, true
				w.live(2 * time.Hour).End = "2000-01-01T00:00:00Z"
				other := w.live(time.Hour)
				other.RoomID, other.CustomRoomID = "some-body-else", "booking-1"
			},
			trigger: func(r *endsession.Request) { r.Target = endsession.Target{CustomRoomID: booking} },
			outcome: endsession.Refused, code: endsession.CodePinMismatch,
		},
		{
			name:    "nor where VideoSDK knows no room of that customRoomId",
			world:   func(w *world) { w.unfilter, w.unshown = true, true; w.live(time.Hour) },
			trigger: func(r *endsession.Request) { r.Target = endsession.Target{CustomRoomID: "booking-1"} },
			outcome: endsession.Refused, code: endsession.CodePinMismatch,
		},
		{
			name:    "a roomId is no customRoomId",
			world:   func(w *world) { w.unfilter, w.unshown = true, true; w.live(time.Hour) },
			trigger: func(r *endsession.Request) { r.Target = endsession.Target{CustomRoomID: room} },
			outcome: endsession.Refused, code: endsession.CodePinMismatch,
		},
		{
			name:    "nor is that of a room that shows no customRoomId",
			world:   func(w *world) { w.unfilter, w.unshown, w.nameless = true, true, true; w.live(time.Hour) },
			trigger: func(r *endsession.Request) { r.Target = endsession.Target{CustomRoomID: room} },
			outcome: endsession.Refused, code: endsession.CodePinMismatch,
		},
		{
			name: "a named session whose room has another customRoomId, which it does not show, is left alone",
			world: func(w *world) {
				w.unshown = true
				w.live(time.Hour)
				other := w.live(time.Hour)
				other.RoomID, other.CustomRoomID = "some-body-else", "booking-1"
			},
			trigger: func(r *endsession.Request) {
				r.Target = endsession.Target{SessionID: "000000000000000000000001", CustomRoomID: "booking-1"}
			},
			outcome: endsession.Refused, code: endsession.CodePinMismatch,
		},
		{
			name:  "a named session whose room has the customRoomId named, which it does not show, is ended",
			world: func(w *world) { w.unshown = true; w.live(time.Hour) },
			trigger: func(r *endsession.Request) {
				r.Target = endsession.Target{SessionID: "000000000000000000000001", CustomRoomID: booking}
			},
			outcome: endsession.Ended, ended: 1,
		},
		{
			name: "a final refusal to look at the room is a failure",
			world: func(w *world) {
				w.unshown = true
				w.live(time.Hour)
				w.onRead = func(n int) error {
					if n == 1 {
						return nil
					}
					return rejected()
				}
			},
			trigger: func(r *endsession.Request) { r.Target = endsession.Target{CustomRoomID: booking} },
			outcome: endsession.Failed, code: endsession.CodeVideoSDKRejected,
		},
		{
			name:    "a named session is ended",
			world:   func(w *world) { w.live(2 * time.Hour); w.live(time.Hour) },
			trigger: func(r *endsession.Request) { r.Target = endsession.Target{SessionID: "000000000000000000000001"} },
			outcome: endsession.Ended, ended: 1,
		},
		{
			name:    "a named session in a named room is ended",
			world:   func(w *world) { w.live(2 * time.Hour); w.live(time.Hour) },
			trigger: func(r *endsession.Request) { r.SessionID = "000000000000000000000001" },
			outcome: endsession.Ended, ended: 1,
		},
		{
			name:    "a named session in a named room has ended, and the next meeting is left alone",
			world:   func(w *world) { w.live(time.Hour).End = "2000-01-01T00:00:00Z"; w.live(0) },
			trigger: func(r *endsession.Request) { r.SessionID = "000000000000000000000001" },
			outcome: endsession.AlreadyEnded,
		},
		{
			name:    "a named session of another room than the one named is left alone",
			world:   func(w *world) { w.live(time.Hour).RoomID = "some-body-else" },
			trigger: func(r *endsession.Request) { r.SessionID = "000000000000000000000001" },
			outcome: endsession.Refused, code: endsession.CodePinMismatch,
		},
		{
			name:  "a named session with another customRoomId is left alone",
			world: func(w *world) { w.live(time.Hour) },
			trigger: func(r *endsession.Request) {
				r.Target = endsession.Target{SessionID: "000000000000000000000001", CustomRoomID: "booking-1"}
			},
			outcome: endsession.Refused, code: endsession.CodePinMismatch,
		},
		{
			name:    "a named session that has ended",
			world:   func(w *world) { w.live(time.Hour).End = "2022-03-29T15:00:00Z" },
			trigger: func(r *endsession.Request) { r.Target = endsession.Target{SessionID: "000000000000000000000001"} },
			outcome: endsession.AlreadyEnded,
		},
		{
			name:    "a named session that does not exist",
			trigger: func(r *endsession.Request) { r.Target = endsession.Target{SessionID: "000000000000000000000001"} },
			outcome: endsession.Failed, code: endsession.CodeSessionNotFound,
		},
		{
			name:    "a named session needs no readable start",
			world:   func(w *world) { w.live(time.Hour).Start = "" },
			trigger: func(r *endsession.Request) { r.Target = endsession.Target{SessionID: "000000000000000000000001"} },
			outcome: endsession.Ended, ended: 1,
		},
		{
			name:    "a final refusal to look is a failure",
			world:   func(w *world) { w.onRead = func(int) error { return rejected() } },
			outcome: endsession.Failed, code: endsession.CodeVideoSDKRejected,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				if tt.world != nil {
					tt.world(w)
				}
				r := trigger()
				if tt.trigger != nil {
					tt.trigger(&r)
				}
				w.wantOutcome(w.deliver(r), tt.outcome, tt.code)
				if tt.ended == 0 {
					w.wantCalls(0, 0)
					return
				}
				w.wantCalls(1, 1)
				if want := w.sessions[tt.ended-1].ID; len(w.acted) > 0 && w.acted[0] != want {
					t.Errorf("ended session %s, want %s", w.acted[0], want)
				}
			})
		})
	}
}

func TestARefusalTellsNothingOfTheOtherMeeting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.unfilter = true
		w.live(time.Hour).RoomID = "some-body-else"
		var report endsession.Report
		w.onDetail = func(r endsession.Report) { report = r }
		w.wantOutcome(w.deliver(trigger()), endsession.Refused, endsession.CodePinMismatch)
		if s := report.Session; s.ID != "" || s.RoomID != room || len(s.Participants) > 0 {
			t.Errorf("the report tells of %+v, want only what the trigger named", s)
		}
	})
}

func TestTransientReadsAreRepeatedWithinTheDeadline(t *testing.T) {
	tests := []struct {
		name  string
		err   func() error
		fails int
		waits bool            // this door waits while VideoSDK throttles
		want  endsession.Code // "" for an ended session
		reads int
		takes time.Duration
	}{
		{name: "two failures", err: notReached, fails: 2, reads: 3, takes: 125*time.Millisecond + 250*time.Millisecond},
		{name: "three failures", err: notReached, fails: 3, want: endsession.CodeVideoSDKUnavailable, reads: 3, takes: 375 * time.Millisecond},
		{name: "throttled with a time to wait", err: func() error { return throttled(5 * time.Second) }, fails: 1, reads: 2, takes: 5125 * time.Millisecond},
		{name: "throttled for longer than there is", err: func() error { return throttled(time.Minute) }, fails: 1, want: endsession.CodeVideoSDKThrottled, reads: 1},
		{name: "throttled for longer than there is, where a queue waits", err: func() error { return throttled(time.Minute) }, fails: 1, waits: true, want: endsession.CodeVideoSDKThrottled, reads: 1},
		{name: "throttled six times, where a queue waits", err: func() error { return throttled(0) }, fails: 6, waits: true, reads: 7, takes: 5875 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.policy.Patient = tt.waits
				w.live(time.Hour)
				w.onRead = func(n int) error {
					if n <= tt.fails {
						return tt.err()
					}
					return nil
				}
				began := time.Now()
				got := w.deliver(trigger())
				if tt.want == "" {
					w.wantOutcome(got, endsession.Ended, "")
				} else {
					w.wantAgain(got, tt.want)
				}
				if w.reads != tt.reads {
					t.Errorf("%d reads, want %d", w.reads, tt.reads)
				}
				if took := time.Since(began); took != tt.takes {
					t.Errorf("took %s, want %s", took, tt.takes)
				}
			})
		})
	}
}

func TestAWindowThatClosesWhileVideoSDKThrottlesIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.policy.Patient = true
		w.live(time.Hour)
		w.onRead = func(n int) error {
			if n == 1 {
				return throttled(10 * time.Second)
			}
			return nil
		}
		r := trigger()
		r.StartsAt, r.EndsAt = time.Now().Add(-time.Hour), time.Now().Add(5*time.Second-w.policy.BookingGrace)
		w.wantOutcome(w.deliver(r), endsession.Refused, endsession.CodeAfterWindow)
		w.wantCalls(0, 0)
	})
}

// TestTheEventNamesTheRoomAsTheTriggerDoes has sessions that do not show their room's customRoomId, by whatever way one is settled.
func TestTheEventNamesTheRoomAsTheTriggerDoes(t *testing.T) {
	tests := []struct {
		name    string
		world   func(*world)
		outcome endsession.Outcome
	}{
		{name: "ended", outcome: endsession.Ended},
		{name: "taken over", world: func(w *world) {
			w.onEnd = func(n int) error {
				if n == 1 {
					panic("the process dies")
				}
				return nil
			}
		}, outcome: endsession.Ended},
		{name: "ended by others, found when it is taken over", world: func(w *world) {
			w.onEnd = func(int) error {
				w.sessions[0].End = "2000-01-01T00:00:00Z"
				panic("the process dies")
			}
		}, outcome: endsession.AlreadyEnded},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.unshown = true
				w.live(time.Hour)
				if tt.world != nil {
					tt.world(w)
				}
				var report endsession.Report
				w.onDetail = func(r endsession.Report) { report = r }
				r := trigger()
				r.Target = endsession.Target{CustomRoomID: booking}
				got := w.deliver(r)
				if got.Err != nil {
					time.Sleep(time.Minute) // until the lease is over
					got = w.deliver(r)
				}
				w.wantOutcome(got, tt.outcome, "")
				if s := report.Session; s.CustomRoomID != booking || s.RoomID != room {
					t.Errorf("the event's session is %+v, want it with customRoomId %s", s, booking)
				}
			})
		})
	}
}
