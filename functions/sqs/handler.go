package main

import (
	"context"
	"encoding/json"
	"strings"
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
	reader   trigger.Reader
	triggers telemetry.Triggers
	webhooks telemetry.Webhooks
	now      func() time.Time
}

// Invoke implements lambda.Handler.
func (h handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var batch events.SQSEvent
	if err := json.Unmarshal(payload, &batch); err != nil || len(batch.Records) == 0 {
		return nil, messages.InvokeResponse_Error{Type: string(endsession.CodeUnknownEvent), Message: "expected an SQS event with Records"}
	}
	ctx, cancel := endsession.EndEarly(ctx, h.now(), spare)
	defer cancel()
	response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for _, m := range h.unfinished(ctx, batch.Records) {
		response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
	}
	return json.Marshal(response)
}

// unfinished handles a batch and returns the messages that must be delivered again. Those of a FIFO queue are handled one after the
// other, and the first that is unfinished ends the batch: what follows must not overtake it.
func (h handler) unfinished(ctx context.Context, batch []events.SQSMessage) []events.SQSMessage {
	if !strings.HasSuffix(batch[0].EventSourceARN, ".fifo") {
		return h.together(ctx, batch)
	}
	for i := range batch {
		if len(h.together(ctx, batch[i:i+1])) > 0 {
			return batch[i:]
		}
	}
	return nil
}

// together handles messages at the same time and returns those that must be delivered again, in their order.
func (h handler) together(ctx context.Context, batch []events.SQSMessage) []events.SQSMessage {
	again := make([]bool, len(batch))
	var requests []endsession.Request
	var indexes []int
	var letters sync.WaitGroup
	for i, m := range batch {
		request, unread := h.reader.Message(ctx, m, h.now())
		request.Queued = trigger.Queued(m, h.now())
		switch {
		case unread == nil:
			if request.Trace == "" {
				request.Trace = telemetry.Trace(ctx)
			}
			requests, indexes = append(requests, request), append(indexes, i)
		case unread.Code == endsession.CodeIgnored:
			h.webhooks.Ignored(ctx, request.Source, unread.Message)
		case unread.Code == endsession.CodeOwnEvent: // nobody needs to look at one of those
			h.triggers.Rejected(ctx, request, unread)
		case unread.Class == endsession.Permanent:
			h.triggers.Rejected(ctx, request, unread)
			letters.Go(func() { again[i] = h.bury(ctx, m, unread) })
		default: // the profiles of its source are out of reach, or wrong until somebody mends them
			h.triggers.Rejected(ctx, request, unread)
			again[i] = true
		}
	}
	for n, result := range h.service.Handle(ctx, requests...) {
		again[indexes[n]] = result.Err != nil
	}
	letters.Wait()
	var unfinished []events.SQSMessage
	for i, m := range batch {
		if again[i] {
			unfinished = append(unfinished, m)
		}
	}
	return unfinished
}

// bury puts a message on the dead-letter queue, and reports whether it must be delivered again because that failed.
func (h handler) bury(ctx context.Context, m events.SQSMessage, why *endsession.Error) bool {
	err := h.letters.Send(ctx, m, why)
	if err != nil {
		h.triggers.Log.ErrorContext(ctx, "dead_letter.failed", "messageId", m.MessageId, "error", err)
	}
	return err != nil
}
