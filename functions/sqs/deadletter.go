package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/queue"
)

// sender is the one call of SQS that is needed.
type sender interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

// deadLetters is the dead-letter queue. Messages that fail too often get there by the trigger queue's redrive policy; this puts those
// there at once that can never succeed.
type deadLetters struct {
	queue sender
	url   string
}

// Send puts the message's body on the queue as it is, with the attributes code, reason and originalMessageId.
func (d deadLetters) Send(ctx context.Context, m events.SQSMessage, why *endsession.Error) error {
	err := queue.Taken(d.queue.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl:    &d.url,
		MessageBody: &m.Body,
		MessageAttributes: map[string]types.MessageAttributeValue{
			"code":              attribute(string(why.Code)),
			"reason":            attribute(why.Message),
			"originalMessageId": attribute(m.MessageId),
		},
	}))
	if err != nil {
		return fmt.Errorf("send message %s to the dead-letter queue: %w", m.MessageId, err)
	}
	return nil
}

// attribute returns a string attribute, which must not be empty and takes only the characters of XML 1.0.
func attribute(value string) types.MessageAttributeValue {
	value = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0xFFFE && r <= 0xFFFF {
			return ' '
		}
		return r
	}, value)
	if value == "" {
		value = "-"
	}
	return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
}
