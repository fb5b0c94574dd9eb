package moto_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/local/moto"
	"videosdk-end-session/internal/local/moto/mototest"
)

func sdkConfig(url string) aws.Config {
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: &url,
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
	}
}

func createTable(t *testing.T, client *dynamodb.Client, name string) {
	t.Helper()
	_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:            &name,
		BillingMode:          dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: dynamodbtypes.KeyTypeHash}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestConditionalWritesHaveOneWinner(t *testing.T) {
	server := mototest.Start(t, moto.Config{})
	client := dynamodb.NewFromConfig(sdkConfig(server.URL()))
	createTable(t, client, "ledger")
	const writers = 40
	var winners atomic.Int32
	var writing sync.WaitGroup
	for range writers {
		writing.Go(func() {
			_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{
				TableName:           aws.String("ledger"),
				Item:                map[string]dynamodbtypes.AttributeValue{"pk": &dynamodbtypes.AttributeValueMemberS{Value: "trigger"}},
				ConditionExpression: aws.String("attribute_not_exists(pk)"),
			})
			var lost *dynamodbtypes.ConditionalCheckFailedException
			switch {
			case err == nil:
				winners.Add(1)
			case !errors.As(err, &lost):
				t.Error(err)
			}
		})
	}
	writing.Wait()
	if got := winners.Load(); got != 1 {
		t.Errorf("%d writers won, want 1", got)
	}
	want := map[string]int{"dynamodb:CreateTable": 1, "dynamodb:PutItem": writers}
	if diff := cmp.Diff(want, server.Operations()); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
}

func TestFIFOQueueKeepsTheOrderAndDropsDuplicates(t *testing.T) {
	server := mototest.Start(t, moto.Config{})
	client := sqs.NewFromConfig(sdkConfig(server.URL()))
	queue, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{
		QueueName:  aws.String("triggers.fifo"),
		Attributes: map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := server.URL() + "/" + moto.AccountID + "/triggers.fifo"; *queue.QueueUrl != want {
		t.Errorf("queue URL %s, want %s", *queue.QueueUrl, want)
	}
	for _, body := range []string{"1", "2", "2", "3"} {
		_, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: queue.QueueUrl, MessageBody: &body, MessageGroupId: aws.String("room")})
		if err != nil {
			t.Fatal(err)
		}
	}
	received, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: queue.QueueUrl, MaxNumberOfMessages: 10})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, message := range received.Messages {
		got = append(got, *message.Body)
	}
	if diff := cmp.Diff([]string{"1", "2", "3"}, got); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
}

func TestInterceptPutsFaultsInFrontOfTheServer(t *testing.T) {
	var faults atomic.Int32
	server := mototest.Start(t, moto.Config{Intercept: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if faults.Add(1) == 1 {
				http.Error(w, "{}", http.StatusServiceUnavailable)
				return
			}
			next.ServeHTTP(w, r)
		})
	}})
	client := dynamodb.NewFromConfig(sdkConfig(server.URL()))
	// The SDK repeats what was refused with 503.
	createTable(t, client, "ledger")
	if diff := cmp.Diff(map[string]int{"dynamodb:CreateTable": 2}, server.Operations()); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
}

func TestCloseEndsTheServer(t *testing.T) {
	var log syncedLog
	server := mototest.Start(t, moto.Config{Log: &log})
	if !strings.Contains(log.String(), "Running on") {
		t.Errorf("the log does not hold what the server printed: %q", log.String())
	}
	for range 2 {
		if err := server.Close(); err != nil {
			t.Fatal(err)
		}
	}
	connection, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", strings.TrimPrefix(server.URL(), "http://"))
	if err == nil {
		_ = connection.Close()
		t.Error("the server still listens")
	}
}

type syncedLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *syncedLog) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(data)
}

func (l *syncedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
