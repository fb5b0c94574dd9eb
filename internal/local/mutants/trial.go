package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// patience is how long one test binary may run.
const patience = 90 * time.Second

// trial runs tests against mutations.
type trial struct {
	root   string // of the module
	folder string // for files in between
	seeds  int
}

// verdict is what the tests say about a mutation: what has failed first, or nothing.
type verdict struct {
	simulated  bool // the simulation has a part in what is broken
	simulation string
	unit       string
	err        error // the mutation could not be tried
}

// caught says by which tests a mutation was caught, or nothing. Of the use case and the ledger the simulation alone is the proof, and the
// others only tell more.
func (v verdict) caught() string {
	switch {
	case v.err != nil:
		return ""
	case v.simulation != "" && v.unit != "":
		return fmt.Sprintf("caught by the simulation (%s) and %s", v.simulation, v.unit)
	case v.simulation != "":
		return fmt.Sprintf("caught by the simulation alone (%s)", v.simulation)
	case v.unit != "" && v.simulated:
		return "caught by " + v.unit + " only"
	case v.unit != "":
		return "caught by " + v.unit
	default:
		return ""
	}
}

// suite is a package's tests, or some of them.
type suite struct {
	folder    string // of the package, from the module's root
	run       string
	arguments []string
}

// simulation is that of the use case with its ledger.
func (t trial) simulation() suite {
	return suite{folder: "internal/local/simulation", run: "^TestPromises$", arguments: []string{fmt.Sprintf("-seeds=%d", t.seeds)}}
}

// unit are the tests of the package of a file. Those that need a local AWS are left out.
func unit(file string) suite {
	folder := path.Dir(file)
	switch {
	case folder+"/" == ledger:
		return suite{folder: folder, run: "^TestMemory$"}
	case folder+"/" == triggerQueue:
		return suite{folder: folder, run: "^TestWhatIsSent$"}
	default:
		return suite{folder: strings.TrimSuffix(folder, "/sources"), run: "."}
	}
}

// try runs the tests against a mutation: those of its package, and of the use case and the ledger the simulation.
func (t trial) try(ctx context.Context, number int, m mutation) verdict {
	overlay, err := t.overlay(number, &m)
	if err != nil {
		return verdict{err: err}
	}
	v := verdict{simulated: m.isSimulated()}
	if v.simulated {
		if v.simulation, v.err = t.test(ctx, overlay, t.simulation()); v.err != nil {
			return v
		}
	}
	v.unit, v.err = t.test(ctx, overlay, unit(m.file))
	return v
}

// pass runs all the tests that mutations are tried with against the code as it is, which must pass them.
func (t trial) pass(ctx context.Context, tried []mutation) error {
	overlay, err := t.overlay(0, nil)
	if err != nil {
		return err
	}
	suites := map[string]suite{}
	for _, m := range tried {
		s := unit(m.file)
		suites[s.folder] = s
		if m.isSimulated() {
			suites["simulation"] = t.simulation()
		}
	}
	for _, name := range slices.Sorted(maps.Keys(suites)) {
		failed, err := t.test(ctx, overlay, suites[name])
		if err == nil && failed != "" {
			err = errors.New(failed)
		}
		if err != nil {
			return fmt.Errorf("the code fails as it is: %w", err)
		}
	}
	return nil
}

// overlay writes the mutated file and the list that tells the compiler to take it, and returns the latter's name.
func (t trial) overlay(number int, m *mutation) (string, error) {
	replace := map[string]string{}
	if m != nil {
		text, err := m.apply(t.root)
		if err != nil {
			return "", err
		}
		mutated := filepath.Join(t.folder, fmt.Sprintf("%d.go", number))
		if err := os.WriteFile(mutated, text, 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(t.root, filepath.FromSlash(m.file))] = mutated
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	name := filepath.Join(t.folder, fmt.Sprintf("%d.json", number))
	return name, os.WriteFile(name, list, 0o600)
}

// firstFailure finds the seed or the test that has failed first in the output of a test binary.
var firstFailure = regexp.MustCompile(`seed \d+ breaks promises|(?m)^\s*--- FAIL: \S+|panic: .*`)

// test compiles the suite's tests and runs them. It returns what has failed first, or nothing.
func (t trial) test(ctx context.Context, overlay string, s suite) (string, error) {
	binary := strings.TrimSuffix(overlay, ".json") + filepath.Base(s.folder) + ".test"
	defer func() { _ = os.Remove(binary) }()
	compile := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", binary, "./"+s.folder)
	compile.Dir = t.root
	if output, err := compile.CombinedOutput(); err != nil {
		return "", fmt.Errorf("does not compile: %w: %s", err, bytes.TrimSpace(output))
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	test := exec.CommandContext(ctx, binary, append([]string{"-test.failfast", "-test.run=" + s.run, fmt.Sprintf("-test.timeout=%s", patience)}, s.arguments...)...)
	test.Dir = filepath.Join(t.root, filepath.FromSlash(s.folder))
	output, err := test.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return "", nil
	case ctx.Err() != nil || !errors.As(err, &exit):
		return "", fmt.Errorf("run the tests of %s: %w", s.folder, err)
	}
	return shortened(string(output), s), nil
}

// shortened names what has failed first: a broken promise, or else a test.
func shortened(output string, s suite) string {
	if _, broken, found := strings.Cut(output, "broken:\n"); found {
		line, _, _ := strings.Cut(strings.TrimSpace(broken), "\n")
		return strings.TrimPrefix(strings.TrimSpace(line), "- ")
	}
	failure := firstFailure.FindString(output)
	if failure == "" {
		failure = "tests of " + s.folder
	}
	return strings.TrimPrefix(strings.TrimSpace(failure), "--- FAIL: ")
}
