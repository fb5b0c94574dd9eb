package credentials_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"videosdk-end-session/internal/credentials"
)

func TestRefreshFetchesWhatIsTooOld(t *testing.T) {
	inWorld(t, func(w *world) {
		began := time.Now()
		w.get("first", 1) // fetched at began
		w.vault.put("second")
		w.refresh(began.Add(-time.Nanosecond), "first", 1)
		w.refresh(began, "second", 2) // equally old is too old
		w.get("second", 2)
		w.vault.put("third")
		used := time.Now()
		time.Sleep(time.Second)
		w.refresh(used, "third", 3)
		w.refresh(time.Now().Add(-time.Minute), "third", 3)
	})
}

func TestRefreshOfNothing(t *testing.T) {
	inWorld(t, func(w *world) { w.refresh(time.Time{}, "first", 1) })
}

func TestManyRefusedAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.get("first", 1)
		w.vault.put("second")
		used := time.Now()
		time.Sleep(time.Second)
		all(func() { w.refresh(used, "second", 2) })
		// And those who come later, refused for a call that they began in time.
		time.Sleep(time.Minute)
		all(func() { w.refresh(used, "second", 2) })
	})
}

// TestFetchUnderWayBeganTooEarly has a rotation while a fetch is under way, which still brings the old value.
func TestFetchUnderWayBeganTooEarly(t *testing.T) {
	inWorld(t, func(w *world) {
		var others sync.WaitGroup
		others.Go(func() {
			if got, err := w.cache.Get(w.Context()); err != nil || got != "first" {
				w.Errorf("Get() = %q, %v, want what its fetch brought", got, err)
			}
		})
		time.Sleep(300 * time.Millisecond)
		w.vault.put("second")
		used := time.Now()
		all(func() { w.refresh(used, "second", 2) })
		others.Wait()
	})
}

// TestRefreshWaitsForAFetchThatBeganInTime has one that began after the failure and needs no second one.
func TestRefreshWaitsForAFetchThatBeganInTime(t *testing.T) {
	inWorld(t, func(w *world) {
		used := time.Now()
		time.Sleep(time.Millisecond)
		var others sync.WaitGroup
		others.Go(func() { w.get("first", 1) })
		time.Sleep(300 * time.Millisecond)
		w.refresh(used, "first", 1)
		others.Wait()
	})
}

// TestRefreshWithAClockThatStandsStill must come to an end although no fetch ever seems to have begun later.
func TestRefreshWithAClockThatStandsStill(t *testing.T) {
	var now time.Time
	inWorldWith(t, func(c *credentials.Config[string]) { c.Now = func() time.Time { return now } }, func(w *world) {
		now = time.Now()
		w.get("first", 1)
		w.vault.put("second")
		w.refresh(now, "second", 3) // one more than with a clock that goes on
	})
}

func TestRefreshThatFailsHasNoValue(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*vault)
		cause error
	}{
		{name: "out of reach", spoil: func(v *vault) { v.fail(errOutage) }, cause: errOutage},
		{name: "no secret", spoil: func(v *vault) { v.put("broken") }, cause: errParse},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.get("first", 1)
				tt.spoil(w.vault)
				if got, err := w.cache.Refresh(w.Context(), time.Now()); got != "" || !errors.Is(err, tt.cause) {
					w.Errorf("Refresh() = %q, %v, want an error and no value", got, err)
				}
				// It may serve others yet, and a forced refresh does not wait for the next try.
				w.get("first", 2)
				w.vault.put("second")
				used := time.Now()
				time.Sleep(time.Millisecond)
				w.refresh(used, "second", 3)
			})
		})
	}
}

// TestManyFailedRefreshesWarnNowAndThen has callers whom the old value fails, as forged webhooks do, while Secrets Manager is away.
func TestManyFailedRefreshesWarnNowAndThen(t *testing.T) {
	inWorld(t, func(w *world) {
		w.get("first", 1)
		w.vault.fail(errOutage)
		w.vault.slow(0)
		for range 15 {
			time.Sleep(2 * time.Second)
			if _, err := w.cache.Refresh(w.Context(), time.Now()); err == nil {
				t.Fatal("refreshed in spite of the outage")
			}
		}
		if n := len(w.warned()); n != 3 {
			t.Errorf("%d warnings in 30 s, want 3", n)
		}
	})
}
