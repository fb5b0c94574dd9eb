package standin

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Fault is a misbehaviour that the next requests meet, for example a connection reset after the effect of one end call:
//
//	Fault{On: OpEndSession, When: AfterEffect, Do: Reset, Times: 1}
type Fault struct {
	// On is the operation, every one if empty.
	On Operation
	// About restricts the fault to requests that name this roomId, customRoomId or sessionId. If empty, it is no restriction.
	About string
	// When is before the effect if empty.
	When When
	// Do is the misbehaviour.
	Do Misbehaviour
	// Times is how many requests meet the fault. With 0 all do, until ClearFaults.
	Times int

	// Status is that of an Answer, or of a Redirect, where 0 means 307.
	Status int
	// Header is added to an Answer or a Redirect, whose Location is a path of the stand-in's own if Header has none.
	Header http.Header
	// Body is that of an Answer. If empty, it is a message in JSON.
	Body string
	// Delay is how long Slow takes.
	Delay time.Duration
}

// When tells a fault before the effect of a request from one after it.
type When string

const (
	// BeforeEffect is before the request is looked at: nothing happens.
	BeforeEffect When = "before"
	// AfterEffect is when all has been done and only the answer suffers.
	AfterEffect When = "after"
)

// Misbehaviour is what happens in a Fault in place of the true answer. Before the effect there is no true answer yet; where one is
// needed it is VideoSDK's documented sample.
type Misbehaviour string

const (
	// Answer answers with Fault.Status, Fault.Header and Fault.Body.
	Answer Misbehaviour = "answer"
	// Hang gives no answer until the client goes away or the Server stops.
	Hang Misbehaviour = "hang"
	// Reset resets the connection (TCP RST) without an answer.
	Reset Misbehaviour = "reset"
	// Slow waits for Fault.Delay and then goes on as if nothing had been.
	Slow Misbehaviour = "slow"
	// Garbage answers 200 with an HTML page.
	Garbage Misbehaviour = "garbage"
	// BigBody answers with the true answer's status and fields behind a field of 5 MB.
	BigBody Misbehaviour = "big-body"
	// NoContent answers 204 without a body.
	NoContent Misbehaviour = "no-content"
	// Truncated answers with the first half of the true answer's JSON, as if that were all of it.
	Truncated Misbehaviour = "truncated"
	// CutOff announces the true answer in full and closes the connection half-way.
	CutOff Misbehaviour = "cut-off"
	// Redirect answers 307, or Fault.Status, with a Location.
	Redirect Misbehaviour = "redirect"
)

var (
	operations    = []Operation{OpListSessions, OpGetSession, OpEndSession, OpGetRoom, OpOther}
	misbehaviours = []Misbehaviour{Answer, Hang, Reset, Slow, Garbage, BigBody, NoContent, Truncated, CutOff, Redirect}
)

// complete checks a fault, naming every problem, and fills in what was left open.
func (f Fault) complete() (Fault, error) {
	var problems []error
	refuse := func(format string, values ...any) { problems = append(problems, fmt.Errorf(format, values...)) }

	if f.On != "" && !slices.Contains(operations, f.On) {
		refuse("operation %q is none of %q", f.On, operations)
	}
	if f.When == "" {
		f.When = BeforeEffect
	}
	if f.When != BeforeEffect && f.When != AfterEffect {
		refuse("%q is neither %q nor %q the effect", f.When, BeforeEffect, AfterEffect)
	}
	if !slices.Contains(misbehaviours, f.Do) {
		refuse("misbehaviour %q is none of %q", f.Do, misbehaviours)
	}
	if f.Times < 0 {
		refuse("a fault cannot happen %d times", f.Times)
	}
	if f.Do == Redirect && f.Status == 0 {
		f.Status = http.StatusTemporaryRedirect
	}
	switch {
	case f.Do == Answer && (f.Status < 200 || f.Status > 599):
		refuse("status %d of an answer is not from 200 to 599", f.Status)
	case f.Do == Redirect && (f.Status < 300 || f.Status > 399):
		refuse("status %d of a redirect is not from 300 to 399", f.Status)
	case f.Do != Answer && f.Do != Redirect && (f.Status != 0 || len(f.Header) > 0):
		refuse("%s takes no status and no headers", f.Do)
	}
	if f.Do != Answer && f.Body != "" {
		refuse("%s takes no body", f.Do)
	}
	if (f.Do == Slow) != (f.Delay > 0) {
		refuse("%s does not go with a delay of %v", f.Do, f.Delay)
	}
	f.Header = f.Header.Clone()
	return f, errors.Join(problems...)
}

// meets reports whether a request suffers from the fault.
func (f Fault) meets(call *Call) bool {
	if f.On != "" && f.On != call.Operation {
		return false
	}
	return f.About == "" || slices.Contains([]string{call.RoomID, call.CustomRoomID, call.SessionID}, f.About)
}

// injected is a fault with the number of requests that are still to meet it, 0 if that is all of them.
type injected struct {
	Fault
	left int
}

// Inject lets the next requests misbehave. Of several faults that a request could meet it meets the one injected first. A fault that
// makes no sense is refused with an error that names every problem.
func (s *Server) Inject(f Fault) error {
	f, err := f.complete()
	if err != nil {
		return fmt.Errorf("failed to inject the fault: %w", err)
	}
	s.add(f)
	return nil
}

// add takes in a fault that is complete.
func (s *Server) add(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &injected{Fault: f, left: f.Times})
}

// ClearFaults forgets all faults. Requests that have met one already are not helped by it.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// takeFault returns the fault that a request meets, or one that does nothing. The caller holds the lock.
func (s *Server) takeFault(call *Call) Fault {
	i := slices.IndexFunc(s.faults, func(f *injected) bool { return f.meets(call) })
	if i < 0 {
		return Fault{}
	}
	taken := s.faults[i]
	if taken.Times > 0 {
		if taken.left--; taken.left == 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
	}
	return taken.Fault
}
