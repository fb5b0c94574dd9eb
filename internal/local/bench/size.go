package main

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
)

// zipped returns the size of a program as what is uploaded to Lambda, in bytes.
func zipped(path string) (int64, error) {
	program, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = program.Close() }()
	var size counter
	archive := zip.NewWriter(&size)
	file, err := archive.Create("bootstrap")
	if err != nil {
		return 0, err
	}
	if _, err := io.Copy(file, program); err != nil {
		return 0, err
	}
	return int64(size), archive.Close()
}

// counter counts what is written to it.
type counter int64

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

var initLine = regexp.MustCompile(`(?m)^init \S+ @.* (\d+) bytes, (\d+) allocs$`)

// startAllocations returns how many allocations the packages of a program make before its main function, by the runtime's own count.
func startAllocations(ctx context.Context, path string) (int, error) {
	command := exec.CommandContext(ctx, path)
	command.Env = []string{"GODEBUG=inittrace=1"}
	trace, _ := command.CombinedOutput() // it exits with an error at once, for lack of a configuration
	lines := initLine.FindAllSubmatch(trace, -1)
	if len(lines) == 0 {
		return 0, fmt.Errorf("%s printed no trace of its start: %s", path, trace)
	}
	var allocations int
	for _, line := range lines {
		n, err := strconv.Atoi(string(line[2]))
		if err != nil {
			return 0, err
		}
		allocations += n
	}
	return allocations, nil
}
