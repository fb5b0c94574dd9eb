package stack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"videosdk-end-session/internal/local/standin"
	"videosdk-end-session/internal/local/template"
)

// badAWS is AWS on bad days. What is wrong for good is mended after the first delivery of every trigger.
func badAWS() setting {
	rows := slices.DeleteFunc(awsRows(), func(r row) bool { return r.slow })
	return setting{
		key: "aws", webhook: true, rounds: []round{{rows: rows, unnamed: true, mend: mendAll}},
		atOnce: 9, // less than the environments of a function
		adjust: func(t *template.Template) {
			redelivering(8 * time.Second)(t)
			oneByOne(t)
		},
	}
}

// slowAWS are the days on which AWS makes the functions wait.
func slowAWS() setting {
	rows := slices.DeleteFunc(awsRows(), func(r row) bool { return !r.slow })
	return setting{key: "slowaws", webhook: true, rounds: []round{{rows: rows, unnamed: true, mend: mendAll}}, adjust: waiting(12 * time.Second)}
}

// awsRows are every call with every kind of fault, and entries that EventBridge fails one by one.
func awsRows() []row {
	entries := func(code string) row {
		fails := awsFault{operation: putEvents, holds: []string{outcomeEvents}, do: failingEntries(code)}
		return row{name: "PutEvents fails the entry: " + code, aws: []awsFault{fails}, want: passing("publish_failed", "ending")}
	}
	rows := []row{
		entries("InternalFailure"),
		entries("ThrottlingException"),
		{
			name: "PutEvents fails one entry of a batch of three", want: wants{byQueue: "ending; again publish_failed, then ending; ending"},
			given: threeRooms, run: batchWithABadEntry,
		},
	}
	for _, call := range steps() {
		rows = append(rows, call.rows()...)
	}
	return rows
}

// outcomeEvents is in the calls that publish outcomes, and not in those that put a trigger on the bus.
const outcomeEvents = "Session End "

// threeRooms begins a session in each of three rooms, all of which are to be ended.
func threeRooms(c *cell) error {
	for _, room := range batchRooms(c) {
		session, err := c.begin(room, standin.Session{Start: time.Now().Add(-time.Hour)})
		if err != nil {
			return err
		}
		c.others = append(c.others, session)
	}
	c.session = c.others[1]
	return nil
}

// batchRooms are the cell's room between two others.
func batchRooms(c *cell) []string {
	return []string{strings.Replace(c.room, "room-", "before-", 1), c.room, strings.Replace(c.room, "room-", "after-", 1)}
}

// batchWithABadEntry hands the function a batch of three, whose outcomes are published in one call. The second entry fails once.
func batchWithABadEntry(ctx context.Context, c *cell) (string, error) {
	c.meet(awsFault{operation: putEvents, holds: []string{outcomeEvents, c.room}, times: once, do: failingEntries("InternalFailure")})
	var batch events.SQSEvent
	for i, room := range batchRooms(c) {
		t := c.named(map[string]any{"id": fmt.Sprint(c.id, "-", i), "roomId": room, "occurredAt": time.Now().UTC().Format(time.RFC3339Nano)})
		batch.Records = append(batch.Records, events.SQSMessage{MessageId: fmt.Sprint("m", i), Body: string(t.document), EventSource: "aws:sqs"})
	}
	c.sent = len(batch.Records)
	texts := make([]string, len(batch.Records))
	for len(batch.Records) > 0 {
		unfinished, err := handled(ctx, c, batch)
		if err != nil {
			return "", err
		}
		batch.Records = slices.DeleteFunc(batch.Records, func(m events.SQSMessage) bool {
			var i int
			_, _ = fmt.Sscanf(m.MessageId, "m%d", &i)
			if slices.Contains(unfinished, m.MessageId) {
				texts[i] += "again publish_failed, then "
				return false
			}
			return true
		})
	}
	for i := range texts {
		id := fmt.Sprint(c.id, "-", i)
		err := c.world.until(ctx, "the outcome of "+id, func() bool { return len(c.world.published(outcomesOf(id))) > 0 })
		if err != nil {
			return "", err
		}
		texts[i] += c.world.published(outcomesOf(id))[0].text()
	}
	return strings.Join(texts, "; "), nil
}

// handled hands a batch to the function and returns the messages that it wants again.
func handled(ctx context.Context, c *cell, batch events.SQSEvent) ([]string, error) {
	payload, err := json.Marshal(batch)
	if err != nil {
		return nil, err
	}
	response, err := c.world.Invoke(ctx, "SqsFunction", payload)
	if err != nil {
		return nil, err
	}
	var answer events.SQSEventResponse
	if err := json.Unmarshal(response.Payload, &answer); err != nil || response.FunctionError != "" {
		return nil, fmt.Errorf("the batch's answer is %s", response.Payload)
	}
	var ids []string
	for _, failure := range answer.BatchItemFailures {
		ids = append(ids, failure.ItemIdentifier)
	}
	return ids, nil
}
