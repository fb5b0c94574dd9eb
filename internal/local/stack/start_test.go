package stack_test

import (
	"errors"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"videosdk-end-session/internal/local/stack"
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

// TestEveryFunctionGetsReadyBeforeItsFirstEvent sends each function an event, and looks for what its start says that it could not do: a
// rehearsal that came to an end other than a published outcome is among that.
func TestEveryFunctionGetsReadyBeforeItsFirstEvent(t *testing.T) {
	n := len(printed.all())
	s := startWebhooks(t, stack.Config{})
	live(t, s, room, 18*time.Minute)
	wantAnswer(t, sendWebhook(t, s, stack.Webhook{Source: "calcom", Payload: cancelled("ready", "https://meet.example.com/"+room)}), http.StatusAccepted, "accepted")
	wantIdle(t, s) // by the queue
	for _, function := range []string{"ApiFunction", "EventBridgeFunction"} {
		if _, err := s.Invoke(t.Context(), function, []byte(`{"roomId":"`+room+`"}`)); err != nil {
			t.Fatal(err)
		}
	}
	var log string
	for _, function := range []string{"api", "eventbridge", "sqs", "webhook"} {
		eventually(t, "a line of "+function, func() bool {
			log = strings.Join(printed.since(n), "\n")
			return strings.Contains(log, `"door":"`+function+`"`)
		})
	}
	if strings.Contains(log, "start.ahead.failed") {
		t.Errorf("a function was not ready:\n%s", log)
	}
}
