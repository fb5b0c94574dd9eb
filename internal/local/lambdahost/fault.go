package lambdahost

import (
	"encoding/json"
	"fmt"
	"time"
)

// Error types that Lambda itself gives, as seen in its answers. The wording of
// the messages is the service's, as its users report it; AWS documents neither.
const (
	// ErrorTypeTimeout: the function, or its init, took longer than allowed.
	ErrorTypeTimeout = "Sandbox.Timedout"

	// ErrorTypeExit: the process ended while it still had an event to answer.
	ErrorTypeExit = "Runtime.ExitError"

	// ErrorTypeEntrypoint: the bootstrap could not be started.
	ErrorTypeEntrypoint = "Runtime.InvalidEntrypoint"

	// ErrorTypeResponseSize: the answer is above MaxResponseBytes.
	ErrorTypeResponseSize = "Function.ResponseSizeTooLarge"

	// ErrorTypeInvalidResponse: the answer is not JSON. That such an answer is
	// refused is Lambda's behaviour, the name is ours.
	ErrorTypeInvalidResponse = "Runtime.InvalidResponse"

	// ErrorTypeUnknown stands in where a runtime posted an error without a type.
	ErrorTypeUnknown = "Runtime.Unknown"
)

// fault is the error document of Lambda.
type fault struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

func (f fault) payload() []byte {
	// Two strings always marshal.
	payload, _ := json.Marshal(f)
	return payload
}

// errorType reads the type back out of an error document.
func errorType(payload []byte) string {
	var f fault
	if json.Unmarshal(payload, &f) != nil || f.Type == "" {
		return ErrorTypeUnknown
	}
	return f.Type
}

func timeoutFault(requestID string, limit time.Duration) fault {
	return fault{ErrorTypeTimeout, fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", requestID, limit.Seconds())}
}

func exitFault(requestID, reason string) fault {
	return fault{ErrorTypeExit, fmt.Sprintf("RequestId: %s Error: %s", requestID, reason)}
}

func entrypointFault(requestID, bootstrap string) fault {
	return fault{ErrorTypeEntrypoint, fmt.Sprintf("RequestId: %s Error: Couldn't find valid bootstrap(s): [%s]", requestID, bootstrap)}
}

func responseSizeFault() fault {
	return fault{ErrorTypeResponseSize, fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", MaxResponseBytes)}
}
