package telemetry_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/telemetry"
	"videosdk-end-session/internal/telemetry/telemetrytest"
)

// metrics returns the metrics of a line, as CloudWatch reads it.
func metrics(t *testing.T, line string) map[string]float64 {
	t.Helper()
	all, err := telemetrytest.Metrics([]byte(line))
	if err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return all
}

var dimensionValue = regexp.MustCompile(`=[^,}]*`)

func TestEmittedListsWhatLinesHold(t *testing.T) {
	written := map[string]bool{}
	for _, l := range lines {
		log, out := setup(t, l.level)
		l.write(invocation(t, "r1"), log)
		for metric := range metrics(t, out.lines(t)[0]) {
			written[dimensionValue.ReplaceAllString(metric, "")] = true
		}
	}
	listed := map[string]bool{}
	for _, m := range telemetry.Emitted {
		for _, set := range m.Dimensions {
			listed[m.Name+"{"+strings.Join(slices.Sorted(slices.Values(set)), ",")+"}"] = true
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(listed)), slices.Sorted(maps.Keys(written))); diff != "" {
		t.Errorf("metrics (-listed +written):\n%s", diff)
	}
}

// What is billed by the metric must not grow with what is sent.
func TestAThousandSourcesMakeNoMetricOfTheirOwn(t *testing.T) {
	log, out := setup(t, slog.LevelInfo)
	ctx := invocation(t, "r1")
	triggers, webhooks := telemetry.Triggers{Log: log, Door: "sqs"}, telemetry.Webhooks{Log: log, Door: "webhook"}
	seen := map[string]bool{}
	var first int
	for i := range 1000 {
		own := fmt.Sprintf("source-%d\x00\n{=,}ü", i)
		r := result(func(r *endsession.Result) {
			r.Key, r.RoomID, r.SessionID = fmt.Sprint(i), own, own
			r.Request.Source, r.Request.ID, r.Request.Reason, r.Request.Force, r.Request.Trace = own, own, own, own, "Root="+own
			r.Failure = &endsession.Error{Code: endsession.CodeVideoSDKRejected, Message: own, VendorCode: own, RequestID: own, HTTPStatus: i}
		})
		malformed := &endsession.Error{Code: endsession.CodeInvalidRequest, Class: endsession.Permanent, Message: own}
		away := &endsession.Error{Code: endsession.CodeQueueUnavailable, Message: own}
		triggers.Attempted(ctx, r)
		triggers.Rejected(ctx, r.Request, malformed)
		webhooks.Accepted(ctx, own, r.Request, time.Duration(i)*time.Second)
		webhooks.Ignored(ctx, own, own)
		webhooks.Refused(ctx, own, unsigned(own))
		webhooks.Failed(ctx, own, malformed)
		webhooks.Failed(ctx, own, away)
		for _, line := range out.lines(t) {
			for metric := range metrics(t, line) {
				seen[metric] = true
			}
		}
		if i == 0 {
			first = len(seen)
		}
	}
	if first == 0 || len(seen) != first {
		t.Errorf("%d metrics after one source, %d after a thousand: %q", first, len(seen), slices.Sorted(maps.Keys(seen)))
	}
}

