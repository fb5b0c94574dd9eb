package simulation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"videosdk-end-session/internal/endsession"
)

// rendering is an event's detail. No two have the same bytes, so that whoever renders an event again is found out.
type rendering struct {
	endsession.Report
	trigger *trigger
	waiting bool // a caller waited for it
	at      time.Time
	copies  int // published
}

// Detail implements endsession.Outbox.
func (p *process) Detail(r endsession.Report) ([]byte, error) {
	p.mu.Lock()
	p.made["detail "+r.ID]++
	n := p.made["detail "+r.ID]
	p.mu.Unlock()
	if l := newLuck(p.seed, "detail", p.name, r.ID, fmt.Sprint(n)); l.chance(p.rate(p.faults) * 0.02) {
		return nil, errors.New("a defect in rendering")
	}
	detail := fmt.Sprintf(`{"id":%q,"outcome":%q,"by":"%s %d"}`, r.ID, r.Outcome, p.name, n)
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	p.rendered[detail] = &rendering{Report: r, trigger: p.trigger(r.Request.Key(), r.Request.Target), waiting: p.waiting, at: time.Now()}
	return []byte(detail), nil
}

// Publish implements endsession.Outbox.
func (p *process) Publish(ctx context.Context, events []endsession.Event) []error {
	errs := make([]error, len(events))
	answers := make([]error, len(events))
	err := p.through(ctx, call{op: "publish"}, func(l luck, f fate) {
		var refused int
		for i, e := range events {
			if p.away("outbox") || l.chance(p.rate(p.faults)*0.3) {
				answers[i] = errors.New("throttled")
				refused++
				continue
			}
			p.take(e)
			if f.lost {
				p.cover("a publish whose answer is lost")
			}
		}
		if refused > 0 && refused < len(events) {
			p.cover("a half-failed publish")
		}
	})
	for i := range events {
		errs[i] = err
		if err == nil {
			errs[i] = answers[i]
		}
		p.note("publish %s: %v", p.titled(events[i]), errs[i])
	}
	return errs
}

// titled is an event's id and outcome.
func (w *world) titled(e endsession.Event) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r := w.rendered[string(e.Detail)]; r != nil {
		return r.ID[:8] + " " + string(e.Outcome)
	}
	return string(e.Detail)
}

// take is an event that has come to the bus.
func (w *world) take(e endsession.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.rendered[string(e.Detail)]
	if r == nil || r.trigger == nil {
		w.broken("an event was published that nobody rendered: %s", e.Detail)
		return
	}
	r.copies++
	if r.copies > 1 {
		w.seen["published again"] = true
	}
	if r.trigger.published.IsZero() {
		r.trigger.published = time.Now()
	}
	r.trigger.ids[r.ID] = true
	w.noteLocked(r.trigger.name, "is published as %s %s (%s, copy %d)", r.ID[:8], r.Outcome, codeOf(r.Report), r.copies)
}

func codeOf(r endsession.Report) endsession.Code {
	if r.Err == nil {
		return ""
	}
	return r.Err.Code
}
