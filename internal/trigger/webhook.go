package trigger

import (
	"cmp"
	"strings"
	"time"

	"videosdk-end-session/internal/endsession"
)

// Delivery is what is known of a verified webhook besides its payload.
type Delivery struct {
	Source     string // the configured one; a payload has no say in this
	ID         string // the delivery's own id; empty for none
	Body       []byte // as it was vouched for; its digest stands for an id
	OccurredAt time.Time
	Received   time.Time
	Delay      time.Duration // where the document asks for none
	Trace      string
}

// Document reads a payload that is our document, and returns the delay that holds for it.
func (d Delivery) Document(payload []byte) (endsession.Request, time.Duration, *endsession.Error) {
	return delayed(payload, d.envelope())
}

// Mapped completes what the profiles found in a payload.
func (d Delivery) Mapped(m Mapped) (endsession.Request, *endsession.Error) {
	return m.request(d.envelope())
}

func (d Delivery) envelope() envelope {
	env := envelope{
		source: d.Source, sourced: true, id: strings.TrimSpace(d.ID), occurredAt: d.OccurredAt, received: d.Received,
		delayable: true, delay: d.Delay, trace: d.Trace,
	}
	if env.id == "" {
		env.id = Digest(d.Body)
		env.undated = env.occurredAt.IsZero()
	}
	if env.occurredAt.IsZero() {
		env.occurredAt = d.Received
	}
	return env
}

// identity returns the id of a trigger that has none of its own. The same bytes on another day are another trigger, unless they say
// when it happened.
func (e envelope) identity(saysWhen bool) string {
	if e.undated && !saysWhen {
		return e.id + ":" + e.received.UTC().Format(time.DateOnly)
	}
	return e.id
}

// request returns what the profiles found as a request. Where the event has no id or time of its own, they are those of the envelope.
func (m Mapped) request(env envelope) (endsession.Request, *endsession.Error) {
	saysWhen := !m.OccurredAt.IsZero()
	r := endsession.Request{
		Source: env.source, ID: cmp.Or(m.ID, env.identity(saysWhen)), Target: m.Target, Reason: m.Reason,
		StartsAt: m.StartsAt, EndsAt: m.EndsAt, OccurredAt: env.occurredAt, Trace: env.trace,
	}
	if saysWhen {
		r.OccurredAt = m.OccurredAt
	}
	var possible bool
	r.OccurredAt, possible = env.happened(r.OccurredAt)
	checked := r // with something in place of what is named already
	var problems []string
	if r.OccurredAt.IsZero() {
		problems = append(problems, timeless)
		checked.OccurredAt = env.received
	}
	if !possible {
		problems = append(problems, inFuture)
	}
	if m.Delay > 0 && !env.delayable {
		problems = append(problems, undelayable)
	}
	if problems = append(problems, checked.Validate()...); len(problems) > 0 {
		return r, invalid(problems)
	}
	return r, nil
}
