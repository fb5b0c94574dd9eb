package simulation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"videosdk-end-session/internal/endsession"
)

// ledgerLimit is how long the SDK waits for an answer before it asks again.
const ledgerLimit = 3 * time.Second

// ledgerOf is the one ledger as a process reaches it.
type ledgerOf struct{ *process }

// Load implements endsession.Ledger.
func (l ledgerOf) Load(ctx context.Context, key string) (endsession.Entry, bool, error) {
	var entry endsession.Entry
	var found bool
	var failure error
	err := l.through(ctx, call{op: "load", on: key[:8], limit: ledgerLimit}, func(luck luck, _ fate) {
		if failure = l.throttled(luck); failure == nil {
			entry, found, failure = l.memory.Load(context.Background(), key)
		}
	})
	if err != nil { // the call may still be on its way
		return endsession.Entry{}, false, err
	}
	return entry, found, failure
}

// Store implements endsession.Ledger. As AWS's SDK does, it repeats a write whose answer is lost.
func (l ledgerOf) Store(ctx context.Context, prev, next endsession.Entry) (endsession.Entry, bool, error) {
	on := fmt.Sprintf("%s %s of %s%s%s", next.State, next.Key[:8], next.Target.RoomID, next.Target.CustomRoomID, next.Target.SessionID)
	for made := 1; ; made++ {
		held, won, err := l.storeOnce(ctx, on, prev, next)
		if err != nil {
			l.note("store %s: %v", on, err)
			if made < 3 && !errors.Is(err, errDead) && wait(ctx, 50*time.Millisecond) && l.alive(newLuck(l.seed, "again", l.name, on)) == nil {
				continue
			}
			return endsession.Entry{}, false, err
		}
		owner, _, _ := strings.Cut(held.Owner, "/") // which of a process's tokens it is depends on who was first to ask
		l.note("store %s: %v, held by %s (%s)", on, won, owner, held.State)
		if won && next.State == endsession.Claimed {
			l.claimed(next)
		}
		return held, won, nil
	}
}

func (l ledgerOf) storeOnce(ctx context.Context, on string, prev, next endsession.Entry) (endsession.Entry, bool, error) {
	var held endsession.Entry
	var won bool
	var failure error
	err := l.through(ctx, call{op: "store", on: on, limit: ledgerLimit}, func(luck luck, _ fate) {
		if failure = l.throttled(luck); failure == nil {
			held, won, failure = l.write(prev, next)
		}
	})
	if err != nil {
		return endsession.Entry{}, false, err
	}
	return held, won, failure
}

// write is a write that has come to the ledger.
func (p *process) write(prev, next endsession.Entry) (endsession.Entry, bool, error) {
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	before, _, _ := p.memory.Load(context.Background(), next.Key)
	held, won, err := p.memory.Store(context.Background(), prev, next)
	repeated := before.Owner == next.Owner && before.LeaseUntil.Equal(next.LeaseUntil)
	if t := p.trigger(next.Key, next.Target); t != nil && won && next.State == endsession.Claimed && !repeated {
		t.holds(p, next)
	}
	return held, won, err
}

// throttled is an answer that keeps a call from having any effect.
func (p *process) throttled(l luck) error {
	if p.away("ledger") || l.chance(p.rate(p.faults)*0.2) {
		return errors.New("throttled")
	}
	return nil
}

// claimed remembers which trigger a process holds with which pin.
func (p *process) claimed(entry endsession.Entry) {
	p.world.mu.Lock()
	t := p.trigger(entry.Key, entry.Target)
	p.world.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.claims[entry.Pin] = t
}
