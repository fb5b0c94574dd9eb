// Command bench measures the functions as whole processes: it starts the real binaries on the runtime host, against stand-ins for VideoSDK
// and AWS on loopback, beside two programs that were built in the same way: `floor`, which does nothing with its event, and `plain`, which
// makes the same calls as one would write it at first (`plain*` with a goroutine for each message). It prints what each takes, and whether
// the budgets are met, most of which are ratios.
//
//	bench [-binaries folder] [-arm64 folder] [-only text] [-quick] [-record file] [-set NAME=value,…]
//
// All variants take turns, and what is told is the median. Times depend on the machine and on what else runs on it; instructions,
// allocations, calls, connections and, mostly, ratios do not.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// The variants, as the table calls them.
const (
	floorName    = "floor"
	plainName    = "plain"
	togetherName = "plain*"
	oursName     = "sqs"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run of all measurements.
type bench struct {
	binaries, arm64 string // folders with <program>/bootstrap
	rounds          int    // how often a process is started for a row about starting
	events          int    // how many warm events are measured of each variant
	counted         int    // how many warm events of each variant valgrind counts
	many            int    // how many messages are sent for the row about many
	folder          string // for files
	record          string // the file that keeps what is billed; empty for none
	set             map[string]string
	table           *table
}

func run(ctx context.Context, arguments []string, out io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	binaries := flags.String("binaries", "dist/local", "folder with <program>/bootstrap for this machine")
	arm64 := flags.String("arm64", "dist/bench-arm64", "folder with <program>/bootstrap for arm64")
	only := flags.String("only", "", "make only the measurements whose name holds this")
	quick := flags.Bool("quick", false, "measure less often")
	record := flags.String("record", "", "the file to write to what is billed, which docs/cost.md and docs/scale.md are computed from")
	set := flags.String("set", "", "variables for our functions, as in GOGC=400,GOMAXPROCS=1, to try something out")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	b := &bench{
		binaries: *binaries, arm64: *arm64, rounds: 15, events: 300, counted: 50, many: 10_000, folder: folder, record: *record,
		table: &table{out: out}, set: map[string]string{},
	}
	for _, variable := range strings.FieldsFunc(*set, func(r rune) bool { return r == ',' }) {
		name, value, _ := strings.Cut(variable, "=")
		b.set[name] = value
	}
	if *quick {
		b.rounds, b.events, b.counted, b.many = 5, 60, 15, 2000
	}
	began := time.Now()
	for _, m := range []struct {
		name    string
		measure func(context.Context) error
	}{
		{"size", b.size}, {"start", b.start}, {"share", b.share}, {"distance", b.distance}, {"warm", b.warm}, {"instructions", b.instructions},
		{"batch", b.batch}, {"many", b.manyMessages}, {"duplicate", b.duplicate}, {"webhook", b.webhook}, {"billed", b.billed},
	} {
		if !strings.Contains(m.name, *only) {
			continue
		}
		fmt.Fprintf(out, "%s …\n", m.name)
		if err := m.measure(ctx); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	fmt.Fprintf(out, "\nMeasured in %s.\n\n", time.Since(began).Round(time.Second))
	return b.table.write()
}

// variants returns those named, in the order given.
func (b *bench) variants(names ...string) []variant {
	var all []variant
	for _, name := range names {
		v := variant{name: name, bootstrap: filepath.Join(b.binaries, name, "bootstrap")}
		if name == togetherName {
			v.bootstrap = filepath.Join(b.binaries, plainName, "bootstrap")
			v.environment = map[string]string{"PLAIN_TOGETHER": "true"}
		}
		if name == oursName {
			v.environment = b.set
		}
		all = append(all, v)
	}
	return all
}
