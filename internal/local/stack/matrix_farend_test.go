package stack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"videosdk-end-session/internal/local/cloud"
	"videosdk-end-session/internal/local/stack"
)

// patience is how long anything may take on a busy machine before it counts as lost.
const patience = 3 * time.Minute

// farEnd watches what comes out of a stack: outcomes, dead letters, and the log lines of deliveries.
type farEnd struct {
	on *stack.Stack

	mu      sync.Mutex
	events  []outcome
	letters []cloud.DeadLetter
	lines   []attemptLine
	looks   int
	err     error
}

// attemptLine is what a function logs of a delivery.
type attemptLine struct {
	Message, TriggerID, Door, Decision, Code string
}

// again reports whether the delivery failed for now. That the profiles of an event's source cannot be read is a failure of that kind.
func (l attemptLine) again() bool {
	return l.Decision == "deliver again" || l.Message == "trigger.rejected" && l.Code == "secret_unavailable"
}

// watch looks at the far end until the context ends. The caller waits for done.
func watch(ctx context.Context, on *stack.Stack) (f *farEnd, done <-chan struct{}) {
	f = &farEnd{on: on}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		read := 0
		for ctx.Err() == nil {
			read = f.look(ctx, read)
			select {
			case <-ctx.Done():
			case <-time.After(200 * time.Millisecond):
			}
		}
	}()
	return f, ended
}

// look takes in what is new. read is how many lines of the journal are known.
func (f *farEnd) look(ctx context.Context, read int) int {
	published, err := f.on.Published(ctx)
	letters, letterErr := f.on.Cloud.DeadLetters(ctx, "DeadLetterQueue")
	lines := printed.since(read)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.looks++
	for _, e := range published[min(len(f.events), len(published)):] {
		o := outcome{raw: string(e.Detail)}
		if decodeErr := json.Unmarshal(e.Detail, &o); decodeErr != nil {
			f.err = decodeErr
		}
		f.events = append(f.events, o)
	}
	f.letters = append(f.letters, letters...)
	for _, line := range lines {
		_, text, _ := strings.Cut(line, " ")
		var l attemptLine
		if (strings.Contains(text, `"session.end.attempted"`) || strings.Contains(text, `"trigger.rejected"`)) && json.Unmarshal([]byte(text), &l) == nil {
			f.lines = append(f.lines, l)
		}
	}
	for _, err := range []error{err, letterErr} {
		if err != nil && ctx.Err() == nil {
			f.err = err
		}
	}
	return read + len(lines)
}

// published returns the outcomes so far that match.
func (f *farEnd) published(match func(outcome) bool) []outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.events), func(o outcome) bool { return !match(o) })
}

// deadLetters returns the dead letters so far that match.
func (f *farEnd) deadLetters(match func(cloud.DeadLetter) bool) []cloud.DeadLetter {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.letters), func(l cloud.DeadLetter) bool { return !match(l) })
}

// failures returns the codes with which deliveries of a trigger failed for now, each once. As long as the trigger could not be read it is
// known by the id of its event, if that brings it. That another delivery was at work is left out: it says nothing of the trigger.
func (f *farEnd) failures(triggerID, eventID string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var codes []string
	for _, l := range f.lines {
		mine := l.TriggerID == triggerID || l.TriggerID == eventID && eventID != ""
		if mine && l.again() && l.Code != "in_progress" && !slices.Contains(codes, l.Code) {
			codes = append(codes, l.Code)
		}
	}
	return codes
}

// seen returns how often everything was looked at.
func (f *farEnd) seen() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.looks
}

// until waits for a condition.
func (f *farEnd) until(ctx context.Context, what string, condition func() bool) error {
	deadline := time.Now().Add(patience)
	for !condition() {
		if time.Now().After(deadline) {
			return fmt.Errorf("waited in vain for %s", what)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited for %s: %w", what, ctx.Err())
		case <-time.After(30 * time.Millisecond):
		}
	}
	return nil
}

// text is an outcome with the code of its error, if it has one.
func (o outcome) text() string {
	if o.Error != nil && o.Error.Code != "" {
		return o.Outcome + " " + o.Error.Code
	}
	return o.Outcome
}

// occurredAt is when the trigger happened, according to its outcome.
func (o outcome) occurredAt() time.Time {
	var detail struct {
		Trigger struct{ OccurredAt time.Time }
	}
	_ = json.Unmarshal([]byte(o.raw), &detail) // without one it is the zero time
	return detail.Trigger.OccurredAt
}

// eventsWaiting returns how many events wait for their function or for its retry.
func (f *farEnd) eventsWaiting(ctx context.Context) (int, error) {
	url := f.on.Cloud.RuleQueueURL("TriggerRule")
	names := []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
	}
	got, err := sqs.NewFromConfig(f.on.Cloud.SDKConfig()).GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: names})
	if err != nil {
		return 0, err
	}
	waiting := 0
	for _, name := range names {
		n, err := strconv.Atoi(got.Attributes[string(name)])
		if err != nil {
			return 0, err
		}
		waiting += n
	}
	return waiting, nil
}
