package lambdahost

import (
	"errors"
	"time"
)

const (
	// MaxRequestBytes is the largest payload that a synchronous invocation may
	// send (Lambda quotas).
	MaxRequestBytes = 6 << 20

	// MaxResponseBytes is the largest payload that a function may answer. It is
	// the number in Lambda's own error message, 100 bytes above the quota.
	MaxResponseBytes = MaxRequestBytes + 100
)

var (
	// ErrThrottled means that every environment is busy and no further one may
	// be started: Lambda's TooManyRequestsException, HTTP 429.
	ErrThrottled = errors.New("rate exceeded: all execution environments are busy")

	// ErrPayloadTooLarge means that the event is above MaxRequestBytes: Lambda's
	// RequestTooLargeException, HTTP 413.
	ErrPayloadTooLarge = errors.New("payload is above the limit of a synchronous invocation")

	// ErrInvalidPayload means that the event is not JSON: Lambda's
	// InvalidRequestContentException, HTTP 400.
	ErrInvalidPayload = errors.New("payload is not valid JSON")

	// ErrClosed means that the host was closed.
	ErrClosed = errors.New("the function's host is closed")
)

// Invocation is one synchronous call.
type Invocation struct {
	// Payload is the event, a JSON document. Empty stands for {}.
	Payload []byte

	// TraceID is the value of the X-Amzn-Trace-Id header. Without one the host
	// makes a trace of its own that is not sampled, as Lambda does.
	TraceID string
}

// Response is what Lambda's Invoke API answers.
type Response struct {
	// RequestID of the invocation, as the function saw it.
	RequestID string

	// Payload is what the function answered, or the error document
	// {"errorType","errorMessage"} if FunctionError is set.
	Payload []byte

	// FunctionError is the X-Amz-Function-Error header: empty after a success,
	// else "Unhandled". ("Handled" was the word of runtimes that AWS has
	// retired; a runtime that speaks the Runtime API never causes it.)
	FunctionError string
}

// call is an invocation on its way through an environment.
type call struct {
	requestID string
	traceID   string
	payload   []byte

	// deadline is set before the runtime can see the call.
	deadline time.Time

	// settled is closed when the runtime, having answered, asks for the next
	// event.
	settled chan struct{}
}

// answer is how a call ended, in the words that its caller gets.
type answer struct {
	payload []byte
	failed  bool
}

// refused is the answer that Lambda gives in the function's place.
func refused(f fault) answer {
	return answer{payload: f.payload(), failed: true}
}

func (a answer) response(requestID string) Response {
	response := Response{RequestID: requestID, Payload: a.payload}
	if a.failed {
		response.FunctionError = "Unhandled"
	}
	return response
}
