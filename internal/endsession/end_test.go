package endsession_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"videosdk-end-session/internal/endsession"
)

func TestEnd(t *testing.T) {
	once := func(err func() error) func(int) error {
		return func(n int) error {
			if n == 1 {
				return err()
			}
			return nil
		}
	}
	always := func(err func() error) func(int) error { return func(int) error { return err() } }
	// others ends the session behind the trigger's back, and lets the room's next meeting begin.
	others := func(w *world) {
		w.sessions[0].End = "2000-01-01T00:00:00Z"
		w.sessions = append(w.sessions, &endsession.Session{ID: "next", RoomID: room, Start: "2000-01-01T00:00:00Z"})
	}
	tests := []struct {
		name    string
		world   func(*world)
		final   bool // credentials are final at this door
		patient bool // this door waits while VideoSDK throttles
		outcome endsession.Outcome
		code    endsession.Code // with no outcome, the code of the error
		calls   int
		acted   int
		held    bool // the claim is held until its lease runs out
	}{
		{name: "the answer has an end", outcome: endsession.Ended, calls: 1, acted: 1},
		{name: "the answer has none yet", world: func(w *world) { w.async = true }, outcome: endsession.Ending, calls: 1, acted: 1},
		{
			name: "accepted and answered unreadably is not repeated",
			world: func(w *world) {
				w.endAnswer = func(endsession.Session) endsession.Session { return endsession.Session{} }
			},
			outcome: endsession.Ending, calls: 1, acted: 1,
		},
		{
			name: "answered for another session",
			world: func(w *world) {
				w.endAnswer = func(s endsession.Session) endsession.Session { s.ID = "other"; return s }
			},
			outcome: endsession.Failed, code: endsession.CodeOtherSession, calls: 1, acted: 1,
		},
		{name: "throttled, then taken", world: func(w *world) { w.onEnd = once(func() error { return throttled(time.Second) }) }, outcome: endsession.Ended, calls: 2, acted: 1},
		{name: "not reached, then taken", world: func(w *world) { w.onEnd = once(notReached) }, outcome: endsession.Ended, calls: 2, acted: 1},
		{name: "lost before the effect, then taken", world: func(w *world) { w.onEnd = once(lostAnswer) }, outcome: endsession.Ended, calls: 2, acted: 1},
		{name: "lost after the effect: a look suffices", world: func(w *world) { w.onEnded = once(lostAnswer) }, outcome: endsession.Ended, calls: 1, acted: 1},
		{
			name: "throttled, and ended by others meanwhile: the next meeting is safe",
			world: func(w *world) {
				w.onEnd = once(func() error { others(w); return throttled(time.Second) })
			},
			outcome: endsession.AlreadyEnded, calls: 1,
		},
		{name: "never reached gives the claim up", world: func(w *world) { w.onEnd = always(notReached) }, code: endsession.CodeVideoSDKUnavailable, calls: 3},
		{name: "always throttled gives the claim up", world: func(w *world) { w.onEnd = always(func() error { return throttled(0) }) }, code: endsession.CodeVideoSDKThrottled, calls: 3},
		{
			name: "throttled for long, then taken, where a queue waits", patient: true, outcome: endsession.Ended, calls: 9, acted: 1,
			world: func(w *world) {
				w.onEnd = func(n int) error {
					if n <= 8 {
						return throttled(0)
					}
					return nil
				}
			},
		},
		{
			name: "always throttled gives the claim up at the deadline, where a queue waits", patient: true, code: endsession.CodeVideoSDKThrottled, calls: 15,
			world: func(w *world) { w.onEnd = always(func() error { return throttled(0) }) },
		},
		{
			name: "never reached is no matter of patience", patient: true, code: endsession.CodeVideoSDKUnavailable, calls: 3,
			world: func(w *world) { w.onEnd = always(notReached) },
		},
		{name: "always lost holds the claim", world: func(w *world) { w.onEnd = always(lostAnswer) }, code: endsession.CodeVideoSDKUnavailable, calls: 3, held: true},
		{
			name: "lost, and then throttled, holds the claim too",
			world: func(w *world) {
				w.onEnd = func(n int) error {
					if n == 1 {
						return lostAnswer()
					}
					return throttled(0)
				}
			},
			code: endsession.CodeVideoSDKThrottled, calls: 3, held: true,
		},
		{name: "refused for a live session", world: func(w *world) { w.onEnd = always(rejected) }, outcome: endsession.Failed, code: endsession.CodeVideoSDKRejected, calls: 1},
		{
			name:    "refused because it has ended meanwhile",
			world:   func(w *world) { w.onEnd = func(int) error { others(w); return rejected() } },
			outcome: endsession.AlreadyEnded, calls: 1,
		},
		{
			name: "refused, and the look fails for now",
			world: func(w *world) {
				w.onEnd = func(int) error { w.onRead = func(int) error { return notReached() }; return rejected() }
			},
			code: endsession.CodeVideoSDKUnavailable, calls: 1,
		},
		{
			name: "lost, and refused while the session still shows live, is too early to tell",
			world: func(w *world) {
				w.onEnd = func(n int) error {
					if n == 1 {
						return lostAnswer()
					}
					return rejected()
				}
			},
			code: endsession.CodeVideoSDKRejected, calls: 2, held: true,
		},
		{
			name: "throttled, and unknown when looked at again",
			world: func(w *world) {
				w.onEnd = func(int) error { w.sessions = nil; return throttled(0) }
			},
			outcome: endsession.Failed, code: endsession.CodeSessionNotFound, calls: 1,
		},
		{name: "forbidden, nobody waits", world: func(w *world) { w.onEnd = always(forbidden) }, code: endsession.CodeVideoSDKForbidden, calls: 1},
		{name: "forbidden, a caller waits", world: func(w *world) { w.onEnd = always(forbidden) }, final: true, outcome: endsession.Failed, code: endsession.CodeVideoSDKForbidden, calls: 1},
		{
			name:  "an error of no known kind is tried again later",
			world: func(w *world) { w.onEnd = always(func() error { return errors.New("?") }) },
			code:  endsession.CodeInternal, calls: 3,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.policy.FinalCredentials, w.policy.Patient = tt.final, tt.patient
				w.live(time.Hour)
				if tt.world != nil {
					tt.world(w)
				}
				got := w.deliver(trigger())
				w.wantCalls(tt.calls, tt.acted)
				if tt.outcome != "" {
					w.wantOutcome(got, tt.outcome, tt.code)
					return
				}
				w.wantAgain(got, tt.code)
				if len(w.published) > 0 {
					t.Errorf("published %s", w.published[0].Detail)
				}
				w.onEnd, w.onRead = nil, nil
				if tt.held {
					w.wantAgain(w.deliver(trigger()), endsession.CodeInProgress)
					time.Sleep(25 * time.Second)
				}
				w.wantOutcome(w.deliver(trigger()), endsession.Ended, "")
			})
		})
	}
}

