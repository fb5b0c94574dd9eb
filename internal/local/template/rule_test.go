package template

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRuleOfANamedBus(t *testing.T) {
	read, err := Parse([]byte(`
Resources:
  Failed: { Type: AWS::SQS::Queue }
  Work: { Type: AWS::Serverless::Function, Properties: { Runtime: provided.al2023, FunctionName: work } }
  Rule:
    Type: AWS::Events::Rule
    Properties:
      Name: bookings
      EventBusName: arn:aws:events:eu-central-1:123456789012:event-bus/school
      EventPattern: { detail: { n: [{ numeric: [">", 0] }] } }
      Targets: [{ Id: work, Arn: !GetAtt Work.Arn, RetryPolicy: { MaximumRetryAttempts: 0 } }]
  May:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: work
      Principal: events.amazonaws.com
      SourceArn: !GetAtt Rule.Arn
`), testStack, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []Rule{{
		LogicalID: "Rule",
		Name:      "bookings",
		ARN:       "arn:aws:events:eu-central-1:123456789012:rule/school/bookings",
		Bus:       "school",
		Pattern:   `{"detail":{"n":[{"numeric":["\u003e",0]}]}}`,
		Retry:     RetryPolicy{MaximumAge: 24 * time.Hour},
	}}
	if diff := cmp.Diff(want, read.Functions[0].Rules); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
}

func TestARuleForAQueueOrATopicIsAForward(t *testing.T) {
	read, err := Parse([]byte(`
Resources:
  Failed: { Type: AWS::SQS::Queue }
  Jobs: { Type: AWS::SQS::Queue }
  News: { Type: AWS::SNS::Topic }
  ToQueue:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: school
      EventPattern: { source: [a] }
      Targets: [{ Id: jobs, Arn: !GetAtt Jobs.Arn, DeadLetterConfig: { Arn: !GetAtt Failed.Arn } }]
  ToTopic:
    Type: AWS::Events::Rule
    Properties: { EventPattern: { source: [b] }, Targets: [{ Id: news, Arn: !Ref News }] }
`), testStack, nil)
	if err != nil {
		t.Fatal(err)
	}
	retry := RetryPolicy{MaximumAge: 24 * time.Hour, Retries: 185}
	want := []Forward{
		{Queue: "Jobs", Rule: Rule{
			LogicalID: "ToQueue", Name: "demo-ToQueue", ARN: "arn:aws:events:eu-central-1:123456789012:rule/school/demo-ToQueue", Bus: "school",
			Pattern: `{"source":["a"]}`, Retry: retry, DeadLetterQueue: "Failed",
		}},
		{Topic: "News", Rule: Rule{
			LogicalID: "ToTopic", Name: "demo-ToTopic", ARN: "arn:aws:events:eu-central-1:123456789012:rule/demo-ToTopic", Bus: "default",
			Pattern: `{"source":["b"]}`, Retry: retry,
		}},
	}
	if diff := cmp.Diff(want, read.Forwards); diff != "" {
		t.Errorf("forwards (-want +got):\n%s", diff)
	}
}

func TestEventSourceMappingBelongsToItsFunction(t *testing.T) {
	read, err := Parse([]byte(`
Resources:
  Jobs: { Type: AWS::SQS::Queue }
  More: { Type: AWS::SQS::Queue }
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Events: { Jobs: { Type: SQS, Properties: { Queue: !GetAtt Jobs.Arn } } }
  Extra:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt More.Arn
      FunctionName: !Ref Work
      BatchSize: 5
      FunctionResponseTypes: [ReportBatchItemFailures]
      ScalingConfig: { MaximumConcurrency: 3 }
      FilterCriteria: { Filters: [{ Pattern: '{"body":{"kind":["a"]}}' }] }
`), testStack, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []QueueSource{
		{Queue: "Jobs", BatchSize: 10},
		{Queue: "More", BatchSize: 5, MaximumConcurrency: 3, ReportBatchItemFailures: true, Patterns: []string{`{"body":{"kind":["a"]}}`}},
	}
	if diff := cmp.Diff(want, read.Functions[0].Queues); diff != "" {
		t.Errorf("event sources (-want +got):\n%s", diff)
	}
}

func TestAsyncInvocation(t *testing.T) {
	read, err := Parse([]byte(`
Resources:
  Failed: { Type: AWS::SQS::Queue }
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      EventInvokeConfig: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 }
      DeadLetterQueue: { Type: SQS, TargetArn: !GetAtt Failed.Arn }
`), testStack, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := AsyncInvocation{MaximumAge: time.Minute, DeadLetterQueue: "Failed", RetryWait: time.Minute, ThrottleWait: time.Second}
	if diff := cmp.Diff(want, read.Functions[0].Async); diff != "" {
		t.Errorf("asynchronous invocation (-want +got):\n%s", diff)
	}
}

func TestProjectRulePatternIsConfigurable(t *testing.T) {
	function, ok := readProject(t, map[string]string{
		"TriggerBusName":      "school",
		"TriggerEventSources": "lms.classes, booking",
		"TriggerDetailTypes":  "Class Deleted,Booking Cancelled",
	}).Function("EventBridgeFunction")
	if !ok || len(function.Rules) != 1 {
		t.Fatalf("EventBridgeFunction has the rules %+v, want one", function.Rules)
	}
	got := function.Rules[0]
	if want := `{"detail-type":["Class Deleted","Booking Cancelled"],"source":["lms.classes","booking"]}`; got.Pattern != want {
		t.Errorf("pattern %s, want %s", got.Pattern, want)
	}
	if want := "arn:aws:events:eu-central-1:123456789012:rule/school/demo-TriggerRule"; got.Bus != "school" || got.ARN != want {
		t.Errorf("bus %s, ARN %s, want school, %s", got.Bus, got.ARN, want)
	}
}

func TestProjectRuleNeverMatchesThePublishedOutcomes(t *testing.T) {
	source, err := os.ReadFile(projectTemplate)
	if err != nil {
		t.Fatal(err)
	}
	for _, sources := range []string{"videosdk.end-session", "videosdk.trigger,videosdk.end-session", "videosdk.trigger, videosdk.end-session "} {
		_, err := Parse(source, testStack, map[string]string{"VideoSdkSecretId": "videosdk", "TriggerEventSources": sources})
		if err == nil || !strings.Contains(err.Error(), `Parameters.TriggerEventSources`) {
			t.Errorf("%q: error %v", sources, err)
		}
	}
	// What only looks like it is somebody else's.
	readProject(t, map[string]string{"TriggerEventSources": "videosdk.end-session-tests"})
}
