package simulation

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"videosdk-end-session/internal/endsession"
)

// phase is a place in a call at which its process may die or stand still.
type phase string

const (
	nowhere      phase = ""
	beforeCall   phase = "before a call"
	beforeEffect phase = "in a call, before its effect"
	afterEffect  phase = "in a call, after its effect"
	afterCall    phase = "after a call"
)

var phases = []phase{beforeCall, beforeEffect, afterEffect, afterCall}

// What becomes of a call across a border of the use case.
var (
	errDead    = errors.New("the process is dead")
	errRefused = errors.New("connection refused")
	errUnsent  = errors.New("not sent")
	errLost    = errors.New("no answer")
)

// processSkew is how far the clock of an execution environment is off at most. That is more than Amazon's are, because only then does
// one environment take over while another is still at work.
const processSkew = 3 * time.Second

// process is one invocation in an execution environment of its own. When it has died, no call of it has an effect any more. When it
// stands still, nothing of it moves, and then goes on as if nothing had happened.
type process struct {
	*world
	name     string
	began    time.Time
	deadline time.Time
	twins    bool          // two of its requests are the same
	waiting  bool          // a caller waits for its answer
	skew     time.Duration // its clock less the true time
	cancel   context.CancelFunc

	mu     sync.Mutex
	dead   bool
	thaws  time.Time
	frozen time.Duration // altogether
	made   map[string]int
	tokens int
	jitter luck
	claims map[endsession.Pin]*trigger  // of calls that the ledger took
	looks  map[string]look              // the last at each session
	ended  map[endsession.Pin]time.Time // when its last call to end a session returned
}

// look is when VideoSDK showed a session, and when that was known here.
type look struct{ at, told time.Time }

// invocation is what a door hands to a process.
type invocation struct {
	name     string
	triggers []*trigger
	timeout  time.Duration
	waiting  bool // a caller waits for the answer
	twins    bool // the last trigger is the first one again
}

// invoke runs the use case in a new process. It returns false if the door gets no answer in time.
func (w *world) invoke(i invocation) ([]endsession.Result, bool) {
	if w.tight {
		i.timeout = 5 * time.Second
	}
	ctx, cancel := context.WithTimeout(context.Background(), i.timeout)
	defer cancel()
	l := newLuck(w.seed, "process", i.name)
	p := &process{
		world: w, name: i.name, began: time.Now(), deadline: time.Now().Add(i.timeout), twins: i.twins,
		skew: l.between(-processSkew, processSkew), cancel: cancel,
		made: map[string]int{}, jitter: newLuck(w.seed, "jitter", i.name), claims: map[endsession.Pin]*trigger{}, looks: map[string]look{},
		ended: map[endsession.Pin]time.Time{}, waiting: i.waiting,
	}
	policy := w.policy
	policy.FinalCredentials = i.waiting
	service, err := endsession.New(endsession.Config{
		Reader: p, Ender: p, Ledger: ledgerOf{p}, Outbox: p, Policy: policy,
		Clock: endsession.Clock{Now: func() time.Time { return time.Now().Add(p.skew) }, Sleep: p.sleep},
		Token: p.token, Jitter: p.random, Observe: p.observe,
	})
	if err != nil {
		panic(err)
	}
	requests := make([]endsession.Request, len(i.triggers))
	for n, t := range i.triggers {
		requests[n] = t.request
	}
	w.mu.Lock()
	w.deliveries += len(requests)
	w.mu.Unlock()
	p.note("begins, with %s to go", i.timeout)
	results := service.Handle(ctx, requests...)
	p.check(results, i.triggers)
	p.mu.Lock()
	defer p.mu.Unlock()
	return results, !p.dead && time.Now().Before(p.deadline.Add(time.Second))
}

func (p *process) note(format string, args ...any) { p.world.note(p.name, format, args...) }

func (p *process) token() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tokens++
	return fmt.Sprintf("%s/%d", p.name, p.tokens)
}

func (p *process) random() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.jitter.Float64()
}

// sleep is the use case's pause between calls.
func (p *process) sleep(ctx context.Context, d time.Duration) error {
	if !wait(ctx, d) {
		return ctx.Err()
	}
	return p.alive(newLuck(p.seed, "pause", p.name, fmt.Sprint(d)))
}

// wait waits for d, or returns false when the context ends before that.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// alive waits as long as the process stands still, and returns errDead if it is dead.
func (p *process) alive(l luck) error {
	for {
		p.mu.Lock()
		dead, still := p.dead, time.Until(p.thaws)
		p.mu.Unlock()
		if dead {
			return errDead
		}
		if still < 0 {
			return nil
		}
		time.Sleep(still + l.between(time.Microsecond, time.Millisecond))
	}
}

// call is one call across a border of the use case.
type call struct {
	op    string
	on    string        // what tells calls that are made at the same instant apart
	limit time.Duration // how long the client waits at most; 0 for as long as its context
}

// longestWay is how long a call is at most on its way, unless its process stands still.
const longestWay = 12 * time.Second

