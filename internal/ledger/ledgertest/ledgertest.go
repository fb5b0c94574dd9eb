// Package ledgertest is the suite that every ledger passes.
package ledgertest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
)

// Clock is a clock that the suite sets.
type Clock struct{ nanos atomic.Int64 }

// Now returns the time that was set last.
func (c *Clock) Now() time.Time { return time.Unix(0, c.nanos.Load()).UTC() }

// Set sets the time.
func (c *Clock) Set(t time.Time) { c.nanos.Store(t.UnixNano()) }

// Run runs the suite. open returns a ledger on the clock; keys are never used twice, so it may be the same one every time.
func Run(t *testing.T, open func(t *testing.T, now func() time.Time) endsession.Ledger) {
	suite := []struct {
		name string
		test func(*testing.T, fixture)
	}{
		{"an unknown key is absent", testAbsent},
		{"what is stored is loaded, in full", testRoundTrip},
		{"a first write needs an empty place, and says what is there", testFirstWins},
		{"a change needs the version that was seen", testSwap},
		{"a write whose answer was lost may be repeated", testRepeat},
		{"who was taken over cannot write", testTakenOver},
		{"a released claim is taken over", testRelease},
		{"an expired entry is absent, and its place is free", testExpiry},
		{"of many first writes one wins", testConcurrentFirst},
		{"of many take-overs one wins", testConcurrentTakeOver},
		{"an entry of the largest size fits", testLarge},
		{"a cancelled context is an error", testCancelled},
	}
	for _, s := range suite {
		t.Run(s.name, func(t *testing.T) {
			f := fixture{clock: &Clock{}, key: fmt.Sprintf("%s-%d", t.Name(), time.Now().UnixNano())}
			f.clock.Set(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))
			f.Ledger = open(t, f.clock.Now)
			s.test(t, f)
		})
	}
}

type fixture struct {
	endsession.Ledger
	clock *Clock
	key   string
}

func (f fixture) claim(owner string) endsession.Entry {
	return endsession.Entry{
		Key: f.key, State: endsession.Claimed, Owner: owner,
		LeaseUntil: f.clock.Now().Add(25 * time.Second),
		Target:     endsession.Target{RoomID: "abcd-efgh-ijkl"},
		Pin:        endsession.Pin{RoomID: "abcd-efgh-ijkl", SessionID: "62429766903bdf001299cac5"},
		ExpiresAt:  f.clock.Now().Add(endsession.Retention),
	}
}

func recorded(e endsession.Entry, at time.Time) endsession.Entry {
	e.State, e.Outcome, e.Code, e.RecordedAt = endsession.Recorded, endsession.Failed, endsession.CodeConflict, at
	e.Detail = []byte(`{"id":"1","text":"Grüße \u0000 ☎"}`)
	return e
}

func (f fixture) mustStore(t *testing.T, prev, next endsession.Entry) {
	t.Helper()
	if held, ok, err := f.Store(t.Context(), prev, next); err != nil || !ok {
		t.Fatalf("Store() = %+v, %v, %v; want it stored", held, ok, err)
	}
}

func (f fixture) mustNotStore(t *testing.T, prev, next, want endsession.Entry) {
	t.Helper()
	held, ok, err := f.Store(t.Context(), prev, next)
	if err != nil || ok {
		t.Fatalf("Store() = %v, %v; want it refused", ok, err)
	}
	if diff := cmp.Diff(want, held); diff != "" {
		t.Errorf("Store() says that something else is there (-want +got):\n%s", diff)
	}
	f.mustHold(t, want)
}

