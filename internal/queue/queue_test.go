package queue_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"videosdk-end-session/internal/doortest"
	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/local/moto"
	"videosdk-end-session/internal/local/moto/mototest"
	"videosdk-end-session/internal/queue"
)

func TestWhatIsSent(t *testing.T) {
	tests := []struct {
		name    string
		message queue.Message
		body    string
		delay   int32
	}{
		{name: "a document", message: queue.Message{Body: []byte(`{"roomId":"r"}`)}, body: `{"roomId":"r"}`},
		{name: "traced", message: queue.Message{Body: []byte(`{}`), Trace: doortest.Trace}, body: `{}`},
		{name: "kept back", message: queue.Message{Body: []byte(`{}`), Delay: 900 * time.Second}, body: `{}`, delay: 900},
		{name: "characters that SQS refuses", message: queue.Message{Body: []byte("{\"reason\":\"a\uFFFEb\uFFFFc\uFFFD😀\"}")}, body: `{"reason":"a\ufffeb\uffffc` + "\uFFFD😀\"}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := &doortest.Queue{}
			if err := queue.New(q, "https://queue.example/triggers").Send(t.Context(), tt.message); err != nil {
				t.Fatal(err)
			}
			in := q.Sent()[0]
			if *in.QueueUrl != "https://queue.example/triggers" || *in.MessageBody != tt.body || in.DelaySeconds != tt.delay {
				t.Errorf("sent %s to %s, kept back for %d s", *in.MessageBody, *in.QueueUrl, in.DelaySeconds)
			}
			trace := ""
			if header, ok := in.MessageSystemAttributes["AWSTraceHeader"]; ok {
				trace = *header.StringValue
			}
			if trace != tt.message.Trace {
				t.Errorf("traced as %q, want %q", trace, tt.message.Trace)
			}
		})
	}
}

func TestAQueueThatIsOutOfReachMayComeBack(t *testing.T) {
	away := errors.New("away")
	err := queue.New(&doortest.Queue{Err: away}, "https://queue.example/triggers").Send(t.Context(), queue.Message{Body: []byte(`{}`)})
	var e *endsession.Error
	if !errors.As(err, &e) || e.Code != endsession.CodeQueueUnavailable || e.Class != endsession.Transient || !errors.Is(err, away) {
		t.Errorf("error %v, want queue_unavailable", err)
	}
}

// Whoever sent the trigger would be told that the queue has it.
func TestOnlyWhatHasGotAnIDWasTaken(t *testing.T) {
	err := queue.New(&doortest.Queue{Mute: true}, "https://queue.example/triggers").Send(t.Context(), queue.Message{Body: []byte(`{}`)})
	var e *endsession.Error
	if !errors.As(err, &e) || e.Code != endsession.CodeQueueUnavailable || e.Class != endsession.Transient {
		t.Errorf("error %v, want queue_unavailable", err)
	}
}

func TestAMessageArrivesWhenItsDelayIsOver(t *testing.T) {
	client := sqs.New(sqs.Options{
		Region: "eu-central-1", BaseEndpoint: aws.String(mototest.Start(t, moto.Config{}).URL()), Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	})
	created, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("triggers")})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	triggers := queue.New(client, *created.QueueUrl)
	if err := triggers.Send(t.Context(), queue.Message{Body: []byte(`{"roomId":"r"}`), Trace: doortest.Trace, Delay: 2 * time.Second}); err != nil {
		t.Fatal(err)
	}
	m := await(t.Context(), t, client, *created.QueueUrl)
	if waited := time.Since(began); waited < 2*time.Second {
		t.Errorf("it arrived after %s", waited)
	}
	if *m.Body != `{"roomId":"r"}` || m.Attributes["AWSTraceHeader"] != doortest.Trace {
		t.Errorf("received %s with %v", *m.Body, m.Attributes)
	}
}

// await receives the one message of a queue.
func await(ctx context.Context, t *testing.T, client *sqs.Client, url string) types.Message {
	t.Helper()
	for range 10 {
		out, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &url, WaitTimeSeconds: 1, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"AWSTraceHeader"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Messages) == 1 {
			return out.Messages[0]
		}
	}
	t.Fatal("nothing has arrived")
	return types.Message{}
}
