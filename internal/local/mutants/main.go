// Command mutants proves that the tests bite. It breaks the use case, the ledger and what is made of webhooks in one place after the other,
// by a committed list of small mutations, and runs the unit tests of the broken package against each, and of the use case and the ledger
// the simulation. Every mutation has to be caught.
//
//	mutants [-seeds N] [-only text]
//
// It leaves the working copy alone: the compiler gets the broken file as an overlay. It exits 1 if a mutation survives, does not apply or
// does not compile, or if the tests fail without any.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string, out io.Writer) error {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	seeds := flags.Int("seeds", 1500, "how many seeds the simulation runs for each mutation")
	only := flags.String("only", "", "try only the mutations whose name holds this")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	t := trial{root: root, folder: folder, seeds: *seeds}

	chosen := slices.DeleteFunc(slices.Clone(mutations), func(m mutation) bool { return !strings.Contains(m.name, *only) })
	started := time.Now()
	fmt.Fprintf(out, "Trying %d mutations, those of the use case with %d seeds of the simulation (this takes some minutes) …\n", len(chosen), *seeds)
	if err := t.pass(ctx, chosen); err != nil {
		return err
	}
	verdicts := t.all(ctx, chosen)
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("given up: %w", err)
	}
	var bad int
	for i, v := range verdicts {
		caught := v.caught()
		if caught == "" {
			bad++
			caught = "NOT CAUGHT"
			if v.err != nil {
				caught = "NOT TRIED: " + v.err.Error()
			}
		}
		fmt.Fprintf(out, "%-60s %s\n", chosen[i].name, caught)
	}
	fmt.Fprintf(out, "%d of %d mutations caught in %s\n", len(chosen)-bad, len(chosen), time.Since(started).Round(time.Second))
	if bad > 0 {
		return fmt.Errorf("%d of %d mutations were not caught", bad, len(chosen))
	}
	return nil
}

func moduleRoot(ctx context.Context) (string, error) {
	mod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(mod))), nil
}

// all tries mutations, some at a time, and returns the verdicts in their order.
func (t trial) all(ctx context.Context, chosen []mutation) []verdict {
	verdicts := make([]verdict, len(chosen))
	free := make(chan struct{}, runtime.NumCPU())
	var wg sync.WaitGroup
	for i, m := range chosen {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			verdicts[i] = t.try(ctx, i+1, m)
		})
	}
	wg.Wait()
	return verdicts
}
