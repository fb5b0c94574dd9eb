package start

import (
	"context"
	"errors"
	"sync"
	"time"
)

// aheadTimeout bounds what is done before the first event. Lambda ends a start after ten seconds.
const aheadTimeout = 2 * time.Second

var errAheadTimeout = errors.New("it took too long for the start")

// preparation is something that the first event needs and that can be done before it.
type preparation struct {
	what string
	do   func(context.Context) error
}

// Ahead has something done before the first event is asked for, together with everything else of the kind: a function has a whole
// processor then, and later only a share. What fails, or takes longer than two seconds, is left to the first event that needs it, so do must
// be something that is done again when it is needed, and must obey its context.
func (p Process) Ahead(what string, do func(context.Context) error) {
	*p.ahead = append(*p.ahead, preparation{what, do})
}

// getAhead does what is to be done ahead, and a rehearsal meanwhile.
func (p Process) getAhead(rehearse func(context.Context) error) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), aheadTimeout, errAheadTimeout)
	defer cancel()
	try := func(one preparation) {
		if err := one.do(ctx); err != nil {
			p.Log.Warn("start.ahead.failed", "what", one.what, "error", err)
		}
	}
	var all sync.WaitGroup
	for _, one := range *p.ahead {
		all.Go(func() { try(one) })
	}
	try(preparation{"rehearsal", rehearse})
	all.Wait()
}
