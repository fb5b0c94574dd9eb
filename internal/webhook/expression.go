package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/jmespath/go-jmespath"
)

// expression is a compiled JMESPath expression. The zero value finds nothing.
type expression struct {
	path *jmespath.JMESPath
	// sorts is the text of an expression that may sort. The library's sort_by sorts the list itself, be it the document's or one that
	// stands in the expression, and so changes what others find.
	sorts string
}

// compile compiles an expression. Its error says where in the text the mistake is, and quotes nothing of it. Nothing is evaluated yet, which
// may take long even where no document is needed.
func compile(text string) (e expression, err error) {
	defer func() {
		if recover() != nil {
			e, err = expression{}, errors.New("cannot be compiled")
		}
	}()
	if strings.TrimSpace(text) == "" {
		return expression{}, errors.New("expected a JMESPath expression")
	}
	e.path, err = jmespath.Compile(text)
	if err != nil {
		return expression{}, mistake(text, err)
	}
	if err := checkCalls(text); err != nil {
		return expression{}, err
	}
	if strings.Contains(text, "sort_by") {
		e.sorts = text
	}
	return e, nil
}

// mistake returns what the library finds wrong with an expression.
func mistake(text string, err error) error {
	var syntax jmespath.SyntaxError
	if !errors.As(err, &syntax) {
		return errors.New("has a literal or a number that cannot be read") // which the library quotes
	}
	what := strings.TrimPrefix(syntax.Error(), "SyntaxError: ")
	if strings.HasPrefix(what, "Unknown char") {
		what = "a character that cannot stand here"
	}
	return fmt.Errorf("position %d: %s", position(text, syntax.Offset), what)
}

// position returns the number of the character, counted from 1, to which the byte at an offset belongs.
func position(text string, offset int) int {
	offset = min(offset, len(text))
	for offset > 0 && offset < len(text) && !utf8.RuneStart(text[offset]) {
		offset--
	}
	return utf8.RuneCountInString(text[:offset]) + 1
}

// Why an expression finds nothing on a document. What the library says may quote the document, which is somebody's.
var (
	errWrongType   = errors.New("a function was given a value of a type that it does not take")
	errUnevaluable = errors.New("it cannot be evaluated on this document")
)

// search evaluates the expression. The library panics on some documents; that is an error here.
func (e expression) search(document any) (found any, err error) {
	defer func() {
		if recover() != nil {
			found, err = nil, errUnevaluable
		}
	}()
	switch {
	case e.path == nil:
		return nil, nil
	case e.sorts != "":
		found, err = jmespath.Search(e.sorts, clone(document))
	default:
		found, err = e.path.Search(document)
	}
	switch {
	case err == nil:
		return found, nil
	case strings.HasPrefix(strings.ToLower(err.Error()), "invalid type"):
		return nil, errWrongType
	default:
		return nil, errUnevaluable
	}
}

// clone returns a value that shares no list with another.
func clone(value any) any {
	switch v := value.(type) {
	case []any:
		list := make([]any, len(v))
		for i, one := range v {
			list[i] = clone(one)
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, one := range v {
			object[name] = clone(one)
		}
		return object
	default:
		return value
	}
}

// isTrue tells whether a value counts as true: JMESPath's own rule, by which null, false and everything empty does not.
func isTrue(value any) bool {
	switch v := value.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	default:
		return true
	}
}

// textOf returns a string or number as text, and false for any other value.
func textOf(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		v = strings.TrimSpace(v)
		return v, v != ""
	case float64:
		text, err := json.Marshal(v)
		return string(text), err == nil
	default:
		return "", false
	}
}

// decode reads a JSON value for expressions. A number is one only where that is exact: of anything else, an id above 2^53 for example,
// the text is kept, because to_string of a rounded number would be another id.
func decode(payload []byte) (any, error) {
	if !utf8.Valid(payload) {
		return nil, errors.New("expected JSON in UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, errors.New("expected a JSON value")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("expected a single JSON value")
	}
	return exact(value), nil
}

// exact replaces the numbers in a value.
func exact(value any) any {
	switch v := value.(type) {
	case json.Number:
		if f, err := v.Float64(); err == nil {
			if again, err := json.Marshal(f); err == nil && string(again) == v.String() {
				return f
			}
		}
		return v.String()
	case []any:
		for i := range v {
			v[i] = exact(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = exact(v[name])
		}
	}
	return value
}
