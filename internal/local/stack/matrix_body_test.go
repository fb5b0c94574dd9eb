package stack_test

import "strings"

// body sends exactly these bytes.
func body(text func(*cell) string) []func(*cell) trigger {
	return oneTrigger(func(c *cell) trigger { return c.raw([]byte(text(c))) })
}

func literally(text string) []func(*cell) trigger { return body(func(*cell) string { return text }) }

// document is the text of the default document with something put in front of its last brace.
func document(c *cell, more string) string {
	text := string(c.named(nil).document)
	return strings.TrimSuffix(text, "}") + more + "}"
}

// more is the default document with something at its end.
func more(text string) []func(*cell) trigger {
	return body(func(c *cell) string { return document(c, text) })
}

// bodies are what comes in place of a document.
func bodies() []row {
	return []row{
		// Lambda makes an empty payload {}; SQS takes no empty message.
		{
			name: "an empty body", want: rejected("invalid_json").but(rejected("invalid_request").only(byDirect)).only(byHTTP, byDirect, byBus),
			triggers: literally(""),
		},
		// Lambda takes nothing but JSON, here and below.
		{name: "a blank body", triggers: literally(" \n"), want: rejected("invalid_json").only(byHTTP, byQueue, byBus)},
		{name: "a body that is not JSON", triggers: literally("roomId=abcd"), want: rejected("invalid_json").only(byHTTP, byQueue, byBus)},
		{
			name: "half of a document", want: rejected("invalid_json").only(byHTTP, byQueue, byBus),
			triggers: body(func(c *cell) string { return string(c.named(nil).document[:20]) }),
		},
		{
			name: "two documents", want: rejected("invalid_json").only(byHTTP, byQueue, byBus),
			triggers: body(func(c *cell) string { return document(c, "") + document(c, "") }),
		},
		{name: "a body that is not UTF-8", triggers: literally("{\"roomId\":\"\xff\"}"), want: rejected("invalid_json").only(byHTTP, byBus)},
		{name: "a string for a document", triggers: literally(`"abcd-efgh-ijkl"`), want: rejected("invalid_json")},
		{name: "an array for a document", triggers: literally(`[]`), want: rejected("invalid_json")},
		{name: "null for a document", triggers: literally(`null`), want: rejected("invalid_json")},
		{name: "an empty document", triggers: literally(`{}`), want: rejected("invalid_request")},
		{name: "a document of 257 KiB", triggers: more(`,"x":"` + strings.Repeat("x", 257<<10) + `"`), want: rejected("body_too_large")},
		{name: "a document of 256 KiB", triggers: body(largest), want: settled("ending").only(byHTTP, byDirect, byQueue)},
		{name: "a document nested too deep", triggers: more(`,"x":` + nested(10_001)), want: rejected("invalid_json").only(byHTTP, byQueue, byBus)},
		{name: "a document nested deep", triggers: more(`,"x":` + nested(5_000)), want: settled("ending")},
		{
			name: "fields of wrong types", want: rejected("invalid_request"),
			triggers: literally(`{"roomId":["a"],"occurredAt":5,"dryRun":"yes","reason":{}}`),
		},
		{name: "unknown fields", triggers: more(`,"attendees":[{"email":"x@example.com"}],"version":2`), want: settled("ending")},
		{name: "null for optional fields", triggers: more(`,"sessionId":null,"startsAt":null,"force":null`), want: settled("ending")},
	}
}

// largest is a document of exactly 256 KiB.
func largest(c *cell) string {
	text := document(c, `,"x":"`)
	text = strings.TrimSuffix(text, "}")
	return text + strings.Repeat("x", 256<<10-len(text)-len(`"}`)) + `"}`
}

func nested(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }
