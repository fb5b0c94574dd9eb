package capacity

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the figures of docs/cost.md and docs/scale.md anew")

// page compares a page of the documentation with its figures, each between a line <!-- figures: name --> and a line <!-- end of figures -->.
func page(t *testing.T, name string, figures map[string]string) {
	t.Helper()
	file := filepath.Join("..", "..", "..", "docs", name)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := string(content)
	want := got
	for figure, text := range figures {
		begin, end := fmt.Sprintf("<!-- figures: %s -->\n", figure), "<!-- end of figures -->"
		before, rest, begins := strings.Cut(want, begin)
		_, after, ends := strings.Cut(rest, end)
		if !begins || !ends {
			t.Errorf("%s has no place for the figures %q", name, figure)
			continue
		}
		want = before + begin + text + end + after
	}
	if n := strings.Count(got, "<!-- figures: "); n != len(figures) {
		t.Errorf("%s has %d figures, want %d", name, n, len(figures))
	}
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s does not have these figures; write them with go test ./internal/local/capacity -update (-want +got):\n%s", name, diff)
	}
}

// table is one in Markdown.
func table(head []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(head)
	line(slices.Repeat([]string{"---"}, len(head)))
	for _, r := range rows {
		line(r)
	}
	return b.String()
}

// about is a time to two digits or so, as people read it.
func about(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Round(10*time.Millisecond).Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%.1f min", d.Minutes())
	default:
		return fmt.Sprintf("%.1f h", d.Hours())
	}
}

// grouped is a number with its thousands apart.
func grouped(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}
