package door

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	// maxBatchSize is what one ReceiveMessage call returns at most. Lambda
	// collects larger batches, over several calls, for standard queues only.
	maxBatchSize = 10

	defaultConcurrency = 5 // batches at once with which Lambda begins
)

// SQS is the part of the SQS client that receiving takes. *sqs.Client is one.
type SQS interface {
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessageBatch(context.Context, *sqs.DeleteMessageBatchInput, ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
}

// QueueConfig describes an event source mapping.
type QueueConfig struct {
	Client   SQS
	URL      string // of the queue
	ARN      string // of the queue; a name that ends in .fifo makes it a FIFO queue
	Function Invoker

	// BatchSize is the most messages in one invocation, 1 to 10; 0 means 10.
	BatchSize int

	// MaximumConcurrency is the most invocations at once; 0 means 5.
	MaximumConcurrency int

	// ReportBatchItemFailures lets the function say which messages failed.
	// Without it every answer that is no function error means that all
	// succeeded.
	ReportBatchItemFailures bool

	// Patterns are event patterns as JSON. A message that matches none of them
	// is deleted and invokes nothing; without any, every message matches.
	Patterns []string

	// LongPoll is how long a receive waits for a message, in whole seconds up
	// to 20; 0 means 1 s. A receive that is cut off when Run ends may still take
	// messages, which then come again after their visibility timeout: the
	// shorter the poll, the fewer.
	LongPoll time.Duration

	// Log gets one line per batch and per failed call; nil means none.
	Log *slog.Logger
}

func (c QueueConfig) validated() (QueueConfig, string, error) {
	var problems []error
	if c.Client == nil || c.URL == "" || c.Function == nil {
		problems = append(problems, errors.New("client, URL and function are required"))
	}
	region, err := queueRegion(c.ARN)
	if err != nil {
		problems = append(problems, err)
	}
	if c.BatchSize < 0 || c.BatchSize > maxBatchSize {
		problems = append(problems, fmt.Errorf("batch size must be 1 to %d, not %d", maxBatchSize, c.BatchSize))
	}
	if c.MaximumConcurrency < 0 {
		problems = append(problems, fmt.Errorf("maximum concurrency must not be negative, as %d is", c.MaximumConcurrency))
	}
	if err := checkLongPoll(c.LongPoll); err != nil {
		problems = append(problems, err)
	}
	if len(problems) > 0 {
		return QueueConfig{}, "", fmt.Errorf("queue %q: %w", c.URL, errors.Join(problems...))
	}
	if c.BatchSize == 0 {
		c.BatchSize = maxBatchSize
	}
	if c.MaximumConcurrency == 0 {
		c.MaximumConcurrency = defaultConcurrency
	}
	if c.LongPoll == 0 {
		c.LongPoll = defaultLongPoll
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, region, nil
}

// queueRegion reads the region out of arn:partition:sqs:region:account:name.
func queueRegion(arn string) (string, error) {
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "sqs" || parts[3] == "" {
		return "", fmt.Errorf("%q is not the ARN of a queue", arn)
	}
	return parts[3], nil
}

// Queue is an event source mapping from an SQS queue to a function: it receives
// batches, invokes the function with them and deletes what succeeded. What
// failed stays in the queue until its visibility timeout is over; that it goes
// to a dead-letter queue after enough receives is the queue's redrive policy,
// not the mapping's work.
//
// A throttled invocation leaves its whole batch to the visibility timeout.
// (Lambda would try the same batch again for that time.)
type Queue struct {
	config  QueueConfig
	region  string
	groups  *groupLocks // nil for a standard queue
	filters []filter
}

// NewQueue returns the mapping, or an error that names every problem of the
// configuration.
func NewQueue(config QueueConfig) (*Queue, error) {
	config, region, err := config.validated()
	if err != nil {
		return nil, err
	}
	q := &Queue{config: config, region: region}
	for _, pattern := range config.Patterns {
		f, err := newFilter(pattern)
		if err != nil {
			return nil, fmt.Errorf("queue %q: %w", config.URL, err)
		}
		q.filters = append(q.filters, f)
	}
	if strings.HasSuffix(config.ARN, ".fifo") {
		if len(config.Patterns) > 0 {
			return nil, fmt.Errorf("queue %q: patterns of a FIFO queue are not known here", config.URL)
		}
		q.groups = newGroupLocks()
	}
	return q, nil
}

// Run polls until the context ends, then waits for the batches that are
// running; those are finished and deleted as usual. A receive that fails is
// logged and tried again, after a pause that grows to 5 s.
func (q *Queue) Run(ctx context.Context) {
	free := make(slots, q.config.MaximumConcurrency)
	poller{
		client: q.config.Client,
		slots:  free,
		log:    q.config.Log,
		input: &sqs.ReceiveMessageInput{
			QueueUrl:                    aws.String(q.config.URL),
			MaxNumberOfMessages:         int32(q.config.BatchSize),
			WaitTimeSeconds:             int32(q.config.LongPoll / time.Second),
			MessageAttributeNames:       []string{"All"},
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		},
		admit: q.groups.lock,
		work: func(ctx context.Context, batch []types.Message) {
			defer free.free()
			// A batch that was received is seen through.
			q.process(context.WithoutCancel(ctx), batch)
		},
	}.run(ctx)
}
