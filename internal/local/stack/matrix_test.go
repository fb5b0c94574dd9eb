package stack_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"videosdk-end-session/internal/local/cloud"
	"videosdk-end-session/internal/local/stack"
	"videosdk-end-session/internal/local/standin"
	"videosdk-end-session/internal/local/template"
)

// setting is a stack, and the rounds that it goes through.
type setting struct {
	key     string // a part of every id
	standin standin.Options
	adjust  func(*template.Template)
	atOnce  int // calls, and events, that are under way at once; 0 means 6
	gates   []*gate
	webhook bool // there is a source of webhooks
	rounds  []round
}

// round is rows that share their time: what is broken is mended when the first delivery of every cell has shown what it comes to.
type round struct {
	rows    []row
	begin   func(context.Context, *world) error // before the triggers are sent
	during  func(context.Context, *world) error // while they are delivered
	mend    func(context.Context, *world) error
	unnamed bool // callers leave id and occurredAt to the application
}

// TestBadInputAndBadDays sends every kind of bad input, and a trigger on every bad day, through every door that it can reach, and
// compares what comes out at the far end with the design. The table of all of them is left in dist/bad-days.txt.
func TestBadInputAndBadDays(t *testing.T) {
	settings := slices.Concat(
		[]setting{badInput(), ignoredFilters(), liveShape(), unshown(), badVideoSDK(), badAWS(), badSecrets(), refusedConnections(), slowVideoSDK()},
		badFetches(), []setting{badRefetches(), slowAWS()},
	)
	found := make([]finding, len(settings))
	t.Run("through", func(t *testing.T) {
		// Not by t.Parallel, which goes by the number of processors: they mostly wait.
		turns := make(chan struct{}, settingsAtOnce)
		var running sync.WaitGroup
		for i, s := range slices.Backward(settings) { // those that mostly wait first
			turns <- struct{}{}
			running.Go(func() {
				defer func() { <-turns }()
				t.Run(s.key, func(t *testing.T) { found[i] = s.run(t) })
			})
		}
		running.Wait()
	})
	table := badDays(found)
	if err := table.save(); err != nil {
		t.Error(err)
	}
	for _, problem := range table.problems() {
		t.Error(problem)
	}
	t.Log(table.totals())
}

// settingsAtOnce is small enough for no setting to be starved of processors: functions have deadlines.
const settingsAtOnce = 4

// finding is what was found in a setting.
type finding struct {
	cells     []*cell
	published int // different events
	letters   int // dead letters
	ended     int // sessions
	wrong     int // sessions among them that no row expects to be ended
	doubled   int // outcomes that were told in two ways
}

// run runs the rounds, reports every cell that is not as designed, and looks for what nobody expected.
func (s setting) run(t *testing.T) finding {
	t.Helper()
	w := s.start(t)
	var all []*cell
	for i, r := range s.rounds {
		cells := r.cells(w, fmt.Sprintf("%s%d", s.key, i))
		r.run(t, w, cells)
		all = append(all, cells...)
	}
	w.wantNothingLeft(t)
	for _, c := range all {
		c.checkMet()
		t.Run(c.name+" by "+string(c.way), func(t *testing.T) {
			if c.result != c.want {
				t.Errorf("came to  %s\ndesigned %s", c.result, c.want)
			}
			for _, problem := range c.problems {
				t.Error(problem)
			}
		})
	}
	return w.find(t, all)
}

func (s setting) start(t *testing.T) *world {
	t.Helper()
	atOnce := cmp.Or(s.atOnce, 6)
	w := &world{awsFaults: &awsFaults{}, calls: make(chan struct{}, atOnce), events: make(chan struct{}, atOnce)}
	options := s.standin
	options.APIKey, options.Secret = apiKey, secret
	config := stack.Config{Standin: options, Adjust: s.adjust, Intercept: w.awsFaults.intercept}
	if s.webhook {
		config.Webhooks = map[string]stack.Entry{source: {}}
	}
	w.Stack = startWith(t, config)
	ctx, cancel := context.WithCancel(t.Context())
	far, done := watch(ctx, w.Stack)
	w.farEnd = far
	t.Cleanup(func() {
		cancel()
		<-done
		for _, g := range s.gates {
			_ = g.shut(context.Background(), w) // it may be shut already
		}
	})
	return w
}

// source is one whose webhooks are documents of ours.
const source = "standard-webhooks"

// redelivering shortens what a redelivery waits for, and lets no message be given up however often it comes. The functions' timeout
// is the template's: no delivery is to meet it, however busy the machine is.
func redelivering(after time.Duration) func(*template.Template) {
	return func(t *template.Template) {
		retryingAfter(500 * time.Millisecond)(t)
		for i := range t.Queues {
			if t.Queues[i].Redrive != nil {
				t.Queues[i].Visibility, t.Queues[i].Redrive.MaxReceiveCount = after, 100
			}
		}
	}
}

