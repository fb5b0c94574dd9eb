package endsession

import (
	"context"
	"time"
)

// maxCalls is how often one invocation makes the same call to VideoSDK before it leaves the trigger to a later delivery.
const maxCalls = 3

// The pauses between calls grow from firstPause to at most maxPause, each drawn at random from nothing to its full length.
const (
	firstPause = 250 * time.Millisecond
	maxPause   = 4 * time.Second
)

// repeat makes a call that changes nothing, again if it failed for now, and only as long as its answer can still be used.
func repeat[T any](ctx context.Context, a *attempt, call func() (T, error)) (T, error) {
	for made := 1; ; made++ {
		answer, err := call()
		e := AsError(err)
		if e == nil || e.Class != Transient || made == maxCalls || !a.pause(ctx, made, e.RetryAfter) {
			return answer, err
		}
	}
}

// pause waits before the next call: at least as long as the other side asked for, with full jitter on top. It returns false, at
// once, if the context ends before that.
func (a *attempt) pause(ctx context.Context, made int, asked time.Duration) bool {
	pause := min(firstPause<<(made-1), maxPause)
	wait := asked + time.Duration(a.with.Jitter()*float64(pause))
	if deadline, ok := ctx.Deadline(); ok && a.with.Clock.Now().Add(wait).After(deadline) {
		return false
	}
	return a.with.Clock.Sleep(ctx, wait) == nil
}
