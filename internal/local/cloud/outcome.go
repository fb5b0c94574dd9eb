package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// outcomeSource is the source of the events that the functions publish.
const outcomeSource = "videosdk.end-session"

// Envelope is an event as EventBridge delivers it; see
// https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
type Envelope struct {
	// ID is EventBridge's own id, a new one each time an event is published.
	ID         string    `json:"id"`
	Source     string    `json:"source"`
	DetailType string    `json:"detail-type"`
	Time       time.Time `json:"time"`
	Region     string    `json:"region"`
	// Detail holds the published values, not the published bytes: moto writes
	// the JSON anew, with other blanks and escapes.
	Detail json.RawMessage `json:"detail"`
}

// Outcomes returns the events that were published since the last call, and
// forgets them. The order is that of the capture queue, which is about the
// order of publishing.
func (c *Cloud) Outcomes(ctx context.Context) ([]Envelope, error) {
	messages, err := c.drain(ctx, c.template.Stack.QueueURL(c.captureName()))
	if err != nil {
		return nil, fmt.Errorf("failed to read published outcomes: %w", err)
	}
	var outcomes []Envelope
	for _, message := range messages {
		var outcome Envelope
		if err := json.Unmarshal([]byte(aws.ToString(message.Body)), &outcome); err != nil {
			return nil, fmt.Errorf("failed to decode a published event: %w", err)
		}
		outcomes = append(outcomes, outcome)
	}
	return outcomes, nil
}

// createCapture creates the queue that the buses' rules copy outcomes to.
func (c *Cloud) createCapture(ctx context.Context) error {
	name := c.captureName()
	if _, err := c.queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name}); err != nil {
		return fmt.Errorf("failed to create the capture queue: %w", err)
	}
	return nil
}

// captureName names the capture queue, and the rule that fills it.
func (c *Cloud) captureName() string {
	return c.template.Stack.Name + "-captured-outcomes"
}
