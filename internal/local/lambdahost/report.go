package lambdahost

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Report is what Lambda writes after each invocation, in its REPORT log line.
type Report struct {
	Function  string
	RequestID string

	// Duration of the invocation, from the event's delivery until the runtime
	// asked for the next one. Zero when the init failed.
	Duration time.Duration

	// InitDuration is set on the invocation that started the environment.
	InitDuration time.Duration

	MemoryMB int

	// MaxMemoryMB is the largest resident size that the process had so far,
	// rounded up; 0 where the platform does not tell (it is read from /proc).
	MaxMemoryMB int

	// Status is "success", "error" or "timeout".
	Status string

	// ErrorType of a failed invocation, as in its payload.
	ErrorType string
}

// Status values of a Report, the words of Lambda's JSON log format.
const (
	StatusSuccess = "success"
	StatusError   = "error"
	StatusTimeout = "timeout"
)

// Billed is the time that Lambda charges: init and duration together, in whole
// milliseconds, rounded up. (The init of custom runtimes is always billed.)
func (r Report) Billed() time.Duration {
	total := r.InitDuration + r.Duration
	return time.Duration(math.Ceil(milliseconds(total))) * time.Millisecond
}

// String is Lambda's REPORT line, with spaces for its tabs.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "REPORT RequestId: %s Duration: %.2f ms Billed Duration: %d ms Memory Size: %d MB",
		r.RequestID, milliseconds(r.Duration), r.Billed().Milliseconds(), r.MemoryMB)
	if r.MaxMemoryMB > 0 {
		fmt.Fprintf(&b, " Max Memory Used: %d MB", r.MaxMemoryMB)
	}
	if r.InitDuration > 0 {
		fmt.Fprintf(&b, " Init Duration: %.2f ms", milliseconds(r.InitDuration))
	}
	if r.Status != "" && r.Status != StatusSuccess {
		fmt.Fprintf(&b, " Status: %s", r.Status)
	}
	if r.ErrorType != "" {
		fmt.Fprintf(&b, " Error Type: %s", r.ErrorType)
	}
	return b.String()
}

func milliseconds(d time.Duration) float64 {
	return float64(d) / float64(time.Millisecond)
}
