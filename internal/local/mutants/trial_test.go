package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWhatHasFailedFirst(t *testing.T) {
	tests := []struct{ name, output, want string }{
		{
			"a broken promise", "--- FAIL: TestPromises (0.1s)\n    x_test.go:1: seed 7 breaks promises\n\n        broken:\n        - t1: was lost\n        - t2: too\n",
			"t1: was lost",
		},
		{"a test", "ok\n--- FAIL: TestEnd (0.00s)\n    --- FAIL: TestEnd/sub (0.00s)\n", "TestEnd"},
		{"a panic", "panic: deadlock: main bubble goroutine has exited\n\ngoroutine 1", "panic: deadlock: main bubble goroutine has exited"},
		{"nothing that is known", "exit status 2", "tests of internal/x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := shortened(tt.output, suite{folder: "internal/x"}); got != tt.want {
				t.Errorf("shortened() = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestOnlyWhatFailedIsCaught(t *testing.T) {
	tests := []struct {
		name    string
		verdict verdict
		want    string
	}{
		{"nothing failed", verdict{}, ""},
		{"the simulation failed", verdict{simulation: "x"}, "caught by the simulation alone (x)"},
		{"both failed", verdict{simulation: "x", unit: "TestEnd"}, "caught by the simulation (x) and TestEnd"},
		{"a unit test failed", verdict{simulated: true, unit: "TestEnd"}, "caught by TestEnd only"},
		{"a unit test failed, and there is nothing to simulate", verdict{unit: "TestEnd"}, "caught by TestEnd"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.verdict.caught(); got != tt.want {
				t.Errorf("caught() = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAMutationIsTriedWithTheTestsOfItsPackage(t *testing.T) {
	for file, want := range map[string]suite{
		"internal/endsession/claim.go":         {folder: "internal/endsession", run: "."},
		"internal/ledger/ledger.go":            {folder: "internal/ledger", run: "^TestMemory$"},
		"internal/queue/queue.go":              {folder: "internal/queue", run: "^TestWhatIsSent$"},
		"internal/webhook/source.go":           {folder: "internal/webhook", run: "."},
		"internal/webhook/sources/calcom.json": {folder: "internal/webhook", run: "."},
		"functions/sqs/handler.go":             {folder: "functions/sqs", run: "."},
	} {
		if got := unit(file); got.folder != want.folder || got.run != want.run {
			t.Errorf("%s is tried with %+v, want %+v", file, got, want)
		}
	}
	for _, m := range mutations {
		if _, err := os.Stat(filepath.Join("..", "..", "..", unit(m.file).folder)); err != nil {
			t.Error(err)
		}
	}
}
