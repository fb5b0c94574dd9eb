package cloud

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// receiveAtOnce is the most messages that SQS hands out in one call.
const receiveAtOnce = 10

// Message is what to send to a queue.
type Message struct {
	// Queue is the logical id of the queue.
	Queue string
	Body  string
	// Attributes are sent as message attributes of the type String.
	Attributes map[string]string
	// Delay is in whole seconds, at most 15 minutes.
	Delay time.Duration
	// GroupID and DeduplicationID are for FIFO queues.
	GroupID, DeduplicationID string
}

// Send sends a message and returns the id that SQS gave it.
func (c *Cloud) Send(ctx context.Context, message Message) (string, error) {
	queue, err := c.queue(message.Queue)
	if err != nil {
		return "", err
	}
	input := &sqs.SendMessageInput{
		QueueUrl:          &queue.URL,
		MessageBody:       &message.Body,
		DelaySeconds:      int32(message.Delay / time.Second),
		MessageAttributes: make(map[string]sqstypes.MessageAttributeValue, len(message.Attributes)),
	}
	for name, value := range message.Attributes {
		input.MessageAttributes[name] = sqstypes.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(value)}
	}
	if message.GroupID != "" {
		input.MessageGroupId = &message.GroupID
	}
	if message.DeduplicationID != "" {
		input.MessageDeduplicationId = &message.DeduplicationID
	}
	sent, err := c.queues.SendMessage(ctx, input)
	if err != nil {
		return "", fmt.Errorf("failed to send to queue %s: %w", queue.LogicalID, err)
	}
	return aws.ToString(sent.MessageId), nil
}

// Depth is the number of messages in a queue, by what they wait for.
type Depth struct {
	Visible  int // can be received now
	InFlight int // received, hidden for the visibility timeout
	Delayed  int // sent with a delay
}

// Total is the number of all messages in the queue.
func (d Depth) Total() int { return d.Visible + d.InFlight + d.Delayed }

// QueueDepth returns how many messages are in the queue with a logical id.
func (c *Cloud) QueueDepth(ctx context.Context, logicalID string) (Depth, error) {
	queue, err := c.queue(logicalID)
	if err != nil {
		return Depth{}, err
	}
	visible := sqstypes.QueueAttributeNameApproximateNumberOfMessages
	inFlight := sqstypes.QueueAttributeNameApproximateNumberOfMessagesNotVisible
	delayed := sqstypes.QueueAttributeNameApproximateNumberOfMessagesDelayed
	got, err := c.queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl:       &queue.URL,
		AttributeNames: []sqstypes.QueueAttributeName{visible, inFlight, delayed},
	})
	if err != nil {
		return Depth{}, fmt.Errorf("failed to get the depth of queue %s: %w", logicalID, err)
	}
	var depth Depth
	var problems []error
	for attribute, number := range map[sqstypes.QueueAttributeName]*int{
		visible: &depth.Visible, inFlight: &depth.InFlight, delayed: &depth.Delayed,
	} {
		if *number, err = strconv.Atoi(got.Attributes[string(attribute)]); err != nil {
			problems = append(problems, fmt.Errorf("queue %s: %s: %w", logicalID, attribute, err))
		}
	}
	return depth, errors.Join(problems...)
}

// DeadLetter is a message that was taken from a dead-letter queue.
type DeadLetter struct {
	ID   string
	Body string
	// Attributes are the message attributes, such as the code and the reason
	// of a message that could not be decoded.
	Attributes map[string]string
	// System are the attributes that SQS itself gives, such as SentTimestamp.
	System map[string]string
}

// DeadLetters takes all visible messages from the queue with a logical id.
func (c *Cloud) DeadLetters(ctx context.Context, logicalID string) ([]DeadLetter, error) {
	queue, err := c.queue(logicalID)
	if err != nil {
		return nil, err
	}
	messages, err := c.drain(ctx, queue.URL)
	if err != nil {
		return nil, fmt.Errorf("failed to read queue %s: %w", logicalID, err)
	}
	var letters []DeadLetter
	for _, message := range messages {
		letter := DeadLetter{
			ID:         aws.ToString(message.MessageId),
			Body:       aws.ToString(message.Body),
			Attributes: make(map[string]string, len(message.MessageAttributes)),
			System:     message.Attributes,
		}
		for name, value := range message.MessageAttributes {
			letter.Attributes[name] = aws.ToString(value.StringValue)
		}
		letters = append(letters, letter)
	}
	return letters, nil
}

// drain receives and deletes until a queue has no visible message. It does not
// wait for messages: a caller that does calls again.
func (c *Cloud) drain(ctx context.Context, url string) ([]sqstypes.Message, error) {
	var drained []sqstypes.Message
	for {
		received, err := c.queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl:                    &url,
			MaxNumberOfMessages:         receiveAtOnce,
			MessageAttributeNames:       []string{"All"},
			MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{sqstypes.MessageSystemAttributeNameAll},
		})
		if err != nil {
			return nil, fmt.Errorf("failed to receive: %w", err)
		}
		if len(received.Messages) == 0 {
			return drained, nil
		}
		if err := c.remove(ctx, url, received.Messages); err != nil {
			return nil, err
		}
		drained = append(drained, received.Messages...)
	}
}

func (c *Cloud) remove(ctx context.Context, url string, messages []sqstypes.Message) error {
	entries := make([]sqstypes.DeleteMessageBatchRequestEntry, 0, len(messages))
	for i, message := range messages {
		entries = append(entries, sqstypes.DeleteMessageBatchRequestEntry{
			Id:            aws.String(strconv.Itoa(i)),
			ReceiptHandle: message.ReceiptHandle,
		})
	}
	removed, err := c.queues.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: entries})
	if err != nil {
		return fmt.Errorf("failed to delete: %w", err)
	}
	for _, failed := range removed.Failed {
		return fmt.Errorf("failed to delete: %s", aws.ToString(failed.Message))
	}
	return nil
}
