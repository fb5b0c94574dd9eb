package endsession

import (
	"context"
	"time"
)

// maxCalls is how often one invocation makes the same call to VideoSDK before it leaves the trigger to a later delivery. A patient one
// goes on while VideoSDK asks for less.
const maxCalls = 3

// The pauses between calls grow from firstPause to at most maxPause, each drawn at random from nothing to its full length.
const (
	firstPause = 250 * time.Millisecond
	doublings  = 4
	maxPause   = firstPause << doublings
)

// repeat makes a call that changes nothing, again if it failed for now, and only as long as its answer can still be used.
func repeat[T any](ctx context.Context, a *attempt, call func() (T, error)) (T, error) {
	for made := 1; ; made++ {
		answer, err := call()
		e := AsError(err)
		if e == nil || !a.again(ctx, made, e) {
			return answer, err
		}
	}
}

// again waits before a call is repeated that has been made some times and failed, or returns false if this invocation leaves it at that.
func (a *attempt) again(ctx context.Context, made int, e *Error) bool {
	patient := a.with.Policy.Patient && e.Code == CodeVideoSDKThrottled
	return e.Class == Transient && (patient || made < maxCalls) && a.pause(ctx, made, e.RetryAfter)
}

// pause waits before the next call: at least as long as the other side asked for, with full jitter on top. It returns false, at
// once, if the context ends before that.
func (a *attempt) pause(ctx context.Context, made int, asked time.Duration) bool {
	pause := min(firstPause<<min(made-1, doublings), maxPause)
	wait := asked + time.Duration(a.with.Jitter()*float64(pause))
	if deadline, ok := ctx.Deadline(); ok && a.with.Clock.Now().Add(wait).After(deadline) {
		return false
	}
	return a.with.Clock.Sleep(ctx, wait) == nil
}
