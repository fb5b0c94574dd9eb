package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jmespath/go-jmespath"
)

// expression is a compiled JMESPath expression. The zero value finds nothing.
type expression struct {
	path *jmespath.JMESPath
}

// compile compiles an expression. Its error says where in the text the mistake is.
func compile(text string) (e expression, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("cannot be compiled: %v", v)
		}
	}()
	if strings.TrimSpace(text) == "" {
		return expression{}, errors.New("expected a JMESPath expression")
	}
	path, err := jmespath.Compile(text)
	if err != nil {
		var syntax jmespath.SyntaxError
		if errors.As(err, &syntax) {
			return expression{}, fmt.Errorf("position %d: %w", syntax.Offset+1, err)
		}
		return expression{}, err
	}
	e = expression{path: path}
	// The library finds unknown functions only when it calls them, which it does here where no value is needed to get there.
	if _, err := e.search(nil); err != nil && strings.Contains(err.Error(), "unknown function") {
		return expression{}, err
	}
	return e, nil
}

// search evaluates the expression. The library panics on some documents; that is an error here.
func (e expression) search(document any) (found any, err error) {
	defer func() {
		if v := recover(); v != nil {
			found, err = nil, fmt.Errorf("the expression cannot be evaluated: %v", v)
		}
	}()
	if e.path == nil {
		return nil, nil
	}
	return e.path.Search(document)
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
	if d.More() {
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
