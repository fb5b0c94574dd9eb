package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// messageSender is the one call of SQS that is needed.
type messageSender interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

// triggerQueue is the queue of triggers.
type triggerQueue struct {
	queue messageSender
	url   string
}

// Send implements sender. The trace goes on with the message.
func (q triggerQueue) Send(ctx context.Context, body []byte, trace string) error {
	in := &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: aws.String(string(body))}
	if trace != "" {
		in.MessageSystemAttributes = map[string]types.MessageSystemAttributeValue{
			string(types.MessageSystemAttributeNameForSendsAWSTraceHeader): {DataType: aws.String("String"), StringValue: &trace},
		}
	}
	if _, err := q.queue.SendMessage(ctx, in); err != nil {
		return fmt.Errorf("hand the trigger on to the queue: %w", err)
	}
	return nil
}
