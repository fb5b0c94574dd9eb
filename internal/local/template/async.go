package template

import (
	"fmt"
	"time"
)

// AsyncInvocation says how Lambda treats an event that it accepted without
// letting the sender wait.
type AsyncInvocation struct {
	// Retries is how often the function is invoked again after an error of its
	// own, 0 to 2.
	Retries int
	// MaximumAge is how long an event is kept for another attempt.
	MaximumAge time.Duration
	// DeadLetterQueue is the logical id of the queue that an event goes to that
	// is given up; empty when it is discarded.
	DeadLetterQueue string

	// RetryWait is how long Lambda waits before the first retry; before the
	// second it waits twice as long. A template cannot say it: it is Lambda's
	// one minute, and a field so that a local run can shorten it.
	RetryWait time.Duration
	// ThrottleWait is how long Lambda waits before it tries again to find a free
	// environment; it doubles up to 300 times its length. Like RetryWait, it is
	// not the template's: it is Lambda's one second.
	ThrottleWait time.Duration
}

// eventInvokeConfig is the property EventInvokeConfig of a function.
type eventInvokeConfig struct {
	MaximumRetryAttempts     int
	MaximumEventAgeInSeconds int
}

// Defaults and waits of Lambda:
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
var defaultEventInvokeConfig = eventInvokeConfig{MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 21600}

const (
	lambdaRetryWait    = time.Minute
	lambdaThrottleWait = time.Second
)

// deadLetterTarget is the property DeadLetterQueue of a function.
type deadLetterTarget struct{ Type, TargetArn string }

func readAsync(properties functionProperties, queues map[string]string) (AsyncInvocation, error) {
	async := AsyncInvocation{
		Retries:      properties.EventInvokeConfig.MaximumRetryAttempts,
		MaximumAge:   time.Duration(properties.EventInvokeConfig.MaximumEventAgeInSeconds) * time.Second,
		RetryWait:    lambdaRetryWait,
		ThrottleWait: lambdaThrottleWait,
	}
	target := properties.DeadLetterQueue
	if target == nil {
		return async, nil
	}
	if target.Type != "SQS" {
		return AsyncInvocation{}, fmt.Errorf("a dead-letter queue of the type %q is not known here, only SQS", target.Type)
	}
	id, ok := queues[target.TargetArn]
	if !ok {
		return AsyncInvocation{}, fmt.Errorf("the dead-letter target %q is no queue of the template", target.TargetArn)
	}
	async.DeadLetterQueue = id
	return async, nil
}
