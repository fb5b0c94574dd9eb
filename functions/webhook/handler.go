package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/gateway"
	"videosdk-end-session/internal/queue"
	"videosdk-end-session/internal/telemetry"
	"videosdk-end-session/internal/trigger"
	"videosdk-end-session/internal/webhook"
)

// spare is how long before the function's timeout everything ends, so that a sender is told to come again, and the log why.
const spare = time.Second

// receiver decides what becomes of webhooks.
type receiver interface {
	Receive(ctx context.Context, source string, d webhook.Delivery, trace string) (webhook.Verdict, *endsession.Error)
	TakesCloudEvents(ctx context.Context, source string, received time.Time) (bool, *endsession.Error)
}

// sender puts a message on the trigger queue.
type sender interface {
	Send(ctx context.Context, m queue.Message) error
}

// handler answers a sender within seconds: verify, map, put on the queue, and nothing else.
type handler struct {
	receiver receiver
	queue    sender
	log      telemetry.Webhooks
	now      func() time.Time
}

// Invoke implements lambda.Handler.
func (h handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	ctx, cancel := endsession.EndEarly(ctx, h.now(), spare)
	defer cancel()
	call, ok := gateway.Parse(payload)
	if !ok {
		return nil, messages.InvokeResponse_Error{Type: string(endsession.CodeUnknownEvent), Message: "expected an HTTP call of a gateway"}
	}
	source := call.Parameters["source"]
	switch call.Method {
	case "OPTIONS":
		return json.Marshal(h.handshake(ctx, source, call))
	case "POST":
		return json.Marshal(h.receive(ctx, source, call))
	default:
		return json.Marshal(notAllowed())
	}
}

// receive takes one webhook.
func (h handler) receive(ctx context.Context, source string, call gateway.Call) gateway.Answer {
	body, err := call.Body(trigger.MaxDocument)
	if err != nil {
		return h.refuse(ctx, source, trigger.BodyError(err))
	}
	trace := telemetry.Trace(ctx)
	v, refused := h.receiver.Receive(ctx, source, webhook.Delivery{Header: call.Header, Body: body, Received: h.now()}, trace)
	switch {
	case refused != nil:
		return h.refuse(ctx, source, refused)
	case v.Challenge != nil:
		h.log.Ignored(ctx, source, "challenge")
		return answer(200, v.Challenge)
	case v.Ignored != "":
		h.log.Ignored(ctx, source, v.Ignored)
		return ignored(v.Ignored)
	}
	document, err := trigger.Document(v.Request)
	if err == nil {
		err = h.queue.Send(ctx, queue.Message{Body: document, Trace: trace, Delay: v.Delay})
	}
	if err != nil {
		return h.refuse(ctx, source, endsession.AsError(err))
	}
	h.log.Accepted(ctx, source, v.Request, v.Delay)
	return accepted(v)
}

// refuse writes down why a webhook is not taken, and answers so.
func (h handler) refuse(ctx context.Context, source string, why *endsession.Error) gateway.Answer {
	if why.Code == endsession.CodeWebhookRefused {
		h.log.Refused(ctx, source, why)
	} else {
		h.log.Failed(ctx, source, why)
	}
	return refused(why)
}

// handshake lets a sender of CloudEvents deliver here.
func (h handler) handshake(ctx context.Context, source string, call gateway.Call) gateway.Answer {
	origin := call.Header.Get("WebHook-Request-Origin")
	takes, refused := h.receiver.TakesCloudEvents(ctx, source, h.now())
	switch {
	case refused != nil:
		return h.refuse(ctx, source, refused)
	case !takes || origin == "":
		return notAllowed()
	default:
		return allowed(origin, call.Header.Get("WebHook-Request-Rate") != "")
	}
}
