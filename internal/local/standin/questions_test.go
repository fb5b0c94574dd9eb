package standin_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"videosdk-end-session/internal/local/standin"
)

// TestTheOpenQuestionsAreAsked runs the script against the stand-in: not for its answers, which are assumptions, but to see that each
// question is one that VideoSDK's wire format can be asked.
func TestTheOpenQuestionsAreAsked(t *testing.T) {
	server, err := standin.New(standin.Options{APIKey: "key", Secret: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	const room = "abcd-efgh-ijkl"
	if err := server.AddRoom(standin.Room{ID: room, CustomID: "booking-1"}); err != nil {
		t.Fatal(err)
	}
	script := exec.CommandContext(t.Context(), "sh", filepath.Join("..", "..", "..", "docs", "open-questions.sh"), room, "booking-1")
	script.Env = append(os.Environ(), "VIDEOSDK_API_KEY=key", "VIDEOSDK_SECRET=secret", "VIDEOSDK_API_ENDPOINT="+server.URL())
	script.Stderr = os.Stderr
	in, err := script.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := script.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := script.Start(); err != nil {
		t.Fatal(err)
	}
	var printed strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		fmt.Fprintln(&printed, lines.Text())
		if strings.HasPrefix(lines.Text(), "Join the room") {
			if _, err := server.StartSession(room, standin.Session{Start: time.Now()}); err != nil {
				t.Error(err)
			}
			fmt.Fprintln(in)
		}
	}
	if err := script.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, printed.String())
	}
	questions, answers := strings.Count(printed.String(), "\n== "), strings.Count(printed.String(), "\n< ")
	if questions < 12 || answers < questions {
		t.Errorf("%d questions and %d answers:\n%s", questions, answers, printed.String())
	}
	if strings.Contains(printed.String(), "eyJ") {
		t.Error("a token was printed")
	}
	acted := 0
	for _, call := range server.Calls() {
		if call.Operation == standin.OpEndSession && call.Acted {
			acted++
		}
	}
	if acted != 2 {
		t.Errorf("%d sessions were ended, want the two that were begun:\n%s", acted, printed.String())
	}
}
