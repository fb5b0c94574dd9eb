package capacity

import (
	"container/heap"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/ledger"
	"videosdk-end-session/internal/local/lambdahost"
	"videosdk-end-session/internal/local/template"
)

// deployed is what the template says of the doors, the trigger queue and its function.
type deployed struct {
	batch, maxReceive, memoryMB, concurrency int
	requestRate                              float64 // a second
	visibility, timeout                      time.Duration
}

// given returns what was measured, and what the template says.
func given(t *testing.T) (Measured, deployed) {
	t.Helper()
	m, err := Recorded()
	if err != nil {
		t.Fatal(err)
	}
	read, err := template.Read(filepath.Join("..", "..", "..", "template.yaml"), template.Stack{
		Name: "s", AccountID: "123456789012", Region: "us-east-1", Endpoint: "http://localhost",
	}, map[string]string{"VideoSdkSecretId": "videosdk"})
	if err != nil {
		t.Fatal(err)
	}
	function, isFunction := read.Function("SqsFunction")
	queue, isQueue := read.Queue("TriggerQueue")
	if !isFunction || !isQueue || len(function.Queues) == 0 || queue.Redrive == nil {
		t.Fatal("the template has no function SqsFunction of the queue TriggerQueue, or that no dead letters")
	}
	source := function.Queues[0]
	rate, err := strconv.ParseFloat(read.Parameters["RequestRate"], 64)
	if err != nil {
		t.Fatal(err)
	}
	return m, deployed{
		batch: source.BatchSize, maxReceive: queue.Redrive.MaxReceiveCount, memoryMB: function.MemoryMB, concurrency: source.MaximumConcurrency,
		visibility: queue.Visibility, timeout: function.Timeout, requestRate: rate,
	}
}

// spare is what the function keeps before its timeout.
const spare = time.Second

// How Lambda takes batches from a standard queue: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
const (
	atFirst   = 5.0         // batches at once
	perSecond = 300.0 / 60. // more of them, as long as messages wait
)

// pollTime is how long a message lies on the queue before one of Lambda's pollers has it. That is an assumption.
const pollTime = 20 * time.Millisecond

// begun is when all sessions began.
var begun = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(-time.Hour) // bubbles begin in 2000

// scenario is what the application is put to.
type scenario struct {
	arrivals    []time.Duration // of triggers on the queue, in their order
	concurrency int             // parameter MaximumConcurrency
	latency     time.Duration   // of a call to VideoSDK
	limit       float64         // of VideoSDK's calls a second; 0 for none
	away        func(since time.Duration) bool
	hasty       bool // give a throttled call up after three, as at the other doors
}

// message is a trigger on the queue.
type message struct {
	request  endsession.Request
	came     time.Time
	visible  time.Time
	receives int
	deleted  bool
}

// hidden orders messages by the time at which they are visible.
type hidden []*message

func (h hidden) Len() int           { return len(h) }
func (h hidden) Less(i, j int) bool { return h[i].visible.Before(h[j].visible) }
func (h hidden) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *hidden) Push(m any)        { *h = append(*h, m.(*message)) }
func (h *hidden) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// fleet is the trigger queue and the execution environments that handle its messages, in virtual time. What they run is the use case
// itself, on the ledger in memory; what it takes besides VideoSDK's calls was measured.
type fleet struct {
	scenario
	deployed
	measured Measured
	one, ten Load
	account  *account
	ledger   *ledger.Memory

	zero time.Time // when it began

	mu      sync.Mutex
	wake    chan struct{}
	ready   []*message
	hidden  hidden
	left    int     // messages that are neither deleted nor dead letters
	slots   float64 // batches that Lambda hands on at once
	grown   time.Time
	busy    int
	idle    int // environments
	tokens  int
	result  result
	running sync.WaitGroup
}

// result is what became of it.
type result struct {
	waits       []time.Duration // from a trigger's arrival on the queue to its published outcome
	drained     time.Duration   // from the first trigger's arrival to the last outcome
	invocations int
	starts      int // of environments
	most        int // environments at once
	deliveries  int
	receives    int // of one message at most
	letters     int
	billed      time.Duration
	busiest     int // calls to VideoSDK in a second
	refused     int // of them with 429
}

// run plays a scenario. It must be called in a synctest bubble.
func (s scenario) run(m Measured, d deployed) (result, error) {
	one, err := m.Of("sqs", 1, d.memoryMB)
	if err != nil {
		return result{}, err
	}
	ten, err := m.Of("sqs", 10, d.memoryMB)
	if err != nil {
		return result{}, err
	}
	zero := time.Now()
	var away func() bool
	if s.away != nil {
		away = func() bool { return s.away(time.Since(zero)) }
	}
	f := &fleet{
		scenario: s, deployed: d, measured: m, one: one, ten: ten, account: newAccount(s.latency, s.limit, away), ledger: ledger.NewMemory(time.Now),
		zero: zero, wake: make(chan struct{}, 1), left: len(s.arrivals), slots: atFirst, grown: zero,
	}
	go f.send()
	f.poll()
	f.running.Wait()
	f.result.drained -= s.arrivals[0]
	f.result.busiest, f.result.refused = f.account.busiest(), f.account.refused
	slices.Sort(f.result.waits)
	return f.result, nil
}

// send puts the triggers on the queue.
func (f *fleet) send() {
	for n, at := range f.arrivals {
		time.Sleep(time.Until(f.zero.Add(at)))
		now := time.Now()
		room := fmt.Sprintf("room-%06d", n)
		m := &message{came: now, request: endsession.Request{
			Target: endsession.Target{RoomID: room}, Source: "timetable", ID: room, OccurredAt: now,
		}}
		f.mu.Lock()
		f.ready = append(f.ready, m)
		f.mu.Unlock()
		f.woken()
	}
}

