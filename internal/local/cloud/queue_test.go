package cloud_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/local/cloud"
)

// Messages are visible again as soon as they were received, so that a test can
// receive them too often without waiting.
const redriveSource = `
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 0
      RedrivePolicy: { deadLetterTargetArn: !GetAtt Failed.Arn, maxReceiveCount: 2 }
  Failed: { Type: AWS::SQS::Queue }
  Ordered: { Type: AWS::SQS::Queue, Properties: { FifoQueue: true } }
`

func TestDeadLettersKeepTheirAttributes(t *testing.T) {
	provisioned := provisionSource(t, redriveSource)
	id, err := provisioned.Send(t.Context(), cloud.Message{Queue: "Jobs", Body: "poison", Attributes: map[string]string{"code": "undecodable", "reason": "no JSON"}})
	if err != nil {
		t.Fatal(err)
	}
	client := sqs.NewFromConfig(provisioned.SDKConfig())
	jobs, err := client.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("demo-Jobs")})
	if err != nil {
		t.Fatal(err)
	}
	for receive, want := range []int{1, 1, 0} {
		received, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: jobs.QueueUrl})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(received.Messages); got != want {
			t.Fatalf("receive %d got %d messages, want %d", receive+1, got, want)
		}
	}
	letters, err := provisioned.DeadLetters(t.Context(), "Failed")
	if err != nil {
		t.Fatal(err)
	}
	if len(letters) != 1 {
		t.Fatalf("%d dead letters, want 1", len(letters))
	}
	if letters[0].System["SentTimestamp"] == "" {
		t.Error("the dead letter does not say when it was sent")
	}
	letters[0].System = nil
	want := cloud.DeadLetter{ID: id, Body: "poison", Attributes: map[string]string{"code": "undecodable", "reason": "no JSON"}}
	if diff := cmp.Diff(want, letters[0]); diff != "" {
		t.Errorf("dead letter (-want +got):\n%s", diff)
	}
	letters, err = provisioned.DeadLetters(t.Context(), "Failed")
	if err != nil {
		t.Fatal(err)
	}
	if len(letters) != 0 {
		t.Errorf("%d dead letters were left", len(letters))
	}
}

func TestSendToAFIFOQueue(t *testing.T) {
	provisioned := provisionSource(t, redriveSource)
	for _, message := range []cloud.Message{
		{Queue: "Ordered", Body: "first", GroupID: "room", DeduplicationID: "a"},
		{Queue: "Ordered", Body: "first again", GroupID: "room", DeduplicationID: "a"},
		{Queue: "Ordered", Body: "second", GroupID: "room", DeduplicationID: "b"},
	} {
		if _, err := provisioned.Send(t.Context(), message); err != nil {
			t.Fatal(err)
		}
	}
	depth, err := provisioned.QueueDepth(t.Context(), "Ordered")
	if err != nil {
		t.Fatal(err)
	}
	if depth.Total() != 2 {
		t.Errorf("%d messages, want 2 without the duplicate", depth.Total())
	}
}
