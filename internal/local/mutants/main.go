// Command mutants proves that the tests bite. It breaks the use case and the ledger in one place after the other, by a committed list of
// small mutations, and runs the simulation and the unit tests of the broken package against each. Every mutation has to be caught.
//
//	mutants [-seeds N] [-only text]
//
// It leaves the working copy alone: the compiler gets the broken file as an overlay. It exits 1 if a mutation survives, does not apply or
// does not compile, or if the tests fail without any.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
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

	started := time.Now()
	fmt.Fprintf(out, "Trying %d mutations, each with %d seeds of the simulation (this takes a few minutes) …\n", len(mutations), *seeds)
	if v := t.try(ctx, 0, nil); v.err != nil || v.simulation != "" || v.unit != "" {
		return fmt.Errorf("the code fails as it is: %w", errors.Join(v.err, errors.New(v.simulation+" "+v.unit)))
	}
	verdicts := t.all(ctx, *only)
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("given up: %w", err)
	}
	var bad, tried int
	for i, v := range verdicts {
		if v == nil {
			continue
		}
		tried++
		caught := v.caught()
		if caught == "" {
			bad++
			caught = "NOT CAUGHT"
			if v.err != nil {
				caught = "NOT TRIED: " + v.err.Error()
			}
		}
		fmt.Fprintf(out, "%-60s %s\n", mutations[i].name, caught)
	}
	fmt.Fprintf(out, "%d of %d mutations caught in %s\n", tried-bad, tried, time.Since(started).Round(time.Second))
	if bad > 0 {
		return fmt.Errorf("%d of %d mutations were not caught", bad, tried)
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

// all tries the mutations whose name holds the text, some at a time, and returns the verdicts in their order, nil for the others.
func (t trial) all(ctx context.Context, only string) []*verdict {
	verdicts := make([]*verdict, len(mutations))
	free := make(chan struct{}, runtime.NumCPU())
	var wg sync.WaitGroup
	for i, m := range mutations {
		if !strings.Contains(m.name, only) {
			continue
		}
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			v := t.try(ctx, i+1, &m)
			verdicts[i] = &v
		})
	}
	wg.Wait()
	return verdicts
}
