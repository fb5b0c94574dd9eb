package stack_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestAMisconfiguredFunctionNamesEverythingAtItsStart(t *testing.T) {
	required := []string{"VIDEOSDK_SECRET_ID", "LEDGER_TABLE", "EVENT_BUS_NAME"}
	for function, own := range map[string]string{"api": "MAX_TRIGGER_AGE", "eventbridge": "QUEUE_URL", "sqs": "DEAD_LETTER_QUEUE_URL"} {
		t.Run(function, func(t *testing.T) {
			c := exec.Command(filepath.Join(binaries, function, "bootstrap"))
			c.Env = []string{"MAX_TRIGGER_AGE=for ever"}
			out, err := c.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 1 {
				t.Errorf("ended with %v, want exit status 1", err)
			}
			for _, name := range append(required, own) {
				if !strings.Contains(string(out), name) {
					t.Errorf("does not name %s", name)
				}
			}
			if strings.Count(string(out), "\n") != 1 || !strings.Contains(string(out), `"message":"start.failed"`) {
				t.Errorf("printed %s, want one line of JSON", out)
			}
		})
	}
}