// The lists are written out, because this package cannot know the one for webhooks.
func TestEverySourceAndReasonThatIsBuiltInIsKnown(t *testing.T) {
	files, err := filepath.Glob("../webhook/sources/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d sources, %v", len(files), err)
	}
	sources := []string{"direct", "eventbridge", "http", "queue", "sns", "videosdk.trigger"}
	reasons := []string{"after_window", "before_window", "challenge", "own_event"}
	for _, file := range files {
		sources = append(sources, strings.TrimSuffix(filepath.Base(file), ".json"))
		var source struct {
			Profiles []struct{ Skip map[string]any }
		}
		text, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(text, &source)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range source.Profiles {
			reasons = slices.AppendSeq(reasons, maps.Keys(p.Skip))
		}
	}
	for _, file := range []string{"../webhook/source.go", "../webhook/verify.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		constants := regexp.MustCompile(`(?m)^\t(?:signature|reason)\w+ +(?:reason +)?= "(\w+)"`).FindAllStringSubmatch(string(text), -1)
		if len(constants) == 0 {
			t.Errorf("no reasons in %s", file)
		}
		for _, c := range constants {
			reasons = append(reasons, c[1])
		}
	}
	for name, lists := range map[string][2][]string{"sources": {sources, telemetry.Sources()}, "reasons": {reasons, telemetry.Reasons()}} {
		built := slices.Compact(slices.Sorted(slices.Values(lists[0])))
		if diff := cmp.Diff(built, slices.Sorted(slices.Values(lists[1]))); diff != "" {
			t.Errorf("%s (-built in +known):\n%s", name, diff)
		}
	}
}

func TestKnownSourcesAndReasonsHaveMetricsOfTheirOwn(t *testing.T) {
	log, out := setup(t, slog.LevelInfo)
	ctx := invocation(t, "r1")
	for _, source := range telemetry.Sources() {
		telemetry.Triggers{Log: log, Door: "api"}.Attempted(ctx, result(func(r *endsession.Result) { r.Request.Source = source }))
		if want := "Ended{door=api,sourceGroup=" + source + ",stack=demo}"; metrics(t, out.lines(t)[0])[want] != 1 {
			t.Errorf("no metric %s", want)
		}
	}
	for _, reason := range telemetry.Reasons() {
		telemetry.Webhooks{Log: log, Door: "webhook"}.Refused(ctx, "calcom", unsigned(reason))
		if want := "WebhooksRefused{reasonGroup=" + reason + ",stack=demo}"; metrics(t, out.lines(t)[0])[want] != 1 {
			t.Errorf("no metric %s", want)
		}
	}
}

func TestAMetricIsOfTheTimeOfItsLine(t *testing.T) {
	log, out := setup(t, slog.LevelInfo)
	telemetry.Triggers{Log: log, Door: "sqs"}.Attempted(invocation(t, "r1"), result(nil))
	out.mu.Lock()
	defer out.mu.Unlock()
	var line struct {
		Timestamp time.Time                 `json:"timestamp"`
		AWS       struct{ Timestamp int64 } `json:"_aws"`
	}
	if err := json.Unmarshal(out.text.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line.AWS.Timestamp != line.Timestamp.UnixMilli() {
		t.Errorf("metrics of %d in a line of %s", line.AWS.Timestamp, line.Timestamp)
	}
}

func TestMetricsAreWrittenAtEveryLevel(t *testing.T) {
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError, slog.LevelError + 1} {
		log, out := setup(t, level)
		telemetry.Triggers{Log: log, Door: "sqs"}.Attempted(invocation(t, "r1"), result(nil))
		line := out.lines(t)[0]
		if metrics(t, line)["Ended{door=sqs,sourceGroup=calcom,stack=demo}"] != 1 {
			t.Errorf("at %s no metric in %s", level, line)
		}
		if told, want := strings.Contains(line, key), level <= slog.LevelInfo; told != want {
			t.Errorf("at %s the line tells of the trigger: %t, want %t", level, told, want)
		}
	}
}

// A logger that was given fields and groups must not move the metrics: CloudWatch looks for them at the root.
func TestGroupsDoNotHideTheMetrics(t *testing.T) {
	log, out := setup(t, slog.LevelInfo)
	telemetry.Triggers{Log: log.With("a", 1).WithGroup("g"), Door: "sqs"}.Attempted(invocation(t, "r1"), result(nil))
	if line := out.lines(t)[0]; metrics(t, line)["Ended{door=sqs,sourceGroup=calcom,stack=demo}"] != 1 {
		t.Errorf("no metric in %s", line)
	}
}
