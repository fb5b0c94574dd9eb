package moto

import (
	"fmt"
	"os"
	"testing"
)

// childVariable makes the test binary the parent of a process, named by the
// variable's value, that must not outlive it.
const childVariable = "MOTO_TEST_PARENT_OF"

func TestMain(m *testing.M) {
	if executable := os.Getenv(childVariable); executable != "" {
		if err := parent(executable); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// parent launches a process, prints its id, and waits to be killed.
func parent(executable string) error {
	started, err := launch(executable, nil)
	if err != nil {
		return err
	}
	fmt.Println(started.pid)
	<-started.exited
	return started.failed
}
