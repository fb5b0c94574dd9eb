package lambdahost

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// alive says whether a process runs. One that has ended and was not waited for
// is still listed, as a zombie.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, found := bytes.Cut(stat, []byte(") "))
	return found && state[0] != 'Z' && state[0] != 'X'
}

func TestFunctionDiesWithItsKilledHost(t *testing.T) {
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	host := exec.Command(executable)
	host.Env = append(os.Environ(), startVariable+"=host")
	if _, err := host.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	line, readErr := bufio.NewReader(stdout).ReadString('\n')
	pid, parseErr := strconv.Atoi(strings.TrimSpace(line))
	wasAlive := parseErr == nil && alive(pid)
	if err := host.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = host.Wait() // "signal: killed"
	if readErr != nil || !wasAlive {
		t.Fatalf("the host said %q (%v), want the id of a living process", line, readErr)
	}
	eventually(t, "the function's process has ended", func() bool { return !alive(pid) })
}

func TestCloseLeavesNoProcess(t *testing.T) {
	host := start(t, Options{}, nil)
	pid := decode[int](t, invoke(t, host, order{Do: "pid"}))
	if !alive(pid) {
		t.Fatalf("process %d does not run", pid)
	}
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	if alive(pid) {
		t.Errorf("process %d runs after Close", pid)
	}
}

func TestReportTellsPeakMemory(t *testing.T) {
	tests := map[string]order{
		"after a success": {Do: "echo"},
		"after a crash":   {Do: "exit", N: 1},
	}
	for name, o := range tests {
		t.Run(name, func(t *testing.T) {
			record := newRecorder()
			host := start(t, record.options(), nil)
			invoke(t, host, o)
			// A Go program is never below 1 MB, nor is this one near 1 GB.
			if got := (<-record.reports).MaxMemoryMB; got < 1 || got > 1024 {
				t.Errorf("MaxMemoryMB %d", got)
			}
		})
	}
}
