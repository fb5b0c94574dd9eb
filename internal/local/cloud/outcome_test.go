package cloud_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventbridgetypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"videosdk-end-session/internal/local/cloud"
)

func publish(t *testing.T, provisioned *cloud.Cloud, entries ...eventbridgetypes.PutEventsRequestEntry) {
	t.Helper()
	put, err := eventbridge.NewFromConfig(provisioned.SDKConfig()).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: entries})
	if err != nil {
		t.Fatal(err)
	}
	if put.FailedEntryCount != 0 {
		t.Fatalf("%d entries failed", put.FailedEntryCount)
	}
}

func entry(source, detail string) eventbridgetypes.PutEventsRequestEntry {
	return eventbridgetypes.PutEventsRequestEntry{
		EventBusName: aws.String("demo-outcomes"),
		Source:       &source,
		DetailType:   aws.String("Session End Succeeded"),
		Detail:       &detail,
	}
}

func TestOutcomesAreWhatTheBusGot(t *testing.T) {
	provisioned := provisionProject(t)
	publish(t, provisioned,
		entry("videosdk.end-session", `{"id":"1"}`),
		entry("somebody.else", `{"id":"2"}`),
	)
	got, err := provisioned.Outcomes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []cloud.Envelope{{
		Source:     "videosdk.end-session",
		DetailType: "Session End Succeeded",
		Region:     "eu-central-1",
		Detail:     []byte(`{"id": "1"}`), // moto writes a blank
	}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(cloud.Envelope{}, "ID", "Time")); diff != "" {
		t.Fatalf("outcomes (-want +got):\n%s", diff)
	}
	if got[0].ID == "" || got[0].Time.IsZero() {
		t.Errorf("the envelope lacks its id or time: %+v", got[0])
	}
	if got, err = provisioned.Outcomes(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("the same outcomes came again: %v, %v", got, err)
	}
}

func TestOutcomesReadsMoreThanOneReceive(t *testing.T) {
	provisioned := provisionProject(t)
	var want []string
	for batch := range 3 {
		var entries []eventbridgetypes.PutEventsRequestEntry
		for i := range 10 {
			detail := fmt.Sprintf(`{"id": "%d-%d"}`, batch, i)
			entries = append(entries, entry("videosdk.end-session", detail))
			want = append(want, detail)
		}
		publish(t, provisioned, entries...)
	}
	outcomes, err := provisioned.Outcomes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, outcome := range outcomes {
		got = append(got, string(outcome.Detail))
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("details (-want +got):\n%s", diff)
	}
}
