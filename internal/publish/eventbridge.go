package publish

import (
	"context"
	"fmt"

	"videosdk-end-session/internal/endsession"
)

// The limits of one PutEvents call. The one of size is below EventBridge's own.
const (
	maxEntries = 10
	maxCall    = maxDetail // bytes
)

// Caller makes the call PutEvents of EventBridge, as awsjson.Client does: in is the call's document, out takes the answer's.
type Caller interface {
	Call(ctx context.Context, operation string, in, out any) error
}

// EventBridge publishes outcome events on a bus. It implements endsession.Outbox.
type EventBridge struct {
	Events Caller
	Bus    string // name or ARN
	Names  bool   // tell participants' names
}

// The documents of a call and of its answer, as far as they are used:
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
type (
	putEvents struct{ Entries []entry }

	entry struct {
		EventBusName string
		Source       string
		DetailType   string
		Detail       string
		Time         float64 // seconds since 1970
		TraceHeader  string  `json:",omitempty"`
	}

	putAnswer struct {
		Entries []struct {
			EventID      string `json:"EventId"`
			ErrorCode    string
			ErrorMessage string
		}
	}
)

// Detail implements endsession.Outbox.
func (b *EventBridge) Detail(r endsession.Report) ([]byte, error) { return render(r, b.Names) }

// Publish implements endsession.Outbox, in as few calls as the limits allow. EventBridge takes or refuses each entry of a call by
// itself.
func (b *EventBridge) Publish(ctx context.Context, all []endsession.Event) []error {
	errs := make([]error, len(all))
	for first := 0; first < len(all); {
		last := callEnd(all, first)
		b.put(ctx, all[first:last], errs[first:last])
		first = last
	}
	return errs
}

// callEnd returns the end of the call that begins with the event first. One event always fits.
func callEnd(all []endsession.Event, first int) int {
	size, end := 0, first
	for end < len(all) && end-first < maxEntries {
		if size += entrySize(all[end]); size > maxCall && end > first {
			break
		}
		end++
	}
	return end
}

// entrySize is the size of an entry as EventBridge counts it: 14 bytes for the time, and the texts.
func entrySize(e endsession.Event) int {
	return 14 + len(endsession.EventSource) + len(DetailType(e.Outcome)) + len(e.Detail) + len(e.Trace)
}

// put makes one call and writes the fate of each event to errs.
func (b *EventBridge) put(ctx context.Context, some []endsession.Event, errs []error) {
	in := putEvents{Entries: make([]entry, len(some))}
	for i, e := range some {
		in.Entries[i] = entry{
			EventBusName: b.Bus, Source: endsession.EventSource, DetailType: DetailType(e.Outcome), Detail: string(e.Detail),
			Time: float64(e.Time.UnixMilli()) / 1000, TraceHeader: e.Trace,
		}
	}
	var out putAnswer
	err := b.Events.Call(ctx, "PutEvents", in, &out)
	if err == nil && len(out.Entries) != len(some) {
		err = fmt.Errorf("EventBridge answered for %d of %d events", len(out.Entries), len(some))
	}
	for i := range some {
		if err != nil {
			errs[i] = fmt.Errorf("put the outcome event: %w", err)
		} else if answer := out.Entries[i]; answer.EventID == "" {
			// Only what has got an id was taken.
			errs[i] = fmt.Errorf("put the outcome event: EventBridge did not take it: code %q, message %q", answer.ErrorCode, answer.ErrorMessage)
		}
	}
}

// DetailType returns the EventBridge detail type of an outcome, which is what most rules match.
func DetailType(o endsession.Outcome) string {
	switch o {
	case endsession.Ended, endsession.Ending, endsession.AlreadyEnded:
		return "Session End Succeeded"
	case endsession.NotActive, endsession.Refused, endsession.DryRun:
		return "Session End Skipped"
	default:
		return "Session End Failed"
	}
}
