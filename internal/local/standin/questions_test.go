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

// watched returns a folder for PATH with all that the script may call, each of which notes its arguments in the file: what stands there, the
// list of processes showed to everybody on the machine.
func watched(t *testing.T, file string) string {
	t.Helper()
	folder := t.TempDir()
	for _, tool := range []string{"curl", "python3", "grep", "head", "cut", "sleep"} {
		path, err := exec.LookPath(tool)
		if err == nil && tool == "python3" {
			// Itself, and not what chooses a version of it each time.
			var printed []byte
			printed, err = exec.Command(path, "-c", "import sys; print(sys.executable, end='')").Output()
			path = string(printed)
		}
		if err != nil {
			t.Fatal(err)
		}
		note := fmt.Sprintf("#!/bin/sh\nprintf '%%s\\n' \"$*\" >>%q\nPATH=%q exec %q \"$@\"\n", file, os.Getenv("PATH"), path)
		if err := os.WriteFile(filepath.Join(folder, tool), []byte(note), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// TestTheOpenQuestionsAreAsked runs the script against the stand-in: not for its answers, which are assumptions, but to see that each
// question is one that VideoSDK's wire format can be asked, and that nobody gets to see what is private.
func TestTheOpenQuestionsAreAsked(t *testing.T) {
	const apiKey, secret, name = "key-4b1d", `s3cr3t-9f27\`, "Ada Lovelace"
	server, err := standin.New(standin.Options{APIKey: apiKey, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	const room, custom = "abcd-efgh-ijkl", "booking 1 & 2"
	if err := server.AddRoom(standin.Room{ID: room, CustomID: custom}); err != nil {
		t.Fatal(err)
	}
	arguments := filepath.Join(t.TempDir(), "arguments")
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	script := exec.CommandContext(t.Context(), sh, filepath.Join("..", "..", "..", "docs", "open-questions.sh"), room, custom)
	script.Env = append(os.Environ(), "PATH="+watched(t, arguments),
		"VIDEOSDK_API_KEY="+apiKey, "VIDEOSDK_SECRET="+secret, "VIDEOSDK_API_ENDPOINT="+server.URL())
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
			if _, err := server.StartSession(room, standin.Session{Start: time.Now(), Participants: []standin.Participant{{ID: "ada", Name: name}}}); err != nil {
				t.Error(err)
			}
			fmt.Fprintln(in)
		}
	}
	if err := script.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, printed.String())
	}
	questions, answers := strings.Count(printed.String(), "\n== "), strings.Count(printed.String(), "\n< ")
	if questions < 16 || answers < questions {
		t.Errorf("%d questions and %d answers:\n%s", questions, answers, printed.String())
	}
	seen, err := os.ReadFile(arguments)
	if err != nil {
		t.Fatal(err)
	}
	for _, private := range []string{"eyJ", apiKey, secret, name, standin.PrivateMarker} {
		if strings.Contains(printed.String(), private) {
			t.Errorf("%q was printed:\n%s", private, printed.String())
		}
		if strings.Contains(string(seen), private) {
			t.Errorf("%q was an argument:\n%s", private, seen)
		}
	}
	// Each answer is the one to the question above it, with the fields that it is asked for.
	for question, want := range map[string]string{
		"> GET /sessions?roomId=abcd-efgh-ijkl&status=ongoing&perPage=2":                         `"customRoomId":"booking 1 & 2"`,
		"> GET /sessions?customRoomId=booking%201%20%26%202&status=ongoing&perPage=2":            `"roomId":"abcd-efgh-ijkl"`,
		"> GET /sessions?customRoomId=booking%201%20%26%202-of-no-room&status=ongoing&perPage=2": `"data":[]`,
		"> GET /rooms/booking%201%20%26%202":                                                     `"roomId":"abcd-efgh-ijkl"`,
		"> GET /sessions?roomId=zzzz-zzzz-zzz0&status=ongoing&perPage=2":                         `"total":0`,
		"> GET /sessions/ffffffffffffffffffffffff":                                               `"message":"Session not found."`,
	} {
		_, after, asked := strings.Cut(printed.String(), question+" \n")
		answer, _, _ := strings.Cut(after, "\n< ")
		if !asked || !strings.Contains(answer, want) {
			t.Errorf("%s was answered with %q, which has no %s", question, answer, want)
		}
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
