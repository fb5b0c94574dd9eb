package stack_test

import (
	"encoding/json"
	"strings"
)

// identifiers are ids that are none, or look like none.
func identifiers() []row {
	named := func(field string, value any) []func(*cell) trigger {
		return oneTrigger(set(field, value))
	}
	rows := []row{
		{name: "a number above 2^53 for the id", triggers: literallyIn("id", "9007199254740993"), want: rejected("invalid_request")},
		{name: "an id with a control character", triggers: named("id", "a\u0000b"), want: rejected("invalid_request")},
		{name: "an id of 513 characters", triggers: named("id", strings.Repeat("x", 513)), want: rejected("invalid_request")},
		{name: "a source of 257 characters", triggers: named("source", strings.Repeat("x", 257)), want: rejected("invalid_request")},
		{name: "roomId and meetingId differ", triggers: named("meetingId", "another"), want: rejected("invalid_request")},
		{name: "no room and no session", triggers: named("roomId", nil), want: rejected("invalid_request")},
		{name: "a roomId of 256 characters", given: nothing, triggers: named("roomId", strings.Repeat("x", 256)), want: settled("not_active")},
		{
			name: "a roomId between blanks", want: settled("ending"),
			triggers: oneTrigger(func(c *cell) trigger { return c.named(map[string]any{"roomId": " " + c.room + "\n"}) }),
		},
	}
	for _, field := range []string{"roomId", "customRoomId", "sessionId"} {
		for _, bad := range []struct{ name, value string }{
			{"with a blank", `"abcd efgh"`}, {"with a slash", `"abcd/efgh"`}, {"with a control character", `"abcd\u0007efgh"`},
			{"of 257 characters", `"` + strings.Repeat("x", 257) + `"`}, {"that is a number", "12345"}, {"that is a number above 2^53", "9007199254740993"},
		} {
			rows = append(rows, row{name: "a " + field + " " + bad.name, triggers: literallyIn(field, bad.value), want: rejected("invalid_request")})
		}
	}
	return rows
}

// literallyIn puts JSON into a field.
func literallyIn(field, value string) []func(*cell) trigger {
	return oneTrigger(set(field, json.RawMessage(value)))
}
