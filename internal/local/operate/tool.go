package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
)

// ask calls the AWS CLI in the region and reads its answer.
func (o *operator) ask(ctx context.Context, answer any, arguments ...string) error {
	return o.tell(ctx, nil, answer, arguments...)
}

// tell calls the AWS CLI in the region with something to read, which an argument names as stdin. So nothing of it can be seen in the list
// of processes, and nothing of it lies on a disk.
func (o *operator) tell(ctx context.Context, input []byte, answer any, arguments ...string) error {
	printed, err := o.call(ctx, input, "aws", append(arguments, "--region", o.region, "--output", "json")...)
	if err != nil {
		return err
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(printed, answer); err != nil {
		return fmt.Errorf("aws %s %s: the answer cannot be read: %w", arguments[0], arguments[1], err)
	}
	return nil
}

// stdin is how the AWS CLI is told to read an argument's value from what it is given.
const stdin = "file:///dev/stdin"

// call runs a tool and returns what it prints. The error is what it says on standard error.
func (o *operator) call(ctx context.Context, input []byte, tool string, arguments ...string) ([]byte, error) {
	var said bytes.Buffer
	c := exec.CommandContext(ctx, tool, arguments...)
	// The AWS CLI would read files in the encoding of the locale. Documents are UTF-8.
	c.Env = append(os.Environ(), "AWS_CLI_FILE_ENCODING=UTF-8")
	c.Stdin, c.Stderr = bytes.NewReader(input), &said
	printed, err := c.Output()
	if text := strings.Join(strings.Fields(said.String()), " "); err != nil && text != "" {
		return printed, errors.New(text)
	}
	return printed, err
}

// show runs a tool whose output is for the operator. An interrupt is the tool's: it ends by itself.
func (o *operator) show(ctx context.Context, environment []string, tool string, arguments ...string) error {
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	c := exec.CommandContext(ctx, tool, arguments...)
	c.Env = append(os.Environ(), environment...)
	c.Stdin, c.Stdout, c.Stderr = o.in, o.out, o.err
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", tool, arguments[0], err)
	}
	return nil
}

// isNotFound tells whether an error is a service's answer that there is no such thing.
func isNotFound(err error) bool { return strings.Contains(err.Error(), "ResourceNotFoundException") }
