package door

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// fakeSQS is one queue in memory. Visibility timeouts end when the test says
// so, and not with the clock. As in SQS, nothing of a message group is handed
// out while an earlier message of it is out.
type fakeSQS struct {
	maxReceives int // redrive policy; 0 means none

	mu          sync.Mutex
	messages    []*fakeMessage
	deadLetters []string
	failures    int // that many receives fail
	failDeletes bool
	failSends   bool
	sent        []*sqs.SendMessageInput // what was sent, to whatever queue
	returned    []*sqs.ChangeMessageVisibilityInput
	receives    []*sqs.ReceiveMessageInput
	changed     chan struct{} // closed and replaced when messages become visible
}

type fakeMessage struct {
	types.Message
	hidden   bool
	received int
}

func newFakeSQS() *fakeSQS { return &fakeSQS{changed: make(chan struct{})} }

// send puts messages with these ids into the queue.
func (f *fakeSQS) send(ids ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range ids {
		f.messages = append(f.messages, &fakeMessage{Message: types.Message{
			MessageId:  aws.String(id),
			Body:       aws.String("body of " + id),
			Attributes: map[string]string{},
		}})
	}
	f.wake()
}

// add puts a message into the queue as it is.
func (f *fakeSQS) add(message types.Message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.messages = append(f.messages, &fakeMessage{Message: message})
	f.wake()
}

// expire ends the visibility timeout of every message that is out.
func (f *fakeSQS) expire() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, message := range f.messages {
		message.hidden = false
	}
	f.wake()
}

func (f *fakeSQS) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// left are the ids of the messages that are still in the queue.
func (f *fakeSQS) left() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	ids := []string{}
	for _, message := range f.messages {
		ids = append(ids, aws.ToString(message.MessageId))
	}
	return ids
}

func (f *fakeSQS) dead() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.deadLetters)
}

// out counts the messages that are hidden now.
func (f *fakeSQS) out() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, message := range f.messages {
		if message.hidden {
			n++
		}
	}
	return n
}

// deliveries says how often a message was handed out.
func (f *fakeSQS) deliveries(id string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, message := range f.messages {
		if aws.ToString(message.MessageId) == id {
			return message.received
		}
	}
	return 0
}

func (f *fakeSQS) received() []*sqs.ReceiveMessageInput {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.receives)
}

func (f *fakeSQS) ReceiveMessage(ctx context.Context, input *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	poll := time.NewTimer(time.Duration(input.WaitTimeSeconds) * time.Second)
	defer poll.Stop()
	first := true
	for {
		messages, changed, err := f.take(input, first)
		first = false
		if err != nil || len(messages) > 0 {
			return &sqs.ReceiveMessageOutput{Messages: messages}, err
		}
		select {
		case <-changed:
		case <-poll.C:
			return &sqs.ReceiveMessageOutput{}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take hides and returns what is visible, and does the redrive.
func (f *fakeSQS) take(input *sqs.ReceiveMessageInput, first bool) ([]types.Message, <-chan struct{}, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if first {
		f.receives = append(f.receives, input)
	}
	if f.failures > 0 {
		f.failures--
		return nil, nil, errors.New("connection refused")
	}
	var taken []types.Message
	blocked := make(map[string]bool)
	for _, message := range f.messages {
		if group := groupOf(message.Message); group != "" && message.hidden {
			blocked[group] = true
		}
	}
	for _, message := range slices.Clone(f.messages) {
		if message.hidden || blocked[groupOf(message.Message)] || len(taken) == int(input.MaxNumberOfMessages) {
			continue
		}
		if f.maxReceives > 0 && message.received >= f.maxReceives {
			f.deadLetters = append(f.deadLetters, aws.ToString(message.MessageId))
			f.remove(message)
			continue
		}
		message.hidden = true
		message.received++
		copied := message.Message
		copied.ReceiptHandle = aws.String(fmt.Sprintf("%s#%d", aws.ToString(message.MessageId), message.received))
		copied.Attributes = map[string]string{"ApproximateReceiveCount": strconv.Itoa(message.received)}
		for name, value := range message.Attributes {
			copied.Attributes[name] = value
		}
		taken = append(taken, copied)
	}
	return taken, f.changed, nil
}

func (f *fakeSQS) remove(message *fakeMessage) {
	f.messages = slices.DeleteFunc(f.messages, func(m *fakeMessage) bool { return m == message })
}

func (f *fakeSQS) DeleteMessageBatch(ctx context.Context, input *sqs.DeleteMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	output := &sqs.DeleteMessageBatchOutput{}
	for _, entry := range input.Entries {
		if f.failDeletes {
			output.Failed = append(output.Failed, types.BatchResultErrorEntry{Id: entry.Id, Code: aws.String("InternalError")})
			continue
		}
		id, _, _ := strings.Cut(aws.ToString(entry.ReceiptHandle), "#")
		f.messages = slices.DeleteFunc(f.messages, func(m *fakeMessage) bool { return aws.ToString(m.MessageId) == id })
		output.Successful = append(output.Successful, types.DeleteMessageBatchResultEntry{Id: entry.Id})
	}
	f.wake() // a group may be free
	return output, nil
}

// ChangeMessageVisibility makes a message visible at once, whatever the time.
func (f *fakeSQS) ChangeMessageVisibility(ctx context.Context, input *sqs.ChangeMessageVisibilityInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.returned = append(f.returned, input)
	id, _, _ := strings.Cut(aws.ToString(input.ReceiptHandle), "#")
	for _, message := range f.messages {
		if aws.ToString(message.MessageId) == id {
			message.hidden = false
		}
	}
	f.wake()
	return &sqs.ChangeMessageVisibilityOutput{}, nil
}

func (f *fakeSQS) SendMessage(ctx context.Context, input *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failSends {
		return nil, errors.New("access denied")
	}
	f.sent = append(f.sent, input)
	return &sqs.SendMessageOutput{MessageId: aws.String("sent")}, nil
}

// letters are the messages that were sent.
func (f *fakeSQS) letters() []*sqs.SendMessageInput {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.sent)
}

// startQueue runs a mapping until the test ends, or the returned function is
// called; that one waits for Run.
func startQueue(t *testing.T, config QueueConfig) (stop func()) {
	t.Helper()
	config.URL = "http://127.0.0.1/123456789012/triggers"
	if config.ARN == "" {
		config.ARN = "arn:aws:sqs:eu-central-1:123456789012:triggers"
	}
	queue, err := NewQueue(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { queue.Run(ctx) })
	stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(stop)
	return stop
}
