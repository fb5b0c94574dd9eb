package stack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
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
		key: "aws", rounds: []round{{rows: rows, unnamed: true, mend: mendAll}},
		adjust: func(t *template.Template) {
			redelivering(8 * time.Second)(t)
			oneByOne(t)
		},
	}
}

func awsRows() []row { return slices.Concat(badLedgers(), badBuses()) }

func badLedgers() []row {
	claims := func(do func(exchange), times int) []awsFault {
		return []awsFault{{operation: putItem, holds: []string{claiming}, times: times, do: do}}
	}
	return []row{
		{name: "DynamoDB throttles once", aws: claims(dynamoThrottles, once), want: settled("ending")},
		{name: "DynamoDB throttles for a while", aws: claims(dynamoThrottles, always), want: passing("ledger_unavailable", "ending")},
		{name: "DynamoDB fails for a while", aws: claims(dynamoAway, always), want: passing("ledger_unavailable", "ending")},
		{name: "DynamoDB is away", aws: []awsFault{{operation: putItem, do: resetting}}, want: passing("ledger_unavailable", "ending")},
		{name: "DynamoDB hangs", slow: true, aws: claims(hanging, always), want: passing("ledger_unavailable", "ending")},
		{
			name: "DynamoDB loses the answer to the claim", want: settled("ending"),
			aws: []awsFault{{operation: putItem, holds: []string{claiming}, after: true, times: once, do: resetting}},
		},
		{
			name: "DynamoDB is away after the end", slow: true, want: passing("ledger_unavailable", "already_ended"), ended: true,
			aws: []awsFault{{operation: putItem, holds: []string{recording}, do: dynamoAway}},
		},
		{
			name: "DynamoDB loses the answer to the record", want: settled("ending"),
			aws: []awsFault{{operation: putItem, holds: []string{recording}, after: true, times: once, do: resetting}},
		},
		{
			name: "DynamoDB is away after the publication", want: settled("ending"),
			aws: []awsFault{{operation: putItem, holds: []string{completing}, do: dynamoAway}},
		},
	}
}

func badBuses() []row {
	puts := func(do func(exchange), times int) []awsFault {
		return []awsFault{{operation: putEvents, holds: []string{outcomeEvents}, times: times, do: do}}
	}
	return []row{
		{name: "EventBridge throttles once", aws: puts(eventsThrottle, once), want: settled("ending")},
		{name: "EventBridge throttles for a while", aws: puts(eventsThrottle, always), want: passing("publish_failed", "ending")},
		{
			name: "EventBridge fails the entry: InternalFailure", want: passing("publish_failed", "ending"),
			aws: puts(failingEntries("InternalFailure"), always),
		},
		{
			name: "EventBridge fails the entry: ThrottlingException", want: passing("publish_failed", "ending"),
			aws: puts(failingEntries("ThrottlingException"), always),
		},
		{name: "EventBridge hangs", slow: true, aws: puts(hanging, always), want: passing("publish_failed", "ending")},
		{
			name: "EventBridge loses the answer", want: settled("ending"),
			aws: []awsFault{{operation: putEvents, holds: []string{outcomeEvents}, after: true, times: once, do: resetting}},
		},
		{
			name: "EventBridge fails one entry of a batch of three", want: wants{byQueue: "ending; again publish_failed, then ending; ending"},
			given: threeRooms, run: batchWithABadEntry,
		},
		{
			// Lambda itself tries the event again.
			name: "VideoSDK is away, and the queue throttles", want: passing("videosdk_unavailable", "ending").only(byBus),
			faults: with(answers(standin.OpListSessions, http.StatusBadGateway, always)),
			aws:    []awsFault{{operation: sendMessage, times: 3, do: queueThrottles}},
		},
	}
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
	c.world.awsFaults.inject(awsFault{operation: putEvents, holds: []string{outcomeEvents, c.room}, times: once, do: failingEntries("InternalFailure")})
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
