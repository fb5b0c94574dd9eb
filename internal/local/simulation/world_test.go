package simulation

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/ledger"
)

// world is everything around the use case during one seed: rooms, senders, a queue, VideoSDK, a ledger, an outbox, and the execution
// environments in which the use case runs and dies. Its clock is the bubble's. Nothing sleeps while it holds the mutex.
type world struct {
	settings
	seed   uint64
	zero   time.Time // when it all began
	memory *ledger.Memory
	queue  *queue

	senders     sync.WaitGroup // doors and callers at work
	invocations sync.WaitGroup // environments and calls that are still on their way

	mu           sync.Mutex
	healthy      bool // from now on nothing fails any more
	rooms        []*room
	sessions     map[string]*session
	sessionCount int
	triggers     []*trigger
	rendered     map[string]*rendering // by the event's bytes
	seen         map[string]bool       // what the seed has covered
	deliveries   int
	calls        int
	unavoidable  time.Duration // the longest time between look and call in which the room's next session was lost
	violations   []string
	traced       bool
	timeline     []string
}

// run runs one seed and checks it. It must be called in a synctest bubble.
func run(seed uint64, traced bool) *world {
	w := &world{
		settings: newSettings(newLuck(seed, "settings")), seed: seed, zero: time.Now(), memory: ledger.NewMemory(time.Now),
		sessions: map[string]*session{}, rendered: map[string]*rendering{}, seen: map[string]bool{}, traced: traced,
	}
	w.note("world", "%s", w.describe())
	for i := range w.settings.rooms {
		w.rooms = append(w.rooms, w.newRoom(i))
	}
	w.queue = newQueue(w)
	w.invocations.Go(w.queue.poll)
	for i := range w.settings.triggers {
		w.senders.Go(func() { w.sender(i) })
	}
	w.senders.Wait()

	// From here on the world is well, so that what is not finished now never will be.
	time.Sleep(newLuck(seed, "recovery").between(time.Minute, time.Hour))
	w.mu.Lock()
	w.healthy = true
	w.mu.Unlock()
	w.note("world", "everything is well from now on")
	w.queue.drain()
	w.invocations.Wait()
	w.checkOutcomes()
	return w
}

func (w *world) describe() string {
	return fmt.Sprintf("an end call for an ended session: %s (%d); an end takes up to %s to show; VideoSDK's clock %+.1f s, the senders' %+.1f s; "+
		"faults %.0f %%, crashes %.0f %%, freezes %.0f %% of calls; visibility %s, %d receives; outages %v",
		w.reading, w.endedAnswer, w.asyncEnd, w.videoSkew.Seconds(), w.senderSkew.Seconds(), w.faults*100, w.crashes*100, w.freezes*100,
		w.visibility, w.maxReceive, w.outages)
}

// away reports whether a part of the world is away now.
func (w *world) away(what string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := time.Since(w.zero)
	for _, o := range w.outages {
		if !w.healthy && o.what == what && at >= o.from && at < o.to {
			return true
		}
	}
	return false
}

// rate is the rate of failures as long as the world is not well.
func (w *world) rate(p float64) float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.healthy {
		return 0
	}
	return p
}

// cover says that the seed has seen something.
func (w *world) cover(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[what] = true
}

// broken says that a promise is broken. The caller holds the mutex.
func (w *world) broken(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.violations = append(w.violations, text)
	w.noteLocked("BROKEN", "%s", text)
}

// note adds a line to the timeline.
func (w *world) note(who, format string, args ...any) {
	if !w.traced {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.noteLocked(who, format, args...)
}

func (w *world) noteLocked(who, format string, args ...any) {
	if w.traced {
		at := time.Since(w.zero)
		w.timeline = append(w.timeline, fmt.Sprintf("%02d:%02d:%013.9f  %-26s %s",
			int(at.Hours()), int(at.Minutes())%60, (at%time.Minute).Seconds(), who, fmt.Sprintf(format, args...)))
	}
}

// story is the whole timeline, with what is broken at its end.
func (w *world) story() string {
	return fmt.Sprintf("%s\n\nbroken:\n- %s", strings.Join(w.timeline, "\n"), strings.Join(w.violations, "\n- "))
}

// trigger returns the trigger that a request is a delivery of.
func (w *world) trigger(key string, target endsession.Target) *trigger {
	for _, t := range w.triggers {
		if t.request.Target == target && t.key == key {
			return t
		}
	}
	return nil
}
