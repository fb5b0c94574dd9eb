package template

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// resolver turns the nodes of a template into plain values: string, int64,
// float64, bool, []any and map[string]any.
type resolver struct {
	stack      Stack
	parameters map[string]any
	sections   sections
	conditions map[string]*condition
	resources  map[string]*declaration
	left       int // above 0 while something is resolved that the stack does not have
}

// condition is an entry of the section Conditions.
type condition struct {
	entry
	inProgress bool  // it is being resolved
	holds      *bool // nil until it is resolved
}

func newResolver(stack Stack, parameters map[string]any, s sections) *resolver {
	r := &resolver{
		stack:      stack,
		parameters: parameters,
		sections:   s,
		conditions: make(map[string]*condition, len(s.conditions)),
		resources:  make(map[string]*declaration, len(s.resources)),
	}
	for _, e := range s.conditions {
		r.conditions[e.key] = &condition{entry: e}
	}
	for _, e := range s.resources {
		r.resources[e.key] = &declaration{entry: e}
	}
	return r
}

// value resolves a node.
func (r *resolver) value(node *yaml.Node, at place) (any, error) {
	if name, argument, ok := intrinsic(node); ok {
		return r.call(name, argument, at)
	}
	switch node.Kind {
	case yaml.ScalarNode:
		return plain(node, at)
	case yaml.SequenceNode:
		return r.list(node, at)
	case yaml.MappingNode:
		return r.mapping(node, at)
	}
	return nil, at.errorf("aliases are not known here")
}

func (r *resolver) list(node *yaml.Node, at place) ([]any, error) {
	values := make([]any, 0, len(node.Content))
	for i, item := range node.Content {
		value, err := r.value(item, at.item(i, item))
		if err != nil {
			return nil, err
		}
		if value != (any)(noValue{}) {
			values = append(values, value)
		}
	}
	return values, nil
}

func (r *resolver) mapping(node *yaml.Node, at place) (map[string]any, error) {
	entries, err := entriesOf(node, at)
	if err != nil {
		return nil, err
	}
	values := make(map[string]any, len(entries))
	for _, e := range entries {
		value, err := r.value(e.value, e.at)
		if err != nil {
			return nil, err
		}
		if value != (any)(noValue{}) {
			values[e.key] = value
		}
	}
	return values, nil
}

func plain(node *yaml.Node, at place) (any, error) {
	switch node.ShortTag() {
	case "!!str":
		return node.Value, nil
	case "!!int":
		number, err := strconv.ParseInt(node.Value, 10, 64)
		if err != nil {
			return nil, at.errorf("%s is not a whole decimal number", node.Value)
		}
		return number, nil
	case "!!float":
		number, err := strconv.ParseFloat(node.Value, 64)
		if err != nil {
			return nil, at.errorf("%s is not a decimal number", node.Value)
		}
		return number, nil
	case "!!bool":
		return strings.EqualFold(node.Value, "true"), nil
	}
	return nil, at.errorf("a value of the YAML type %s is not known here", node.ShortTag())
}

// globals resolves what all functions share.
func (r *resolver) globals() (map[string]any, error) {
	shared := map[string]any{}
	for _, e := range r.sections.globals {
		if e.key != "Function" {
			return nil, e.at.errorf("globals of %s are not known here", e.key)
		}
		var err error
		if shared, err = r.mapping(e.value, e.at); err != nil {
			return nil, err
		}
	}
	return shared, nil
}
