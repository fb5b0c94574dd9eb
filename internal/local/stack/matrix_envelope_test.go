package stack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"videosdk-end-session/internal/local/cloud"
)

// envelopes are what other services put around a document.
func envelopes() []row {
	return []row{
		{
			name: "an SNS notification", want: settled("ending").only(byQueue),
			triggers: notification(func(c *cell) string { return string(c.named(map[string]any{"occurredAt": nil}).document) }),
		},
		{
			name: "an SNS notification of plain text", want: rejected("invalid_json").only(byQueue),
			triggers: notification(func(*cell) string { return "the meeting is over" }),
		},
		{
			name: "an SNS notification of nothing", want: rejected("invalid_json").only(byQueue),
			triggers: notification(func(*cell) string { return "" }),
		},
		// No bus sends an event without a time: it is somebody's test event.
		{
			name: "an event without a time", want: settled("ending").only(byBus).but(rejected("occurred_at_missing").only(byQueue)),
			triggers: oneTrigger(at("")),
		},
		{
			name: "an event with an unreadable time", want: rejected("occurred_at_missing").only(byQueue, byBus),
			triggers: oneTrigger(at("yesterday")),
		},
		{name: "a CloudEvent whose data is no base64", triggers: oneTrigger(notBase64), want: rejected("invalid_json").only(byQueue, byBus)},
		{
			name: "an array of three events, the second a number", want: wants{byBus: "ending; dead letter invalid_json; ending"},
			given: threeRooms, run: arrayWith(`5`),
		},
		{
			name: "an array of three events, the second for no room", want: wants{byBus: "ending; dead letter invalid_request; ending"},
			given: threeRooms, run: arrayWith(eventForNothing),
		},
	}
}

func notification(message func(*cell) string) []func(*cell) trigger {
	return oneTrigger(func(c *cell) trigger {
		body, err := json.Marshal(map[string]string{
			"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:123456789012:over", "MessageId": c.id, "Message": message(c),
			"Timestamp": time.Now().UTC().Format(time.RFC3339),
		})
		if err != nil {
			panic(err)
		}
		return trigger{id: c.id, document: body}
	})
}

// at is an event with a time as EventBridge would never send it.
func at(time string) func(*cell) trigger {
	return func(c *cell) trigger {
		event := fmt.Appendf(nil, `{"detail-type":"End Session","source":"matrix","id":%q,"time":%q,"detail":{"roomId":%q}}`, c.id, time, c.room)
		return trigger{id: c.id, document: event, event: event}
	}
}

func notBase64(c *cell) trigger {
	body := fmt.Appendf(nil, `{"specversion":"1.0","type":"end","source":"matrix","id":%q,"data_base64":"%%%%"}`, c.id)
	return trigger{id: c.id, document: body, detail: body}
}

// eventForNothing names no room and no session.
const eventForNothing = `{"detail-type":"End Session","source":"matrix","id":"$ID","time":"2026-11-23T10:00:00Z","detail":{}}`

// arrayWith hands the function for events an array of a good event, a bad one and a good one.
func arrayWith(bad string) func(context.Context, *cell) (string, error) {
	return func(ctx context.Context, c *cell) (string, error) {
		bad := strings.ReplaceAll(bad, "$ID", c.id+"-bad")
		rooms := batchRooms(c)
		event := func(id, room string) string {
			const format = `{"detail-type":"End Session","source":"matrix","id":%q,"time":%q,"detail":{"roomId":%q}}`
			return fmt.Sprintf(format, id, time.Now().UTC().Format(time.RFC3339), room)
		}
		// In the middle room nothing is to be ended.
		c.session, c.others = c.others[0], c.others[2:]
		c.sent = 3
		first, last := c.id+"-first", c.id+"-last"
		response, err := c.world.Invoke(ctx, "EventBridgeFunction", []byte("["+event(first, rooms[0])+","+bad+","+event(last, rooms[2])+"]"))
		if err == nil && response.FunctionError != "" {
			err = fmt.Errorf("function error: %s", response.Payload)
		}
		if err != nil {
			return "", err
		}
		letter := func(l cloud.DeadLetter) bool { return l.Body == bad }
		err = c.world.until(ctx, "the outcomes of "+c.id, func() bool {
			return len(c.world.published(outcomesOf(first))) > 0 && len(c.world.published(outcomesOf(last))) > 0 && len(c.world.deadLetters(letter)) > 0
		})
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%s; dead letter %s; %s", c.world.published(outcomesOf(first))[0].text(),
			c.world.deadLetters(letter)[0].Attributes["code"], c.world.published(outcomesOf(last))[0].text()), nil
	}
}
