package door

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/local/lambdahost"
)

func TestQueueEvent(t *testing.T) {
	client := newFakeSQS()
	client.add(types.Message{
		MessageId:              aws.String("m-1"),
		Body:                   aws.String(`{"roomId":"abcd-efgh-ijkl"}`),
		MD5OfBody:              aws.String("md5-of-body"),
		MD5OfMessageAttributes: aws.String("md5-of-attributes"),
		Attributes: map[string]string{
			"SentTimestamp":                    "1795435200000",
			"SenderId":                         "AIDACKCEVSQ6C2EXAMPLE",
			"ApproximateFirstReceiveTimestamp": "1795435200001",
			"AWSTraceHeader":                   "Root=1-a-b;Sampled=1",
		},
		MessageAttributes: map[string]types.MessageAttributeValue{
			"kind": {DataType: aws.String("String"), StringValue: aws.String("end")},
			"blob": {DataType: aws.String("Binary"), BinaryValue: []byte{0, 255}},
		},
	})
	function := &recording{Invoker: answering(``)}
	stop := startQueue(t, QueueConfig{Client: client, Function: function, ReportBatchItemFailures: true})
	eventually(t, "the message is deleted", func() bool { return len(client.left()) == 0 })
	stop()

	invocation := function.all()[0]
	if invocation.TraceID != "Root=1-a-b;Sampled=1" {
		t.Errorf("trace %q, want the message's", invocation.TraceID)
	}
	want := `{"Records": [{
		"messageId": "m-1",
		"receiptHandle": "m-1#1",
		"body": "{\"roomId\":\"abcd-efgh-ijkl\"}",
		"md5OfBody": "md5-of-body",
		"md5OfMessageAttributes": "md5-of-attributes",
		"attributes": {
			"ApproximateReceiveCount": "1",
			"SentTimestamp": "1795435200000",
			"SenderId": "AIDACKCEVSQ6C2EXAMPLE",
			"ApproximateFirstReceiveTimestamp": "1795435200001",
			"AWSTraceHeader": "Root=1-a-b;Sampled=1"
		},
		"messageAttributes": {
			"kind": {"dataType": "String", "stringValue": "end", "stringListValues": [], "binaryListValues": []},
			"blob": {"dataType": "Binary", "binaryValue": "AP8=", "stringListValues": [], "binaryListValues": []}
		},
		"eventSource": "aws:sqs",
		"eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:triggers",
		"awsRegion": "eu-central-1"
	}]}`
	if diff := cmp.Diff(document(t, []byte(want)), document(t, invocation.Payload)); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	input := client.received()[0]
	if input.WaitTimeSeconds != 1 || input.MaxNumberOfMessages != 10 ||
		len(input.MessageSystemAttributeNames) != 1 || input.MessageSystemAttributeNames[0] != "All" ||
		len(input.MessageAttributeNames) != 1 || input.MessageAttributeNames[0] != "All" {
		t.Errorf("receive %+v", input)
	}
}

func TestQueueBatchOutcomes(t *testing.T) {
	tests := map[string]struct {
		function Invoker
		all      bool // without ReportBatchItemFailures
		left     []string
	}{
		"empty answer":              {answering(``), false, []string{}},
		"null":                      {answering(`null`), false, []string{}},
		"empty object":              {answering(`{}`), false, []string{}},
		"no failures":               {answering(`{"batchItemFailures":[]}`), false, []string{}},
		"failures are null":         {answering(`{"batchItemFailures":null}`), false, []string{}},
		"one failure":               {answering(`{"batchItemFailures":[{"itemIdentifier":"b"}]}`), false, []string{"b"}},
		"one failure, named twice":  {answering(`{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"b"}]}`), false, []string{"b"}},
		"unknown identifier":        {answering(`{"batchItemFailures":[{"itemIdentifier":"z"}]}`), false, []string{"a", "b", "c"}},
		"known and unknown":         {answering(`{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"z"}]}`), false, []string{"a", "b", "c"}},
		"empty identifier":          {answering(`{"batchItemFailures":[{"itemIdentifier":""}]}`), false, []string{"a", "b", "c"}},
		"null identifier":           {answering(`{"batchItemFailures":[{"itemIdentifier":null}]}`), false, []string{"a", "b", "c"}},
		"misspelt identifier":       {answering(`{"batchItemFailures":[{"ItemIdentifier":"a"}]}`), false, []string{"a", "b", "c"}},
		"failures are an object":    {answering(`{"batchItemFailures":{}}`), false, []string{"a", "b", "c"}},
		"a list":                    {answering(`[]`), false, []string{"a", "b", "c"}},
		"a string":                  {answering(`"done"`), false, []string{"a", "b", "c"}},
		"function error":            {failing(), false, []string{"a", "b", "c"}},
		"throttled":                 {refusing(lambdahost.ErrThrottled), false, []string{"a", "b", "c"}},
		"not reporting: failures":   {answering(`{"batchItemFailures":[{"itemIdentifier":"b"}]}`), true, []string{}},
		"not reporting: any answer": {answering(`"done"`), true, []string{}},
		"not reporting: error":      {failing(), true, []string{"a", "b", "c"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			client := newFakeSQS()
			client.send("a", "b", "c")
			function := &recording{Invoker: tt.function}
			stop := startQueue(t, QueueConfig{Client: client, Function: function, ReportBatchItemFailures: !tt.all})
			eventually(t, "the batch is invoked", func() bool { return len(function.all()) == 1 })
			stop() // waits for the batch
			if diff := cmp.Diff(tt.left, client.left()); diff != "" {
				t.Errorf("left in the queue (-want +got):\n%s", diff)
			}
			if n := len(function.all()); n != 1 {
				t.Errorf("%d invocations before the visibility timeout ended, want 1", n)
			}
		})
	}
}

