package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// queue is the trigger queue with its dead-letter queue and the poller of its event source.
type queue struct {
	*world
	wake     chan struct{}
	messages []*message // guarded by the world's mutex, as is the rest
	letters  []*message
	closed   bool
	batches  int
}

// message is one message of a trigger.
type message struct {
	trigger  *trigger
	id       string
	visible  time.Time
	receives int
	redriven bool
}

func newQueue(w *world) *queue { return &queue{world: w, wake: make(chan struct{}, 1)} }

func (q *queue) put(m *message) {
	q.mu.Lock()
	m.visible = time.Now()
	q.messages = append(q.messages, m)
	q.mu.Unlock()
	q.woken()
}

func (q *queue) woken() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// poll hands what is visible to invocations, until the queue is closed and empty.
func (q *queue) poll() {
	for {
		q.mu.Lock()
		pause, done := time.Duration(time.Hour), q.closed && len(q.messages) == 0
		for _, m := range q.messages {
			pause = min(pause, time.Until(m.visible))
		}
		idle := len(q.messages) == 0
		q.mu.Unlock()
		switch {
		case done:
			return
		case idle:
			<-q.wake
			continue
		case pause > 0:
			timer := time.NewTimer(pause)
			select {
			case <-q.wake:
			case <-timer.C:
			}
			timer.Stop()
			continue
		}
		q.batches++
		l := newLuck(q.seed, "batch", fmt.Sprint(q.batches))
		time.Sleep(l.between(time.Microsecond, among(l, 20*time.Millisecond, time.Second, 5*time.Second))) // for more to come
		if batch := q.receive(l); len(batch) > 0 {
			q.invocations.Go(func() { q.handle(batch, l) })
		}
	}
}

// receive takes a batch of visible messages. One that was received too often becomes a dead letter.
func (q *queue) receive(l luck) []*message {
	q.mu.Lock()
	defer q.mu.Unlock()
	now, size := time.Now(), 1+l.IntN(10)
	var batch, rest []*message
	l.Shuffle(len(q.messages), func(i, j int) { q.messages[i], q.messages[j] = q.messages[j], q.messages[i] })
	for _, m := range q.messages {
		switch {
		case m.visible.After(now) || len(batch) >= size || slices.ContainsFunc(batch, m.shares):
			rest = append(rest, m)
		case m.receives >= q.maxReceive:
			q.letters = append(q.letters, m)
			m.trigger.buried++
			m.trigger.stuck = m.trigger.stuck || q.healthy && m.redriven
			q.seen["dead letter"] = true
			q.noteLocked("queue", "%s is a dead letter", m.id)
		default:
			m.receives++
			m.visible = now.Add(q.visibility)
			if !q.healthy && l.chance(q.duplicates*0.3) {
				m.visible = now.Add(l.between(0, 10*time.Second))
				q.seen["a message delivered twice at once"] = true
			}
			batch, rest = append(batch, m), append(rest, m)
		}
	}
	q.messages = rest
	return batch
}

// shares reports whether two messages are about one room, or one trigger. In one batch it could not be told whose a call is.
func (m *message) shares(o *message) bool {
	return m.trigger == o.trigger || slices.ContainsFunc(m.trigger.rooms, func(r *room) bool { return slices.Contains(o.trigger.rooms, r) })
}

// handle invokes a process with a batch, and deletes what that says is done.
func (q *queue) handle(batch []*message, l luck) {
	i := invocation{timeout: among(l, 24*time.Second, 24*time.Second, 5*time.Second)}
	var names []string
	q.mu.Lock()
	for _, m := range batch {
		names = append(names, fmt.Sprintf("%s#%d", m.id, m.receives))
		i.triggers = append(i.triggers, m.trigger)
	}
	q.mu.Unlock()
	if len(batch) > 1 {
		q.cover("a batch of several")
	}
	twice := l.chance(q.rate(q.duplicates) * 0.2) // the first message comes twice in the batch
	if twice {
		q.cover("a message twice in a batch")
		i.triggers, i.twins = append(i.triggers, batch[0].trigger), true
	}
	i.name = "queue:" + strings.Join(names, ",")
	results, answered := q.invoke(i)
	if !answered {
		q.note("queue", "no answer from %s", i.name)
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for n, m := range batch {
		done := results[n].Err == nil
		if n == 0 && twice {
			done = done && results[len(batch)].Err == nil
		}
		if done {
			q.messages = slices.DeleteFunc(q.messages, func(o *message) bool { return o == m })
		}
	}
	q.woken()
}

// drain waits until the queue is empty. Before that, an operator may redrive the dead letters, once.
func (q *queue) drain() {
	l := newLuck(q.seed, "operator")
	q.empty()
	time.Sleep(among(l, l.between(time.Minute, time.Hour), l.between(time.Hour, 6*24*time.Hour)))
	q.mu.Lock()
	if len(q.letters) > 0 && l.chance(0.8) {
		q.seen["redrive"] = true
		q.noteLocked("operator", "redrives the dead letters")
		for _, m := range q.letters {
			m.trigger.buried--
			q.messages = append(q.messages, &message{trigger: m.trigger, id: m.id + "r", visible: time.Now(), redriven: true})
		}
		q.letters = nil
	}
	q.closed = true
	q.mu.Unlock()
	q.woken()
}

// empty waits until no message is left, looking every now and then.
func (q *queue) empty() {
	for {
		q.mu.Lock()
		left := len(q.messages)
		q.mu.Unlock()
		if left == 0 {
			return
		}
		time.Sleep(time.Minute + 7*time.Nanosecond)
	}
}
