package trigger_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/schematest"
	"videosdk-end-session/internal/trigger"
)

// requestSchema is what callers are told of a request. Nothing but tests reads it.
func requestSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	return schematest.Read(t, "request.schema.json")
}

// inSchema tells whether the schema takes a document.
func inSchema(schema *jsonschema.Schema, document string) bool {
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(document))
	return err == nil && schema.Validate(value) == nil
}

// taken is what becomes of a document at the one door that takes delays too.
func taken(document string) *endsession.Error {
	_, _, err := trigger.Delivery{Source: "lms", ID: "1", OccurredAt: now, Received: now}.Document([]byte(document))
	return err
}

func TestTheSchemaOfRequestsSaysWhatIsTaken(t *testing.T) {
	schema := requestSchema(t)
	long := strings.Repeat("x", 512)
	tests := []struct {
		name, document string
		schema, code   bool // what takes it
	}{
		{"a room", `{"roomId":"abcd-efgh-ijkl"}`, true, true},
		{"a room by its other name", `{"meetingId":"abcd-efgh-ijkl"}`, true, true},
		{"a custom room", `{"userMeetingId":"büro·1"}`, true, true},
		{"everything", `{"roomId":"r","customRoomId":"c","sessionId":"s","source":"lms","id":"1","force":"again","reason":"<over>","dryRun":false,
			"occurredAt":"2026-11-23T10:00:00Z","startsAt":"2026-11-23T09:00:00.5+01:00","endsAt":"2026-11-23T10:00:00Z","delaySeconds":900,"more":{}}`, true, true},
		{"the longest texts", `{"roomId":"` + long[:256] + `","source":"` + long[:256] + `","id":"` + long + `","force":"` + long + `","reason":"` + long + `"}`, true, true},

		{"nothing named", `{"id":"1"}`, false, false},
		{"an empty room", `{"roomId":""}`, false, false},
		{"a room that is a number", `{"roomId":4711}`, false, false},
		{"a long room", `{"roomId":"` + long[:257] + `"}`, false, false},
		{"a room with a blank", `{"roomId":"a b"}`, false, false},
		{"a room with a blank of another kind", `{"roomId":"a` + "\u2003" + `b"}`, false, false},
		{"a room with a slash", `{"roomId":"a/b"}`, false, false},
		{"a room above another", `{"roomId":".."}`, false, false},
		{"two rooms", `{"roomId":"a","meetingId":"b"}`, false, false},
		{"a long id", `{"roomId":"r","id":"` + long + `x"}`, false, false},
		{"a long force", `{"roomId":"r","force":"` + long + `x"}`, false, false},
		{"a long reason", `{"roomId":"r","reason":"` + long + `x"}`, false, false},
		{"a reason of two lines", `{"roomId":"r","reason":"a\nb"}`, false, false},
		{"a time in words", `{"roomId":"r","occurredAt":"tomorrow"}`, false, false},
		{"a time without zone", `{"roomId":"r","occurredAt":"2026-11-23T10:00:00"}`, false, false},
		{"a time that there is not", `{"roomId":"r","startsAt":"2026-02-30T10:00:00Z"}`, false, false},
		{"a leap second", `{"roomId":"r","startsAt":"2016-12-31T23:59:60Z"}`, false, false},
		{"a time before 1970", `{"roomId":"r","endsAt":"1969-12-31T23:00:00Z"}`, false, false},
		{"a time that was never set", `{"roomId":"r","endsAt":"0001-01-01T00:00:00Z"}`, false, false},
		{"a flag in quotes", `{"roomId":"r","dryRun":"true"}`, false, false},
		{"a long delay", `{"roomId":"r","delaySeconds":901}`, false, false},
		{"half a second", `{"roomId":"r","delaySeconds":0.5}`, false, false},
		{"no object", `["r"]`, false, false},

		// What the schema cannot say.
		{"an end before the start", `{"roomId":"r","startsAt":"2026-11-23T10:00:00Z","endsAt":"2026-11-23T09:00:00Z"}`, true, false},
		{"1969 in UTC", `{"roomId":"r","startsAt":"1970-01-01T00:00:00+01:00"}`, true, false},
		{"half of a surrogate pair", `{"roomId":"r","id":"\ud83d"}`, true, false},
		{"a delay with a fraction of nothing", `{"roomId":"r","delaySeconds":1.0}`, true, false},
		// A webhook's source is not the document's; everywhere else this is refused.
		{"a long source", `{"roomId":"r","source":"` + long[:257] + `"}`, false, true},
		// What it leaves out, so that it stays simple.
		{"null for absent", `{"roomId":"r","id":null}`, false, true},
		{"blanks around a room", `{"roomId":" r "}`, false, true},
		{"both names of a room", `{"roomId":"r","meetingId":"r"}`, false, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := inSchema(schema, test.document); got != test.schema {
				t.Errorf("the schema takes %s: %t, want %t", test.document, got, test.schema)
			}
			if err := taken(test.document); (err == nil) != test.code {
				t.Errorf("%s: %v, want that it is taken: %t", test.document, err, test.code)
			}
		})
	}
}

// unsaid are the problems that the schema cannot tell of, by a part of their words.
var unsaid = []string{"endsAt must not be before startsAt", "half of a surrogate pair", "between the years 1970 and 9999", "delaySeconds must be a whole number"}

// FuzzRequestSchema holds the code to what the schema promises: what it takes is taken.
func FuzzRequestSchema(f *testing.F) {
	schema := requestSchema(f)
	for _, document := range nasties {
		f.Add(document)
	}
	for _, payload := range samplesOf(f, "direct") {
		f.Add(string(payload))
	}
	f.Fuzz(func(t *testing.T, document string) {
		if !utf8.ValidString(document) || len(document) > trigger.MaxDocument || !inSchema(schema, document) {
			return
		}
		err := taken(document)
		if err == nil {
			return
		}
		for _, problem := range err.Problems {
			if !slices.ContainsFunc(unsaid, func(part string) bool { return strings.Contains(problem, part) }) {
				t.Errorf("the schema takes what is refused: %s", problem)
			}
		}
		if len(err.Problems) == 0 {
			t.Errorf("the schema takes what is refused: %v", err)
		}
	})
}
