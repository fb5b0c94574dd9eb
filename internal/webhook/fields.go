package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"time"

	"videosdk-end-session/internal/redacted"
	"videosdk-end-session/internal/trigger"
)

// fields reads a JSON object of the configuration field by field, and collects every mistake, each with the path to its field. No mistake
// quotes a value, which may be a secret in the wrong place.
type fields struct {
	path     string // of the object; empty at the root
	raw      map[string]json.RawMessage
	known    map[string]bool
	mistakes []string
}

// objectAt reads an object. What is none has no fields and a mistake.
func objectAt(path string, raw json.RawMessage) *fields {
	f := &fields{path: path, known: map[string]bool{}}
	if json.Unmarshal(raw, &f.raw) != nil || f.raw == nil {
		f.mistakes = append(f.mistakes, strings.TrimPrefix(path+": expected an object", ": "))
	}
	return f
}

func (f *fields) at(name string) string {
	if f.path == "" {
		return name
	}
	return f.path + ", field " + name
}

func (f *fields) mistake(name, format string, args ...any) {
	f.mistakes = append(f.mistakes, f.at(name)+": "+fmt.Sprintf(format, args...))
}

func (f *fields) has(name string) bool {
	f.known[name] = true
	value, ok := f.raw[name]
	return ok && string(value) != "null"
}

func (f *fields) hasAny(names ...string) bool { return slices.ContainsFunc(names, f.has) }

func (f *fields) read(name string, into any, expected string) bool {
	if !f.has(name) {
		return false
	}
	if json.Unmarshal(f.raw[name], into) != nil {
		f.mistake(name, "expected %s", expected)
		return false
	}
	return true
}

func (f *fields) text(name string) string {
	var s string
	f.read(name, &s, "a text")
	return strings.TrimSpace(s)
}

func (f *fields) flag(name string) bool {
	var b bool
	f.read(name, &b, "true or false")
	return b
}

func (f *fields) secrets(name string) []redacted.String {
	var texts []string
	if !f.read(name, &texts, "a list of texts") {
		return nil
	}
	var secrets []redacted.String
	for _, s := range texts {
		secrets = append(secrets, redacted.New(s))
	}
	return secrets
}

func (f *fields) delay(name string) time.Duration {
	var seconds int
	expected := fmt.Sprintf("a whole number of seconds from 0 to %d", trigger.MaxDelaySeconds)
	if f.read(name, &seconds, expected) && (seconds < 0 || seconds > trigger.MaxDelaySeconds) {
		f.mistake(name, "expected %s", expected)
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// expression reads a JMESPath expression; a field that is absent is the expression that finds nothing.
func (f *fields) expression(name string) expression {
	var text string
	if !f.read(name, &text, "a JMESPath expression") {
		return expression{}
	}
	e, err := compile(text)
	if err != nil {
		f.mistake(name, "%v", err)
	}
	return e
}

// expressions reads one expression or a list of them.
func (f *fields) expressions(name string) []expression {
	if !f.has(name) {
		return nil
	}
	var texts []string
	if json.Unmarshal(f.raw[name], &texts) != nil {
		var one string
		if !f.read(name, &one, "a JMESPath expression or a list of them") {
			return nil
		}
		return []expression{f.expression(name)}
	}
	if len(texts) == 0 {
		f.mistake(name, "expected at least one JMESPath expression")
	}
	var all []expression
	for i, text := range texts {
		e, err := compile(text)
		if err != nil {
			f.mistake(name, "number %d: %v", i+1, err)
		}
		all = append(all, e)
	}
	return all
}

// pattern reads an RE2 with one group; absent, it is nil.
func (f *fields) pattern(name string) *regexp.Regexp {
	var text string
	if !f.read(name, &text, "a regular expression (RE2) with one group") {
		return nil
	}
	pattern, err := regexp.Compile(text)
	switch {
	case err != nil:
		code := syntax.ErrInternalError
		if wrong := (*syntax.Error)(nil); errors.As(err, &wrong) {
			code = wrong.Code // without what is wrong, which it quotes
		}
		f.mistake(name, "expected a regular expression (RE2): %s", code)
		return nil
	case pattern.NumSubexp() != 1:
		f.mistake(name, "expected one group, not %d", pattern.NumSubexp())
		return nil
	}
	return pattern
}

// object reads an object whose mistakes the caller takes.
func (f *fields) object(name string) *fields {
	if !f.has(name) {
		return &fields{path: f.at(name), known: map[string]bool{}}
	}
	return objectAt(f.at(name), f.raw[name])
}

// list reads a list of objects whose mistakes the caller takes.
func (f *fields) list(name, element string) []*fields {
	var raw []json.RawMessage
	if !f.read(name, &raw, "a list") {
		return nil
	}
	var all []*fields
	for i, one := range raw {
		path := fmt.Sprintf("%s %d", element, i+1)
		if f.path != "" {
			path = f.path + ", " + path
		}
		all = append(all, objectAt(path, one))
	}
	return all
}

// take adds the mistakes of an object inside.
func (f *fields) take(inner *fields) { f.mistakes = append(f.mistakes, inner.mistakes...) }

// done names every field that nobody asked for: most of them are misspelt.
func (f *fields) done() {
	for _, name := range slices.Sorted(maps.Keys(f.raw)) {
		if !f.known[name] {
			f.mistake(name, "no such field; known are %s", strings.Join(slices.Sorted(maps.Keys(f.known)), ", "))
		}
	}
}
