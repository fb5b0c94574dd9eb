package door

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// The numbers of Lambda's asynchronous invocation:
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
const (
	maxRetries          = 2
	defaultRetryWait    = time.Minute
	defaultThrottleWait = time.Second
	defaultMaximumAge   = 6 * time.Hour

	// maxThrottleWaits is how many times its length the wait for a free
	// environment grows to: 1 s to 5 min.
	maxThrottleWaits = 300

	// longestInvocation is the longest timeout of a function.
	longestInvocation = 15 * time.Minute

	// maxVisibility is the longest time for which SQS hides a message.
	maxVisibility = 12 * time.Hour

	// defaultInvocations is how many invocations run at once: as many as a
	// lambdahost.Function has environments.
	defaultInvocations = 10
)

// EventSQS is the part of the SQS client that a rule uses. *sqs.Client is one.
type EventSQS interface {
	SQS
	ChangeMessageVisibility(context.Context, *sqs.ChangeMessageVisibilityInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error)
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

// RuleConfig describes a rule and the asynchronous invocation of its function.
type RuleConfig struct {
	Client   EventSQS
	URL      string // of the standard queue that holds the events that matched
	Function Invoker

	// EventsAtOnce is the most events in one invocation, 1 to 10, which are then
	// a list, even a single one. 0 means one event, which is not in a list.
	EventsAtOnce int

	// Retries is how often the function is invoked again after an error of its
	// own, 0 to 2.
	Retries int

	// RetryWait is the wait before the first retry; before the second it is
	// twice as long. 0 means 1 min.
	RetryWait time.Duration

	// ThrottleWait is the first wait after no environment was free; it doubles up
	// to 300 times its length. 0 means 1 s.
	ThrottleWait time.Duration

	// MaximumAge is how long after its acceptance an event may still be tried; 0
	// means 6 h. An event whose next attempt would come later is given up.
	MaximumAge time.Duration

	// DeadLetterURL is the queue for events that are given up. Without one they
	// are discarded.
	DeadLetterURL string

	// MaximumConcurrency is the most invocations at once; 0 means 10. An event
	// that waits for its retry does not count.
	MaximumConcurrency int

	// LongPoll is how long a receive waits for an event, in whole seconds up to
	// 20; 0 means 1 s.
	LongPoll time.Duration

	// Log gets one line per invocation and per failed call; nil means none.
	Log *slog.Logger
}

func (c RuleConfig) validated() (RuleConfig, error) {
	var problems []error
	if c.Client == nil || c.URL == "" || c.Function == nil {
		problems = append(problems, errors.New("client, URL and function are required"))
	}
	if c.EventsAtOnce < 0 || c.EventsAtOnce > maxBatchSize {
		problems = append(problems, fmt.Errorf("events at once must be 0 to %d, not %d", maxBatchSize, c.EventsAtOnce))
	}
	if c.Retries < 0 || c.Retries > maxRetries {
		problems = append(problems, fmt.Errorf("retries must be 0 to %d, not %d", maxRetries, c.Retries))
	}
	if c.MaximumConcurrency < 0 {
		problems = append(problems, fmt.Errorf("maximum concurrency must not be negative, as %d is", c.MaximumConcurrency))
	}
	for _, length := range []struct {
		name string
		d    time.Duration
	}{{"retry wait", c.RetryWait}, {"throttle wait", c.ThrottleWait}, {"maximum age", c.MaximumAge}} {
		if length.d < 0 {
			problems = append(problems, fmt.Errorf("%s must not be negative, as %s is", length.name, length.d))
		}
	}
	if err := checkLongPoll(c.LongPoll); err != nil {
		problems = append(problems, err)
	}
	if len(problems) > 0 {
		return RuleConfig{}, fmt.Errorf("rule with the queue %q: %w", c.URL, errors.Join(problems...))
	}
	c.RetryWait = cmp.Or(c.RetryWait, defaultRetryWait)
	c.ThrottleWait = cmp.Or(c.ThrottleWait, defaultThrottleWait)
	c.MaximumAge = cmp.Or(c.MaximumAge, defaultMaximumAge)
	c.MaximumConcurrency = cmp.Or(c.MaximumConcurrency, defaultInvocations)
	c.LongPoll = cmp.Or(c.LongPoll, defaultLongPoll)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Rule is an EventBridge rule whose target is a function. EventBridge hands an
// event to Lambda and is done with it; it is Lambda that keeps the event, tries
// again, and puts it aside when it gives up. Both are this one type, because
// here nothing can go wrong between them.
//
// The local AWS cannot invoke a function, so the rule's target there is a
// queue, whose messages are the events; it takes the place of the queue in
// which Lambda keeps them. The function gets the bytes of the message as they
// are. Those are not the bytes that were put on the bus: moto writes the JSON
// anew, with other blanks and escapes.
//
// A message is deleted when its event was handled, put aside or discarded, and
// not before. One that waits for a retry when Run ends is made visible again,
// and so, after the wait of a retry, is one that cannot be put aside, which
// Lambda would drop. Their attempts then begin anew.
//
// On AWS all attempts for an event have one request id. Here each has its own;
// a dead letter names the last.
type Rule struct {
	config RuleConfig
}

// NewRule returns the rule, or an error that names every problem of the
// configuration.
func NewRule(config RuleConfig) (*Rule, error) {
	config, err := config.validated()
	if err != nil {
		return nil, err
	}
	return &Rule{config: config}, nil
}

// Run delivers events until the context ends, then waits for the invocations
// that are running; those are seen through. A receive that fails is logged and
// tried again, after a pause that grows to 5 s.
func (r *Rule) Run(ctx context.Context) {
	free := make(slots, r.config.MaximumConcurrency)
	poller{
		client: r.config.Client,
		slots:  free,
		log:    r.config.Log,
		input: &sqs.ReceiveMessageInput{
			QueueUrl:            aws.String(r.config.URL),
			MaxNumberOfMessages: int32(max(r.config.EventsAtOnce, 1)),
			WaitTimeSeconds:     int32(r.config.LongPoll / time.Second),
			// Hidden until the event is done in any case.
			VisibilityTimeout:           int32(min(r.config.MaximumAge+longestInvocation, maxVisibility) / time.Second),
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		},
		work: func(ctx context.Context, events []types.Message) {
			r.deliver(ctx, delivery{events: events, slots: free, deadline: acceptedAt(events).Add(r.config.MaximumAge)})
		},
	}.run(ctx)
}
