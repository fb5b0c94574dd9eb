package main

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/queue"
	"videosdk-end-session/internal/telemetry"
	"videosdk-end-session/internal/trigger"
)

// spare is how long before the function's timeout the use case ends, so that what fails by then is still handed on.
const spare = 3 * time.Second

// ender is the use case as this door needs it.
type ender interface {
	Handle(ctx context.Context, requests ...endsession.Request) []endsession.Result
}

// sender puts a message on the trigger queue.
type sender interface {
	Send(ctx context.Context, m queue.Message) error
}

// handler tries each event once. Lambda itself would try a failed one only twice more, minutes apart; the queue does so for an hour.
type handler struct {
	service  ender
	queue    sender
	reader   trigger.Reader
	triggers telemetry.Triggers
	webhooks telemetry.Webhooks
	now      func() time.Time
}

// summary is the answer to an invocation, for whoever tries the function by hand.
type summary struct {
	Settled  int `json:"settled"`  // outcomes published
	HandedOn int `json:"handedOn"` // put on the queue
	Ignored  int `json:"ignored"`  // outcome events of this application, and events that the profiles of their source leave alone
}

// Invoke implements lambda.Handler.
func (h handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	use, cancel := endsession.EndEarly(ctx, h.now(), spare)
	defer cancel()
	var did summary
	var requests []endsession.Request
	var onward []queue.Message
	for _, event := range trigger.Events(payload) {
		request, unread := h.reader.Event(ctx, event, telemetry.Trace(ctx), h.now())
		switch {
		case unread == nil:
			requests = append(requests, request)
		case unread.Code == endsession.CodeIgnored:
			h.webhooks.Ignored(ctx, request.Source, unread.Message)
			did.Ignored++
		case unread.Code == endsession.CodeOwnEvent:
			h.triggers.Rejected(ctx, request, unread)
			did.Ignored++
		default:
			// One place decides what can never be read: the queue's function puts it on the dead-letter queue, with the reason. What cannot
			// be read for now it reads later.
			h.triggers.Rejected(ctx, request, unread)
			onward = append(onward, queue.Message{Body: event, Trace: request.Trace})
		}
	}
	for _, result := range h.service.Handle(use, requests...) {
		if result.Err == nil {
			did.Settled++
			continue
		}
		body, err := trigger.Document(result.Request)
		if err != nil {
			return nil, failure(err)
		}
		onward = append(onward, queue.Message{Body: body, Trace: result.Request.Trace})
	}
	if err := h.handOn(ctx, onward); err != nil {
		return nil, failure(err)
	}
	did.HandedOn = len(onward)
	return json.Marshal(did)
}

// handOn puts everything on the queue. If anything cannot be put there, the whole invocation fails: what was settled is a duplicate then.
func (h handler) handOn(ctx context.Context, all []queue.Message) error {
	errs := make([]error, len(all))
	var sends sync.WaitGroup
	for i, one := range all {
		sends.Go(func() { errs[i] = h.queue.Send(ctx, one) })
	}
	sends.Wait()
	return errors.Join(errs...)
}

func failure(err error) error {
	return messages.InvokeResponse_Error{Type: string(endsession.CodeQueueUnavailable), Message: err.Error()}
}
