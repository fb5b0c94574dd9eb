package lambdahost

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// peakMemoryKB reads the largest resident size of a living process, in
// kilobytes: VmHWM of proc_pid_status(5). It is 0 where there is no /proc and
// for a process that has ended.
func peakMemoryKB(pid int) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		value, found := bytes.CutPrefix(line, []byte("VmHWM:"))
		if !found {
			continue
		}
		kb, err := strconv.Atoi(string(bytes.TrimSuffix(bytes.TrimSpace(value), []byte(" kB"))))
		if err != nil {
			return 0
		}
		return kb
	}
	return 0
}
