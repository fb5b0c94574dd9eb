package telemetrytest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/telemetry/telemetrytest"
)

const line = `{"message":"m","stack":"demo","door":"sqs","code":"conflict","sourceGroup":"calcom","Failed":1,"_aws":{"Timestamp":1,"CloudWatchMetrics":` +
	`[{"Namespace":"VideoSDKEndSession","Dimensions":[["stack"],["stack","door","sourceGroup"],["stack","door","code"]],` +
	`"Metrics":[{"Name":"Failed","Unit":"Count"}]}]}}`

func TestMetrics(t *testing.T) {
	got, err := telemetrytest.Metrics([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{
		"Failed{stack=demo}": 1, "Failed{door=sqs,sourceGroup=calcom,stack=demo}": 1, "Failed{code=conflict,door=sqs,stack=demo}": 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	if got, err := telemetrytest.Metrics([]byte(`{"message":"m","Failed":1}`)); len(got) != 0 || err != nil {
		t.Errorf("without metadata: %v, %v; want no metrics", got, err)
	}
}

func TestWhatCloudWatchWouldNotReadIsRefused(t *testing.T) {
	tests := []struct{ name, old, new string }{
		{"not JSON", `{"message"`, `panic: {"message"`},
		{"something after it", `]}}`, `]}} done`},
		{"no timestamp", `"Timestamp":1,`, ``},
		{"a timestamp in text", `"Timestamp":1`, `"Timestamp":"1"`},
		{"no directives", `"CloudWatchMetrics":`, `"Metrics":`},
		{"metadata below the root", `"_aws":`, `"g":{"_aws":{}},"_aws":{},"x":`},
		{"an unknown member of the metadata", `"Timestamp":1`, `"Timestamp":1,"Note":2`},
		{"no dimension set", `[["stack"],["stack","door","sourceGroup"],["stack","door","code"]]`, `[]`},
		{"an unknown unit", `"Count"`, `"Pieces"`},
		{"another unit", `"Count"`, `"Seconds"`},
		{"another namespace", `"VideoSDKEndSession"`, `"Other"`},
		{"another metric", `"Failed"`, `"Fallen"`},
		{"a dimension too many", `["stack"],`, `["stack"],["stack","message"],`},
		{"a set too few", `["stack"],`, ``},
		{"no value", `"Failed":1,`, ``},
		{"a value in text", `"Failed":1`, `"Failed":"1"`},
		{"no value of a dimension", `"door":"sqs",`, ``},
		{"a number for a dimension", `"door":"sqs"`, `"door":1`},
		{"an empty dimension", `"stack":"demo"`, `"stack":""`},
		{"a blank dimension", `"stack":"demo"`, `"stack":" "`},
		{"a dimension beyond ASCII", `"stack":"demo"`, `"stack":"dämo"`},
		{"an endless dimension", `"stack":"demo"`, `"stack":"` + strings.Repeat("x", 1025) + `"`},
		{"an unknown door", `"door":"sqs"`, `"door":"sqs2"`},
		{"an unknown source", `"sourceGroup":"calcom"`, `"sourceGroup":"my-lms"`},
		{"an unknown code", `"code":"conflict"`, `"code":"room abcd-efgh-ijkl"`},
		{"a metric twice", `{"Name":"Failed","Unit":"Count"}`, `{"Name":"Failed","Unit":"Count"},{"Name":"Failed","Unit":"Count"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			broken := strings.Replace(line, tt.old, tt.new, 1)
			if broken == line {
				t.Fatal("nothing is broken")
			}
			if got, err := telemetrytest.Metrics([]byte(broken)); err == nil {
				t.Errorf("read %v from %s", got, broken)
			}
		})
	}
}
