package lambdahost

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// Options are where a host tells what happens. Each function may be nil. They
// are called one at a time, also across environments, and must not call the
// host.
type Options struct {
	// Log gets every line that the function prints, on stdout and stderr. A
	// line may arrive after the Invoke that caused it has returned, as long as
	// the process lives.
	Log func(function, line string)

	// Report gets one report per invocation, before its Invoke returns.
	Report func(Report)

	// Ready gets the process of an environment that has started, before it is
	// given its first event.
	Ready func(pid int)
}

// Host runs one function. Its methods may be called concurrently.
type Host struct {
	function Function
	options  Options
	clock    func() time.Time
	limits   limits

	telling sync.Mutex // held while a function of options runs

	running sync.WaitGroup // environments and the calls in them

	mu           sync.Mutex
	environments []*environment
	closed       bool
}

// New checks the function and returns a host for it. It starts no process; the
// first Invoke does. The error names every problem of the function.
func New(function Function, options Options) (*Host, error) {
	function, err := function.validated()
	if err != nil {
		return nil, err
	}
	return &Host{function: function, options: options, clock: time.Now, limits: lambdaLimits}, nil
}

// Invoke runs the function once and waits for its answer, which may be a
// function error. The error is ErrThrottled, ErrPayloadTooLarge,
// ErrInvalidPayload, ErrClosed, the operating system's if there is no port to
// listen on, or the context's. A context that ends does not end the invocation:
// as on AWS, the function works on for a caller who has gone.
func (h *Host) Invoke(ctx context.Context, invocation Invocation) (Response, error) {
	if err := ctx.Err(); err != nil {
		return Response{}, err
	}
	c, err := h.newCall(invocation)
	if err != nil {
		return Response{}, err
	}
	e, first, err := h.reserve()
	if err != nil {
		return Response{}, err
	}
	done := make(chan Response, 1)
	go func() {
		defer h.running.Done()
		a, report := e.attend(c, first)
		h.tellReport(report)
		done <- a.response(c.requestID)
	}()
	select {
	case response := <-done:
		return response, nil
	case <-ctx.Done():
		return Response{}, ctx.Err()
	}
}

func (h *Host) newCall(invocation Invocation) (*call, error) {
	payload := invocation.Payload
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	if len(payload) > MaxRequestBytes {
		return nil, ErrPayloadTooLarge
	}
	if !json.Valid(payload) {
		return nil, ErrInvalidPayload
	}
	traceID := invocation.TraceID
	if traceID == "" {
		traceID = newTraceID(h.clock())
	}
	return &call{
		requestID: newUUID(),
		traceID:   traceID,
		payload:   payload,
		settled:   make(chan struct{}),
	}, nil
}

// reserve finds room for one event in an environment, or starts one. It counts
// the call as running; first says that the environment is new.
func (h *Host) reserve() (e *environment, first bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, false, ErrClosed
	}
	for _, e := range h.environments {
		if e.reserve() {
			h.running.Add(1)
			return e, false, nil
		}
	}
	if len(h.environments) >= h.function.Environments {
		return nil, false, ErrThrottled
	}
	e, err = newEnvironment(h.function, h.clock, h.tellLine)
	if err != nil {
		return nil, false, err
	}
	e.limits = h.limits
	if h.function.InitTimeout > 0 {
		e.limits.init = h.function.InitTimeout
	}
	e.onReady = h.tellReady
	e.reserve()
	h.environments = append(h.environments, e)
	h.running.Add(2)
	go func() {
		defer h.running.Done()
		e.run()
		// Forgotten before anybody can see that it is gone, so that who saw it
		// finds room for another.
		h.forget(e)
		close(e.gone)
	}()
	return e, true, nil
}

func (h *Host) forget(gone *environment) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.environments = slices.DeleteFunc(h.environments, func(e *environment) bool { return e == gone })
}

// Kill ends every environment with SIGKILL, as a crash does, and returns when
// none of them is left. Running invocations get a function error; the host goes
// on and starts environments anew.
func (h *Host) Kill() {
	environments := h.all()
	for _, e := range environments {
		e.kill()
	}
	for _, e := range environments {
		<-e.gone
	}
}

// Close ends every environment, running invocations included, and returns when
// nothing of the host runs any more. It may be called again.
func (h *Host) Close() error {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()

	var closing sync.WaitGroup
	for _, e := range h.all() {
		closing.Go(e.shutdown)
	}
	closing.Wait()
	h.running.Wait()
	return nil
}

func (h *Host) all() []*environment {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.environments)
}

func (h *Host) tellLine(line string) {
	if h.options.Log == nil {
		return
	}
	h.telling.Lock()
	defer h.telling.Unlock()
	h.options.Log(h.function.Name, line)
}

func (h *Host) tellReady(pid int) {
	if h.options.Ready == nil {
		return
	}
	h.telling.Lock()
	defer h.telling.Unlock()
	h.options.Ready(pid)
}

func (h *Host) tellReport(report Report) {
	if h.options.Report == nil {
		return
	}
	h.telling.Lock()
	defer h.telling.Unlock()
	h.options.Report(report)
}
