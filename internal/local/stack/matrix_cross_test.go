package stack_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// cross is every call of AWS with every kind of fault, and the ways by which triggers have met it.
type cross map[place][]way

type place struct{ call, kind string }

func calls() []awsCall { return append(steps(), fetch, fetchOfWebhooks) }

func (b badDays) cross() cross {
	met := cross{}
	for _, f := range b {
		for _, c := range f.cells {
			if c.call != "" {
				at := place{c.call, c.kind}
				met[at] = append(met[at], c.way)
			}
		}
	}
	return met
}

// holes are the places that no trigger has met a fault in, although there is no reason why it cannot.
func (c cross) holes() []string {
	var holes []string
	for _, call := range calls() {
		for _, k := range kinds {
			for _, by := range doors {
				possible := call.cannot(k) == "" && slices.Contains(call.by, by)
				if met := slices.Contains(c[place{call.name, k.name}], by); met != possible {
					holes = append(holes, fmt.Sprintf("%s: %s by %s: met %t, possible %t", call.name, k.name, by, met, possible))
				}
			}
		}
	}
	return holes
}

// write writes by how many doors each call has met each kind, and why not by all.
func (c cross) write(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "\nFAULTS MET BY DOORS")
	for _, k := range kinds {
		fmt.Fprint(table, "\t", k.name)
	}
	for _, call := range calls() {
		fmt.Fprint(table, "\n", call.name)
		for _, k := range kinds {
			if call.cannot(k) != "" {
				fmt.Fprint(table, "\t-")
			} else {
				fmt.Fprint(table, "\t", len(c[place{call.name, k.name}]))
			}
		}
	}
	fmt.Fprintln(table)
	if err := table.Flush(); err != nil {
		return err
	}
	const refused = "A refused connection does not tell which call it would be for: see the rows of each service."
	_, err := fmt.Fprintln(w, strings.Join(append(reasons(), refused), "\n"))
	return err
}

// reasons are why calls and kinds are not crossed, or not by every door, each with the calls that it is about.
func reasons() []string {
	var reasons []string
	about := map[string][]string{}
	add := func(reason, call string) {
		if about[reason] == nil {
			reasons = append(reasons, reason)
		}
		if !slices.Contains(about[reason], call) {
			about[reason] = append(about[reason], call)
		}
	}
	for _, call := range calls() {
		for _, k := range kinds {
			if why := call.cannot(k); why != "" {
				add(why, call.name)
			}
		}
		add(call.elsewhere, call.name)
	}
	for i, reason := range reasons {
		reasons[i] = reason + ": " + strings.Join(about[reason], "; ") + "."
	}
	return reasons
}
