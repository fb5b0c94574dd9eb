package endsession_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"videosdk-end-session/internal/endsession"
)

func TestFiveDeliveriesMakeOneEndCallAndOneEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.live(time.Hour)
		for i := range 5 {
			got := w.deliver(trigger())
			w.wantOutcome(got, endsession.Ended, "")
			if got.Duplicate != (i > 0) {
				t.Errorf("delivery %d: duplicate = %v", i+1, got.Duplicate)
			}
		}
		w.wantCalls(1, 1)
		if len(w.published) != 1 {
			t.Errorf("published %d events, want 1", len(w.published))
		}
	})
}

func TestFiveDeliveriesAtOnceMakeOneEndCallAndOneEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.live(time.Hour)
		w.endTakes = time.Second
		results := w.deliverAtOnce(5)
		var settled int
		for _, r := range results {
			if r.Err == nil {
				settled++
				continue
			}
			w.wantAgain(r, endsession.CodeInProgress)
			if r.Err.RetryAfter <= 0 || r.Err.RetryAfter > 25*time.Second {
				t.Errorf("in progress for another %s, want up to the lease's 25 s", r.Err.RetryAfter)
			}
		}
		if settled != 1 {
			t.Errorf("%d deliveries were settled, want 1", settled)
		}
		w.wantOutcome(w.deliver(trigger()), endsession.Ended, "")
		w.wantCalls(1, 1)
		w.wantOneIdentity()
	})
}

func (w *world) deliverAtOnce(n int) []endsession.Result {
	results := make([]endsession.Result, n)
	var wg sync.WaitGroup
	for i := range n {
		s := w.service(func(c *endsession.Config) { c.Observe = nil })
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(w.t.Context(), 25*time.Second)
			defer cancel()
			results[i] = s.Handle(ctx, trigger())[0]
		})
	}
	wg.Wait()
	return results
}

// crash delivers to a process that dies: from the fault that the test has installed on, nothing of it has an effect.
func (w *world) crash(r endsession.Request) {
	done := make(chan struct{})
	s := w.service()
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 25*time.Second)
		defer cancel()
		s.Handle(ctx, r)
		close(done)
	}()
	<-done
}

func TestACrashAnywhereEndsOneSessionAndPublishesOneOutcome(t *testing.T) {
	dead := errors.New("the process is dead")
	tests := []struct {
		name    string
		dies    func(*world) // installs the death of the first delivery
		outcome endsession.Outcome
		calls   int
	}{
		{
			name: "before the claim",
			dies: func(w *world) {
				w.onStore = func(_, _ endsession.Entry) error { return dead }
			},
			outcome: endsession.Ended, calls: 1,
		},
		{
			name: "in the end call, before its effect",
			dies: func(w *world) {
				w.onEnd = func(int) error { return lostAnswer() }
				w.onRead = dieAfterRead(1)
			},
			outcome: endsession.Ended, calls: 2,
		},
		{
			name: "right after the end, before it was recorded",
			dies: func(w *world) {
				w.onStore = func(_, next endsession.Entry) error {
					if next.State != endsession.Claimed {
						return dead
					}
					return nil
				}
			},
			outcome: endsession.AlreadyEnded, calls: 1,
		},
		{
			name: "after it was recorded, before it was published",
			dies: func(w *world) {
				w.onPublish = func(int, endsession.Event) error { return dead }
			},
			outcome: endsession.Ended, calls: 1,
		},
		{
			name: "after it was published, before that was completed",
			dies: func(w *world) {
				w.onStore = func(_, next endsession.Entry) error {
					if next.State == endsession.Published {
						return dead
					}
					return nil
				}
			},
			outcome: endsession.Ended, calls: 1,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.live(time.Hour)
				tt.dies(w)
				w.crash(trigger())
				w.onStore, w.onEnd, w.onPublish, w.onRead = nil, nil, nil, nil

				time.Sleep(3 * time.Minute) // the queue's visibility timeout
				next := w.live(0)           // the room's next meeting
				r := trigger()
				r.OccurredAt = time.Now().Add(-3 * time.Minute)
				w.wantOutcome(w.deliver(r), tt.outcome, "")
				w.wantCalls(tt.calls, 1)
				w.wantOneIdentity()
				if next.Ended() {
					t.Error("the room's next meeting was ended")
				}
			})
		})
	}
}

// dieAfterRead lets so many reads pass and fails all others.
func dieAfterRead(n int) func(int) error {
	return func(read int) error {
		if read > n {
			return notReached()
		}
		return nil
	}
}

func TestATakenOverOwnerPublishesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.live(time.Hour)
		hang := make(chan struct{})
		w.onStore = func(_, next endsession.Entry) error {
			if next.State == endsession.Recorded && next.Owner == "owner-1" {
				<-hang // the first owner's write is held up beyond its lease
			}
			return nil
		}
		first := make(chan endsession.Result)
		s := w.service()
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), 25*time.Second)
			defer cancel()
			first <- s.Handle(ctx, trigger())[0]
		}()
		time.Sleep(time.Minute)
		r := trigger()
		r.OccurredAt = r.OccurredAt.Add(-time.Minute)
		second := w.deliver(r)
		w.wantOutcome(second, endsession.AlreadyEnded, "")
		if !second.TakenOver {
			t.Error("the second delivery did not take the trigger over")
		}
		close(hang)
		w.wantAgain(<-first, endsession.CodeLedgerUnavailable) // its context has ended long ago
		w.wantCalls(1, 1)
		if len(w.published) != 1 {
			t.Errorf("published %d events, want 1", len(w.published))
		}
	})
}

