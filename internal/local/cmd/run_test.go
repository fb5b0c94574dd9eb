package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"videosdk-end-session/internal/local/stack"
	"videosdk-end-session/internal/local/standin"
)

const root = "../../.."

// varying is what differs from run to run.
var varying = regexp.MustCompile(`\b[0-9a-f]{64}\b|\b[0-9a-f]{24}\b|\d{4}-\d\d-\d\dT[\d:.]+Z|127\.0\.0\.1:\d+`)

// build builds the functions as make does.
func build(t *testing.T, folder string) {
	t.Helper()
	if out, err := exec.Command("make", "--silent", "-C", root, "local", "LOCAL="+folder).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// makeRun does what `make run` does with the account in the environment, and returns what it prints.
func makeRun(t *testing.T, account stack.VideoSDK) string {
	t.Helper()
	t.Setenv("VIDEOSDK_API_KEY", account.APIKey)
	t.Setenv("VIDEOSDK_SECRET", account.Secret)
	t.Setenv("VIDEOSDK_API_ENDPOINT", account.Endpoint)
	folder := t.TempDir()
	build(t, folder)
	var printed bytes.Buffer
	if err := run(t.Context(), []string{"-root", root, "-binaries", folder, "-log", filepath.Join(folder, "log"), "run"}, &printed); err != nil {
		t.Fatalf("%v\n%s", err, printed.String())
	}
	return printed.String()
}

func TestTheREADMEShowsWhatMakeRunPrints(t *testing.T) {
	printed := makeRun(t, stack.VideoSDK{})
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(readme), "<!-- from make run -->\n```text\n")[1:]
	if len(blocks) < 2 {
		t.Fatalf("the README shows %d pieces of the output, want at least 2", len(blocks))
	}
	for _, block := range blocks {
		shown, _, _ := strings.Cut(block, "```")
		rest := varying.ReplaceAllString(printed, "*")
		for piece := range strings.SplitSeq(varying.ReplaceAllString(shown, "*"), "…\n") {
			_, after, found := strings.Cut(rest, piece)
			if !found {
				t.Errorf("the README shows what `make run` does not print, or not there:\n%s", piece)
				continue
			}
			rest = after
		}
	}
}

func TestWithAnAccountTheSamplesGoToItsVideoSDK(t *testing.T) {
	account, err := standin.New(standin.Options{APIKey: "own-key", Secret: "own-secret"})
	if err != nil {
		t.Fatal(err)
	}
	if err := account.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(account.Stop)
	printed := makeRun(t, stack.VideoSDK{APIKey: "own-key", Secret: "own-secret", Endpoint: account.URL()})
	for _, part := range []string{account.URL() + ", with your account", "10 do not depend on your rooms, and ended as expected"} {
		if !strings.Contains(printed, part) {
			t.Errorf("the output lacks %q:\n%s", part, printed)
		}
	}
	if len(account.Calls()) == 0 {
		t.Error("VideoSDK was not called")
	}
	for _, call := range account.Calls() {
		if call.Status == 401 {
			t.Errorf("VideoSDK refused %+v", call)
		}
	}
}

func TestAnAccountIsAPair(t *testing.T) {
	tests := []struct {
		name        string
		key, secret string
		want, fails bool
	}{
		{name: "none"},
		{name: "both", key: "k", secret: "s", want: true},
		{name: "only the key", key: "k", fails: true},
		{name: "only the secret", secret: "s", fails: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			account, err := accountOf(func(name string) string {
				return map[string]string{"VIDEOSDK_API_KEY": tt.key, "VIDEOSDK_SECRET": tt.secret, "VIDEOSDK_API_ENDPOINT": "http://127.0.0.1:1"}[name]
			})
			if (account != nil) != tt.want || (err != nil) != tt.fails {
				t.Errorf("accountOf() = %v, %v", account, err)
			}
		})
	}
}
