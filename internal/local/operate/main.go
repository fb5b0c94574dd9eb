// Command operate does what an operator does with the application in an AWS account. It is what `make deploy`, `make send`, `make logs`,
// `make redrive`, `make delete` and `make package` call.
//
//	operate deploy    STACK SECRET ARCH              create the secret if there is none, build, and create or update the stack
//	operate send      STACK DOOR=api|queue|bus FILE  send a request document through a door of the stack
//	operate logs      STACK                          follow the logs of all functions
//	operate redrive   STACK                          move the dead letters back to the trigger queue
//	operate delete    STACK CONFIRM                  delete the stack, and say what stays
//	operate package   FUNCTIONS                      zip what make has built, for who deploys by other means
//
// The words in capitals are environment variables, as make passes its own on. AWS is reached by the AWS CLI, version 2, and by the SAM CLI
// only, with whatever credentials those use. A command checks all that it needs before it changes anything. It exits with status 2 if
// something is missing, after one message that names everything, and with 1 if it fails later.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

func main() {
	o := &operator{getenv: os.Getenv, in: os.Stdin, out: os.Stdout, err: os.Stderr}
	os.Exit(o.run(context.Background(), os.Args[1:]))
}

// operator is one run of the command.
type operator struct {
	getenv   func(string) string
	in       io.Reader
	out, err io.Writer

	samconfig samconfig
	account   string   // the AWS account, once needAWS found the credentials to work
	region    string   // the AWS region, once needAWS found it
	missing   []string // what the command lacks
}

var commands = map[string]func(*operator, context.Context) error{
	"deploy": (*operator).deploy, "send": (*operator).send, "logs": (*operator).logs, "redrive": (*operator).redrive, "delete": (*operator).delete,
	"package": (*operator).zipFiles,
}

// run returns the exit status.
func (o *operator) run(ctx context.Context, arguments []string) int {
	if len(arguments) != 1 || commands[arguments[0]] == nil {
		fmt.Fprintf(o.err, "operate: expected one of the words %s\n", strings.Join(slices.Sorted(maps.Keys(commands)), ", "))
		return 2
	}
	var err error
	if o.samconfig, err = readSAMConfig(); err != nil {
		o.lack("%v", err)
	}
	err = commands[arguments[0]](o, ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintf(o.err, "%s: %v\n", arguments[0], err)
	if errors.Is(err, errMissing) {
		return 2
	}
	return 1
}

func (o *operator) say(format string, arguments ...any) {
	fmt.Fprintf(o.out, format+"\n", arguments...)
}
