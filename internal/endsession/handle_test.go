package endsession_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"videosdk-end-session/internal/endsession"
)

// batch is triggers with the ids 1 to n, each for a live room of its own.
func (w *world) batch(n int) []endsession.Request {
	requests := make([]endsession.Request, n)
	for i := range requests {
		s := w.live(time.Hour)
		s.RoomID = fmt.Sprint("room-", i+1)
		requests[i] = trigger()
		requests[i].ID, requests[i].RoomID = fmt.Sprint(i+1), s.RoomID
	}
	return requests
}

func (w *world) handle(requests []endsession.Request) []endsession.Result {
	ctx, cancel := context.WithTimeout(w.t.Context(), 25*time.Second)
	defer cancel()
	return w.service().Handle(ctx, requests...)
}

func TestABatchCostsWhatItsSlowestMessageCosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		requests := w.batch(10)
		s := w.service(slow(w, func(room string) time.Duration {
			if room == "room-7" {
				return 3 * time.Second
			}
			return time.Second
		}))
		began := time.Now()
		for i, r := range s.Handle(t.Context(), requests...) {
			if r.Err != nil || r.Request.ID != requests[i].ID {
				t.Errorf("result %d = %s, %v; want that of its request", i, r.Request.ID, r.Err)
			}
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("took %s, want 3s", took)
		}
		if len(w.published) != 10 || len(w.observed) != 10 {
			t.Errorf("published %d and observed %d, want 10 each", len(w.published), len(w.observed))
		}
	})
}

// slowReader takes its time to list a room's sessions, and obeys the context.
type slowReader struct {
	*world
	takes func(room string) time.Duration
}

func slow(w *world, takes func(room string) time.Duration) func(*endsession.Config) {
	return func(c *endsession.Config) { c.Reader = slowReader{world: w, takes: takes} }
}

func (s slowReader) Live(ctx context.Context, target endsession.Target) ([]endsession.Session, error) {
	if err := sleep(ctx, s.takes(target.RoomID)); err != nil {
		return nil, &endsession.Error{Code: endsession.CodeVideoSDKUnavailable, Err: err}
	}
	return s.world.Live(ctx, target)
}

func TestASlowMessageDoesNotHoldTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		requests := w.batch(3)
		s := w.service(slow(w, func(room string) time.Duration {
			if room == "room-2" {
				return time.Hour
			}
			return 0
		}))
		var publishedAfter time.Duration
		began := time.Now()
		w.onPublish = func(int, endsession.Event) error { publishedAfter = time.Since(began); return nil }
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
		defer cancel()
		results := s.Handle(ctx, requests...)
		if results[0].Err != nil || results[2].Err != nil {
			t.Errorf("the quick ones failed: %v, %v", results[0].Err, results[2].Err)
		}
		w.wantAgain(results[1], endsession.CodeVideoSDKUnavailable)
		if publishedAfter != 23*time.Second || len(w.published) != 2 {
			t.Errorf("published %d after %s, want 2 after 23s", len(w.published), publishedAfter)
		}
	})
}

func TestAPanickingTriggerFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		requests := w.batch(3)
		w.onDetail = func(r endsession.Report) {
			if r.Request.ID == "2" {
				panic("boom")
			}
		}
		results := w.handle(requests)
		w.wantAgain(results[1], endsession.CodeInternal)
		if !strings.Contains(results[1].Err.Error(), "boom") || strings.Contains(results[1].Err.Message, "boom") {
			t.Errorf("error = %v; want the panic in its cause, and only there", results[1].Err)
		}
		if results[0].Err != nil || results[2].Err != nil || len(w.published) != 2 {
			t.Errorf("the others failed: %v, %v, %d published", results[0].Err, results[2].Err, len(w.published))
		}
	})
}

func TestAPartlyFailedPublishReturnsOnlyItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		requests := w.batch(3)
		refused := true
		w.onPublish = func(_ int, e endsession.Event) error {
			if refused && strings.Contains(string(e.Detail), "room-2") {
				return errors.New("ThrottlingException")
			}
			return nil
		}
		results := w.handle(requests)
		if results[0].Err != nil || results[2].Err != nil {
			t.Errorf("the others failed: %v, %v", results[0].Err, results[2].Err)
		}
		w.wantAgain(results[1], endsession.CodePublishFailed)
		refused = false
		time.Sleep(time.Minute)
		again := w.deliver(requests[1])
		w.wantOutcome(again, endsession.Ended, "")
		if !again.Duplicate {
			t.Error("the recorded outcome was not the one published")
		}
		w.wantCalls(3, 3)
	})
}

func TestAnInvalidRequestTouchesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		got := w.deliver(endsession.Request{})
		w.wantAgain(got, endsession.CodeInvalidRequest)
		if got.Err.Class != endsession.Permanent || len(got.Err.Problems) != 4 {
			t.Errorf("error = %+v, want a permanent one that names four problems", got.Err)
		}
		if w.reads != 0 || len(w.published) != 0 {
			t.Errorf("%d reads, %d published; want none", w.reads, len(w.published))
		}
	})
}

func TestAnUnavailableLedgerDecidesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.live(time.Hour)
		w.onStore = func(_, _ endsession.Entry) error { return errors.New("throttled") }
		w.wantAgain(w.deliver(trigger()), endsession.CodeLedgerUnavailable)
		w.wantCalls(0, 0)
	})
}

func TestPublishedAndNotCompletedIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.live(time.Hour)
		w.onStore = func(_, next endsession.Entry) error {
			if next.State == endsession.Published {
				return errors.New("throttled")
			}
			return nil
		}
		got := w.deliver(trigger())
		w.wantOutcome(got, endsession.Ended, "")
		if got.Uncompleted == nil {
			t.Error("the result does not say that the ledger was not told")
		}
		w.wantOutcome(w.deliver(trigger()), endsession.Ended, "")
		w.wantOneIdentity()
		if len(w.published) != 2 {
			t.Errorf("published %d times, want 2 of the same bytes", len(w.published))
		}
	})
}

func TestADryRunEndsAndClaimsNothing(t *testing.T) {
	tests := []struct {
		name  string
		asked func(*world, *endsession.Request)
		code  endsession.Code
	}{
		{name: "by policy", asked: func(w *world, _ *endsession.Request) { w.policy.DryRun = true }},
		{name: "by request", asked: func(_ *world, r *endsession.Request) { r.DryRun = true }},
		{
			name: "of a refusal",
			asked: func(_ *world, r *endsession.Request) {
				r.DryRun, r.OccurredAt = true, time.Now().Add(-2*time.Hour)
			},
			code: endsession.CodeSessionAfterTrigger,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.live(time.Hour)
				r := trigger()
				tt.asked(w, &r)
				got := w.deliver(r)
				w.wantOutcome(got, endsession.DryRun, tt.code)
				if !strings.HasSuffix(got.Key, ":dry-run") {
					t.Errorf("event id = %s, want it to end in :dry-run", got.Key)
				}
				w.wantCalls(0, 0)
				w.policy.DryRun, r.DryRun, r.OccurredAt = false, false, time.Now()
				w.wantOutcome(w.deliver(r), endsession.Ended, "")
			})
		})
	}
}

func TestNewNamesEverythingThatIsMissing(t *testing.T) {
	_, err := endsession.New(endsession.Config{})
	if err == nil {
		t.Fatal("New accepted an empty configuration")
	}
	for _, part := range []string{"reader", "ender", "ledger", "outbox", "age", "clock", "tokens", "jitter"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not name the %s", err, part)
		}
	}
}
