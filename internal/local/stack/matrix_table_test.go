package stack_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
)

// badDays is everything that was found.
type badDays []finding

// sums are the numbers under the table.
type sums struct {
	rows, cells, different, sent, published, letters, refused, ended int
	lost, wrong, doubled                                             int
}

func (b badDays) sums() sums {
	var s sums
	rows := map[string]bool{}
	for _, f := range b {
		s.published += f.published
		s.letters += f.letters
		s.ended += f.ended
		s.wrong += f.wrong
		s.doubled += f.doubled
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
	out := s.published + s.letters + s.refused
	s.lost, s.doubled = max(0, s.sent-out), s.doubled+max(0, out-s.sent)
	return s
}

// problems says where triggers went that nobody can account for, and what was not tried.
func (b badDays) problems() []string {
	s := b.sums()
	if s.cells == 0 {
		return []string{"no cell was run"}
	}
	var problems []string
	if s.lost > 0 || s.doubled > 0 {
		problems = append(problems, "triggers were lost or doubled: "+b.totals())
	}
	if !slices.ContainsFunc(b, func(f finding) bool { return f.cells == nil }) { // else only a part was run
		problems = append(problems, b.cross().holes()...)
	}
	return problems
}

func (b badDays) totals() string {
	s := b.sums()
	return fmt.Sprintf("%d rows, %d cells, %d not as designed: ", s.rows, s.cells, s.different) +
		fmt.Sprintf("%d triggers sent = %d published + %d in the dead-letter queue + %d refused to the caller's face; ",
			s.sent, s.published, s.letters, s.refused) +
		fmt.Sprintf("%d sessions ended; %d lost, %d wrong, %d doubled", s.ended, s.lost, s.wrong, s.doubled)
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
	if err := b.cross().write(&text); err != nil {
		return err
	}
	fmt.Fprintf(&text, "\n%s\n", b.totals())
	if err := os.MkdirAll(filepath.Join(root, "dist"), 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, "dist", "bad-days.txt"), text.Bytes(), 0o644)
}
