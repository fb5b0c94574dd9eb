package stack_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"videosdk-end-session/internal/local/samples"
	"videosdk-end-session/internal/local/stack"
	"videosdk-end-session/internal/local/standin"
)

func loadSamples(t *testing.T) []samples.Sample {
	t.Helper()
	all, err := samples.Load(filepath.Join(root, "events"))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no samples")
	}
	return all
}

func arrange(t *testing.T, on *stack.Stack, s samples.Sample) {
	t.Helper()
	if err := samples.Arrange(on.Standin, s); err != nil {
		t.Fatal(err)
	}
}

func TestEverySampleEndsAsExpectedThroughItsDoor(t *testing.T) {
	local := start(t, standin.Options{}, nil)
	for _, s := range loadSamples(t) {
		t.Run(s.String(), func(t *testing.T) {
			arrange(t, local, s)
			got, err := samples.Send(t.Context(), local, s)
			if err != nil {
				t.Fatal(err)
			}
			for _, difference := range s.Differences(got) {
				t.Error(difference)
			}
		})
	}
}

func TestEverySampleIsAConsoleTestEvent(t *testing.T) {
	local := start(t, standin.Options{Shape: standin.Live}, nil)
	for _, s := range loadSamples(t) {
		t.Run(s.String(), func(t *testing.T) {
			arrange(t, local, s)
			before, err := local.Published(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			response, err := local.Invoke(t.Context(), s.Function(), s.Payload)
			if err != nil {
				t.Fatal(err)
			}
			if wantError := s.Shape == "direct" && s.Expect.Outcome == ""; (response.FunctionError != "") != wantError {
				t.Fatalf("function error %q: %s", response.FunctionError, response.Payload)
			}
			after, err := local.Published(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if s.Expect.Outcome == "" {
				if len(after) != len(before) {
					t.Error("something was published")
				}
				return
			}
			if len(after) != len(before)+1 {
				t.Fatalf("%d events were published, want 1", len(after)-len(before))
			}
			var o outcome
			if err := json.Unmarshal(after[len(before)].Detail, &o); err != nil || o.Outcome != s.Expect.Outcome {
				t.Errorf("outcome = %q, %v; want %q", o.Outcome, err, s.Expect.Outcome)
			}
			if want := console[s.Function()]; want != "" && string(response.Payload) != want {
				t.Errorf("the console shows %s, want %s", response.Payload, want)
			}
		})
	}
}

// console is what the console shows of an outcome, where that isn't the outcome itself.
var console = map[string]string{
	"SqsFunction":         `{"batchItemFailures":[]}`,
	"EventBridgeFunction": `{"settled":1,"handedOn":0,"ignored":0}`,
}
