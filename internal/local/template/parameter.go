package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// parameter is the declaration of a template parameter.
type parameter struct {
	Type                  string
	Description           string
	Default               *scalar
	AllowedValues         []scalar
	AllowedPattern        string
	ConstraintDescription string
	MinValue, MaxValue    *float64
}

// parameterValues returns the value of every declared parameter: an int64 or a
// float64 for the type Number, a []any of text for CommaDelimitedList, text otherwise. All
// problems are reported at once.
func parameterValues(declared []entry, given map[string]string) (map[string]any, error) {
	values := make(map[string]any, len(declared))
	var problems []error
	for _, declaration := range declared {
		value, err := parameterValue(declaration, given)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		values[declaration.key] = value
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.ContainsFunc(declared, func(d entry) bool { return d.key == name }) {
			problems = append(problems, fmt.Errorf("the template has no parameter %s", name))
		}
	}
	return values, errors.Join(problems...)
}

func parameterValue(declaration entry, given map[string]string) (any, error) {
	at := declaration.at
	// A declaration holds no intrinsic functions, so a resolver that knows
	// nothing reads it.
	properties, err := (&resolver{}).value(declaration.value, at)
	if err != nil {
		return nil, err
	}
	var p parameter
	if err := decode(properties, &p); err != nil {
		return nil, at.errorf("%w", err)
	}
	value, ok := given[declaration.key]
	if !ok {
		if p.Default == nil {
			return nil, at.errorf("has no default, so a value must be given")
		}
		value = string(*p.Default)
	}
	return p.check(value, at)
}

// check returns the value that a parameter has when it is given as text.
func (p parameter) check(given string, at place) (any, error) {
	if p.Type != "CommaDelimitedList" {
		if err := p.constrain(given, at); err != nil {
			return nil, err
		}
	}
	switch p.Type {
	case "String":
		return given, nil
	case "Number":
		return p.number(given, at)
	case "CommaDelimitedList":
		return p.list(given, at)
	}
	return nil, at.errorf("type %s is not known here", p.Type)
}

// constrain holds a value, or one of a list, to the values and the pattern
// allowed.
func (p parameter) constrain(value string, at place) error {
	if len(p.AllowedValues) > 0 && !slices.Contains(p.AllowedValues, scalar(value)) {
		return at.errorf("%q is not one of %q", value, p.AllowedValues)
	}
	if p.AllowedPattern == "" {
		return nil
	}
	pattern, err := newAllowedPattern(p.AllowedPattern)
	if err != nil {
		return at.errorf("AllowedPattern: %w", err)
	}
	if !pattern.allows(value) {
		return at.errorf("%q does not match the pattern %s", value, p.AllowedPattern)
	}
	return nil
}

func (p parameter) number(given string, at place) (any, error) {
	number, err := strconv.ParseFloat(given, 64)
	if err != nil {
		return nil, at.errorf("%q is not a number", given)
	}
	if p.MinValue != nil && number < *p.MinValue || p.MaxValue != nil && number > *p.MaxValue {
		return nil, at.errorf("%v is out of range", number)
	}
	if whole, err := strconv.ParseInt(given, 10, 64); err == nil {
		return whole, nil
	}
	return number, nil
}

// list splits a list at its commas. CloudFormation trims the blanks around each
// of its values, and holds each to the constraints.
func (p parameter) list(given string, at place) (any, error) {
	var values []any
	for value := range strings.SplitSeq(given, ",") {
		value = strings.TrimSpace(value)
		if err := p.constrain(value, at); err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

// scalar is text, a number or a boolean, kept as text.
type scalar string

// UnmarshalJSON takes a JSON string, number or boolean.
func (s *scalar) UnmarshalJSON(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return err
	}
	switch value.(type) {
	case string, json.Number, bool:
		*s = scalar(text(value))
		return nil
	}
	return fmt.Errorf("%s is not text, a number or a boolean", data)
}

// text is how CloudFormation writes a resolved value inside of text. A list has
// no place there; its values are joined as a parameter is given.
func text(value any) string {
	if list, ok := value.([]any); ok {
		values := make([]string, len(list))
		for i, item := range list {
			values[i] = text(item)
		}
		return strings.Join(values, ",")
	}
	return fmt.Sprint(value)
}

// decode reads a resolved value into a struct that names every property it
// knows; another one is an error.
func decode(value any, into any) error {
	encoded, err := json.Marshal(value)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
