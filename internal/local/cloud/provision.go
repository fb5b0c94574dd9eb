package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventbridgetypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"videosdk-end-session/internal/local/template"
)

func (c *Cloud) createQueue(ctx context.Context, queue template.Queue) error {
	attributes := map[string]string{
		string(sqstypes.QueueAttributeNameVisibilityTimeout):      seconds(queue.Visibility),
		string(sqstypes.QueueAttributeNameMessageRetentionPeriod): seconds(queue.Retention),
	}
	if queue.FIFO {
		attributes[string(sqstypes.QueueAttributeNameFifoQueue)] = "true"
	}
	created, err := c.queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &queue.Name, Attributes: attributes})
	if err != nil {
		return fmt.Errorf("failed to create queue %s: %w", queue.LogicalID, err)
	}
	// The functions were given the URL of the template.
	if url := aws.ToString(created.QueueUrl); url != queue.URL {
		return fmt.Errorf("queue %s has the URL %s, but the template was read for %s", queue.LogicalID, url, queue.URL)
	}
	return nil
}

func (c *Cloud) setRedrive(ctx context.Context, queue template.Queue) error {
	if queue.Redrive == nil {
		return nil
	}
	policy, err := json.Marshal(map[string]any{
		"deadLetterTargetArn": queue.Redrive.DeadLetterARN,
		"maxReceiveCount":     queue.Redrive.MaxReceiveCount,
	})
	if err != nil {
		return err
	}
	_, err = c.queues.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{
		QueueUrl:   &queue.URL,
		Attributes: map[string]string{string(sqstypes.QueueAttributeNameRedrivePolicy): string(policy)},
	})
	if err != nil {
		return fmt.Errorf("failed to set the redrive policy of queue %s: %w", queue.LogicalID, err)
	}
	return nil
}

func (c *Cloud) createTable(ctx context.Context, table template.Table) error {
	input := &dynamodb.CreateTableInput{TableName: &table.Name, BillingMode: dynamodbtypes.BillingModePayPerRequest}
	for _, key := range table.Keys {
		input.AttributeDefinitions = append(input.AttributeDefinitions, dynamodbtypes.AttributeDefinition{
			AttributeName: aws.String(key.Attribute),
			AttributeType: dynamodbtypes.ScalarAttributeType(key.Type),
		})
		input.KeySchema = append(input.KeySchema, dynamodbtypes.KeySchemaElement{
			AttributeName: aws.String(key.Attribute),
			KeyType:       dynamodbtypes.KeyType(key.Role),
		})
	}
	if _, err := c.tables.CreateTable(ctx, input); err != nil {
		return fmt.Errorf("failed to create table %s: %w", table.LogicalID, err)
	}
	if table.TTLAttribute == "" {
		return nil
	}
	_, err := c.tables.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName: &table.Name,
		TimeToLiveSpecification: &dynamodbtypes.TimeToLiveSpecification{
			AttributeName: aws.String(table.TTLAttribute),
			Enabled:       aws.Bool(true),
		},
	})
	if err != nil {
		return fmt.Errorf("failed to set the time to live of table %s: %w", table.LogicalID, err)
	}
	return nil
}

// createBus creates an event bus with a rule that copies the published outcomes
// to the capture queue.
func (c *Cloud) createBus(ctx context.Context, bus template.Bus) error {
	_, err := c.events.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: &bus.Name})
	if err != nil {
		return fmt.Errorf("failed to create event bus %s: %w", bus.LogicalID, err)
	}
	pattern, err := json.Marshal(map[string][]string{"source": {outcomeSource}})
	if err != nil {
		return err
	}
	name := c.captureName() // of the queue and of the rule
	return c.putRule(ctx, ruleInput{
		name: name, bus: bus.Name, pattern: string(pattern),
		target: eventbridgetypes.Target{Id: aws.String("capture"), Arn: aws.String(c.template.Stack.QueueARN(name))},
	})
}

func seconds(d time.Duration) string {
	return strconv.Itoa(int(d / time.Second))
}
