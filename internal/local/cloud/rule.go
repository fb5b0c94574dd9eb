package cloud

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventbridgetypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"videosdk-end-session/internal/local/template"
)

// defaultBus is the event bus that every account has.
const defaultBus = "default"

// Event is what to put on an event bus.
type Event struct {
	Bus        string // name or ARN
	Source     string
	DetailType string
	Detail     []byte // a JSON object
	// Time is when it happened, in whole seconds; the zero time means now.
	Time time.Time
}

// PutEvent puts an event on its bus and returns the id that EventBridge gave
// it.
func (c *Cloud) PutEvent(ctx context.Context, event Event) (string, error) {
	entry := eventbridgetypes.PutEventsRequestEntry{
		EventBusName: &event.Bus,
		Source:       &event.Source,
		DetailType:   &event.DetailType,
		Detail:       aws.String(string(event.Detail)),
	}
	if !event.Time.IsZero() {
		entry.Time = &event.Time
	}
	put, err := c.events.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []eventbridgetypes.PutEventsRequestEntry{entry}})
	if err != nil {
		return "", fmt.Errorf("failed to put an event on bus %s: %w", event.Bus, err)
	}
	if len(put.Entries) != 1 {
		return "", fmt.Errorf("failed to put an event on bus %s: %d answers for it", event.Bus, len(put.Entries))
	}
	result := put.Entries[0]
	if result.ErrorCode != nil {
		return "", fmt.Errorf("failed to put an event on bus %s: %s %s", event.Bus, *result.ErrorCode, aws.ToString(result.ErrorMessage))
	}
	return aws.ToString(result.EventId), nil
}

// RuleQueueURL returns the URL of the queue that holds the events which a rule
// of the template matched, by the rule's logical id.
func (c *Cloud) RuleQueueURL(rule string) string {
	return c.template.Stack.QueueURL(c.ruleQueueName(rule))
}

func (c *Cloud) ruleQueueName(rule string) string {
	return c.template.Stack.Name + "-rule-" + rule
}

// createRules creates the rules, and the buses outside of the template that they
// are on, which would exist on AWS.
func (c *Cloud) createRules(ctx context.Context) error {
	known := []string{defaultBus}
	for _, bus := range c.template.Buses {
		known = append(known, bus.Name)
	}
	create := func(rule template.Rule, target string) error {
		if !slices.Contains(known, rule.Bus) {
			known = append(known, rule.Bus)
			if _, err := c.events.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: &rule.Bus}); err != nil {
				return fmt.Errorf("failed to create event bus %s: %w", rule.Bus, err)
			}
		}
		return c.createRule(ctx, rule, target)
	}
	for _, function := range c.template.Functions {
		for _, rule := range function.Rules {
			// moto cannot invoke a function, so a queue takes the function's place.
			name := c.ruleQueueName(rule.LogicalID)
			if _, err := c.queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name}); err != nil {
				return fmt.Errorf("failed to create the queue of rule %s: %w", rule.LogicalID, err)
			}
			if err := create(rule, c.template.Stack.QueueARN(name)); err != nil {
				return err
			}
		}
	}
	for _, forward := range c.template.Forwards {
		if forward.Topic != "" {
			return fmt.Errorf("rule %s: moto does not pass events on to a topic", forward.LogicalID)
		}
		queue, err := c.queue(forward.Queue)
		if err == nil {
			err = create(forward.Rule, queue.ARN)
		}
		if err != nil {
			return fmt.Errorf("rule %s: %w", forward.LogicalID, err)
		}
	}
	return nil
}

// createRule creates a rule whose target is a queue. The retry policy and the
// dead-letter queue are kept by moto, which does nothing with them: it never
// fails to reach a queue.
func (c *Cloud) createRule(ctx context.Context, rule template.Rule, queueARN string) error {
	target := eventbridgetypes.Target{
		Id:  aws.String("target"),
		Arn: &queueARN,
		RetryPolicy: &eventbridgetypes.RetryPolicy{
			MaximumEventAgeInSeconds: aws.Int32(int32(rule.Retry.MaximumAge / time.Second)),
			MaximumRetryAttempts:     aws.Int32(int32(rule.Retry.Retries)),
		},
	}
	if rule.DeadLetterQueue != "" {
		queue, err := c.queue(rule.DeadLetterQueue)
		if err != nil {
			return fmt.Errorf("rule %s: %w", rule.LogicalID, err)
		}
		target.DeadLetterConfig = &eventbridgetypes.DeadLetterConfig{Arn: &queue.ARN}
	}
	return c.putRule(ctx, ruleInput{name: rule.Name, bus: rule.Bus, pattern: rule.Pattern, target: target})
}

type ruleInput struct {
	name, bus string
	pattern   string
	target    eventbridgetypes.Target
}

// putRule creates a rule with one target.
func (c *Cloud) putRule(ctx context.Context, input ruleInput) error {
	_, err := c.events.PutRule(ctx, &eventbridge.PutRuleInput{Name: &input.name, EventBusName: &input.bus, EventPattern: &input.pattern})
	if err != nil {
		return fmt.Errorf("failed to put rule %s on event bus %s: %w", input.name, input.bus, err)
	}
	put, err := c.events.PutTargets(ctx, &eventbridge.PutTargetsInput{
		Rule:         &input.name,
		EventBusName: &input.bus,
		Targets:      []eventbridgetypes.Target{input.target},
	})
	if err != nil {
		return fmt.Errorf("failed to put the target of rule %s: %w", input.name, err)
	}
	for _, entry := range put.FailedEntries {
		return fmt.Errorf("failed to put the target of rule %s: %s", input.name, aws.ToString(entry.ErrorMessage))
	}
	return nil
}
