package door

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	defaultLongPoll = time.Second
	maxLongPoll     = 20 * time.Second

	// afterwards bounds a call about messages that are finished, or given back,
	// after Run's context has ended.
	afterwards = 10 * time.Second

	minPause, maxPause = 100 * time.Millisecond, 5 * time.Second // between failing receives
)

// slots are the invocations that may run at once.
type slots chan struct{}

// take waits for a free slot. It says false when the context ends first.
func (s slots) take(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case s <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s slots) free() { <-s }

// poller receives messages of a queue.
type poller struct {
	client SQS
	input  *sqs.ReceiveMessageInput
	slots  slots
	log    *slog.Logger

	// admit, which may be nil, says which of the messages to work on now. It is
	// called before the next receive.
	admit func([]types.Message) []types.Message
	// work is given what was admitted, and a slot, which it must free.
	work func(context.Context, []types.Message)
}

// run polls until the context ends, then waits for the work that is running. A
// receive that fails is logged and tried again, after a pause that grows to
// 5 s.
func (p poller) run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	pause := minPause
	// Nothing is received before there is room to work on it: its visibility
	// timeout would run while it waits.
	for p.slots.take(ctx) {
		output, err := p.client.ReceiveMessage(ctx, p.input)
		if err != nil {
			p.slots.free()
			if ctx.Err() == nil {
				p.log.Error("receive failed", "queue", aws.ToString(p.input.QueueUrl), "error", err)
				sleep(ctx, pause)
				pause = min(2*pause, maxPause)
			}
			continue
		}
		pause = minPause
		messages := output.Messages
		if p.admit != nil {
			messages = p.admit(messages)
		}
		if len(messages) == 0 {
			p.slots.free()
			continue
		}
		running.Go(func() { p.work(ctx, messages) })
	}
}

// checkLongPoll says whether SQS would wait that long for a message.
func checkLongPoll(d time.Duration) error {
	if d < 0 || d > maxLongPoll || d%time.Second != 0 {
		return fmt.Errorf("long poll must be whole seconds up to %s, not %s", maxLongPoll, d)
	}
	return nil
}

// remove deletes messages from a queue. One that cannot be deleted comes again,
// as on AWS.
func remove(ctx context.Context, client SQS, url string, messages []types.Message) error {
	if len(messages) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, afterwards)
	defer cancel()
	entries := make([]types.DeleteMessageBatchRequestEntry, len(messages))
	for i, message := range messages {
		entries[i] = types.DeleteMessageBatchRequestEntry{
			Id:            aws.String(fmt.Sprintf("m%d", i)),
			ReceiptHandle: message.ReceiptHandle,
		}
	}
	output, err := client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: aws.String(url), Entries: entries})
	if err != nil {
		return fmt.Errorf("failed to delete %d messages: %w", len(messages), err)
	}
	var problems []error
	for _, failed := range output.Failed {
		problems = append(problems, fmt.Errorf("failed to delete %s: %s %s",
			aws.ToString(failed.Id), aws.ToString(failed.Code), aws.ToString(failed.Message)))
	}
	return errors.Join(problems...)
}

// sleep waits for d or for the end of the context.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