func TestQueueDeletesWhatNoPatternMatches(t *testing.T) {
	client := newFakeSQS()
	for i, body := range []string{`{"kind":"a"}`, `{"kind":"b"}`, `no JSON`, `{"kind":"c"}`} {
		client.add(types.Message{MessageId: aws.String(fmt.Sprintf("m-%d", i)), Body: aws.String(body)})
	}
	function := &recording{Invoker: answering(``)}
	stop := startQueue(t, QueueConfig{Client: client, Function: function, Patterns: []string{`{"body":{"kind":["a"]}}`, `{"body":{"kind":["c"]}}`}})
	eventually(t, "the messages are deleted", func() bool { return len(client.left()) == 0 })
	stop()
	var got []string
	for _, invocation := range function.all() {
		var event events.SQSEvent
		if err := json.Unmarshal(invocation.Payload, &event); err != nil {
			t.Fatal(err)
		}
		for _, r := range event.Records {
			got = append(got, r.Body)
		}
	}
	if diff := cmp.Diff([]string{`{"kind":"a"}`, `{"kind":"c"}`}, got); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
}

func TestQueueRedelivers(t *testing.T) {
	client := newFakeSQS()
	client.maxReceives = 3
	client.send("poison")
	function := &recording{Invoker: failing()}
	startQueue(t, QueueConfig{Client: client, Function: function})
	for n := 1; n <= client.maxReceives; n++ {
		eventually(t, "the message is delivered", func() bool { return len(function.all()) == n })
		client.expire()
	}
	eventually(t, "the message is a dead letter", func() bool { return len(client.dead()) == 1 })
	for i, invocation := range function.all() {
		var event events.SQSEvent
		if err := json.Unmarshal(invocation.Payload, &event); err != nil {
			t.Fatal(err)
		}
		want := []string{"1", "2", "3"}[i]
		if got := event.Records[0].Attributes["ApproximateReceiveCount"]; got != want {
			t.Errorf("delivery %d: receive count %s", i+1, got)
		}
	}
}

func TestQueueBatchSize(t *testing.T) {
	client := newFakeSQS()
	client.send("a", "b", "c", "d", "e")
	function := &recording{Invoker: answering(``)}
	stop := startQueue(t, QueueConfig{Client: client, Function: function, BatchSize: 2, MaximumConcurrency: 1})
	eventually(t, "the queue is empty", func() bool { return len(client.left()) == 0 })
	stop()
	var sizes []int
	for _, invocation := range function.all() {
		var event events.SQSEvent
		if err := json.Unmarshal(invocation.Payload, &event); err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(event.Records))
	}
	if diff := cmp.Diff([]int{2, 2, 1}, sizes); diff != "" {
		t.Errorf("batch sizes (-want +got):\n%s", diff)
	}
}

// gated is a function that holds every invocation until the gate is opened.
type gated struct {
	gate    chan struct{}
	open    func()
	now     atomic.Int32
	highest atomic.Int32
}

func newGated() *gated {
	g := &gated{gate: make(chan struct{})}
	g.open = sync.OnceFunc(func() { close(g.gate) })
	return g
}

