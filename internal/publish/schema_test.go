package publish_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/schematest"
)

// schemaDocument reads outcome.schema.json.
func schemaDocument(t testing.TB) map[string]any {
	t.Helper()
	text, err := os.ReadFile("outcome.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	document, ok := schematest.Decode(t, text).(map[string]any)
	if !ok {
		t.Fatal("the schema is no object")
	}
	return document
}

// published is the schema as consumers have it: open to new fields.
func published(t testing.TB) *jsonschema.Schema {
	t.Helper()
	return schematest.Compile(t, schemaDocument(t))
}

// closed is the schema without room for a field that it does not describe, for what this application itself makes.
func closed(t testing.TB) *jsonschema.Schema {
	t.Helper()
	document := schemaDocument(t)
	for _, object := range describedObjects(document) {
		object["additionalProperties"] = false
	}
	return schematest.Compile(t, document)
}

// describedObjects returns the schema's objects that list fields, the conditions in allOf not included.
func describedObjects(schema map[string]any) []map[string]any {
	var found []map[string]any
	if items, ok := schema["items"].(map[string]any); ok {
		found = append(found, describedObjects(items)...)
	}
	if properties, ok := schema["properties"].(map[string]any); ok {
		found = append(found, schema)
		for _, property := range properties {
			found = append(found, describedObjects(property.(map[string]any))...)
		}
	}
	return found
}

func wantValid(t *testing.T, schema *jsonschema.Schema, detail []byte) {
	t.Helper()
	if err := schema.Validate(schematest.Decode(t, detail)); err != nil {
		t.Errorf("the schema refuses %.2000s\n%v", detail, err)
	}
}

func TestTheSchemaDescribesEveryFieldAndNoOther(t *testing.T) {
	described := map[string]bool{}
	schemaFields(t, described, "", schemaDocument(t))
	rendered := map[string]bool{}
	for _, r := range append(reports(), crowd(5_000)) {
		fields(rendered, "", schematest.Decode(t, detailOf(t, r, true)))
	}
	if diff := cmp.Diff(described, rendered); diff != "" {
		t.Errorf("fields (-described +rendered):\n%s", diff)
	}
}

// schemaFields collects the fields that a schema describes, and checks that it says what each is.
func schemaFields(t *testing.T, found map[string]bool, path string, schema map[string]any) {
	t.Helper()
	if items, ok := schema["items"].(map[string]any); ok {
		schemaFields(t, found, path+"[]", items)
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, property := range properties {
		at := path + "/" + name
		found[at] = true
		if text, _ := property.(map[string]any)["description"].(string); len(text) < 20 {
			t.Errorf("the schema does not say what %s is", at)
		}
		schemaFields(t, found, at, property.(map[string]any))
	}
}

// fields collects the fields of a document.
func fields(found map[string]bool, path string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, field := range value {
			found[path+"/"+name] = true
			fields(found, path+"/"+name, field)
		}
	case []any:
		for _, element := range value {
			fields(found, path+"[]", element)
		}
	}
}

func TestTheSchemaListsEveryOutcome(t *testing.T) {
	outcome := schemaDocument(t)["properties"].(map[string]any)["outcome"].(map[string]any)
	var want []any
	for _, r := range reports() {
		want = append(want, string(r.Outcome))
		if !strings.Contains(outcome["description"].(string), string(r.Outcome)+":") {
			t.Errorf("the schema does not explain %s", r.Outcome)
		}
	}
	if diff := cmp.Diff(want, outcome["enum"]); diff != "" {
		t.Errorf("outcomes (-reports +schema):\n%s", diff)
	}
}

func TestConsumersTolerateNewFields(t *testing.T) {
	for _, at := range []string{"/new", "/trigger/new", "/session/new", "/session/participants/0/new", "/session/links/new", "/error/new"} {
		t.Run(at, func(t *testing.T) {
			document := example(t, endsession.Failed)
			set(t, document, at, "x")
			if err := published(t).Validate(document); err != nil {
				t.Errorf("the published schema refuses a new field: %v", err)
			}
			if closed(t).Validate(document) == nil {
				t.Error("the schema of our own events takes a field that it does not describe")
			}
		})
	}
}

// example returns the golden example of an outcome, to be changed.
func example(t *testing.T, outcome endsession.Outcome) map[string]any {
	t.Helper()
	text, err := os.ReadFile(golden(outcome))
	if err != nil {
		t.Fatal(err)
	}
	return schematest.Decode(t, text).(map[string]any)
}

// gone is the value of a field that is taken away.
type gone struct{}

// set changes the value at a JSON pointer (RFC 6901, without escapes).
func set(t *testing.T, document any, pointer string, value any) {
	t.Helper()
	steps := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for _, step := range steps[:len(steps)-1] {
		switch container := document.(type) {
		case map[string]any:
			document = container[step]
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil {
				t.Fatal(err)
			}
			document = container[i]
		}
	}
	object, ok := document.(map[string]any)
	if !ok {
		t.Fatalf("nothing can be set at %s", pointer)
	}
	if value == (gone{}) {
		delete(object, steps[len(steps)-1])
		return
	}
	object[steps[len(steps)-1]] = value
}

func TestTheSchemaRefusesBrokenDocuments(t *testing.T) {
	schema := published(t)
	long := strings.Repeat("x", 513)
	tests := []struct {
		name  string
		of    endsession.Outcome
		at    string
		value any
		where string // the pointer to what is refused, if it is something else
	}{
		{name: "no schema version", of: endsession.Ended, at: "/schemaVersion", value: gone{}},
		{name: "another schema version", of: endsession.Ended, at: "/schemaVersion", value: "2.0"},
		{name: "no id", of: endsession.Ended, at: "/id", value: gone{}},
		{name: "an empty id", of: endsession.Ended, at: "/id", value: ""},
		{name: "no outcome", of: endsession.Ended, at: "/outcome", value: gone{}},
		{name: "an unknown outcome", of: endsession.Ended, at: "/outcome", value: "gone"},
		{name: "no trigger", of: endsession.Ended, at: "/trigger", value: gone{}},
		{name: "no source", of: endsession.Ended, at: "/trigger/source", value: gone{}},
		{name: "an empty source", of: endsession.Ended, at: "/trigger/source", value: ""},
		{name: "no trigger id", of: endsession.Ended, at: "/trigger/id", value: gone{}},
		{name: "an empty reason", of: endsession.Ended, at: "/trigger/reason", value: ""},
		{name: "no time of the trigger", of: endsession.Ended, at: "/trigger/occurredAt", value: gone{}},
		{name: "an impossible time of the trigger", of: endsession.Ended, at: "/trigger/occurredAt", value: "2022-03-29T15:60:35Z"},
		{name: "a time of the trigger that is not UTC", of: endsession.Ended, at: "/trigger/occurredAt", value: "2022-03-29T15:00:35+02:00"},
		{name: "no session", of: endsession.Ended, at: "/session", value: gone{}},
		{name: "a session that is null", of: endsession.Failed, at: "/session", value: nil},
		{name: "no session id", of: endsession.Ended, at: "/session/id", value: gone{}},
		{name: "an empty session id for null", of: endsession.Refused, at: "/session/id", value: ""},
		{name: "a long room id", of: endsession.Ended, at: "/session/roomId", value: long},
		{name: "a room id that is a number", of: endsession.Ended, at: "/session/roomId", value: json.Number("4711")},
		{name: "no end", of: endsession.Ending, at: "/session/end", value: gone{}},
		{name: "a time that is a number", of: endsession.Ended, at: "/session/start", value: json.Number("1648531302")},
		{name: "a long status", of: endsession.Ended, at: "/session/status", value: long},
		{name: "a derived status without a status", of: endsession.AlreadyEnded, at: "/session/status", value: nil},
		{name: "statusDerived that is a text", of: endsession.Ended, at: "/session/statusDerived", value: "true"},
		{name: "a negative count", of: endsession.Ended, at: "/session/participantCount", value: json.Number("-1")},
		{name: "half a participant", of: endsession.Ended, at: "/session/participantCount", value: json.Number("1.5")},
		{name: "participants that are null", of: endsession.Ended, at: "/session/participants", value: nil},
		{name: "participants that are not truncated", of: endsession.Ended, at: "/session/participantsTruncated", value: false},
		{name: "a participant without an id", of: endsession.Ended, at: "/session/participants/0/participantId", value: gone{}},
		{name: "an empty name", of: endsession.Ended, at: "/session/participants/0/name", value: ""},
		{name: "a timelog that is null", of: endsession.Ended, at: "/session/participants/0/timelog", value: nil},
		{name: "a stay without an end", of: endsession.Ended, at: "/session/participants/1/timelog/0/end", value: gone{}},
		{name: "no links", of: endsession.Ended, at: "/session/links", value: gone{}},
		{name: "a link that is null", of: endsession.Ended, at: "/session/links/get_room", value: nil},
		{name: "no error", of: endsession.Ended, at: "/error", value: gone{}},
		{name: "an error that is a text", of: endsession.Failed, at: "/error", value: "videosdk_rejected"},
		{name: "an error without a code", of: endsession.Failed, at: "/error/code", value: gone{}},
		{name: "a code that is a sentence", of: endsession.Failed, at: "/error/code", value: "It failed."},
		{name: "a long message", of: endsession.Failed, at: "/error/message", value: long},
		{name: "a status that is none", of: endsession.Failed, at: "/error/httpStatus", value: json.Number("42")},
		{name: "a request id that is null", of: endsession.Failed, at: "/error/requestId", value: nil},

		{name: "ended without an end", of: endsession.Ended, at: "/session/end", value: nil},
		{name: "ended without a session", of: endsession.Ended, at: "/session/id", value: nil},
		{name: "ended with an error", of: endsession.Failed, at: "/outcome", value: "ended", where: "/error"},
		{name: "already ended without an end", of: endsession.AlreadyEnded, at: "/session/end", value: nil},
		{name: "ending with an end", of: endsession.Ending, at: "/session/end", value: "2022-03-29T05:30:00.512Z"},
		{name: "ending with an error", of: endsession.Failed, at: "/outcome", value: "ending", where: "/error"},
		{name: "failed without an error", of: endsession.Failed, at: "/error", value: nil},
		{name: "refused without an error", of: endsession.Refused, at: "/error", value: nil},
		{name: "refused with the start of somebody's session", of: endsession.Refused, at: "/session/start", value: "2022-03-29T05:45:00Z"},
		{name: "refused with somebody's participants", of: endsession.Refused, at: "/session/participants", value: []any{map[string]any{"participantId": "demo-1", "timelog": []any{}}}},
		{name: "not active with a count", of: endsession.NotActive, at: "/session/participantCount", value: json.Number("1")},
		{name: "not active with a status", of: endsession.NotActive, at: "/session/status", value: "ongoing"},
		{name: "a dry run with its trigger's id", of: endsession.DryRun, at: "/id", value: strings.Repeat("0", 64)},
		{name: "the id of a dry run that was none", of: endsession.Ended, at: "/id", value: strings.Repeat("0", 64) + ":dry-run"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			document := example(t, tt.of)
			if err := schema.Validate(document); err != nil {
				t.Fatalf("the example is broken already: %v", err)
			}
			set(t, document, tt.at, tt.value)
			err := schema.Validate(document)
			if err == nil {
				t.Fatal("the schema takes the document")
			}
			if want := refusal(tt.at, tt.value, tt.where); !strings.Contains(err.Error(), want) {
				t.Errorf("refused with\n%v\nwant %q", err, want)
			}
		})
	}
}

// refusal returns how the validator names what is wrong with the value at a pointer.
func refusal(at string, value any, where string) string {
	if value == (gone{}) {
		i := strings.LastIndex(at, "/")
		return fmt.Sprintf("- at '%s': missing property '%s'", at[:i], at[i+1:])
	}
	if where != "" {
		at = where
	}
	return fmt.Sprintf("- at '%s':", at)
}