func (f *fleet) woken() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// poll hands batches to environments, until no message is left.
func (f *fleet) poll() {
	for {
		f.mu.Lock()
		f.uncover()
		f.grow()
		for len(f.ready) > 0 && f.busy < min(f.scenario.concurrency, int(f.slots)) {
			f.hand()
		}
		pause := time.Hour
		if len(f.hidden) > 0 {
			pause = time.Until(f.hidden[0].visible)
		}
		if len(f.ready) > 0 && int(f.slots) < f.scenario.concurrency {
			pause = min(pause, 200*time.Millisecond) // until there is a slot more
		}
		done := f.left == 0
		f.mu.Unlock()
		if done {
			return
		}
		timer := time.NewTimer(pause)
		select {
		case <-f.wake:
		case <-timer.C:
		}
		timer.Stop()
		time.Sleep(pollTime)
	}
}

// uncover makes messages visible again whose time has come.
func (f *fleet) uncover() {
	for len(f.hidden) > 0 && !f.hidden[0].visible.After(time.Now()) {
		if m := heap.Pop(&f.hidden).(*message); !m.deleted {
			f.ready = append(f.ready, m)
		}
	}
}

// grow adds to the batches at once while messages wait, and begins anew when none do.
func (f *fleet) grow() {
	now := time.Now()
	switch {
	case len(f.ready) > 0 && f.busy >= min(f.scenario.concurrency, int(f.slots)):
		f.slots = min(f.slots+perSecond*now.Sub(f.grown).Seconds(), float64(f.scenario.concurrency)+1)
	case len(f.ready) == 0 && f.busy == 0:
		f.slots = atFirst
	}
	f.grown = now
}

// hand takes a batch and invokes an environment with it. One that was received too often is a dead letter.
func (f *fleet) hand() {
	var batch []*message
	for len(f.ready) > 0 && len(batch) < f.batch {
		m := f.ready[0]
		f.ready = f.ready[1:]
		if m.receives == f.maxReceive {
			f.result.letters++
			f.left--
			continue
		}
		m.receives++
		m.visible = time.Now().Add(f.visibility)
		f.result.receives = max(f.result.receives, m.receives)
		heap.Push(&f.hidden, m)
		batch = append(batch, m)
	}
	if len(batch) == 0 {
		return
	}
	cold := f.idle == 0
	if cold {
		f.result.starts++
	} else {
		f.idle--
	}
	f.busy++
	f.result.most = max(f.result.most, f.busy)
	f.result.invocations++
	f.result.deliveries += len(batch)
	number := f.result.invocations
	f.running.Go(func() { f.invoke(batch, number, cold) })
}

// invoke handles a batch.
func (f *fleet) invoke(batch []*message, number int, cold bool) {
	began := time.Now()
	if cold {
		time.Sleep(f.between(f.one.First-f.one.Warm, f.ten.First-f.ten.Warm, len(batch)))
	}
	own := f.between(f.one.Warm-float64(2*f.measured.VideoSDK), f.ten.Warm-float64(2*f.measured.VideoSDK), len(batch))
	ctx, cancel := context.WithTimeout(context.Background(), f.timeout-spare)
	time.Sleep(own / 2)
	var requests []endsession.Request
	for _, m := range batch {
		requests = append(requests, m.request)
	}
	results := f.service(number).Handle(ctx, requests...)
	cancel()
	time.Sleep(own/2 + time.Duration(number)) // so that no two end at the same instant, and every run is the same

	now := time.Now()
	f.mu.Lock()
	for n, m := range batch {
		if results[n].Err != nil {
			continue
		}
		m.deleted = true
		f.left--
		f.result.waits = append(f.result.waits, now.Sub(m.came))
		f.result.drained = now.Sub(f.zero)
	}
	f.result.billed += lambdahost.Report{Duration: now.Sub(began)}.Billed()
	f.busy--
	f.idle++
	f.mu.Unlock()
	f.woken()
}

// between is what a batch of n takes, from what one and ten take, in milliseconds.
func (f *fleet) between(one, ten float64, n int) time.Duration {
	return time.Duration((one + (ten-one)*float64(n-1)/9) * float64(time.Millisecond))
}

// service is the use case for one invocation.
func (f *fleet) service(number int) *endsession.Service {
	luck := rand.New(rand.NewPCG(1, uint64(number)))
	var mu sync.Mutex
	draw := func() float64 {
		mu.Lock()
		defer mu.Unlock()
		return luck.Float64()
	}
	service, err := endsession.New(endsession.Config{
		Reader: f.account, Ender: f.account, Ledger: f.ledger, Outbox: outbox{},
		Policy: endsession.Policy{MaxTriggerAge: 24 * time.Hour, Patient: !f.hasty},
		Clock: endsession.Clock{Now: time.Now, Sleep: func(ctx context.Context, d time.Duration) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(d):
				return nil
			}
		}},
		Token: func() string {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.tokens++
			return fmt.Sprint(f.tokens)
		},
		Jitter: draw,
	})
	if err != nil {
		panic(err)
	}
	return service
}

// outbox takes every event.
type outbox struct{}

// Detail implements endsession.Outbox.
func (outbox) Detail(r endsession.Report) ([]byte, error) { return []byte(r.ID), nil }

// Publish implements endsession.Outbox.
func (outbox) Publish(_ context.Context, events []endsession.Event) []error {
	return make([]error, len(events))
}

// apart is a time too short to matter that differs from room to room.
func apart(room string) time.Duration {
	var n time.Duration
	for _, digit := range room[len("room-"):] {
		n = n*10 + time.Duration(digit-'0')
	}
	return n * time.Nanosecond
}
