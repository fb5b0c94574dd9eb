package endsession

import "context"

// publish hands the recorded outcomes to the outbox together, and completes those that it took.
func (s *Service) publish(ctx context.Context, attempts []*attempt) {
	var due []*attempt
	var events []Event
	for _, a := range attempts {
		if a.result.Err == nil && a.entry.State == Recorded {
			due = append(due, a)
			events = append(events, Event{Outcome: a.entry.Outcome, Detail: a.entry.Detail, Time: a.entry.RecordedAt, Trace: a.request.Trace})
		}
	}
	if len(due) == 0 {
		return
	}
	started := s.with.Clock.Now()
	errs := s.with.Outbox.Publish(ctx, events)
	var taken []*attempt
	published := s.with.Clock.Now()
	took := published.Sub(started)
	for i, a := range due {
		a.result.Durations.Publish = took
		a.result.Durations.Total += took
		if errs[i] != nil {
			a.fail(&Error{Code: CodePublishFailed, Message: "the outcome is recorded and could not be published yet", Err: errs[i]})
			continue
		}
		a.result.Published, a.result.Durations.Whole = true, max(0, published.Sub(a.request.OccurredAt))
		taken = append(taken, a)
	}
	together(taken, func(a *attempt) { a.complete(ctx) })
}

// complete marks the outcome as published. If that fails, the trigger is done all the same; a duplicate will publish the same bytes again.
func (a *attempt) complete(ctx context.Context) {
	if a.dry {
		return
	}
	next := a.entry
	next.State = Published
	if _, won, err := a.with.Ledger.Store(ctx, a.entry, next); err != nil {
		a.result.Uncompleted = err
	} else if won {
		a.entry = next
	}
}
