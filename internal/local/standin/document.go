package standin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// document reads the fields of a JSON object, strictly and by their exact names, and collects every problem that it meets. A field
// that is absent reads as the zero value.
type document struct {
	path     string // of the object in the whole document, empty or ending in a dot
	fields   map[string]json.RawMessage
	problems *[]string
}

// readDocument starts on a body. A body that is no object reads as an empty document with that problem.
func readDocument(body []byte) *document {
	d := &document{problems: new([]string)}
	if err := json.Unmarshal(body, &d.fields); err != nil || d.fields == nil {
		*d.problems = append(*d.problems, "the body is not a JSON object")
	}
	return d
}

func (d *document) refuse(field, format string, values ...any) {
	*d.problems = append(*d.problems, d.path+field+" "+fmt.Sprintf(format, values...))
}

// has reports whether a field is there and has not been read yet.
func (d *document) has(field string) bool { _, present := d.fields[field]; return present }

// take reads a field into T and strikes it off. The kind is what the field should have been.
func take[T any](d *document, field, kind string) (value T, present bool) {
	raw, present := d.fields[field]
	if !present {
		return value, false
	}
	delete(d.fields, field)
	if bytes.Equal(raw, []byte("null")) || json.Unmarshal(raw, &value) != nil {
		d.refuse(field, "is not %s", kind)
		return value, false
	}
	return value, true
}

// anyText reads a string that may be empty.
func (d *document) anyText(field string) string {
	text, _ := take[string](d, field, "a string")
	return text
}

// text reads a string that is not empty: what has no value is left out.
func (d *document) text(field string) string {
	text, present := take[string](d, field, "a string")
	if present && strings.TrimSpace(text) == "" {
		d.refuse(field, "is empty")
	}
	return text
}

func (d *document) flag(field string) bool {
	flag, _ := take[bool](d, field, "true or false")
	return flag
}

func (d *document) number(field string) int {
	number, _ := take[int](d, field, "a whole number")
	return number
}

// time reads a time in RFC 3339.
func (d *document) time(field string) time.Time {
	at, _ := take[time.Time](d, field, "a time like 2026-11-23T10:00:00Z")
	return at
}

// duration reads a Go duration, a string like 1.5s.
func (d *document) duration(field string) time.Duration {
	text, present := take[string](d, field, "a duration like 1.5s")
	if !present {
		return 0
	}
	duration, err := time.ParseDuration(text)
	if err != nil {
		d.refuse(field, "is not a duration like 1.5s")
	}
	return duration
}

// objects reads a list of objects.
func (d *document) objects(field string) []*document {
	list, _ := take[[]json.RawMessage](d, field, "a list of objects")
	objects := make([]*document, len(list))
	for i, raw := range list {
		object := &document{path: fmt.Sprintf("%s%s[%d].", d.path, field, i), problems: d.problems}
		if err := json.Unmarshal(raw, &object.fields); err != nil || object.fields == nil {
			d.refuse(fmt.Sprintf("%s[%d]", field, i), "is not an object")
		}
		objects[i] = object
	}
	return objects
}

// close refuses every field that was not read.
func (d *document) close() {
	for _, field := range slices.Sorted(maps.Keys(d.fields)) {
		d.refuse(field, "is unknown")
	}
}
