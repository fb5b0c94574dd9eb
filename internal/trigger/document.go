// Package trigger reads what a door receives as requests. It dispatches on the fields that tell one shape from another, ignores
// fields that it does not know, and names every problem of a document at once.
package trigger

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"videosdk-end-session/internal/endsession"
)

// MaxDocument is the most bytes of a document, of any door.
const MaxDocument = 256 << 10

// MaxDelaySeconds is the longest delay of a trigger: that of an SQS message.
const MaxDelaySeconds = 900

// ahead is how far a sender's clock may be ahead of ours where a time in the future is not taken for now.
const ahead = 5 * time.Minute

// inFuture is the problem of a time that cannot be one at which something has happened.
const inFuture = "occurredAt must not lie in the future: redriven, this would count as having happened later still"

// timeless is the problem of something that would happen anew with each redrive.
const timeless = "occurredAt is required in a bare document on a queue: a redriven message has no other time of its own"

// undelayable is the problem of a delay where nothing can be kept back.
const undelayable = "delaySeconds must be 0 here: only webhooks can be delayed"

// envelope is what a door knows of a document that does not say it itself.
type envelope struct {
	source     string    // the door's own name
	sourced    bool      // it holds whatever the document says
	id         string    // the delivery's
	occurredAt time.Time // zero where the document must say it
	received   time.Time // no trigger happened later than it was received
	redrivable bool      // the same bytes may be received again, days later
	undated    bool      // the id tells the same bytes from others, but not one day from the next
	delayable  bool      // the door can delay what it hands on
	delay      time.Duration
	trace      string
}

// happened returns the time of a trigger that says when it happened: no trigger happened later than it was received. It is false for a
// time in the future that may be received again, when it would count as having happened later still.
func (e envelope) happened(at time.Time) (time.Time, bool) {
	possible := !e.redrivable || !at.After(e.received.Add(ahead))
	if at.After(e.received) {
		at = e.received
	}
	return at, possible
}

// document reads the request document of the design, which is the same for every door. The request is filled as far as it could be
// read, also on an error.
func document(body []byte, env envelope) (endsession.Request, *endsession.Error) {
	request, _, err := delayed(body, env)
	return request, err
}

// delayed is document with the delay that was asked for, or else the envelope's. It is 0 unless the door can delay.
func delayed(body []byte, env envelope) (endsession.Request, time.Duration, *endsession.Error) {
	request := endsession.Request{Source: env.source, ID: env.id, OccurredAt: env.occurredAt, Trace: env.trace}
	if len(body) > MaxDocument {
		return request, 0, tooLarge()
	}
	d := reader{}
	// The decoder would replace what is not UTF-8, and two ids could become one.
	if err := json.Unmarshal(body, &d.fields); err != nil || d.fields == nil || !utf8.Valid(body) {
		return request, 0, notJSON()
	}
	request.RoomID = d.alias("roomId", "meetingId")
	request.CustomRoomID = d.alias("customRoomId", "userMeetingId")
	request.SessionID = d.exact("sessionId")
	unreadable := request.Target == endsession.Target{} && len(d.problems) > 0
	if !env.sourced {
		request.Source = cmp.Or(d.exact("source"), env.source)
	}
	request.ID = cmp.Or(d.exact("id"), env.identity(d.has("occurredAt")))
	request.Force = d.exact("force")
	request.Reason = d.text("reason")
	request.StartsAt = d.time("startsAt")
	request.EndsAt = d.time("endsAt")
	request.DryRun = d.flag("dryRun")
	delay := env.delay
	if d.has("delaySeconds") {
		delay = d.delay("delaySeconds")
	}
	refused := delay > 0 && !env.delayable
	if at := d.time("occurredAt"); !at.IsZero() {
		request.OccurredAt = at
	}
	var possible bool
	request.OccurredAt, possible = env.happened(request.OccurredAt)

	unstated := request.OccurredAt.IsZero() && !d.has("occurredAt")
	problems := d.problems
	if refused {
		problems = append(problems, undelayable)
	}
	if !possible {
		problems = append(problems, inFuture)
	}
	if unstated {
		problems = append(problems, timeless)
	}
	checked := request // with something in place of what is named already
	if checked.OccurredAt.IsZero() {
		checked.OccurredAt = env.received
	}
	if unreadable {
		checked.SessionID = "unreadable"
	}
	problems = append(problems, checked.Validate()...)
	if len(problems) == 0 {
		return request, delay, nil
	}
	return request, 0, invalid(problems)
}

