package cloud_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventbridgetypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"videosdk-end-session/internal/local/cloud"
	"videosdk-end-session/internal/local/moto"
	"videosdk-end-session/internal/local/moto/mototest"
	"videosdk-end-session/internal/local/template"
)

// matched returns the events in the queue of the project's rule.
func matched(t *testing.T, provisioned *cloud.Cloud) []cloud.Envelope {
	t.Helper()
	received, err := sqs.NewFromConfig(provisioned.SDKConfig()).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: aws.String(provisioned.RuleQueueURL("TriggerRule")), MaxNumberOfMessages: 10,
	})
	if err != nil {
		t.Fatal(err)
	}
	var events []cloud.Envelope
	for _, message := range received.Messages {
		var event cloud.Envelope
		if err := json.Unmarshal([]byte(aws.ToString(message.Body)), &event); err != nil {
			t.Fatal(err)
		}
		events = append(events, event)
	}
	return events
}

func TestTheRuleMatchesTriggersOnly(t *testing.T) {
	provisioned := provisionProject(t)
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	var id string
	for _, event := range []cloud.Event{
		{Bus: "default", Source: "videosdk.trigger", DetailType: "Something Else", Detail: []byte(`{"n":1}`)},
		{Bus: "default", Source: "somebody.else", DetailType: "End Session", Detail: []byte(`{"n":2}`)},
		{Bus: "default", Source: "videosdk.end-session", DetailType: "Session End Succeeded", Detail: []byte(`{"n":3}`)},
		{Bus: "demo-outcomes", Source: "videosdk.trigger", DetailType: "End Session", Detail: []byte(`{"n":4}`)},
		{Bus: "default", Source: "videosdk.trigger", DetailType: "End Session", Detail: []byte(`{"n":5}`), Time: at},
	} {
		var err error
		if id, err = provisioned.PutEvent(t.Context(), event); err != nil {
			t.Fatal(err)
		}
	}
	want := []cloud.Envelope{{
		ID: id, Source: "videosdk.trigger", DetailType: "End Session", Time: at, Region: "eu-central-1", Detail: []byte(`{"n": 5}`),
	}}
	if diff := cmp.Diff(want, matched(t, provisioned)); diff != "" {
		t.Errorf("matched (-want +got):\n%s", diff)
	}
}

func TestTheRuleOnABusOfItsOwn(t *testing.T) {
	stack := stackAt(mototest.Start(t, moto.Config{}).URL())
	read, err := template.Read(filepath.Join("..", "..", "..", "template.yaml"), stack, map[string]string{
		"VideoSdkSecretId": secretName, "TriggerBusName": "school", "TriggerEventSources": "lms",
	})
	if err != nil {
		t.Fatal(err)
	}
	provisioned := provision(t, read)
	for _, bus := range []string{"default", "school"} {
		_, err := provisioned.PutEvent(t.Context(), cloud.Event{Bus: bus, Source: "lms", DetailType: "End Session", Detail: []byte(`{}`)})
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := matched(t, provisioned); len(got) != 1 {
		t.Errorf("%d events matched, want the one on the bus of the rule", len(got))
	}
}

func TestTheRuleHasItsRetryPolicyAndDeadLetterQueue(t *testing.T) {
	listed, err := eventbridge.NewFromConfig(provisionProject(t).SDKConfig()).ListTargetsByRule(t.Context(),
		&eventbridge.ListTargetsByRuleInput{Rule: aws.String("demo-TriggerRule")})
	if err != nil {
		t.Fatal(err)
	}
	want := []eventbridgetypes.Target{{
		Id:  aws.String("target"),
		Arn: aws.String("arn:aws:sqs:eu-central-1:123456789012:demo-rule-TriggerRule"),
		RetryPolicy: &eventbridgetypes.RetryPolicy{
			MaximumEventAgeInSeconds: aws.Int32(86400),
			MaximumRetryAttempts:     aws.Int32(185),
		},
		DeadLetterConfig: &eventbridgetypes.DeadLetterConfig{Arn: aws.String("arn:aws:sqs:eu-central-1:123456789012:demo-DeadLetterQueue")},
	}}
	unexported := cmpopts.IgnoreUnexported(eventbridgetypes.Target{}, eventbridgetypes.RetryPolicy{}, eventbridgetypes.DeadLetterConfig{})
	if diff := cmp.Diff(want, listed.Targets, unexported); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
}

func TestPutEventSaysWhatIsWrong(t *testing.T) {
	provisioned := provisionProject(t)
	tests := []struct {
		name  string
		event cloud.Event
	}{
		{"no such bus", cloud.Event{Bus: "nowhere", Source: "s", DetailType: "d", Detail: []byte(`{}`)}},
		{"detail that is no JSON", cloud.Event{Bus: "default", Source: "s", DetailType: "d", Detail: []byte(`{`)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if id, err := provisioned.PutEvent(t.Context(), test.event); err == nil {
				t.Errorf("accepted as %s", id)
			}
		})
	}
}

func TestTheOutcomesGoToTheirQueue(t *testing.T) {
	stack := stackAt(mototest.Start(t, moto.Config{}).URL())
	read, err := template.Read(filepath.Join("..", "..", "..", "template.yaml"), stack, map[string]string{
		"VideoSdkSecretId": secretName, "CreateOutcomeQueue": "true",
	})
	if err != nil {
		t.Fatal(err)
	}
	provisioned := provision(t, read)
	for _, source := range []string{"videosdk.end-session", "somebody.else"} {
		if _, err := provisioned.PutEvent(t.Context(), cloud.Event{Bus: "demo-outcomes", Source: source, DetailType: "x", Detail: []byte(`{}`)}); err != nil {
			t.Fatal(err)
		}
	}
	for queue, want := range map[string]int{"OutcomeQueue": 1, "OutcomeDeadLetterQueue": 0} {
		depth, err := provisioned.QueueDepth(t.Context(), queue)
		if err != nil {
			t.Fatal(err)
		}
		if depth.Total() != want {
			t.Errorf("%s holds %d messages, want %d", queue, depth.Total(), want)
		}
	}
}

func TestARuleForATopicIsRefused(t *testing.T) {
	read, err := template.Parse([]byte(`
Resources:
  News: { Type: AWS::SNS::Topic }
  Rule: { Type: AWS::Events::Rule, Properties: { EventPattern: { source: [a] }, Targets: [{ Id: news, Arn: !Ref News }] } }
`), stackAt(mototest.Start(t, moto.Config{}).URL()), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = cloud.Provision(t.Context(), cloud.Config{Template: read, SecretName: secretName, SecretValue: secretValue})
	if err == nil || !strings.Contains(err.Error(), "moto does not pass events on to a topic") {
		t.Errorf("error %v", err)
	}
}
