package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"videosdk-end-session/internal/local/lambdahost"
)

// process is one of a variant in a world, with what was measured of it.
type process struct {
	world  *world
	host   *lambdahost.Host
	memory int // MB whose share of the processor it has once it has started; 0 for no limit

	mu        sync.Mutex
	reports   []lambdahost.Report
	lastLines []string
	counting  bool     // of the log
	bytes     int      // of it so far
	emf       []string // lines with metrics
	pid       int
	atReady   time.Duration // of a processor, until the first poll
	how       string        // of the throttling
	stop      []func()
	err       error
}

// start hosts a variant. The process starts with the first event.
func start(v variant, w *world, memoryMB int) (*process, error) {
	r := &process{world: w, memory: memoryMB}
	var err error
	r.host, err = lambdahost.New(lambdahost.Function{
		Name: v.name, Bootstrap: v.bootstrap, Environment: v.with(w), Timeout: 30 * time.Second, InitTimeout: v.slow, MemoryMB: max(memoryMB, 128), Environments: 1,
	}, lambdahost.Options{Log: r.log, Report: r.report, Ready: r.ready})
	return r, err
}

func (p *process) report(one lambdahost.Report) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reports = append(p.reports, one)
}

// log keeps the last lines, to tell why something failed, and counts them if that is asked for.
func (p *process) log(_, line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.counting {
		p.bytes += len(line)
		if strings.Contains(line, `"_aws":`) {
			p.emf = append(p.emf, line)
		}
	}
	p.lastLines = append(p.lastLines[max(0, len(p.lastLines)-4):], line)
}

// ready throttles the process when it has started, and not before: Lambda doesn't either.
func (p *process) ready(pid int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pid = pid
	p.atReady, p.err = processorTime(pid)
	if p.memory > 0 {
		how, stop, err := throttle(pid, p.memory)
		p.how, p.err = how, errors.Join(p.err, err)
		if err == nil {
			p.stop = append(p.stop, stop)
		}
	}
}

// invoke hands an event over, checks that every message in it was finished, and returns the report.
func (p *process) invoke(ctx context.Context, payload []byte) (lambdahost.Report, error) {
	answer, err := p.host.Invoke(ctx, lambdahost.Invocation{Payload: payload})
	if err != nil {
		return lambdahost.Report{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return lambdahost.Report{}, p.err
	}
	if err := check(answer.Payload, answer.FunctionError); err != nil {
		return lambdahost.Report{}, fmt.Errorf("%w; its last lines:\n%s", err, strings.Join(p.lastLines, "\n"))
	}
	return p.reports[len(p.reports)-1], nil
}

// close ends the process.
func (p *process) close() {
	_ = p.host.Close() // never fails
	for _, stop := range p.stop {
		stop()
	}
}

// processor returns the time that the process's threads have had of a processor.
func (p *process) processor() (time.Duration, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return processorTime(p.pid)
}

func processorTime(pid int) (time.Duration, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(files) == 0 {
		return 0, fmt.Errorf("no /proc/%d/task: %w", pid, err)
	}
	var total time.Duration
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		first, _, _ := strings.Cut(string(text), " ")
		ns, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return 0, err
		}
		total += time.Duration(ns)
	}
	return total, nil
}
