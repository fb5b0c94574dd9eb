package template

import (
	"fmt"
	"time"
)

// Queue is an SQS queue (AWS::SQS::Queue).
type Queue struct {
	LogicalID string
	Name      string
	URL       string
	ARN       string
	FIFO      bool
	// Visibility is how long a received message stays hidden.
	Visibility time.Duration
	// Retention is how long a message is kept.
	Retention time.Duration
	// Redrive is nil for a queue without a dead-letter queue.
	Redrive *Redrive
}

// Redrive says where messages go that were received too often.
type Redrive struct {
	// DeadLetterQueue is the logical id of the queue that they go to.
	DeadLetterQueue string
	// DeadLetterARN is the ARN of that queue.
	DeadLetterARN string
	// MaxReceiveCount is how often a message is received before it goes.
	MaxReceiveCount int
}

func readQueue(r resource, queues map[string]string) (Queue, error) {
	properties := struct {
		QueueName              string
		FifoQueue              bool
		VisibilityTimeout      int // seconds
		MessageRetentionPeriod int // seconds
		SqsManagedSseEnabled   bool
		KmsMasterKeyId         string
		RedrivePolicy          *struct {
			DeadLetterTargetArn string `json:"deadLetterTargetArn"`
			MaxReceiveCount     int    `json:"maxReceiveCount"`
		}
	}{VisibilityTimeout: 30, MessageRetentionPeriod: 345600} // SQS's defaults
	if err := decode(r.properties, &properties); err != nil {
		return Queue{}, err
	}
	queue := Queue{
		LogicalID:  r.logicalID,
		Name:       r.identity.name,
		URL:        r.identity.ref,
		ARN:        r.identity.attributes["Arn"],
		FIFO:       properties.FifoQueue,
		Visibility: time.Duration(properties.VisibilityTimeout) * time.Second,
		Retention:  time.Duration(properties.MessageRetentionPeriod) * time.Second,
	}
	if policy := properties.RedrivePolicy; policy != nil {
		id, ok := queues[policy.DeadLetterTargetArn]
		if !ok {
			return Queue{}, fmt.Errorf("the dead-letter target %q is no queue of the template", policy.DeadLetterTargetArn)
		}
		queue.Redrive = &Redrive{DeadLetterQueue: id, DeadLetterARN: policy.DeadLetterTargetArn, MaxReceiveCount: policy.MaxReceiveCount}
	}
	return queue, nil
}
