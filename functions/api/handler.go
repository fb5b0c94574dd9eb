package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/gateway"
	"videosdk-end-session/internal/telemetry"
	"videosdk-end-session/internal/trigger"
)

// spare is how long before the function's timeout everything ends, so that the answer gets out. Gateways wait for 29 to 30 seconds.
const spare = 2 * time.Second

// ender is the use case as this door needs it.
type ender interface {
	Handle(ctx context.Context, requests ...endsession.Request) []endsession.Result
}

// handler answers HTTP calls and direct invocations.
type handler struct {
	service  ender
	triggers telemetry.Triggers
	now      func() time.Time
}

// Invoke implements lambda.Handler.
func (h handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	ctx, cancel := endsession.EndEarly(ctx, h.now(), spare)
	defer cancel()
	trace := telemetry.Trace(ctx)
	if call, ok := gateway.Parse(payload); ok {
		request, malformed := trigger.HTTP(call, trace, h.now())
		return json.Marshal(httpAnswer(h.handle(ctx, request, malformed)))
	}
	var requestID string
	if invocation, ok := lambdacontext.FromContext(ctx); ok {
		requestID = invocation.AwsRequestID
	}
	request, malformed := trigger.Direct(payload, requestID, trace, h.now())
	return directAnswer(h.handle(ctx, request, malformed))
}

// handle takes the request through the use case, unless it was malformed.
func (h handler) handle(ctx context.Context, request endsession.Request, malformed *endsession.Error) endsession.Result {
	if malformed != nil {
		h.triggers.Rejected(ctx, request, malformed)
		return endsession.Result{Request: request, Code: malformed.Code, Err: malformed}
	}
	return h.service.Handle(ctx, request)[0]
}