// oneByOne gives every message a batch of its own, so that a fault meets the cell that it is for, and holds up no other.
func oneByOne(t *template.Template) {
	for i := range t.Functions {
		for j := range t.Functions[i].Queues {
			t.Functions[i].Queues[j].BatchSize = 1
		}
	}
}

func (r round) cells(w *world, key string) []*cell {
	var cells []*cell
	for i, row := range r.rows {
		for _, by := range doors {
			want, reached := row.want[by]
			if !reached {
				continue
			}
			id := fmt.Sprintf("%s-%03d-%s", key, i, by)
			cells = append(cells, &cell{row: row, way: by, want: want, id: id, room: "room-" + id, unnamed: r.unnamed, world: w})
		}
	}
	return cells
}

// run takes every cell through the round, all at the same time.
func (r round) run(t *testing.T, w *world, cells []*cell) {
	t.Helper()
	ctx := t.Context()
	for _, c := range cells {
		if err := c.prepare(); err != nil {
			t.Fatalf("%s: %v", c.id, err)
		}
	}
	if r.begin != nil {
		if err := r.begin(ctx, w); err != nil {
			t.Fatal(err)
		}
	}
	together := func(do func(*cell) error) {
		var wg sync.WaitGroup
		for _, c := range cells {
			wg.Go(func() {
				if err := do(c); err != nil {
					c.problem("%v", err)
				}
			})
		}
		wg.Wait()
	}
	meanwhile := make(chan error, 1)
	go func() {
		if r.during == nil {
			meanwhile <- nil
			return
		}
		meanwhile <- r.during(ctx, w)
	}()
	together(func(c *cell) error { return c.deliver(ctx) })
	if err := <-meanwhile; err != nil {
		t.Fatal(err)
	}
	if r.mend != nil {
		if err := r.mend(ctx, w); err != nil {
			t.Fatal(err)
		}
	}
	together(func(c *cell) error { return c.finish(ctx) })
}

// wantNothingLeft waits until nothing is left to do, and everything that came out has been seen.
func (w *world) wantNothingLeft(t *testing.T) {
	t.Helper()
	var failed error
	err := w.until(t.Context(), "empty queues", func() bool {
		var waiting int
		waiting, failed = w.eventsWaiting(t.Context())
		return failed != nil || waiting == 0 && depth(t, w.Stack, "TriggerQueue") == 0
	})
	looks := w.seen()
	// The look that is under way may have begun too early.
	again := w.until(t.Context(), "a look at the far end", func() bool { return w.seen() >= looks+2 })
	if err := errors.Join(err, failed, again); err != nil {
		t.Error(err)
	}
}

// find counts what came out, and reports every session that was ended against expectation.
func (w *world) find(t *testing.T, cells []*cell) finding {
	t.Helper()
	f := finding{cells: cells}
	expected := map[string]string{}
	for _, c := range cells {
		if c.ends() {
			for _, session := range append(c.others, c.session) {
				expected[session] = c.id
			}
		}
	}
	for _, call := range w.Standin.Calls() {
		if call.Operation != standin.OpEndSession || !call.Acted {
			continue
		}
		f.ended++
		if _, ok := expected[call.ActedOn]; !ok {
			f.wrong++
			t.Errorf("session %s of room %s was ended, and no row expects that", call.ActedOn, call.RoomID)
		}
		delete(expected, call.ActedOn)
	}
	for session, cell := range expected {
		t.Errorf("%s: session %s was not ended", cell, session)
	}
	details := map[string]string{}
	for _, o := range w.published(func(outcome) bool { return true }) {
		if before, known := details[o.ID]; known && before != o.raw {
			f.doubled++
			t.Errorf("one event id, two events:\n%s\n%s", before, o.raw)
		}
		details[o.ID] = o.raw
		if at := o.occurredAt(); at.After(time.Now()) {
			t.Errorf("trigger %s happened at %s, which is still to come", o.Trigger.ID, at)
		}
	}
	f.published = len(details)
	letters := map[string]bool{} // by the message; if its answer is lost, a letter is sent twice
	for _, l := range w.deadLetters(func(cloud.DeadLetter) bool { return true }) {
		if l.Attributes["code"] == "" || l.Attributes["reason"] == "" || l.Attributes["originalMessageId"] == "" {
			t.Errorf("a dead letter does not say why it is one: %v", l.Attributes)
		}
		letters[l.Attributes["originalMessageId"]] = true
	}
	f.letters = len(letters)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		t.Errorf("the far end could not be watched: %v", w.err)
	}
	return f
}