func TestATakeOverEndsNothingButTheRecordedPin(t *testing.T) {
	tests := []struct {
		name    string
		change  func(w *world, pinned *endsession.Session)
		request func(*endsession.Request)
		outcome endsession.Outcome
		code    endsession.Code
		acted   int
	}{
		{name: "still live", outcome: endsession.Ended, acted: 1},
		{
			name:    "ended meanwhile, the next meeting runs",
			change:  func(w *world, s *endsession.Session) { s.End = "2000-01-01T00:00:00Z"; w.live(0) },
			outcome: endsession.AlreadyEnded,
		},
		{
			name:    "the booking's window has closed meanwhile",
			request: func(r *endsession.Request) { r.EndsAt = time.Now().Add(-57 * time.Minute) },
			outcome: endsession.Refused, code: endsession.CodeAfterWindow,
		},
		{
			name:    "it shows another room now",
			change:  func(_ *world, s *endsession.Session) { s.RoomID = "some-body-else" },
			outcome: endsession.Refused, code: endsession.CodePinMismatch,
		},
		{
			name:    "it shows no customRoomId when read alone",
			change:  func(_ *world, s *endsession.Session) { s.CustomRoomID = "" },
			request: func(r *endsession.Request) { r.Target = endsession.Target{CustomRoomID: booking} },
			outcome: endsession.Ended, acted: 1,
		},
		{
			name:    "VideoSDK doesn't know it any more",
			change:  func(w *world, _ *endsession.Session) { w.sessions = nil },
			outcome: endsession.Failed, code: endsession.CodeSessionNotFound,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				pinned := w.live(2 * time.Hour)
				r := trigger()
				if tt.request != nil {
					tt.request(&r)
				}
				w.onEnd = func(int) error { return lostAnswer() }
				w.onRead = dieAfterRead(1)
				w.wantAgain(w.deliver(r), endsession.CodeVideoSDKUnavailable)
				w.onEnd, w.onRead = nil, nil

				time.Sleep(4 * time.Minute)
				if tt.change != nil {
					tt.change(w, pinned)
				}
				got := w.deliver(r)
				w.wantOutcome(got, tt.outcome, tt.code)
				if !got.TakenOver {
					t.Error("the trigger was not taken over")
				}
				if len(w.acted) != tt.acted {
					t.Errorf("%d sessions were ended, want %d", len(w.acted), tt.acted)
				}
			})
		})
	}
}

func TestAFailedPinFindsTheSettledOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.live(time.Hour)
		first := w.deliver(trigger())
		w.onRead = func(int) error { return notReached() }
		again := w.deliver(trigger())
		w.wantOutcome(again, endsession.Ended, "")
		if string(again.Detail) != string(first.Detail) {
			t.Errorf("detail = %s, want the stored %s", again.Detail, first.Detail)
		}
	})
}

func TestARecordedOutcomeWinsOverEveryLaterProposal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := trigger()
		w.wantOutcome(w.deliver(r), endsession.NotActive, "")
		w.live(0)
		w.wantOutcome(w.deliver(r), endsession.NotActive, "")
		time.Sleep(48 * time.Hour) // too old by now, and still answered as the first time
		w.wantOutcome(w.deliver(r), endsession.NotActive, "")
		w.wantCalls(0, 0)
	})
}

func TestTheSameIdentityWithAnotherTargetIsAConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.live(time.Hour)
		first := w.deliver(trigger())
		other := trigger()
		other.RoomID = "wxyz-wxyz-wxyz"
		conflict := w.deliver(other)
		w.wantOutcome(conflict, endsession.Failed, endsession.CodeConflict)
		if conflict.Key == first.Key {
			t.Error("the conflict has the identity of the first trigger")
		}
		if again := w.deliver(other); !again.Duplicate || string(again.Detail) != string(conflict.Detail) {
			t.Errorf("repeated, the conflict is %s, want %s", again.Detail, conflict.Detail)
		}
		reworded := trigger()
		reworded.Reason, reworded.OccurredAt = "another reason", time.Now().Add(-time.Minute)
		if got := w.deliver(reworded); got.Key != first.Key || !got.Duplicate {
			t.Error("another reason and time made it another trigger")
		}
		w.wantCalls(1, 1)
	})
}

func TestForceMakesARepetitionANewTrigger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.live(time.Hour)
		w.wantOutcome(w.deliver(trigger()), endsession.Ended, "")
		w.live(0)
		forced := trigger()
		forced.Force = "again"
		w.wantOutcome(w.deliver(forced), endsession.Ended, "")
		w.wantCalls(2, 2)
	})
}

func TestTwoTriggersForOneSessionHaveAnOutcomeEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.live(time.Hour)
		first, second := trigger(), trigger()
		second.ID = "trigger-2"
		second.Target = endsession.Target{SessionID: s.ID}
		w.wantOutcome(w.deliver(first), endsession.Ended, "")
		w.wantOutcome(w.deliver(second), endsession.AlreadyEnded, "")
		w.wantCalls(1, 1)
	})
}

func TestAnAnswerAboutAnotherSessionIsNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.live(2 * time.Hour)
		w.onEnd = func(int) error { return lostAnswer() }
		w.onRead = dieAfterRead(1)
		w.wantAgain(w.deliver(trigger()), endsession.CodeVideoSDKUnavailable)
		w.onEnd, w.onRead = nil, nil
		time.Sleep(time.Minute)

		w.showsFor = func(string) endsession.Session {
			return endsession.Session{ID: "somebody-elses", RoomID: "other-room", End: "2000-01-01T00:00:00Z"}
		}
		w.wantAgain(w.deliver(trigger()), endsession.CodeVideoSDKUnreadable)
		if len(w.published) > 0 {
			t.Errorf("published %s", w.published[0].Detail)
		}
		w.showsFor = nil
		w.wantOutcome(w.deliver(trigger()), endsession.Ended, "")
	})
}
