package webhook

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/trigger"
)

// profile says how one kind of a source's events becomes a trigger.
type profile struct {
	name  string
	when  expression // true for the events that it is about
	skip  []condition
	rooms [3][]expression // by who may write them, see below

	extract, extractCustomRoom      *regexp.Regexp
	customRoom, session, id, reason expression
	occurredAt, startsAt, endsAt    expression
	delay                           time.Duration
}

// Who may write a room: the host of the meeting, whoever books it, and the host for all meetings of a permanent room.
const (
	hostRoom     = iota // field room
	customerRoom        // field customerRoom: counts only if the source says trustCustomerFields, and then comes first
	sharedRoom          // field sharedRoom: counts only if the source says endSharedRooms
)

// condition is an expression and what it means when it is true.
type condition struct {
	reason string
	is     expression
}

// roomPattern finds a VideoSDK room id anywhere in a text, unless it is a part of something longer, such as a UUID: next to it may stand
// no letter, with or without marks, no digit and no hyphen.
var roomPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?:^|` + apart + `)([0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4})(?:$|` + apart + `)`)
})

const apart = `[^\pL\pM\pN\x{2010}\x{2011}-]`

// reasonName is what the names of reasons consist of: they stand in answers, log lines and metrics.
const reasonName = "abcdefghijklmnopqrstuvwxyz0123456789_"

// newProfile compiles a profile. All its mistakes go to f.
func newProfile(f *fields) profile {
	p := profile{
		name:              f.text("name"),
		when:              f.expression("when"),
		extract:           f.pattern("extract"),
		extractCustomRoom: f.pattern("extractCustomRoom"),
		customRoom:        f.expression("customRoom"),
		session:           f.expression("session"),
		id:                f.expression("id"),
		reason:            f.expression("reason"),
		occurredAt:        f.expression("occurredAt"),
		startsAt:          f.expression("startsAt"),
		endsAt:            f.expression("endsAt"),
		delay:             f.delay("delay"),
	}
	p.rooms = [...][]expression{hostRoom: f.expressions("room"), customerRoom: f.expressions("customerRoom"), sharedRoom: f.expressions("sharedRoom")}
	skip := f.object("skip")
	for _, reason := range slices.Sorted(maps.Keys(skip.raw)) {
		if strings.Trim(reason, reasonName) != "" || reason == "" {
			skip.mistake(reason, "expected a reason of small letters, digits and underscores before the colon")
		}
		p.skip = append(p.skip, condition{reason: reason, is: skip.expression(reason)})
	}
	f.take(skip)
	if p.extract == nil {
		p.extract = roomPattern()
	}
	if !f.has("room") && !f.has("customerRoom") && !f.has("sharedRoom") && !f.has("customRoom") && !f.has("session") {
		f.mistake("room", "expected at least one of room, customRoom and session")
	}
	f.done()
	return p
}

// reading is one document on its way through a profile. What an expression did not find, or failed to find, is absent.
type reading struct {
	document any
	failed   []string // the fields whose expressions failed, with why
	problems []string // what was found and cannot be used
}

func (r *reading) value(field string, e expression) any {
	value, err := e.search(r.document)
	if err != nil {
		r.failed = append(r.failed, fmt.Sprintf("%s: %v", field, err))
		return nil
	}
	return value
}

// texts returns the texts that an expression found: one, or those of a list.
func (r *reading) texts(field string, e expression) []string {
	value := r.value(field, e)
	list, isList := value.([]any)
	if !isList {
		list = []any{value}
	}
	var texts []string
	var wrong bool
	for _, one := range list {
		text, ok := textOf(one)
		_, isBlank := one.(string)
		switch {
		case ok:
			texts = append(texts, text)
		case isTrue(one) && !isBlank:
			wrong = true
		}
	}
	if wrong && len(texts) == 0 {
		r.failed = append(r.failed, field+": expected a text or a number")
	}
	return texts
}

func (r *reading) text(field string, e expression) string {
	texts := r.texts(field, e)
	if len(texts) == 0 {
		return ""
	}
	return texts[0]
}

// exact returns a text that tells one thing from another. The decoder puts U+FFFD in place of half a surrogate pair, so that two ids
// could become one.
func (r *reading) exact(field, text string) string {
	if strings.ContainsRune(text, utf8.RuneError) {
		r.problems = append(r.problems, field+" must not contain U+FFFD, which half of a surrogate pair becomes")
		return ""
	}
	return text
}

func (r *reading) time(field string, e expression) time.Time {
	text := r.text(field, e)
	if text == "" {
		return time.Time{}
	}
	t, ok := parseTime(text)
	if !ok {
		r.problems = append(r.problems, field+" must be an RFC 3339 time such as 2026-11-23T10:00:00Z, or Unix seconds")
	}
	return t
}

// extracted returns what the first text that the pattern finds something in has in its group.
func extracted(pattern *regexp.Regexp, texts []string) string {
	for _, text := range texts {
		if groups := pattern.FindStringSubmatch(text); groups != nil && groups[1] != "" {
			return strings.TrimSpace(groups[1])
		}
	}
	return ""
}

// room returns the first room that the source's settings let count.
func (p profile) room(r *reading, s *Source) string {
	writers := []int{hostRoom}
	if s.trustCustomerFields {
		writers = []int{customerRoom, hostRoom}
	}
	if s.endSharedRooms {
		writers = append(writers, sharedRoom)
	}
	names := [...]string{hostRoom: "room", customerRoom: "customerRoom", sharedRoom: "sharedRoom"}
	for _, writer := range writers {
		for _, e := range p.rooms[writer] {
			if room := extracted(p.extract, r.texts(names[writer], e)); room != "" {
				return room
			}
		}
	}
	return ""
}

// apply makes the document's trigger. It returns a reason instead if the document is to be left alone.
func (p profile) apply(r *reading, s *Source) (trigger.Mapped, string) {
	for _, c := range p.skip {
		if isTrue(r.value("skip."+c.reason, c.is)) {
			return trigger.Mapped{}, c.reason
		}
	}
	var m trigger.Mapped
	m.Target.RoomID = r.exact("room", p.room(r, s))
	m.Target.SessionID = r.exact("session", r.text("session", p.session))
	if m.Target == (endsession.Target{}) {
		texts := r.texts("customRoom", p.customRoom)
		if p.extractCustomRoom != nil {
			texts = []string{extracted(p.extractCustomRoom, texts)}
		}
		if len(texts) > 0 {
			m.Target.CustomRoomID = r.exact("customRoom", texts[0])
		}
	}
	m.ID = r.exact("id", r.text("id", p.id))
	m.Reason = endsession.Truncate(strings.TrimSpace(strings.Map(printable, r.text("reason", p.reason))))
	m.OccurredAt = r.time("occurredAt", p.occurredAt)
	m.StartsAt = r.time("startsAt", p.startsAt)
	m.EndsAt = r.time("endsAt", p.endsAt)
	m.Delay = p.delay
	if m.Target == (endsession.Target{}) && len(r.problems) == 0 {
		return trigger.Mapped{}, reasonNoRoom
	}
	return m, ""
}

// printable replaces what a reason must not contain, which people write into notes.
func printable(c rune) rune {
	if c < ' ' || c == 0x7F || c >= 0x80 && c < 0xA0 {
		return ' '
	}
	return c
}