func TestASlowClaimIsFollowedByANewLook(t *testing.T) {
	tests := []struct {
		name  string
		claim time.Duration
		reads int
		calls int
	}{
		{name: "a quick one is not", claim: 2*time.Second - 1, reads: 2, calls: 1}, // the second look is after VideoSDK's refusal
		{name: "a slow one is", claim: 2 * time.Second, reads: 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				pinned := w.live(time.Hour)
				w.onStore = func(_, next endsession.Entry) error {
					if next.State == endsession.Claimed {
						time.Sleep(tt.claim)
						pinned.End = "2000-01-01T00:00:00Z" // meanwhile it ends, and the room's next meeting begins
						w.live(0)
					}
					return nil
				}
				w.wantOutcome(w.deliver(trigger()), endsession.AlreadyEnded, "")
				w.wantCalls(tt.calls, 0)
				if w.reads != tt.reads {
					t.Errorf("%d reads, want %d", w.reads, tt.reads)
				}
			})
		})
	}
}

// TestAnEndIsSentWithinTwoSecondsOfALook looks at the time that each call is given.
func TestAnEndIsSentWithinTwoSecondsOfALook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.unshown = true
		w.live(time.Hour)
		var looked time.Time
		w.onRead = func(n int) error {
			if n == 2 { // at the room, which says nothing of who is in it
				time.Sleep(time.Second)
				return nil
			}
			looked = time.Now()
			return nil
		}
		w.onStore = func(_, next endsession.Entry) error {
			if next.State == endsession.Claimed {
				time.Sleep(time.Second / 2)
			}
			return nil
		}
		w.onEnd = func(n int) error {
			if want := looked.Add(2 * time.Second); !w.startBy.Equal(want) {
				t.Errorf("call %d may be sent until %s, want %s", n, w.startBy, want)
			}
			if n == 1 {
				return notReached()
			}
			return nil
		}
		r := trigger()
		r.Target = endsession.Target{CustomRoomID: booking}
		w.wantOutcome(w.deliver(r), endsession.Ended, "")
		w.wantCalls(2, 1)
	})
}
