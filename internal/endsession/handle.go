package endsession

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// reserve is kept back at the end of an invocation: VideoSDK is not called any more, what is ready is recorded and published.
const reserve = 2 * time.Second

// defaultDeadline bounds work whose context has no deadline, and so the lease.
const defaultDeadline = 25 * time.Second

// attempt is one delivery of one trigger on its way through the steps.
type attempt struct {
	*Service
	request Request
	key     string
	lease   time.Time // until when this invocation can be at work
	entry   Entry     // what the ledger holds, once this attempt knows
	unsure  bool      // a call to end the session may have had its effect unseen
	dry     bool      // settled without the ledger
	result  Result
}

// Handle takes the requests through all steps, at the same time, and publishes their outcomes together. It returns one result per
// request, in their order, before the context's deadline: what is slow by then is returned as an error and holds up nothing else. A
// request that panics fails alone.
func (s *Service) Handle(ctx context.Context, requests ...Request) []Result {
	started := s.with.Clock.Now()
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = started.Add(defaultDeadline)
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	work, cancelWork := EndEarly(ctx, started, reserve)
	defer cancelWork()

	attempts := make([]*attempt, len(requests))
	settled := make(chan *attempt, len(requests))
	for i, r := range requests {
		a := &attempt{Service: s, request: r, key: r.Key(), lease: deadline}
		attempts[i] = a
		settle := func() {
			defer func() { settled <- a }()
			a.settle(ctx, work)
			a.result.Durations.Total = s.with.Clock.Now().Sub(started)
		}
		if len(requests) == 1 {
			settle() // nothing else waits for it, and this stack has grown already
		} else {
			go settle()
		}
	}

	// Everything that is settled when the last one is, or when the time for VideoSDK is up, is published in one go; whatever is settled
	// after that, in a second one.
	var ready []*attempt
	late := work.Done()
	for waiting := len(attempts); waiting > 0; {
		select {
		case a := <-settled:
			ready = append(ready, a)
			waiting--
		case <-late:
			late = nil
			s.publish(ctx, ready)
			ready = nil
		}
	}
	s.publish(ctx, ready)

	results := make([]Result, len(attempts))
	for i, a := range attempts {
		results[i] = a.finish()
		s.with.Observe(ctx, results[i])
	}
	return results
}

// EndEarly returns a context that ends by spare before ctx does, so that something can still be done then, or by a quarter of the time
// that is left if that is less. A context without a deadline stays without.
func EndEarly(ctx context.Context, now time.Time, spare time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-min(spare, deadline.Sub(now)/4)))
}

// settle takes the trigger to a recorded outcome, or leaves the reason why not in the result.
func (a *attempt) settle(ctx, work context.Context) {
	defer func() {
		if v := recover(); v != nil {
			a.fail(&Error{Code: CodeInternal, Message: "the trigger was given up because of a defect", Err: fmt.Errorf("panic: %v\n%s", v, debug.Stack())})
		}
	}()
	if problems := a.request.Validate(); len(problems) > 0 {
		a.fail(&Error{Code: CodeInvalidRequest, Class: Permanent, Message: "the request is not valid", Problems: problems})
		return
	}
	if err := a.decide(ctx, work); err != nil {
		a.fail(err)
	}
}

func (a *attempt) fail(err error) {
	a.result.Err = AsError(err)
}

// finish returns the result with everything that the steps have found out.
func (a *attempt) finish() Result {
	r := a.result
	r.Request, r.Key = a.request, a.key
	r.SessionID, r.RoomID = a.entry.Pin.SessionID, a.entry.Pin.RoomID
	if r.Err != nil {
		r.Code = r.Err.Code
		return r
	}
	r.Outcome, r.Code, r.Detail = a.entry.Outcome, a.entry.Code, a.entry.Detail
	return r
}

// timed runs one step and adds its time to the step's duration.
func (a *attempt) timed(d *time.Duration, step func()) {
	started := a.with.Clock.Now()
	defer func() { *d += a.with.Clock.Now().Sub(started) }()
	step()
}

// together runs f for every element at the same time and waits for all.
func together[T any](all []T, f func(T)) {
	var wg sync.WaitGroup
	for _, one := range all {
		wg.Go(func() { f(one) })
	}
	wg.Wait()
}
