package door

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// filter is an event pattern of an event source mapping, of which the exact
// values of texts are known here:
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
type filter struct {
	fields map[string]filter
	values []string // of a text; nil if there are fields
}

// newFilter reads a pattern of messages, which is about their bodies.
func newFilter(pattern string) (filter, error) {
	var f filter
	if err := json.Unmarshal([]byte(pattern), &f); err != nil {
		return filter{}, fmt.Errorf("pattern %s: %w", pattern, err)
	}
	body, ok := f.fields["body"]
	if !ok || len(f.fields) != 1 || body.fields == nil {
		return filter{}, fmt.Errorf("pattern %s: is known here for the fields of a body only", pattern)
	}
	return body, nil
}

// UnmarshalJSON takes an object of patterns or a list of texts.
func (f *filter) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &f.fields) == nil && len(f.fields) > 0 {
		return nil
	}
	f.fields = nil
	if json.Unmarshal(data, &f.values) == nil && len(f.values) > 0 {
		return nil
	}
	return errors.New("only objects, and lists of texts, are known here")
}

// takes tells whether a body is JSON that the pattern matches.
func (f filter) takes(body string) bool {
	var value any
	return json.Unmarshal([]byte(body), &value) == nil && f.matches(value)
}

func (f filter) matches(value any) bool {
	if f.fields == nil {
		text, isText := value.(string)
		return isText && slices.Contains(f.values, text)
	}
	object, isObject := value.(map[string]any)
	for name, field := range f.fields {
		if !isObject || !field.matches(object[name]) {
			return false
		}
	}
	return true
}
