package stack_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"
)

// badDays is everything that was found.
type badDays []finding

// sums are the numbers under the table.
type sums struct {
	rows, cells, different, sent, published, letters, refused, ended int
}

func (b badDays) sums() sums {
	var s sums
	rows := map[string]bool{}
	for _, f := range b {
		s.published += f.published
		s.letters += f.letters
		s.ended += f.ended
		for _, c := range f.cells {
			s.cells++
			s.sent += c.sent
			s.refused += c.refused
			rows[c.name] = true
			if c.result != c.want || len(c.problems) > 0 {
				s.different++
			}
		}
	}
	s.rows = len(rows)
	return s
}

// lost says where triggers went that nobody can account for.
func (b badDays) lost() []string {
	s := b.sums()
	if s.cells == 0 {
		return []string{"no cell was run"}
	}
	if out := s.published + s.letters + s.refused; out != s.sent {
		return []string{fmt.Sprintf("%d triggers were sent, and %d came out: %s", s.sent, out, b.totals())}
	}
	return nil
}

func (b badDays) totals() string {
	s := b.sums()
	return fmt.Sprintf("%d rows, %d cells, %d not as designed: ", s.rows, s.cells, s.different) +
		fmt.Sprintf("%d triggers sent = %d published + %d in the dead-letter queue + %d refused to the caller's face; %d sessions ended",
			s.sent, s.published, s.letters, s.refused, s.ended)
}

// save writes the table to dist/bad-days.txt.
func (b badDays) save() error {
	var text bytes.Buffer
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "BAD INPUT OR BAD DAY\tDOOR\tCOMES TO")
	for _, f := range b {
		for _, c := range f.cells {
			result := c.result
			if c.result != c.want {
				result += "  (NOT AS DESIGNED: " + c.want + ")"
			}
			fmt.Fprintf(table, "%s\t%s\t%s\n", c.name, c.way, result)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(&text, "\n%s\n", b.totals())
	if err := os.MkdirAll(filepath.Join(root, "dist"), 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, "dist", "bad-days.txt"), text.Bytes(), 0o644)
}
