package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// row is a line of the table: what was measured of each variant, and the budget.
type row struct {
	what     string
	values   map[string]string // by variant
	budget   string            // empty if there is none
	measured string            // what the budget is about
	met      bool
}

// table collects rows and writes them as they come.
type table struct {
	out  io.Writer
	rows []row
}

// columns are the variants, in their order.
var columns = []string{floorName, plainName, togetherName, oursName}

func (t *table) add(r row) {
	t.rows = append(t.rows, r)
	verdict := ""
	if r.budget != "" {
		verdict = map[bool]string{true: "met", false: "NOT MET"}[r.met]
	}
	fmt.Fprintf(t.out, "  %s: %s %s\n", r.what, r.measured, verdict)
}

// write writes the table in Markdown, which is also how docs/performance.md has it.
func (t *table) write() error {
	w := tabwriter.NewWriter(t.out, 0, 0, 1, ' ', tabwriter.Debug)
	line := func(cells ...string) { fmt.Fprintln(w, "| "+strings.Join(cells, "\t ")+"\t") }
	line(slices.Concat([]string{""}, columns, []string{"budget", "measured", ""})...)
	line("---", "--:", "--:", "--:", "--:", "---", "---", "---")
	for _, r := range t.rows {
		cells := []string{r.what}
		for _, c := range columns {
			cells = append(cells, r.values[c])
		}
		verdict := ""
		if r.budget != "" {
			verdict = map[bool]string{true: "met", false: "**NOT MET**"}[r.met]
		}
		line(append(cells, r.budget, r.measured, verdict)...)
	}
	return w.Flush()
}

// median returns the middle of some values, which it sorts.
func median[T int | int64 | float64 | time.Duration](all []T) T {
	slices.Sort(all)
	return all[len(all)/2]
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond)) }

func us(d time.Duration) string { return fmt.Sprintf("%d µs", d.Microseconds()) }

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }
