package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// A function gets the share of a processor that its memory has of fullMemory, in slices of period:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
const (
	fullMemory = 1769 // MB that have one processor
	period     = 20 * time.Millisecond
)

// throttle holds a process to the share that a function of memoryMB has, from now until stop is called. It says how: by a control group
// where this process may make one, otherwise by stopping and continuing the process.
func throttle(pid, memoryMB int) (how string, stop func(), err error) {
	quota := period * time.Duration(memoryMB) / fullMemory
	group, err := newGroup(quota)
	if err != nil {
		return "SIGSTOP and SIGCONT", stopAndGo(pid, quota), nil
	}
	// The process's threads, present and future, come along.
	if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o600); err != nil {
		return "", nil, errors.Join(err, os.Remove(group))
	}
	return "a control group", func() { removeGroup(group) }, nil
}

// newGroup makes a control group whose processes get quota of each period, of version 2 or else of version 1.
func newGroup(quota time.Duration) (string, error) {
	settings := map[string]map[string]string{
		"/sys/fs/cgroup": {"cpu.max": fmt.Sprintf("%d %d", quota.Microseconds(), period.Microseconds())},
		"/sys/fs/cgroup/cpu": {
			"cpu.cfs_period_us": strconv.FormatInt(period.Microseconds(), 10), "cpu.cfs_quota_us": strconv.FormatInt(quota.Microseconds(), 10),
		},
	}
	var problems error
	for root, files := range settings {
		group, err := os.MkdirTemp(root, "bench-")
		if err == nil {
			for name, value := range files {
				if _, missing := os.Stat(filepath.Join(group, name)); missing != nil {
					err = missing
				} else {
					err = errors.Join(err, os.WriteFile(filepath.Join(group, name), []byte(value), 0o600))
				}
			}
			if err == nil {
				return group, nil
			}
			_ = os.Remove(group)
		}
		problems = errors.Join(problems, err)
	}
	return "", problems
}

// removeGroup removes a group as soon as its process has gone, which it has been told to.
func removeGroup(group string) {
	for range 200 {
		if os.Remove(group) == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// stopAndGo lets a process run for quota of each period.
func stopAndGo(pid int, quota time.Duration) func() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if syscall.Kill(pid, syscall.SIGSTOP) != nil {
				return
			}
			time.Sleep(period - quota)
			if syscall.Kill(pid, syscall.SIGCONT) != nil {
				return
			}
			time.Sleep(quota)
		}
	}()
	return func() { cancel(); <-done }
}
