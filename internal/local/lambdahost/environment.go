package lambdahost

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// limits are the times that Lambda allows a process besides its timeout:
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
type limits struct {
	init     time.Duration // from the start until it asks for its first event
	shutdown time.Duration // from SIGTERM to SIGKILL, with an internal extension
}

var lambdaLimits = limits{init: 10 * time.Second, shutdown: 500 * time.Millisecond}

// outputGrace is how long output is still read after the process has ended,
// which matters only if it left children that hold its output open.
const outputGrace = time.Second

// environment is one execution environment: a process and the Runtime API that
// it alone uses.
type environment struct {
	function Function
	clock    func() time.Time
	limits   limits
	onReady  func(pid int)

	listener net.Listener
	command  *exec.Cmd
	output   *lineWriter
	pending  chan *call // assigned, not yet fetched by the runtime

	started chan struct{} // closed when the process runs or could not be started
	ready   chan struct{} // closed when the runtime asked for its first event
	ended   chan struct{} // closed when the process has been waited for
	gone    chan struct{} // closed when the Runtime API has ended too

	mu         sync.Mutex
	free       int  // events that may be assigned now
	retired    bool // no further event will be assigned
	delivered  map[string]*call
	answers    map[*call]answer
	settling   []*call // answered, and the runtime has not come back yet
	extension  bool    // an internal extension registered
	peakKB     int
	begun      time.Time
	initTook   time.Duration
	initError  *answer
	startError error
	exitReason string
}

// newEnvironment reserves the address. Nothing runs before run is called.
func newEnvironment(function Function, clock func() time.Time, emit func(line string)) (*environment, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("runtime API of %s: %w", function.Name, err)
	}
	concurrency := function.concurrency()
	e := &environment{
		function:  function,
		clock:     clock,
		limits:    lambdaLimits,
		onReady:   func(int) {},
		listener:  listener,
		output:    &lineWriter{emit: emit},
		pending:   make(chan *call, concurrency),
		started:   make(chan struct{}),
		ready:     make(chan struct{}),
		ended:     make(chan struct{}),
		gone:      make(chan struct{}),
		free:      concurrency,
		delivered: make(map[string]*call),
		answers:   make(map[*call]answer),
	}
	logStream := clock().UTC().Format("2006/01/02") + "/[$LATEST]" + newUUID()
	e.command = exec.Command(function.Bootstrap)
	e.command.Dir = filepath.Dir(function.Bootstrap)
	e.command.Env = function.variables(listener.Addr().String(), logStream)
	e.command.SysProcAttr = processAttributes()
	e.command.WaitDelay = outputGrace
	// One writer for both keeps their lines in the order they were written.
	e.command.Stdout = e.output
	e.command.Stderr = e.output
	return e, nil
}

// run serves the Runtime API for as long as the process lives, and returns when
// both have ended. The caller closes gone.
func (e *environment) run() {
	server := &http.Server{
		Handler:           e.routes(),
		ReadHeaderTimeout: 10 * time.Second,
		// A process that dies cuts its connections; that is no news.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(e.listener) // always ends with ErrServerClosed
	}()

	e.runProcess()

	e.retire()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		_ = server.Close()
	}
	<-served
}

// runProcess starts the process and waits for its end. The kernel's promise to
// kill it with its parent holds for the thread that started it, so the
// goroutine keeps that thread until then (golang.org/issue/27505).
func (e *environment) runProcess() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(e.ended)

	e.mu.Lock()
	e.begun = e.clock()
	e.mu.Unlock()

	err := e.command.Start()
	if err != nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.startError = err
		close(e.started)
		return
	}
	close(e.started)
	// The process state says what its end was; what else Wait may return is
	// about output that was cut off.
	_ = e.command.Wait()
	e.output.flush()

	e.mu.Lock()
	defer e.mu.Unlock()
	e.exitReason = exitReason(e.command.ProcessState)
}

// exitReason is Lambda's wording for a process's end.
func exitReason(state *os.ProcessState) string {
	if state.Success() {
		return "Runtime exited without providing a reason"
	}
	return "Runtime exited with error: " + state.String()
}

// reserve takes the right to assign one event, if there is one.
func (e *environment) reserve() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.retired || e.free == 0 {
		return false
	}
	e.free--
	return true
}

// retire makes reserve fail from now on.
func (e *environment) retire() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.retired = true
}

// kill ends the process at once, as a crash does. It does not wait for it.
func (e *environment) kill() {
	e.retire()
	e.measure()
	e.signal(syscall.SIGKILL)
}

// shutdown ends the process as Lambda does: with a warning first if it has an
// extension. It returns when the environment is gone.
func (e *environment) shutdown() {
	e.retire()
	if e.hasExtension() {
		e.signal(syscall.SIGTERM)
		grace := time.NewTimer(e.limits.shutdown)
		defer grace.Stop()
		select {
		case <-e.ended:
		case <-grace.C:
		}
	}
	e.signal(syscall.SIGKILL)
	<-e.gone
}

func (e *environment) hasExtension() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.extension
}

// signal reaches the process only while it has not been waited for.
func (e *environment) signal(s os.Signal) {
	<-e.started
	if e.command.Process != nil {
		_ = e.command.Process.Signal(s) // fails only when it has ended already
	}
}

// measure notes the memory that the process has used at most until now.
func (e *environment) measure() {
	<-e.started
	select {
	case <-e.ended: // the process id may be somebody else's by now
		return
	default:
	}
	if e.command.Process == nil {
		return
	}
	peak := peakMemoryKB(e.command.Process.Pid)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.peakKB = max(e.peakKB, peak)
}
