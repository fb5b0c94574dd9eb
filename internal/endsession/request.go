package endsession

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Request is a trigger as every door delivers it: which session is over, who says so, and when that happened.
type Request struct {
	Target
	Source     string    // who says so; a part of the identity
	ID         string    // the trigger's own id at its source; a part of the identity
	Force      string    // makes a deliberate repetition a new trigger; a part of the identity
	Reason     string    // free text for people
	OccurredAt time.Time // when the trigger happened
	StartsAt   time.Time // the booking's start; zero if it has none
	EndsAt     time.Time // the booking's end; zero if it has none
	DryRun     bool
	Trace      string        // X-Ray trace header of the delivery; empty for none
	Queued     time.Duration // how long ago the trigger queue took it, for the log; zero at other doors
}

// Target is what a trigger names. At least one field is set.
type Target struct {
	RoomID       string
	CustomRoomID string
	SessionID    string
}

// The most characters of each field.
const (
	maxIdentifier = 256
	maxSource     = 256
	maxID         = 512
	maxReason     = 512
)

// Key returns the identity of the trigger under which the ledger keeps it: the hex SHA-256 of source, id and force with NUL between.
func (r Request) Key() string {
	return hashed(r.Source, r.ID, r.Force)
}

// conflictKey is the identity of the answer to a request that names another target than the first one of the same identity. It has
// an outcome of its own, and the first one's stays what it is.
func (r Request) conflictKey() string {
	return hashed(r.Source, r.ID, r.Force, string(CodeConflict), r.RoomID, r.CustomRoomID, r.SessionID)
}

func hashed(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

// Window returns when the booking's window opens and closes, with a zero time for a bound that the request does not name.
func (r Request) Window(lead, grace time.Duration) (opens, closes time.Time) {
	if !r.StartsAt.IsZero() {
		opens = r.StartsAt.Add(-lead)
	}
	if !r.EndsAt.IsZero() {
		closes = r.EndsAt.Add(grace)
	}
	return opens, closes
}

// Validate returns everything that is wrong with the request, each problem with what was expected, or nil.
func (r Request) Validate() []string {
	var problems []string
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }

	if r.Target == (Target{}) {
		add("one of roomId, customRoomId or sessionId is required")
	}
	for _, field := range []struct{ name, value string }{
		{"roomId", r.RoomID}, {"customRoomId", r.CustomRoomID}, {"sessionId", r.SessionID},
	} {
		if field.value != "" && !isIdentifier(field.value) {
			add("%s must be 1 to %d characters without white space, control characters, '/', '?' or '#'", field.name, maxIdentifier)
		}
	}
	for _, field := range []struct {
		name, value string
		required    bool
		most        int
	}{
		{"source", r.Source, true, maxSource}, {"id", r.ID, true, maxID}, {"force", r.Force, false, maxID}, {"reason", r.Reason, false, maxReason},
	} {
		switch {
		case field.required && strings.TrimSpace(field.value) == "":
			add("%s must not be empty", field.name)
		case !isText(field.value, field.most):
			add("%s must be at most %d characters without control characters", field.name, field.most)
		}
	}
	if r.OccurredAt.IsZero() {
		add("occurredAt is required")
	}
	for _, field := range []struct {
		name  string
		value time.Time
	}{{"occurredAt", r.OccurredAt}, {"startsAt", r.StartsAt}, {"endsAt", r.EndsAt}} {
		if year := field.value.UTC().Year(); !field.value.IsZero() && (year < 1970 || year > 9999) {
			add("%s must lie between the years 1970 and 9999", field.name)
		}
	}
	if !r.StartsAt.IsZero() && !r.EndsAt.IsZero() && r.EndsAt.Before(r.StartsAt) {
		add("endsAt must not be before startsAt")
	}
	return problems
}

// isIdentifier is lenient on purpose: the forms of VideoSDK's own identifiers vary, and a customRoomId is the caller's free text. It
// refuses only what could not stand in a path or would be lost on the way.
func isIdentifier(s string) bool {
	return isText(s, maxIdentifier) && !strings.ContainsAny(s, "/?#") && !strings.ContainsFunc(s, unicode.IsSpace) && s != "." && s != ".."
}

func isText(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsFunc(s, unicode.IsControl)
}
