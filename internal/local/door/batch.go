package door

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"videosdk-end-session/internal/local/lambdahost"
)

// process invokes the function with a batch and deletes what succeeded. The
// batch's groups are free before the deletion, which is what makes SQS hand out
// their next messages.
func (q *Queue) process(ctx context.Context, batch []types.Message) {
	batch = q.filter(ctx, batch)
	if len(batch) == 0 {
		return
	}
	requestID, failed, err := q.invoke(ctx, batch)
	q.groups.unlock(batch)
	if err != nil {
		failed = ids(batch)
	}
	succeeded := slices.DeleteFunc(slices.Clone(batch), func(m types.Message) bool {
		return slices.Contains(failed, aws.ToString(m.MessageId))
	})
	deleteErr := remove(ctx, q.config.Client, q.config.URL, succeeded)

	level := slog.LevelInfo
	attributes := []any{
		"queue", q.config.URL, "requestId", requestID, "messages", ids(batch), "failed", failed,
	}
	if err := errors.Join(err, deleteErr); err != nil {
		level = slog.LevelWarn
		attributes = append(attributes, "error", err)
	}
	q.config.Log.Log(ctx, level, "batch", attributes...)
}

// filter deletes what no pattern matches, and returns the others.
func (q *Queue) filter(ctx context.Context, batch []types.Message) []types.Message {
	if len(q.filters) == 0 {
		return batch
	}
	var taken, left []types.Message
	for _, message := range batch {
		if slices.ContainsFunc(q.filters, func(f filter) bool { return f.takes(aws.ToString(message.Body)) }) {
			taken = append(taken, message)
		} else {
			left = append(left, message)
		}
	}
	if err := remove(ctx, q.config.Client, q.config.URL, left); err != nil {
		q.config.Log.WarnContext(ctx, "filter", "queue", q.config.URL, "error", err)
	}
	return taken
}

// invoke returns the ids of the messages that failed. An error means all of
// them.
func (q *Queue) invoke(ctx context.Context, batch []types.Message) (requestID string, failed []string, err error) {
	payload, err := json.Marshal(q.event(batch))
	if err != nil {
		return "", nil, fmt.Errorf("failed to encode the event: %w", err)
	}
	invocation := lambdahost.Invocation{Payload: payload}
	if len(batch) == 1 {
		// The trace of a batch of several is Lambda's own, linked to theirs.
		invocation.TraceID = batch[0].Attributes[string(types.MessageSystemAttributeNameAWSTraceHeader)]
	}
	response, err := q.config.Function.Invoke(ctx, invocation)
	if err != nil {
		return "", nil, fmt.Errorf("failed to invoke the function: %w", err)
	}
	if response.FunctionError != "" {
		return response.RequestID, nil, fmt.Errorf("function error: %s", response.Payload)
	}
	if !q.config.ReportBatchItemFailures {
		return response.RequestID, nil, nil
	}
	failed, err = failures(response.Payload, ids(batch))
	return response.RequestID, failed, err
}

// failures reads a partial batch response. As on AWS, an empty answer, null and
// an object without failures mean that all succeeded; an answer of another
// form, or one that names no message or an unknown one, that all failed:
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
func failures(payload []byte, batch []string) ([]string, error) {
	if len(bytes.TrimSpace(payload)) == 0 {
		return nil, nil
	}
	// Maps and not a struct: AWS takes the names of fields as they are written,
	// encoding/json fills a struct without regard to case.
	var response map[string]json.RawMessage
	if err := json.Unmarshal(payload, &response); err != nil {
		return nil, fmt.Errorf("invalid batch response: %w", err)
	}
	var items []map[string]json.RawMessage
	if list, given := response["batchItemFailures"]; given {
		if err := json.Unmarshal(list, &items); err != nil {
			return nil, fmt.Errorf("invalid batch response: %w", err)
		}
	}
	var failed []string
	for _, item := range items {
		var id string
		if err := json.Unmarshal(item["itemIdentifier"], &id); err != nil || !slices.Contains(batch, id) {
			return nil, fmt.Errorf("invalid batch response: %s is no message of the batch", item["itemIdentifier"])
		}
		failed = append(failed, id)
	}
	return failed, nil
}

// event is what Lambda makes of a batch.
func (q *Queue) event(batch []types.Message) events.SQSEvent {
	records := make([]events.SQSMessage, len(batch))
	for i, message := range batch {
		records[i] = events.SQSMessage{
			MessageId:              aws.ToString(message.MessageId),
			ReceiptHandle:          aws.ToString(message.ReceiptHandle),
			Body:                   aws.ToString(message.Body),
			Md5OfBody:              aws.ToString(message.MD5OfBody),
			Md5OfMessageAttributes: aws.ToString(message.MD5OfMessageAttributes),
			Attributes:             message.Attributes,
			MessageAttributes:      messageAttributes(message.MessageAttributes),
			EventSourceARN:         q.config.ARN,
			EventSource:            "aws:sqs",
			AWSRegion:              q.region,
		}
	}
	return events.SQSEvent{Records: records}
}

// messageAttributes copies the attributes; the lists, which SQS does not
// implement, are empty and not null.
func messageAttributes(attributes map[string]types.MessageAttributeValue) map[string]events.SQSMessageAttribute {
	copied := make(map[string]events.SQSMessageAttribute, len(attributes))
	for name, value := range attributes {
		copied[name] = events.SQSMessageAttribute{
			StringValue:      value.StringValue,
			BinaryValue:      value.BinaryValue,
			StringListValues: []string{},
			BinaryListValues: [][]byte{},
			DataType:         aws.ToString(value.DataType),
		}
	}
	return copied
}

func ids(batch []types.Message) []string {
	list := make([]string, len(batch))
	for i, message := range batch {
		list[i] = aws.ToString(message.MessageId)
	}
	return list
}
