package template

import (
	"encoding/json"
	"fmt"
	"slices"
)

// QueueSource is an event source mapping from a queue to a function.
type QueueSource struct {
	// Queue is the logical id of the queue.
	Queue string
	// BatchSize is the greatest number of messages in one invocation.
	BatchSize int
	// MaximumConcurrency bounds the invocations at once; 0 means no bound.
	MaximumConcurrency int
	// ReportBatchItemFailures says that the function answers which messages of
	// a batch failed; otherwise only an error of the function fails any.
	ReportBatchItemFailures bool
	// Patterns are event patterns as JSON. A message that matches none of them
	// is deleted and invokes nothing; without patterns every message matches.
	Patterns []string
}

// batching is what an event source mapping says of its batches, wherever it
// stands in the template.
type batching struct {
	BatchSize             int
	FunctionResponseTypes []string
	ScalingConfig         struct{ MaximumConcurrency int }
	FilterCriteria        struct{ Filters []struct{ Pattern string } }
}

// defaultBatching is Lambda's for queues.
var defaultBatching = batching{BatchSize: 10}

func (b batching) source(queueARN string, queues map[string]string) (QueueSource, error) {
	id, ok := queues[queueARN]
	if !ok {
		return QueueSource{}, fmt.Errorf("%q is the ARN of no queue of the template", queueARN)
	}
	source := QueueSource{
		Queue:                   id,
		BatchSize:               b.BatchSize,
		MaximumConcurrency:      b.ScalingConfig.MaximumConcurrency,
		ReportBatchItemFailures: slices.Contains(b.FunctionResponseTypes, "ReportBatchItemFailures"),
	}
	for _, filter := range b.FilterCriteria.Filters {
		source.Patterns = append(source.Patterns, filter.Pattern)
	}
	return source, nil
}

// readQueueSource reads an event of a function.
func readQueueSource(source json.RawMessage, queues map[string]string) (QueueSource, error) {
	properties := struct {
		batching
		Queue string
	}{batching: defaultBatching}
	if err := decode(source, &properties); err != nil {
		return QueueSource{}, err
	}
	return properties.source(properties.Queue, queues)
}

// addEventSources gives the event sources that are resources of their own to
// their functions, behind the functions' events.
func (t *Template) addEventSources(d *document, queues map[string]string) error {
	for _, r := range d.resources {
		if r.kind != kindEventSource {
			continue
		}
		if err := t.addEventSource(r, queues); err != nil {
			return r.wrap(err)
		}
	}
	return nil
}

func (t *Template) addEventSource(r resource, queues map[string]string) error {
	properties := struct {
		batching
		EventSourceArn string
		FunctionName   string
	}{batching: defaultBatching}
	if err := decode(r.properties, &properties); err != nil {
		return err
	}
	source, err := properties.source(properties.EventSourceArn, queues)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(t.Functions, func(f Function) bool { return f.Name == properties.FunctionName || f.ARN == properties.FunctionName })
	if i < 0 {
		return fmt.Errorf("%q is no function of the template", properties.FunctionName)
	}
	t.Functions[i].Queues = append(t.Functions[i].Queues, source)
	return nil
}
