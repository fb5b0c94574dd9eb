package endsession

import (
	"context"
	"fmt"
)

// record writes the outcome and the exact bytes of its event in place of the claim. Who has lost the claim publishes nothing: the
// outcome is another's by now.
func (a *attempt) record(ctx context.Context, done proposal) error {
	next, err := a.recorded(a.entry, done)
	if err != nil {
		return err
	}
	var won bool
	a.timed(&a.result.Durations.Record, func() { _, won, err = a.with.Ledger.Store(ctx, a.entry, next) })
	if err != nil {
		return ledgerError(err)
	}
	if !won {
		return &Error{Code: CodeInProgress, Message: "another delivery has taken this trigger over"}
	}
	a.entry = next
	return nil
}

// recorded returns the entry with the outcome in it.
func (a *attempt) recorded(entry Entry, p proposal) (Entry, error) {
	if s := &p.session; s.CustomRoomID == "" && s.ID != "" && s.ID == entry.Pin.SessionID {
		s.CustomRoomID = a.request.CustomRoomID // shown or not: nothing else is pinned
	}
	detail, err := a.with.Outbox.Detail(Report{ID: a.key, Outcome: p.outcome, Request: a.request, Session: p.session, Err: p.err})
	if err != nil {
		return Entry{}, &Error{Code: CodeInternal, Message: "the event could not be rendered", Err: fmt.Errorf("render the event: %w", err)}
	}
	entry.State, entry.Outcome, entry.Detail, entry.RecordedAt = Recorded, p.outcome, detail, a.with.Clock.Now()
	if p.err != nil {
		entry.Code = p.err.Code
	}
	return entry, nil
}
