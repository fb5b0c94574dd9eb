package stack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/local/cloud"
)

// sending is a trigger on its way.
type sending struct {
	*cell
	trigger trigger
	before  int                         // outcomes of the trigger's id when it was sent
	letter  func(cloud.DeadLetter) bool // tells its dead letter
	told    reply                       // the last answer to a caller
	event   string                      // id of the event that brings it
	fails   bool                        // by design, the first delivery fails for now
}

func (c *cell) sending(t trigger) *sending {
	if !t.repeated {
		c.sent++
	}
	return &sending{
		cell: c, trigger: t, before: len(c.world.published(outcomesOf(t.id))),
		letter: func(l cloud.DeadLetter) bool { return strings.Contains(l.Body, c.id) },
	}
}

func outcomesOf(triggerID string) func(outcome) bool {
	return func(o outcome) bool { return o.Trigger.ID == triggerID }
}

// first delivers the trigger and returns what comes of the first delivery, and whether that is final.
func (s *sending) first(ctx context.Context) (string, bool, error) {
	switch s.way {
	case byWebhook:
		if err := s.call(ctx); err != nil {
			return "", false, err
		}
		s.checkRetryAfter()
		return s.told.text, false, nil
	case byHTTP, byDirect:
		if err := s.call(ctx); err != nil {
			return "", false, err
		}
		if s.way == byHTTP {
			s.checkRetryAfter()
		}
		if s.told.again {
			return s.told.text, false, nil
		}
		return s.told.text, true, s.settle(ctx)
	default:
		if s.way == byBus {
			s.world.events <- struct{}{}
			defer func() { <-s.world.events }()
		}
		if err := s.put(ctx); err != nil {
			return "", false, err
		}
		return s.sign(ctx)
	}
}

// last repeats the trigger, or waits until it was delivered again, to the end.
func (s *sending) last(ctx context.Context) (string, error) {
	told := ""
	if s.way != byQueue && s.way != byBus {
		again := s.told.again
		// Whoever repeats earlier than asked is answered as before.
		err := s.repeat(ctx, func(int, time.Duration) time.Duration { return time.Second })
		if err != nil || s.way != byWebhook {
			return s.told.text, err
		}
		if again {
			told = s.told.text + ", then "
		}
	}
	err := s.world.until(ctx, "the outcome of "+s.id, func() bool { return s.outcome() != "" })
	return told + s.outcome(), err
}

// repeat repeats a call with the id and the time of each answer until one is final. wait says how long to wait before a repetition,
// by its number from 0 on and by what the answer asked for.
func (s *sending) repeat(ctx context.Context, wait func(repetition int, asked time.Duration) time.Duration) error {
	deadline := time.Now().Add(patience)
	for repetition := 0; s.told.again; repetition++ {
		if time.Now().After(deadline) {
			return fmt.Errorf("repeated %s in vain", s.id)
		}
		seconds, _ := strconv.Atoi(s.told.retryAfter)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait(repetition, time.Duration(seconds)*time.Second)):
		}
		id := s.told.id
		if id != "" {
			s.trigger = s.trigger.with(map[string]any{"id": id, "occurredAt": s.told.occurredAt})
		}
		if err := s.call(ctx); err != nil {
			return err
		}
		if id != "" && s.told.id != "" && s.told.id != id {
			s.problem("the answer to the repetition of %q is about %q", id, s.told.id)
		}
	}
	return s.settle(ctx)
}

// settle checks that the far end knows what the caller was told.
func (s *sending) settle(ctx context.Context) error {
	if s.way == byWebhook {
		return nil // the far end is yet to know
	}
	if s.told.event == nil {
		s.refused++
		return nil
	}
	var told struct{ ID string }
	if err := json.Unmarshal(s.told.event, &told); err != nil {
		return err
	}
	same := func(o outcome) bool { return o.ID == told.ID }
	err := s.world.until(ctx, "the event of "+s.id, func() bool { return len(s.world.published(same)) > 0 })
	if err != nil {
		return err
	}
	if difference := cmp.Diff(decoded(s.told.event), decoded([]byte(s.world.published(same)[0].raw))); difference != "" {
		s.problem("the caller was told another event than was published (-told +published):\n%s", difference)
	}
	return nil
}

func decoded(document []byte) any {
	var v any
	if err := json.Unmarshal(document, &v); err != nil {
		return err.Error()
	}
	return v
}

// put puts the trigger on the queue or the bus.
func (s *sending) put(ctx context.Context) error {
	if s.way == byQueue {
		id, err := s.world.Cloud.Send(ctx, cloud.Message{Queue: "TriggerQueue", Body: string(s.trigger.document)})
		s.letter = func(l cloud.DeadLetter) bool { return l.Attributes["originalMessageId"] == id }
		return err
	}
	if s.trigger.event == nil {
		id, err := s.world.PutEvent(ctx, "videosdk.trigger", "End Session", s.trigger.detail)
		s.letter, s.event = func(l cloud.DeadLetter) bool { return strings.Contains(l.Body, id) }, id
		return err
	}
	response, err := s.world.Invoke(ctx, "EventBridgeFunction", s.trigger.event)
	if err == nil && response.FunctionError != "" {
		err = fmt.Errorf("function error: %s", response.Payload)
	}
	return err
}

// sign waits for the first sign of what became of a trigger that nobody waits for.
func (s *sending) sign(ctx context.Context) (string, bool, error) {
	var result string
	var final bool
	err := s.world.until(ctx, "a sign of "+s.id, func() bool {
		if failures := s.world.failures(s.trigger.id, s.event); len(failures) > 0 {
			result = "again " + strings.Join(failures, ", ")
			return true
		}
		if s.fails {
			return false // on a slow machine, the next delivery may come to its end before this one
		}
		result = s.outcome()
		final = result != ""
		return final
	})
	if s.retold && err == nil {
		s.before++
	}
	return result, final, err
}

// outcome is what the trigger has come to, empty if nothing yet.
func (s *sending) outcome() string {
	if all := s.world.published(outcomesOf(s.trigger.id)); len(all) > s.before {
		return all[len(all)-1].text()
	}
	if letters := s.world.deadLetters(s.letter); len(letters) > 0 {
		return "dead letter " + letters[0].Attributes["code"]
	}
	return ""
}