// invalid returns the error of problems. A single one may have a code of its own.
func invalid(problems []string) *endsession.Error {
	code := endsession.CodeInvalidRequest
	if len(problems) == 1 {
		switch problems[0] {
		case undelayable:
			code = endsession.CodeDelayNotSupported
		case inFuture:
			code = endsession.CodeOccurredAtInFuture
		case timeless:
			code = endsession.CodeOccurredAtMissing
		}
	}
	return &endsession.Error{Code: code, Class: endsession.Permanent, Message: endsession.Truncate(strings.Join(problems, "; ")), Problems: problems}
}

func notJSON() *endsession.Error {
	return &endsession.Error{Code: endsession.CodeInvalidJSON, Class: endsession.Permanent, Message: "expected a JSON object in UTF-8"}
}

func tooLarge() *endsession.Error {
	return &endsession.Error{
		Code: endsession.CodeBodyTooLarge, Class: endsession.Permanent,
		Message: fmt.Sprintf("the document has more than the %d bytes allowed", MaxDocument),
	}
}

// reader reads single fields and collects what is wrong with them. A field that is null is absent.
type reader struct {
	fields   map[string]json.RawMessage
	problems []string
}

func (d *reader) has(name string) bool {
	value, ok := d.fields[name]
	return ok && string(value) != "null"
}

// read decodes a field, and reports whether it is there and what was expected.
func (d *reader) read(name string, into any, expected string) bool {
	if !d.has(name) {
		return false
	}
	if err := json.Unmarshal(d.fields[name], into); err != nil {
		d.problems = append(d.problems, name+" must be "+expected)
		return false
	}
	return true
}

func (d *reader) text(name string) string {
	if raw := d.fields[name]; len(raw) > 1 && raw[0] == '"' && bytes.IndexByte(raw, '\\') < 0 {
		return strings.TrimSpace(string(raw[1 : len(raw)-1])) // as nearly all are: spares a decoder for each
	}
	var s string
	d.read(name, &s, "a string")
	return strings.TrimSpace(s)
}

// exact reads a text that tells one thing from another, so that nothing in it may be replaced.
func (d *reader) exact(name string) string {
	if unpaired(d.fields[name]) {
		d.problems = append(d.problems, name+" must not contain half of a surrogate pair")
		return ""
	}
	return d.text(name)
}

// alias reads a field that has two names.
func (d *reader) alias(name, other string) string {
	a, b := d.exact(name), d.exact(other)
	if a != "" && b != "" && a != b {
		d.problems = append(d.problems, fmt.Sprintf("%s and %s are two names of one field and must not differ", name, other))
	}
	return cmp.Or(a, b)
}

func (d *reader) time(name string) time.Time {
	const expected = "an RFC 3339 time such as 2026-11-23T10:00:00Z"
	var s string
	if !d.read(name, &s, expected) {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(s))
	switch {
	case err != nil:
		d.problems = append(d.problems, name+" must be "+expected)
	case t.IsZero(): // what a Go program sends for a time that it never set; it must not count as absent
		d.problems = append(d.problems, name+" must lie between the years 1970 and 9999")
	}
	return t.UTC() // a year that is four digits long here may not be in UTC, in which times are handed on
}

func (d *reader) flag(name string) bool {
	var b bool
	d.read(name, &b, "true or false")
	return b
}

// delay returns the delay that is asked for.
func (d *reader) delay(name string) time.Duration {
	expected := fmt.Sprintf("a whole number of seconds from 0 to %d", MaxDelaySeconds)
	var seconds int
	if d.read(name, &seconds, expected) && (seconds < 0 || seconds > MaxDelaySeconds) {
		d.problems = append(d.problems, name+" must be "+expected)
		return 0
	}
	return time.Duration(seconds) * time.Second
}