func (g *gated) Invoke(context.Context, lambdahost.Invocation) (lambdahost.Response, error) {
	now := g.now.Add(1)
	defer g.now.Add(-1)
	for {
		highest := g.highest.Load()
		if now <= highest || g.highest.CompareAndSwap(highest, now) {
			break
		}
	}
	<-g.gate
	return lambdahost.Response{}, nil
}

func TestQueueMaximumConcurrency(t *testing.T) {
	client := newFakeSQS()
	client.send("a", "b", "c", "d")
	function := newGated()
	t.Cleanup(function.open)
	startQueue(t, QueueConfig{Client: client, Function: function, BatchSize: 1, MaximumConcurrency: 2})
	eventually(t, "two batches run", func() bool { return function.now.Load() == 2 })
	// What cannot be worked on is not received: its visibility would run out.
	if out := client.out(); out != 2 {
		t.Errorf("%d messages are out, want 2", out)
	}
	function.open()
	eventually(t, "the queue is empty", func() bool { return len(client.left()) == 0 })
	if highest := function.highest.Load(); highest != 2 {
		t.Errorf("%d batches ran at once, want 2", highest)
	}
}

func TestQueueRunFinishesItsBatches(t *testing.T) {
	client := newFakeSQS()
	client.send("a")
	function := newGated()
	queue, err := NewQueue(QueueConfig{Client: client, URL: "q", ARN: "arn:aws:sqs:eu-central-1:123456789012:q", Function: function})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		queue.Run(ctx)
	}()
	eventually(t, "the batch runs", func() bool { return function.now.Load() == 1 })
	cancel()
	select {
	case <-returned:
		t.Error("Run returned while a batch was running")
	case <-time.After(20 * time.Millisecond):
	}
	function.open()
	<-returned
	if left := client.left(); len(left) != 0 {
		t.Errorf("left in the queue: %v", left)
	}
}

func TestQueueSurvivesFailingCalls(t *testing.T) {
	client := newFakeSQS()
	client.failures = 2
	client.failDeletes = true
	client.send("a")
	var log bytes.Buffer
	function := &recording{Invoker: answering(``)}
	stop := startQueue(t, QueueConfig{Client: client, Function: function, Log: slog.New(slog.NewTextHandler(&log, nil))})
	eventually(t, "the message is delivered", func() bool { return len(function.all()) == 1 })
	stop()
	for _, want := range []string{"receive failed", "connection refused", "failed to delete m0: InternalError", "messages=[a]"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%q is not in the log:\n%s", want, log.String())
		}
	}
	if left := client.left(); len(left) != 1 {
		t.Errorf("left in the queue: %v", left)
	}
}

func TestNewQueueNamesEveryProblem(t *testing.T) {
	client, function := newFakeSQS(), answering(``)
	const arn = "arn:aws:sqs:eu-central-1:123456789012:q"
	tests := map[string]struct {
		config QueueConfig
		want   []string
	}{
		"nothing given": {QueueConfig{}, []string{"client, URL and function are required", "is not the ARN of a queue"}},
		"numbers out of range": {
			QueueConfig{Client: client, URL: "q", ARN: arn, Function: function, BatchSize: 11, MaximumConcurrency: -1, LongPoll: 1500 * time.Millisecond},
			[]string{"batch size must be 1 to 10", "maximum concurrency must not be negative", "long poll must be whole seconds"},
		},
		"another service's ARN": {
			QueueConfig{Client: client, URL: "q", ARN: strings.Replace(arn, "sqs", "sns", 1), Function: function},
			[]string{"is not the ARN of a queue"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := NewQueue(tt.config)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not named in: %v", want, err)
				}
			}
		})
	}
}

func TestQueueThrottledFunctionGetsItsMessagesLater(t *testing.T) {
	client := newFakeSQS()
	client.send("a", "b")
	var calls atomic.Int32
	function := invokerFunc(func(context.Context, lambdahost.Invocation) (lambdahost.Response, error) {
		if calls.Add(1) == 1 {
			return lambdahost.Response{}, fmt.Errorf("triggers: %w", lambdahost.ErrThrottled)
		}
		return lambdahost.Response{}, nil
	})
	startQueue(t, QueueConfig{Client: client, Function: function})
	eventually(t, "the batch is refused", func() bool { return calls.Load() == 1 })
	if left := client.left(); len(left) != 2 {
		t.Errorf("left in the queue: %v, want both", left)
	}
	client.expire()
	eventually(t, "the queue is empty", func() bool { return len(client.left()) == 0 })
}