// fate is what befalls a call.
type fate struct {
	there, back time.Duration // on the way
	refused     bool          // it does not get there
	lost        bool          // its answer does not come back
	stubborn    bool          // it arrives even if nobody waits for it any more
	crash       phase
	freeze      phase
	still       time.Duration // how long the process stands still
}

func (p *process) fate(l luck, c call) fate {
	f := fate{there: l.between(time.Millisecond, 40*time.Millisecond), back: l.between(time.Millisecond, 40*time.Millisecond)}
	faults := p.rate(p.faults)
	switch x := l.Float64(); {
	case x < faults*0.15:
		f.refused = true
	case x < faults*0.30:
		f.lost = true
	case x < faults*0.45:
		f.there, f.stubborn = l.between(100*time.Millisecond, longestWay), l.chance(0.5)
	case x < faults*0.55:
		f.back = l.between(100*time.Millisecond, longestWay)
	}
	if p.tight && c.op == "end" && l.chance(p.rate(0.7)) {
		f.back = max(f.back, time.Until(p.deadline)-l.between(1300*time.Millisecond, 2*time.Second))
	}
	if l.chance(p.rate(p.crashes)) {
		f.crash = among(l, phases...)
	}
	freezes := p.freezes
	if c.op == "store" {
		freezes *= 3 // where it matters most who owns a trigger
	}
	if l.chance(p.rate(freezes)) {
		f.freeze, f.still = among(l, phases...), l.between(time.Second, among(l, 30*time.Second, 2*time.Minute, 10*time.Minute))
	}
	return f
}

// through makes a call. effect is what the other side does with it, and happens at most once: perhaps later than the call returns. An
// error is about the way there and back, not about the answer.
func (p *process) through(ctx context.Context, c call, effect func(l luck, f fate)) error {
	p.mu.Lock()
	name := c.op + " " + c.on
	p.made[name]++
	number := fmt.Sprint(p.made[name])
	p.mu.Unlock()
	l, theirs := newLuck(p.seed, "call", p.name, name, number), newLuck(p.seed, "other side", p.name, name, number)
	f := p.fate(l, c)
	time.Sleep(l.between(time.Nanosecond, 50*time.Microsecond)) // requests of a batch begin at the same instant
	p.world.mu.Lock()
	p.calls++
	p.world.mu.Unlock()
	if err := p.reach(beforeCall, c, f, l); err != nil {
		return err
	}
	if ctx.Err() != nil {
		p.note("%s %s: not made, there is no time", c.op, c.on)
		return errUnsent
	}
	if c.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.limit)
		defer cancel()
	}
	sent := time.Now()
	if !wait(ctx, f.there) {
		if f.stubborn && p.alive(l) == nil {
			p.invocations.Go(func() {
				time.Sleep(time.Until(sent.Add(f.there)))
				p.cover("a call arrives after its client has given up")
				effect(theirs, f)
			})
		}
		return p.gaveUp(c, l)
	}
	if f.refused {
		p.note("%s %s: refused", c.op, c.on)
		return errRefused
	}
	if err := p.reach(beforeEffect, c, f, l); err != nil {
		return err
	}
	if time.Now().After(p.deadline) {
		p.cover("zombie")
	}
	effect(theirs, f)
	if err := p.reach(afterEffect, c, f, l); err != nil {
		return err
	}
	there := f.freeze != nowhere && l.chance(0.5) // who wakes up may find the answer and the end of its time together
	if f.lost || !there && !wait(ctx, f.back) {
		p.note("%s %s: the answer is lost", c.op, c.on)
		if f.lost {
			wait(ctx, among(l, l.between(time.Millisecond, 100*time.Millisecond), l.between(time.Millisecond, 10*time.Second)))
		}
		return p.gaveUp(c, l)
	}
	return p.reach(afterCall, c, f, l)
}

// gaveUp ends a call that has waited in vain. Calls that wait for the same deadline return one after the other.
func (p *process) gaveUp(c call, l luck) error {
	p.mu.Lock()
	dead := p.dead
	p.mu.Unlock()
	if dead {
		return errDead
	}
	time.Sleep(l.between(time.Microsecond, time.Millisecond))
	if err := p.alive(l); err != nil {
		return err
	}
	p.note("%s %s: no answer", c.op, c.on)
	return errLost
}

// reach comes to a place in a call, where the process may die or stand still.
func (p *process) reach(at phase, c call, f fate, l luck) error {
	if f.crash == at {
		p.mu.Lock()
		first := !p.dead
		p.dead = true
		p.mu.Unlock()
		p.cancel()
		if first {
			p.note("DIES %s: %s %s", at, c.op, c.on)
			p.cover("crash " + string(at))
		}
		return errDead
	}
	if f.freeze == at {
		p.mu.Lock()
		if until := time.Now().Add(f.still); until.After(p.thaws) {
			p.thaws = until
			p.frozen += f.still
		}
		p.mu.Unlock()
		p.note("STANDS STILL %s: %s %s, for %s", at, c.op, c.on, f.still)
		p.cover("freeze " + string(at))
		return p.alive(l)
	}
	if at == beforeEffect || at == afterEffect { // on its way, it stands still for nobody
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.dead {
			return errDead
		}
		return nil
	}
	return p.alive(l)
}
