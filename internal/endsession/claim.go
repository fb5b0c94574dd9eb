package endsession

import (
	"context"
	"time"
)

// decide proposes, lets the ledger decide, and does what was decided up to the recorded outcome.
func (a *attempt) decide(ctx, work context.Context) error {
	var p proposal
	var err error
	a.timed(&a.result.Durations.Propose, func() { p, err = a.propose(work) })
	if a.request.DryRun || a.with.Policy.DryRun {
		return a.settleDry(p, err)
	}
	if err == nil {
		return a.decideFor(ctx, work, p)
	}
	// The pin failed for now, but the trigger may be settled already.
	held, found, loadErr := a.with.Ledger.Load(ctx, a.key)
	if loadErr != nil || !found {
		return err
	}
	return a.resume(ctx, work, held)
}

// decideFor claims the trigger for the proposal, and goes on with it or with the entry that was there first.
func (a *attempt) decideFor(ctx, work context.Context, p proposal) error {
	held, won, err := a.claim(work, Entry{}, p)
	if err != nil {
		return err
	}
	if won {
		return a.carryOut(ctx, work, p)
	}
	return a.resume(ctx, work, held)
}

// resume goes on where the entry that was there first says. Its pin is the only session that this trigger may ever end.
func (a *attempt) resume(ctx, work context.Context, held Entry) error {
	for {
		now := a.with.Clock.Now()
		switch {
		case held.Key == "":
			return &Error{Code: CodeLedgerUnavailable, Message: "the ledger's entry was there and is gone"}
		case held.Target != a.request.Target:
			return a.conflict(ctx, work)
		case held.State == Published || held.State == Recorded:
			a.entry, a.result.Duplicate = held, true
			return nil
		case now.Before(held.LeaseUntil):
			return &Error{Code: CodeInProgress, Message: "another delivery of this trigger is at work", RetryAfter: held.LeaseUntil.Sub(now)}
		}
		var p proposal
		var err error
		a.timed(&a.result.Durations.Propose, func() { p, err = a.reconsider(work, held.Pin) })
		if err != nil {
			return err
		}
		var won bool
		if held, won, err = a.claim(work, held, p); err != nil {
			return err
		}
		if won {
			a.result.TakenOver = true
			return a.carryOut(ctx, work, p)
		}
	}
}

// claim writes the proposal in place of prev. A proposal that settles the trigger is recorded in the same write. If something else is
// there by now, claim returns that, and false.
func (a *attempt) claim(ctx context.Context, prev Entry, p proposal) (Entry, bool, error) {
	now := a.with.Clock.Now()
	next := Entry{
		Key: a.key, State: Claimed, Owner: a.with.Token(), LeaseUntil: a.lease, Target: a.request.Target, Pin: p.pin, ExpiresAt: now.Add(Retention),
	}
	if p.outcome != "" {
		var err error
		if next, err = a.recorded(next, p); err != nil {
			return Entry{}, false, err
		}
	}
	var held Entry
	var won bool
	var err error
	a.timed(&a.result.Durations.Claim, func() { held, won, err = a.with.Ledger.Store(ctx, prev, next) })
	if err != nil {
		return Entry{}, false, ledgerError(err)
	}
	if won {
		a.entry = next
		return next, true, nil
	}
	return held, false, nil
}

// carryOut ends what was claimed, unless the claim itself has settled the trigger.
func (a *attempt) carryOut(ctx, work context.Context, p proposal) error {
	if a.entry.State == Recorded {
		a.result.Failure = p.err
		return nil
	}
	var done proposal
	var err error
	a.timed(&a.result.Durations.End, func() { done, err = a.end(work, p) })
	if err != nil {
		if !a.unsure {
			a.release(ctx)
		}
		return err
	}
	a.result.Failure = done.err
	return a.record(ctx, done)
}

// release gives the claim up, so that the next delivery need not wait for the lease. If it fails, the lease runs out by itself.
func (a *attempt) release(ctx context.Context) {
	free := a.entry
	free.LeaseUntil = time.Time{}
	_, _, _ = a.with.Ledger.Store(ctx, a.entry, free)
}

// conflict settles a request that has the identity of another one and names another target. The first one's entry stays as it is.
func (a *attempt) conflict(ctx, work context.Context) error {
	a.key = a.request.conflictKey()
	return a.decideFor(ctx, work, proposal{outcome: Failed, session: a.named(), err: &Error{
		Code: CodeConflict, Class: Permanent,
		Message: "a trigger with the same source and id named another room or session; give this one an id of its own",
	}})
}

// settleDry tells what would be done. It leaves no trace in the ledger, and its event has an id of its own.
func (a *attempt) settleDry(p proposal, err error) error {
	if err != nil {
		return err
	}
	p.outcome = DryRun
	a.key += ":dry-run"
	a.dry = true
	a.entry, err = a.recorded(Entry{Key: a.key, Pin: p.pin}, p)
	a.result.Failure = p.err
	return err
}

func ledgerError(err error) error {
	return &Error{Code: CodeLedgerUnavailable, Message: "the ledger could not be reached", Err: err}
}
