package door

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
)

const fifoARN = "arn:aws:sqs:eu-central-1:123456789012:triggers.fifo"

func inGroup(id, group string) types.Message {
	return types.Message{MessageId: aws.String(id), Attributes: map[string]string{"MessageGroupId": group}}
}

func TestGroupLocks(t *testing.T) {
	locks := newGroupLocks()
	first := locks.lock([]types.Message{inGroup("a1", "a"), inGroup("b1", "b"), inGroup("a2", "a")})
	if diff := cmp.Diff([]string{"a1", "b1", "a2"}, ids(first)); diff != "" {
		t.Errorf("free groups (-want +got):\n%s", diff)
	}
	second := locks.lock([]types.Message{inGroup("a3", "a"), inGroup("c1", "c"), inGroup("b2", "b"), inGroup("c2", "c")})
	if diff := cmp.Diff([]string{"c1", "c2"}, ids(second)); diff != "" {
		t.Errorf("two groups are busy (-want +got):\n%s", diff)
	}
	locks.unlock(first)
	third := locks.lock([]types.Message{inGroup("c3", "c"), inGroup("a3", "a")})
	if diff := cmp.Diff([]string{"a3"}, ids(third)); diff != "" {
		t.Errorf("after the first batch (-want +got):\n%s", diff)
	}
}

func TestFIFOQueueKeepsAGroupInOrder(t *testing.T) {
	client := newFakeSQS()
	for _, id := range []string{"a1", "a2", "a3", "a4", "a5"} {
		client.add(inGroup(id, "a"))
	}
	function := &recording{Invoker: newGated()}
	gate := function.Invoker.(*gated)
	t.Cleanup(gate.open)
	startQueue(t, QueueConfig{Client: client, ARN: fifoARN, Function: function, BatchSize: 2, MaximumConcurrency: 3})
	eventually(t, "the first batch runs", func() bool { return gate.now.Load() == 1 })
	// Its visibility timeout ends while it runs: SQS hands it out again.
	client.expire()
	eventually(t, "the batch is delivered again", func() bool { return client.deliveries("a2") == 2 })
	receives := len(client.received())
	eventually(t, "the mapping polls on", func() bool { return len(client.received()) > receives })
	gate.open()
	eventually(t, "the queue is empty", func() bool { return len(client.left()) == 0 })
	if highest := gate.highest.Load(); highest != 1 {
		t.Errorf("%d batches of one group ran at once", highest)
	}
	var order []string
	for _, invocation := range function.all() {
		var event events.SQSEvent
		if err := json.Unmarshal(invocation.Payload, &event); err != nil {
			t.Fatal(err)
		}
		for _, record := range event.Records {
			order = append(order, record.MessageId)
		}
	}
	if got := strings.Join(order, " "); got != "a1 a2 a3 a4 a5" {
		t.Errorf("order %s", got)
	}
}
