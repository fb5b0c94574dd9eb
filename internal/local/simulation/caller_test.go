package simulation

import (
	"fmt"
	"time"

	"videosdk-end-session/internal/endsession"
)

// caller calls the HTTP door and repeats with the same id and time until it has a final answer, or gives up.
func (w *world) caller(t *trigger, number int) {
	l := newLuck(w.seed, "caller", t.name, fmt.Sprint(number))
	patience := 1 + l.IntN(12)
	for made := 1; made <= patience; made++ {
		results, answered := w.invoke(invocation{
			name: fmt.Sprintf("http:%s.%d#%d", t.name, number, made), triggers: []*trigger{t},
			timeout: among(l, 23*time.Second, 5*time.Second), waiting: true,
		})
		pause := among(l, l.between(time.Millisecond, 300*time.Millisecond), l.between(100*time.Millisecond, 20*time.Second))
		if answered {
			e := results[0].Err
			if e == nil {
				w.mu.Lock()
				t.accepted = true
				w.mu.Unlock()
				return
			}
			if e.Code == endsession.CodeInProgress {
				pause += e.RetryAfter
			}
		}
		time.Sleep(pause)
	}
	w.cover("a caller who gives up")
	w.note(t.name, "its caller gives up")
}
