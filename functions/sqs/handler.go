package main

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda/messages"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/telemetry"
	"videosdk-end-session/internal/trigger"
)

// spare is how long before the function's timeout everything ends. With the two seconds that the use case keeps to itself, what is ready
// is published three seconds before the timeout at the latest.
const spare = time.Second

// ender is the use case as this door needs it.
type ender interface {
	Handle(ctx context.Context, requests ...endsession.Request) []endsession.Result
}

// deadLetterer puts a message that can never be handled where a person will look at it.
type deadLetterer interface {
	Send(ctx context.Context, m events.SQSMessage, why *endsession.Error) error
}

// handler takes batches of messages and returns those that must be delivered again.
type handler struct {
	service  ender
	letters  deadLetterer
	triggers telemetry.Triggers
	now      func() time.Time
}

// Invoke implements lambda.Handler.
func (h handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var batch events.SQSEvent
	if err := json.Unmarshal(payload, &batch); err != nil || len(batch.Records) == 0 {
		return nil, messages.InvokeResponse_Error{Type: string(endsession.CodeUnknownEvent), Message: "expected an SQS event with Records"}
	}
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-min(spare, deadline.Sub(h.now())/4)))
		defer cancel()
	}
	response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for i, again := range h.handle(ctx, batch.Records) {
		if again {
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: batch.Records[i].MessageId})
		}
	}
	return json.Marshal(response)
}

// handle reports for each message whether it must be delivered again.
func (h handler) handle(ctx context.Context, batch []events.SQSMessage) []bool {
	again := make([]bool, len(batch))
	var requests []endsession.Request
	var indexes []int
	var letters sync.WaitGroup
	defer letters.Wait()
	for i, message := range batch {
		request, malformed := trigger.Message(message, h.now())
		if malformed != nil {
			h.triggers.Rejected(ctx, request, malformed)
			letters.Go(func() { again[i] = h.bury(ctx, message, malformed) })
			continue
		}
		if request.Trace == "" {
			request.Trace = telemetry.Trace(ctx)
		}
		requests, indexes = append(requests, request), append(indexes, i)
	}
	for n, result := range h.service.Handle(ctx, requests...) {
		again[indexes[n]] = result.Err != nil
	}
	return again
}

// bury puts a message on the dead-letter queue, and reports whether it must be delivered again because that failed.
func (h handler) bury(ctx context.Context, m events.SQSMessage, why *endsession.Error) bool {
	err := h.letters.Send(ctx, m, why)
	if err != nil {
		h.triggers.Log.ErrorContext(ctx, "dead_letter.failed", "messageId", m.MessageId, "error", err)
	}
	return err != nil
}
