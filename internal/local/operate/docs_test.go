package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every piece of output in docs/deploy.md is one that a test here has seen. An ellipsis stands for what is left out.
func TestTheDocsShowWhatTheTargetsPrint(t *testing.T) {
	seen := map[string][]string{} // what was printed, by command
	files, err := filepath.Glob(filepath.Join("testdata", "*.golden"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		printed, _, _ := strings.Cut(string(content), "\nThe calls:")
		command, _, _ := strings.Cut(printed, "\n")
		seen[command] = append(seen[command], printed)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "deploy.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(page), "```text\n")[1:]
	if len(blocks) < 5 {
		t.Fatalf("the page shows %d outputs, want at least 5", len(blocks))
	}
	for _, block := range blocks {
		shown, _, _ := strings.Cut(block, "```")
		command, _, _ := strings.Cut(shown, "\n")
		found := false
		for _, printed := range seen[command] {
			found = found || shows(printed, shown)
		}
		if !found {
			t.Errorf("no test has seen this:\n%s", shown)
		}
	}
}

// shows says whether the output begins with what is shown, and goes on with what is shown after each ellipsis.
func shows(printed, shown string) bool {
	for i, piece := range strings.Split(shown, "…\n") {
		at := strings.Index(printed, piece)
		if at < 0 || i == 0 && at != 0 {
			return false
		}
		printed = printed[at+len(piece):]
	}
	return true
}
