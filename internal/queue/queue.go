// Package queue puts triggers on the trigger queue.
package queue

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"videosdk-end-session/internal/endsession"
)

// Client is the one call of SQS that is needed.
type Client interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

// Queue is a queue of triggers.
type Queue struct {
	client Client
	url    string
}

// New returns the queue with the URL.
func New(client Client, url string) Queue { return Queue{client: client, url: url} }

// Message is something for the queue.
type Message struct {
	Body  []byte        // JSON
	Trace string        // X-Ray trace header to be passed on; empty for none
	Delay time.Duration // how long it is kept back, in whole seconds up to 15 minutes
}

// escaped writes the two characters of JSON that SQS refuses, which takes only those of XML 1.0, as JSON can also write them.
var escaped = strings.NewReplacer("\uFFFE", `\ufffe`, "\uFFFF", `\uffff`)

// Send puts a message on the queue. Its error is a transient *endsession.Error of CodeQueueUnavailable.
func (q Queue) Send(ctx context.Context, m Message) error {
	in := &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: aws.String(escaped.Replace(string(m.Body))), DelaySeconds: int32(m.Delay / time.Second)}
	if m.Trace != "" {
		in.MessageSystemAttributes = map[string]types.MessageSystemAttributeValue{
			string(types.MessageSystemAttributeNameForSendsAWSTraceHeader): {DataType: aws.String("String"), StringValue: &m.Trace},
		}
	}
	if err := Taken(q.client.SendMessage(ctx, in)); err != nil {
		return &endsession.Error{Code: endsession.CodeQueueUnavailable, Message: "the trigger could not be put on the queue", Err: err}
	}
	return nil
}

// Taken returns why SQS has not taken a message, or nil if it has: only what has got an id was taken. An answer without one is not SQS's,
// whatever its status, and the SDK lets it pass.
func Taken(sent *sqs.SendMessageOutput, err error) error {
	if err == nil && aws.ToString(sent.MessageId) == "" {
		return errors.New("the answer has no message id")
	}
	return err
}
