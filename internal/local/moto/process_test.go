package moto

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// limit is how long a test waits for what must happen.
const limit = time.Minute

// script makes an executable that stands for moto_server.
func script(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "moto_server")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func awaitGone(t *testing.T, pid int) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for time.Now().Before(deadline) {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("process %d is still there", pid)
}

// readPid waits for a process id in a file; it returns 0 when none comes.
func readPid(path string) int {
	deadline := time.Now().Add(limit)
	for time.Now().Before(deadline) {
		if text, err := os.ReadFile(path); err == nil && bytes.HasSuffix(text, []byte("\n")) {
			if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
				return pid
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	return 0
}

func TestStartWithoutTheServerSaysHowToGetIt(t *testing.T) {
	_, err := Start(t.Context(), Config{Executable: filepath.Join(t.TempDir(), "moto_server")})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("error %v, want %v", err, fs.ErrNotExist)
	}
	if !strings.Contains(err.Error(), "make .venv") {
		t.Errorf("error %q does not say `make .venv`", err)
	}
}

func TestStartOfAServerThatEndsSaysWhatItPrinted(t *testing.T) {
	_, err := Start(t.Context(), Config{Executable: script(t, "echo no module named flask >&2; exit 3")})
	if err == nil {
		t.Fatal("was started")
	}
	for _, want := range []string{"exit status 3", "no module named flask"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
}

func TestStartObeysTheContext(t *testing.T) {
	tests := []struct{ name, body string }{
		{"no address is ever printed", "exec sleep 600"},
		// Port 1 is reserved, and nothing answers on it.
		{"the address never answers", `echo " * Running on http://127.0.0.1:1"; exec sleep 600`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pidFile := filepath.Join(t.TempDir(), "pid")
			body := "echo $$ > " + pidFile + "\n" + test.body
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			pid := make(chan int)
			// The start is given up as soon as the process runs.
			go func() {
				defer cancel()
				pid <- readPid(pidFile)
			}()
			failed := make(chan error)
			go func() {
				_, err := Start(ctx, Config{Executable: script(t, body)})
				failed <- err
			}()
			started := <-pid
			if err := <-failed; !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want %v", err, context.Canceled)
			}
			if started == 0 {
				t.Fatal("the process did not run")
			}
			awaitGone(t, started)
		})
	}
}

func TestOutputFindsTheAddress(t *testing.T) {
	tests := []struct {
		name   string
		writes []string
		want   string
	}{
		{"in one piece", []string{" * Running on http://127.0.0.1:4321\n"}, "127.0.0.1:4321"},
		{"in pieces", []string{"WARNING\n * Running on http://127.0.0.1:4", "321\nPress"}, "127.0.0.1:4321"},
		{"after more than is kept", []string{strings.Repeat("x", 2*outputLimit), "\nRunning on http://127.0.0.1:1\n"}, "127.0.0.1:1"},
		{"of another address", []string{"Running on http://10.0.0.1:4321\n"}, ""},
		{"cut off", []string{"Running on http://127.0.0.1:43"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			o := newOutput(&log)
			for _, data := range test.writes {
				if n, err := o.Write([]byte(data)); n != len(data) || err != nil {
					t.Fatalf("Write = %d, %v", n, err)
				}
			}
			got := ""
			select {
			case got = <-o.address:
			default:
			}
			if got != test.want {
				t.Errorf("address %q, want %q", got, test.want)
			}
			if want := strings.Join(test.writes, ""); log.String() != want {
				t.Errorf("log got %d bytes, want %d", log.Len(), len(want))
			}
		})
	}
}
