// Package door is what stands in front of functions on AWS, for the local
// stack: [HTTP] is an API Gateway HTTP API, [Queue] an SQS event source
// mapping, [Rule] an EventBridge rule with Lambda's asynchronous invocation.
// They turn what arrives into the event that AWS would send, invoke the
// function, and act on its answer as AWS would.
//
// They hold to AWS's documentation. Where it is silent, the comment at the
// place says what is assumed.
package door

import (
	"context"

	"videosdk-end-session/internal/local/lambdahost"
)

// Invoker runs a function once and returns its answer. A function error is an
// answer; the error says that no function ran (lambdahost.ErrThrottled among
// others) or that the context ended first. *lambdahost.Host is one.
type Invoker interface {
	Invoke(context.Context, lambdahost.Invocation) (lambdahost.Response, error)
}
