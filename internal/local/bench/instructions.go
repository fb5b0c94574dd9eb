package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"time"
)

var errNoValgrind = errors.New("valgrind is not installed")

// instructionsOf returns how many instructions one warm event of n messages takes, in thousands, counted by valgrind: what some events take
// less what fewer take, so that the start is not in it. Unlike times these hardly differ from run to run.
func instructionsOf(ctx context.Context, v variant, n, events int) (float64, error) {
	const few = 10
	first, err := least(ctx, v, n, few)
	if err != nil {
		return 0, err
	}
	second, err := least(ctx, v, n, few+events)
	if err != nil {
		return 0, err
	}
	return float64(second-first) / float64(events) / 1000, nil
}

// least counts a few times and returns the least. valgrind runs one thread at a time, so what a thread does that turns in a loop while it waits
// for another is counted too, and now and then keeps the other from running at all.
func least(ctx context.Context, v variant, n, events int) (int64, error) {
	var all []int64
	var problems error
	for range 4 {
		count, err := counted(ctx, v, n, events)
		if err != nil && !errors.Is(err, errUnfinished) {
			return 0, err
		}
		if err == nil {
			all = append(all, count)
		}
		problems = errors.Join(problems, err)
	}
	if len(all) == 0 {
		return 0, problems
	}
	return slices.Min(all), nil
}

// counted runs a process for some events and returns all instructions that it took.
func counted(ctx context.Context, v variant, n, events int) (int64, error) {
	valgrind, err := exec.LookPath("valgrind")
	if err != nil {
		return 0, errNoValgrind
	}
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	program, err := filepath.Abs(v.bootstrap)
	if err != nil {
		return 0, err
	}
	// The host starts a program without arguments.
	out, wrapper := filepath.Join(folder, "out"), filepath.Join(folder, "bootstrap")
	script := fmt.Sprintf("#!/bin/sh\nexec %q --tool=callgrind --callgrind-out-file=%q %q\n", valgrind, out, program)
	if err := os.WriteFile(wrapper, []byte(script), 0o700); err != nil {
		return 0, err
	}
	w, err := newWorld(distance{}, folder)
	if err != nil {
		return 0, err
	}
	defer w.close()
	v.slow = time.Minute // valgrind makes everything some fifty times slower
	v.bootstrap, v.environment = wrapper, maps.Clone(v.environment)
	if v.environment == nil {
		v.environment = map[string]string{}
	}
	v.environment["GODEBUG"] = "asyncpreemptoff=1" // the runtime's interruptions depend on the time
	r, err := start(v, w, 0)
	if err != nil {
		return 0, err
	}
	defer r.close()
	for range events {
		payload, err := w.messages(n)
		if err != nil {
			return 0, err
		}
		if _, err := r.invoke(ctx, payload); err != nil {
			return 0, err
		}
	}
	return total(r.pid, out)
}

var summary = regexp.MustCompile(`(?m)^(?:summary|totals): (\d+)`)

// total ends a process that runs under valgrind, and reads what valgrind writes then.
func total(pid int, out string) (int64, error) {
	if pid == 0 {
		return 0, errors.New("no process has started")
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return 0, err
	}
	for range 100 {
		time.Sleep(50 * time.Millisecond)
		text, err := os.ReadFile(out)
		if err != nil {
			continue
		}
		if found := summary.FindSubmatch(text); found != nil {
			return strconv.ParseInt(string(found[1]), 10, 64)
		}
	}
	return 0, fmt.Errorf("valgrind wrote no count to %s", out)
}
