package stack_test

import (
	"time"

	"videosdk-end-session/internal/local/standin"
)

// badInput is what no sender should send, and what one may send that looks odd, on days on which nothing else is wrong.
func badInput() setting {
	var rows []row
	rows = append(rows, bodies()...)
	rows = append(rows, identifiers()...)
	rows = append(rows, gatewayCalls()...)
	rows = append(rows, envelopes()...)
	rows = append(rows, rooms()...)
	rows = append(rows, times()...)
	return setting{key: "input", adjust: redelivering(time.Minute), rounds: []round{{rows: rows}}}
}

// ignoredFilters is a VideoSDK that lists every session there is.
func ignoredFilters() setting {
	options := standin.Options{IgnoreFilters: true}
	return setting{key: "filters", standin: options, adjust: redelivering(time.Minute), rounds: []round{{rows: []row{
		{name: "VideoSDK ignores the filter roomId", given: elsewhere, want: settled("refused pin_mismatch")},
		{
			name: "VideoSDK ignores the filter customRoomId", want: settled("refused pin_mismatch"),
			given: elsewhere, triggers: oneTrigger(byCustomRoom),
		},
	}}}}
}

// unshown is VideoSDK with sessions as the sample on its page, which does not show a customRoomId.
func unshown() setting {
	options := standin.Options{CustomRoomIDUnshown: true}
	return setting{key: "unshown", standin: options, adjust: redelivering(time.Minute), rounds: []round{{rows: []row{
		{name: "sessions show no customRoomId, by customRoomId", triggers: oneTrigger(byCustomRoom), want: settled("ending")},
		{
			name: "sessions show no customRoomId, by sessionId and customRoomId", want: settled("ending"),
			triggers: oneTrigger(bySessionAndCustomRoom),
		},
		{
			name: "sessions show no customRoomId, by sessionId and another customRoomId", want: settled("refused pin_mismatch"),
			triggers: oneTrigger(fields(map[string]any{"customRoomId": "another"}, bySession)),
		},
	}}}}
}

// elsewhere is a live session in a room that the trigger does not name.
func elsewhere(c *cell) error {
	_, err := c.begin("elsewhere-"+c.id, standin.Session{Start: time.Now().Add(-time.Hour)})
	return err
}

// liveShape is VideoSDK with the session objects that its server SDK reads, and the end in the answer.
func liveShape() setting {
	options := standin.Options{Shape: standin.Live, EndInAnswer: true}
	return setting{key: "shape", standin: options, adjust: redelivering(time.Minute), rounds: []round{{rows: []row{
		{name: "the live shape, by roomId", want: settled("ended")},
		{name: "the live shape, by customRoomId", triggers: oneTrigger(byCustomRoom), want: settled("ended")},
		{name: "the live shape, by sessionId", triggers: oneTrigger(bySession), want: settled("ended")},
	}}}}
}
