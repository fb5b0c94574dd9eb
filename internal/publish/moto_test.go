package publish_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/awsjson"
	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/local/cloud"
	"videosdk-end-session/internal/local/moto"
	"videosdk-end-session/internal/local/moto/mototest"
	"videosdk-end-session/internal/local/template"
	"videosdk-end-session/internal/publish"
	"videosdk-end-session/internal/schematest"
)

const busTemplate = `
Resources:
  OutcomeBus:
    Type: AWS::Events::EventBus
    Properties: { Name: outcomes }
`

// delivered is an event as a rule's target gets it.
type delivered struct {
	Source, DetailType string
	Time               time.Time
	Detail             any
}

func TestEventsArriveThroughARuleOfTheBus(t *testing.T) {
	stack := template.Stack{
		Name: "publish", AccountID: moto.AccountID, Region: "eu-central-1", Endpoint: mototest.Start(t, moto.Config{}).URL(),
	}
	read, err := template.Parse([]byte(busTemplate), stack, nil)
	if err != nil {
		t.Fatal(err)
	}
	aws, err := cloud.Provision(t.Context(), cloud.Config{Template: read, SecretName: "videosdk", SecretValue: "{}"})
	if err != nil {
		t.Fatal(err)
	}
	bus, err := awsjson.New(awsjson.EventBridge, aws.SDKConfig(), awsjson.Clock{
		Now: time.Now, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	if err != nil {
		t.Fatal(err)
	}
	outbox := &publish.EventBridge{Events: bus, Bus: "outcomes"}
	recorded := recordedAt.Truncate(time.Second) // an event's time has whole seconds
	var events []endsession.Event
	want := map[string]delivered{}
	for i, r := range append(reports(), crowd(10_000)) {
		detail := detailOf(t, r, false)
		event := endsession.Event{Outcome: r.Outcome, Detail: detail, Time: recorded.Add(time.Duration(i) * time.Second), Trace: r.Request.Trace}
		events = append(events, event)
		want[event.Time.String()] = delivered{"videosdk.end-session", publish.DetailType(r.Outcome), event.Time, schematest.Decode(t, detail)}
	}
	wantAllTaken(t, outbox.Publish(t.Context(), events), len(events))

	got := map[string]delivered{}
	for _, envelope := range await(t, aws, len(events)) {
		at := envelope.Time.UTC()
		got[at.String()] = delivered{envelope.Source, envelope.DetailType, at, schematest.Decode(t, envelope.Detail)}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-published +delivered):\n%.4000s", diff)
	}
}

// await reads the outcomes until there are n.
func await(t *testing.T, aws *cloud.Cloud, n int) []cloud.Envelope {
	t.Helper()
	var all []cloud.Envelope
	for deadline := time.Now().Add(30 * time.Second); len(all) < n; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d events arrived", len(all), n)
		}
		some, err := aws.Outcomes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, some...)
	}
	return all
}
