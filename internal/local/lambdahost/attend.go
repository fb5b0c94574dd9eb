package lambdahost

import "time"

// attend sees a call through: it waits for the runtime, hands the call over and
// waits until the runtime is free again, has ended or is out of time. first
// says that the environment was started for this call.
func (e *environment) attend(c *call, first bool) (answer, Report) {
	report := Report{
		Function:  e.function.Name,
		RequestID: c.requestID,
		MemoryMB:  e.function.MemoryMB,
		Status:    StatusSuccess,
	}
	a, ok := e.awaitInit(c, first)
	if first {
		report.InitDuration = e.initDuration()
	}
	if ok {
		begun := e.clock()
		a = e.handle(c, begun)
		report.Duration = e.clock().Sub(begun)
	}
	if a.failed {
		report.Status = StatusError
		report.ErrorType = errorType(a.payload)
		if report.ErrorType == ErrorTypeTimeout {
			report.Status = StatusTimeout
		}
	}
	report.MaxMemoryMB = e.peakMB()
	return a, report
}

// awaitInit returns true when the runtime is there, else how the init failed.
// The call that started the environment also watches the time.
func (e *environment) awaitInit(c *call, first bool) (answer, bool) {
	var limit <-chan time.Time
	if first {
		timer := time.NewTimer(e.limits.init)
		defer timer.Stop()
		limit = timer.C
	}
	select {
	case <-e.ready:
		return answer{}, true
	case <-e.gone:
		return e.failedInit(c), false
	case <-limit:
		e.kill()
		<-e.gone
		return refused(timeoutFault(c.requestID, e.limits.init)), false
	}
}

// failedInit is the answer after a process that never asked for an event.
func (e *environment) failedInit(c *call) answer {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.initError != nil:
		return *e.initError
	case e.startError != nil:
		return refused(entrypointFault(c.requestID, e.function.Bootstrap))
	default:
		return refused(exitFault(c.requestID, e.exitReason))
	}
}

// handle has the runtime handle the call. An answer that was posted counts,
// whatever became of the process afterwards.
func (e *environment) handle(c *call, begun time.Time) answer {
	c.deadline = begun.Add(e.function.Timeout)
	e.pending <- c // has room for every event that reserve allows

	timer := time.NewTimer(e.function.Timeout)
	defer timer.Stop()
	timedOut := false
	select {
	case <-c.settled:
	case <-e.gone:
	case <-timer.C:
		timedOut = true
		e.kill()
		<-e.gone
	}

	e.mu.Lock()
	defer e.mu.Unlock()
	a, posted := e.answers[c]
	delete(e.answers, c)
	switch {
	case posted:
		return a
	case timedOut:
		return refused(timeoutFault(c.requestID, e.function.Timeout))
	default:
		return refused(exitFault(c.requestID, e.exitReason))
	}
}

// initDuration is the time until the runtime asked for its first event, or
// until now if it never did.
func (e *environment) initDuration() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.initTook > 0 {
		return e.initTook
	}
	return e.clock().Sub(e.begun)
}

func (e *environment) peakMB() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return (e.peakKB + 1023) / 1024
}
