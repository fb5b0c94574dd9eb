package stack_test

import (
	"fmt"
	"strings"
	"time"

	"videosdk-end-session/internal/local/standin"
)

// rooms are the states of rooms, and what triggers make of them.
func rooms() []row {
	return []row{
		{name: "one live session", want: settled("ending")},
		{name: "nobody is in the room", given: ended, want: settled("not_active")},
		{name: "nobody has made the room", given: nothing, want: settled("not_active")},
		{name: "two live sessions", given: twoLive(time.Minute), want: settled("ending")},
		{
			name: "two live sessions, the newer since the trigger", want: settled("ending"),
			given: olderOfTwoLive, triggers: oneTrigger(ago(10 * time.Minute)),
		},
		{name: "a session without a readable start", given: startsAt("15:60:35"), want: settled("refused session_start_unknown")},
		{name: "a session without a start", given: startsAt(""), want: settled("refused session_start_unknown")},
		{
			name: "a session without a readable start, named", want: settled("ending"),
			given: startsAt("15:60:35"), triggers: oneTrigger(bySession),
		},
		{
			name: "the room's next meeting has begun", want: settled("refused session_after_trigger"),
			given: liveSince(5 * time.Minute), triggers: oneTrigger(ago(10 * time.Minute)),
		},
		{
			name: "the session named is over, the next one has begun", want: settled("already_ended"),
			given: endedAndNext, triggers: oneTrigger(bySession),
		},
		{name: "by customRoomId", triggers: oneTrigger(byCustomRoom), want: settled("ending")},
		{name: "by sessionId", triggers: oneTrigger(bySession), want: settled("ending")},
		{name: "by roomId and sessionId", triggers: oneTrigger(byRoomAndSession), want: settled("ending")},
		{name: "by the aliases meetingId and userMeetingId", triggers: oneTrigger(byAliases), want: settled("ending")},
		{
			name: "by sessionId with another customRoomId", want: settled("refused pin_mismatch"),
			triggers: oneTrigger(fields(map[string]any{"customRoomId": "another"}, bySession)),
		},
		{name: "a sessionId that does not exist", triggers: oneTrigger(unknownSession), want: settled("failed session_not_found")},
		{
			name: "two triggers for one session", want: settled("ending").followedBy(settled("not_active")),
			triggers: twoTriggers(numbered(1, nil), numbered(2, nil)),
		},
		{
			name: "two triggers for one session, named", triggers: twoTriggers(numbered(1, bySession), numbered(2, bySession)),
			want: settled("ending").followedBy(settled("already_ended")),
		},
		{
			name: "a conflict", want: settled("ending").followedBy(settled("failed conflict")),
			triggers: twoTriggers(numbered(1, nil), numbered(1, otherRoom)),
		},
		{name: "a dry run", triggers: oneTrigger(set("dryRun", true)), want: settled("dry_run")},
	}
}

// The states of rooms.

func liveSince(ago time.Duration) func(*cell) error {
	return func(c *cell) error { return c.live(ago) }
}

func nothing(*cell) error { return nil }

// ended is a session that is over.
func ended(c *cell) error {
	_, err := c.begin(c.room, standin.Session{Start: time.Now().Add(-time.Hour), End: time.Now().Add(-time.Minute)})
	return err
}

// twoLive is a second session beside the first, which is the one to end.
func twoLive(ago time.Duration) func(*cell) error {
	return func(c *cell) error {
		if err := c.live(time.Hour); err != nil {
			return err
		}
		var err error
		c.session, err = c.begin(c.room, standin.Session{Start: time.Now().Add(-ago), Alongside: true})
		return err
	}
}

// olderOfTwoLive has a second session that began too late to be meant.
func olderOfTwoLive(c *cell) error {
	if err := c.live(time.Hour); err != nil {
		return err
	}
	_, err := c.begin(c.room, standin.Session{Start: time.Now().Add(-5 * time.Minute), Alongside: true})
	return err
}

// startsAt is a session with a start that nobody can read.
func startsAt(start string) func(*cell) error {
	return func(c *cell) (err error) {
		c.session, err = c.begin(c.room, standin.Session{RawStart: &start})
		return err
	}
}

// endedAndNext names a session that is over, in a room where the next one is live.
func endedAndNext(c *cell) (err error) {
	c.session, err = c.begin(c.room, standin.Session{Start: time.Now().Add(-time.Hour), End: time.Now().Add(-time.Minute)})
	if err == nil {
		_, err = c.begin(c.room, standin.Session{Start: time.Now().Add(-30 * time.Second)})
	}
	return err
}

// The triggers.

func oneTrigger(t func(*cell) trigger) []func(*cell) trigger { return []func(*cell) trigger{t} }

func twoTriggers(first, second func(*cell) trigger) []func(*cell) trigger {
	return []func(*cell) trigger{first, second}
}

// fields puts fields over those of a trigger, or of the default one.
func fields(over map[string]any, base func(*cell) trigger) func(*cell) trigger {
	return func(c *cell) trigger {
		t := c.named(nil)
		if base != nil {
			t = base(c)
		}
		return t.with(over)
	}
}

// set puts one field over those of the default trigger.
func set(name string, value any) func(*cell) trigger { return fields(map[string]any{name: value}, nil) }

func ago(d time.Duration) func(*cell) trigger {
	return func(c *cell) trigger {
		return c.named(map[string]any{"occurredAt": time.Now().Add(-d).UTC().Format(time.RFC3339Nano)})
	}
}

// numbered gives the trigger an id of its own within the cell.
func numbered(n int, base func(*cell) trigger) func(*cell) trigger {
	return func(c *cell) trigger { return fields(map[string]any{"id": fmt.Sprint(c.id, "-", n)}, base)(c) }
}

// bySession names the session alone, so that it is looked at before it is ended.
func bySession(c *cell) trigger {
	return c.named(map[string]any{"roomId": nil, "sessionId": c.session})
}

func byCustomRoom(c *cell) trigger {
	return c.named(map[string]any{"roomId": nil, "customRoomId": customOf(c.room)})
}

func bySessionAndCustomRoom(c *cell) trigger {
	return c.named(map[string]any{"roomId": nil, "sessionId": c.session, "customRoomId": customOf(c.room)})
}

func byRoomAndSession(c *cell) trigger { return c.named(map[string]any{"sessionId": c.session}) }

func byAliases(c *cell) trigger {
	return c.named(map[string]any{"roomId": nil, "meetingId": c.room, "userMeetingId": customOf(c.room)})
}

func unknownSession(c *cell) trigger {
	return c.named(map[string]any{"roomId": nil, "sessionId": strings.Repeat("0", 24)})
}

func otherRoom(c *cell) trigger { return c.named(map[string]any{"roomId": "another-" + c.room}) }
