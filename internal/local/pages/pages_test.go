package pages_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/local/pages"
)

func TestBlocksAreReadWithWhatIsSaidOfThem(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("b.md", "# B\n\n```sh\nls\n```\n\n<!-- payload: calcom -->\n```json\n{\n}\n```\n")
	write("a.md", "<!-- of something else -->\n\n```text\n```\n")
	got, err := pages.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	want := []pages.Block{
		{Page: "a.md", Language: "text"},
		{Page: "b.md", Language: "sh", Text: "ls\n"},
		{Page: "b.md", About: "payload: calcom", Language: "json", Text: "{\n}\n"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("blocks (-want +got):\n%s", diff)
	}
	if name, ok := got[2].Named("payload"); name != "calcom" || !ok {
		t.Errorf("Named() = %q, %t", name, ok)
	}
	if _, ok := got[2].Named("entry"); ok {
		t.Error("a payload is no entry")
	}

	write("c.md", "```sh\nls\n")
	if _, err := pages.Read(folder); err == nil {
		t.Error("an open fence is accepted")
	}
	if _, err := pages.Read(t.TempDir()); err == nil {
		t.Error("no pages are accepted")
	}
}