func (f fixture) mustHold(t *testing.T, want endsession.Entry) {
	t.Helper()
	got, ok, err := f.Load(t.Context(), f.key)
	if err != nil || !ok {
		t.Fatalf("Load() = %v, %v; want an entry", ok, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Load() (-want +got):\n%s", diff)
	}
}

func (f fixture) mustBeAbsent(t *testing.T) {
	t.Helper()
	if got, ok, err := f.Load(t.Context(), f.key); err != nil || ok {
		t.Errorf("Load() = %+v, %v, %v; want no entry", got, ok, err)
	}
}

func testAbsent(t *testing.T, f fixture) {
	f.mustBeAbsent(t)
	if _, ok, err := f.Store(t.Context(), f.claim("nobody"), f.claim("a")); err != nil || ok {
		t.Errorf("Store() over an entry that is not there = %v, %v; want it refused", ok, err)
	}
	f.mustBeAbsent(t)
}

func testRoundTrip(t *testing.T, f fixture) {
	claim := f.claim("a")
	claim.Target = endsession.Target{RoomID: "r", CustomRoomID: "c ü", SessionID: "s"}
	f.mustStore(t, endsession.Entry{}, claim)
	f.mustHold(t, claim)
	full := recorded(claim, f.clock.Now().Add(123456789))
	f.mustStore(t, claim, full)
	f.mustHold(t, full)
	full.State = endsession.Published
	f.mustStore(t, recorded(claim, f.clock.Now()), full)
	f.mustHold(t, full)
}

func testFirstWins(t *testing.T, f fixture) {
	first := f.claim("a")
	f.mustStore(t, endsession.Entry{}, first)
	f.mustNotStore(t, endsession.Entry{}, f.claim("b"), first)
	f.mustNotStore(t, endsession.Entry{}, recorded(f.claim("b"), f.clock.Now()), first)
}

func testSwap(t *testing.T, f fixture) {
	claim := f.claim("a")
	f.mustStore(t, endsession.Entry{}, claim)
	done := recorded(claim, f.clock.Now())
	f.mustStore(t, claim, done)
	f.mustNotStore(t, claim, f.claim("b"), done)
	published := done
	published.State = endsession.Published
	f.mustStore(t, done, published)
	f.mustNotStore(t, done, f.claim("b"), published)
}

func testRepeat(t *testing.T, f fixture) {
	claim := f.claim("a")
	f.mustStore(t, endsession.Entry{}, claim)
	f.mustStore(t, endsession.Entry{}, claim)
	done := recorded(claim, f.clock.Now())
	f.mustStore(t, claim, done)
	f.mustStore(t, claim, done)
	f.mustHold(t, done)
}

func testTakenOver(t *testing.T, f fixture) {
	first := f.claim("a")
	f.mustStore(t, endsession.Entry{}, first)
	second := f.claim("b")
	f.mustStore(t, first, second)
	f.mustNotStore(t, first, recorded(first, f.clock.Now()), second)
	f.mustNotStore(t, first, f.claim("c"), second)
}

func testRelease(t *testing.T, f fixture) {
	claim := f.claim("a")
	f.mustStore(t, endsession.Entry{}, claim)
	free := claim
	free.LeaseUntil = time.Time{}
	f.mustStore(t, claim, free)
	f.mustHold(t, free)
	f.mustStore(t, free, f.claim("b"))
	f.mustHold(t, f.claim("b"))
}

func testExpiry(t *testing.T, f fixture) {
	claim := f.claim("a")
	f.mustStore(t, endsession.Entry{}, claim)
	f.clock.Set(claim.ExpiresAt.Add(-time.Second))
	f.mustHold(t, claim)
	f.clock.Set(claim.ExpiresAt)
	f.mustBeAbsent(t)
	f.mustStore(t, endsession.Entry{}, f.claim("b"))
	f.mustHold(t, f.claim("b"))
}

func testConcurrentFirst(t *testing.T, f fixture) {
	f.race(t, endsession.Entry{})
}

func testConcurrentTakeOver(t *testing.T, f fixture) {
	dead := f.claim("dead")
	f.mustStore(t, endsession.Entry{}, dead)
	f.race(t, dead)
}

// race stores twenty claims in place of prev at once; one must win, and all others must be told of it.
func (f fixture) race(t *testing.T, prev endsession.Entry) {
	t.Helper()
	var wg sync.WaitGroup
	winners := make(chan endsession.Entry, 20)
	losers := make(chan endsession.Entry, 20)
	for i := range 20 {
		wg.Go(func() {
			next := f.claim(fmt.Sprint("owner", i))
			held, ok, err := f.Store(t.Context(), prev, next)
			switch {
			case err != nil:
				t.Errorf("Store(): %v", err)
			case ok:
				winners <- next
			default:
				losers <- held
			}
		})
	}
	wg.Wait()
	close(winners)
	close(losers)
	if len(winners) != 1 {
		t.Fatalf("%d of 20 stores won, want 1", len(winners))
	}
	winner := <-winners
	for held := range losers {
		if held.Owner != winner.Owner {
			t.Errorf("a loser was told of %q, want %q", held.Owner, winner.Owner)
		}
	}
	f.mustHold(t, winner)
}

func testLarge(t *testing.T, f fixture) {
	big := recorded(f.claim("a"), f.clock.Now())
	big.Detail = make([]byte, 240<<10)
	for i := range big.Detail {
		big.Detail[i] = 'x'
	}
	f.mustStore(t, endsession.Entry{}, big)
	f.mustHold(t, big)
}

func testCancelled(t *testing.T, f fixture) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := f.Load(ctx, f.key); err == nil {
		t.Error("Load() with a cancelled context succeeded")
	}
	if _, _, err := f.Store(ctx, endsession.Entry{}, f.claim("a")); err == nil {
		t.Error("Store() with a cancelled context succeeded")
	}
	f.mustBeAbsent(t)
}
