package stack_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"videosdk-end-session/internal/local/cloud"
	"videosdk-end-session/internal/local/standin"
	"videosdk-end-session/internal/local/template"
)

// The outage, and how much faster everything goes that waits: VideoSDK's absence, the functions' timeouts, the queue's visibility
// timeout, Lambda's waits, and the patience of callers.
const (
	outage       = 5 * time.Minute
	faster       = 15
	eachWay      = 50
	longestPause = time.Minute // between two calls of one caller
)

func scaled(d time.Duration) time.Duration { return d / faster }

// fast divides every time of the template by the same factor, and leaves everything else as it is deployed.
func fast(t *template.Template) {
	for i := range t.Functions {
		f := &t.Functions[i]
		f.Timeout = scaled(f.Timeout)
		f.Async.RetryWait, f.Async.ThrottleWait = scaled(f.Async.RetryWait), scaled(f.Async.ThrottleWait)
	}
	for i := range t.Queues {
		if t.Queues[i].Redrive != nil {
			t.Queues[i].Visibility = scaled(t.Queues[i].Visibility)
		}
	}
}

func TestAFiveMinuteOutageOfVideoSDKLosesNothing(t *testing.T) {
	w := setting{adjust: fast}.start(t)
	triggers := map[string]*cell{}
	for _, by := range ways {
		for i := range eachWay {
			id := fmt.Sprintf("outage-%02d-%s", i, by)
			c := &cell{way: by, id: id, room: "room-" + id, world: w}
			c.session = live(t, w.Stack, c.room, time.Hour)
			triggers[id] = c
		}
	}
	w.Standin.Stop()
	back := make(chan error, 1)
	go func() {
		time.Sleep(scaled(outage)) // this is the outage, nothing waits for an effect here
		back <- w.Standin.Start("")
	}()

	var sending sync.WaitGroup
	for _, id := range slices.Sorted(maps.Keys(triggers)) {
		c := triggers[id]
		sending.Go(func() {
			if err := c.sendDuring(t.Context()); err != nil {
				c.problem("%v", err)
			}
		})
		time.Sleep(scaled(outage) / time.Duration(len(triggers))) // they arrive all through the outage
	}
	if err := <-back; err != nil {
		t.Fatal(err)
	}
	sending.Wait()
	for id, c := range triggers {
		for _, problem := range c.problems {
			t.Errorf("%s: %s", id, problem)
		}
	}

	different := func() map[string][]string {
		outcomes := map[string][]string{}
		for _, o := range w.published(func(outcome) bool { return true }) {
			if known := o.ID + " " + o.text(); !slices.Contains(outcomes[o.Trigger.ID], known) {
				outcomes[o.Trigger.ID] = append(outcomes[o.Trigger.ID], known)
			}
		}
		return outcomes
	}
	err := w.until(t.Context(), "an outcome of every trigger", func() bool { return len(different()) == len(triggers) })
	if err != nil {
		t.Errorf("%v: %d of %d have one", err, len(different()), len(triggers))
	}
	w.wantNothingLeft(t)
	wantIdle(t, w.Stack)
	for id, outcomes := range different() {
		_, name, _ := strings.Cut(outcomes[0], " ")
		if _, sent := triggers[id]; !sent || len(outcomes) != 1 || !slices.Contains([]string{"ending", "ended", "already_ended"}, name) {
			t.Errorf("trigger %s came to %s", id, outcomes)
		}
	}
	if letters := w.deadLetters(func(cloud.DeadLetter) bool { return true }); len(letters) > 0 {
		t.Errorf("%d dead letters, the first is %+v", len(letters), letters[0])
	}
	ended := map[string]int{}
	for _, call := range w.Standin.Calls() {
		if call.Operation == standin.OpEndSession && call.Acted {
			ended[call.ActedOn]++
		}
	}
	for id, c := range triggers {
		if ended[c.session] != 1 {
			t.Errorf("%s: its session was ended %d times", id, ended[c.session])
		}
	}
	if len(ended) != len(triggers) {
		t.Errorf("%d sessions were ended, want %d", len(ended), len(triggers))
	}
}

// sendDuring sends a trigger during the outage. Callers who wait for an answer repeat it, with the id and the time of the answer.
func (c *cell) sendDuring(ctx context.Context) error {
	if c.way == byQueue || c.way == byBus {
		return c.sending(c.named(nil)).put(ctx)
	}
	s := c.sending(c.named(map[string]any{"occurredAt": nil}))
	if err := s.call(ctx); err != nil {
		return err
	}
	return s.repeat(ctx, func(repetition int, asked time.Duration) time.Duration {
		return scaled(max(asked, min(time.Second<<min(repetition, 6), longestPause)))
	})
}
