package template

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// intrinsic tells whether a node calls an intrinsic function, in the short
// form (!Sub text) or the long one (Fn::Sub: text), and returns the function's
// name without prefix and its argument.
func intrinsic(node *yaml.Node) (name string, argument *yaml.Node, ok bool) {
	if tag := node.ShortTag(); strings.HasPrefix(tag, "!") && !strings.HasPrefix(tag, "!!") {
		return tag[1:], node, true
	}
	if node.Kind != yaml.MappingNode || len(node.Content) != 2 {
		return "", nil, false
	}
	key := node.Content[0].Value
	if function, found := strings.CutPrefix(key, "Fn::"); found {
		return function, node.Content[1], true
	}
	return key, node.Content[1], key == "Ref"
}

func (r *resolver) call(name string, argument *yaml.Node, at place) (any, error) {
	switch name {
	case "Ref":
		return r.ref(argument.Value, at)
	case "GetAtt":
		return r.getAtt(argument, at)
	case "Sub":
		return r.sub(argument, at)
	case "If":
		return r.choose(argument, at)
	case "Equals":
		return r.equals(argument, at)
	case "Not":
		return r.not(argument, at)
	case "Select":
		return r.selectItem(argument, at)
	case "Split":
		return r.split(argument, at)
	}
	return nil, at.errorf("the function %s is not known here", name)
}

// noValue stands for what is left out of its list or mapping.
type noValue struct{}

func (r *resolver) ref(name string, at place) (any, error) {
	if name == "AWS::NoValue" {
		return noValue{}, nil
	}
	if value, ok := r.parameters[name]; ok {
		return value, nil
	}
	if value, ok := r.stack.pseudo(name); ok {
		return value, nil
	}
	if resource, ok := r.resources[name]; ok {
		known, err := r.identify(resource)
		return known.ref, err
	}
	return nil, at.errorf("%q is no parameter, pseudo parameter or resource known here", name)
}

func (r *resolver) getAtt(argument *yaml.Node, at place) (any, error) {
	reference := argument.Value
	if argument.Kind == yaml.SequenceNode && len(argument.Content) == 2 {
		reference = argument.Content[0].Value + "." + argument.Content[1].Value
	}
	return r.attribute(reference, at)
}

func (r *resolver) attribute(reference string, at place) (any, error) {
	name, attribute, _ := strings.Cut(reference, ".")
	resource, ok := r.resources[name]
	if !ok {
		return nil, at.errorf("%q is no resource of the template", name)
	}
	known, err := r.identify(resource)
	if err != nil {
		return nil, err
	}
	value, ok := known.attributes[attribute]
	if !ok {
		return nil, at.errorf("the attribute %q of %s is not known here", attribute, name)
	}
	return value, nil
}

// substitution is ${Name}, ${Resource.Attribute} or the literal ${!Name}.
var substitution = regexp.MustCompile(`\$\{([^}]*)\}`)

func (r *resolver) sub(argument *yaml.Node, at place) (any, error) {
	if argument.Kind != yaml.ScalarNode {
		return nil, at.errorf("Sub is known here with text only, not with a list")
	}
	var failed error
	result := substitution.ReplaceAllStringFunc(argument.Value, func(match string) string {
		reference := strings.TrimSpace(match[2 : len(match)-1])
		if literal, ok := strings.CutPrefix(reference, "!"); ok {
			return "${" + literal + "}"
		}
		var value any
		var err error
		if strings.Contains(reference, ".") {
			value, err = r.attribute(reference, at)
		} else {
			value, err = r.ref(reference, at)
		}
		if err == nil {
			err = single(value, at)
		}
		if err != nil && failed == nil {
			failed = err
		}
		return text(value)
	})
	return result, failed
}

// choose resolves !If. Both branches are resolved, so that a mistake in the one
// not taken is found too.
func (r *resolver) choose(argument *yaml.Node, at place) (any, error) {
	if argument.Kind != yaml.SequenceNode || len(argument.Content) != 3 {
		return nil, at.errorf("If takes a condition and two values")
	}
	name := argument.Content[0].Value
	declared, ok := r.conditions[name]
	if !ok {
		return nil, at.errorf("the template has no condition %q", name)
	}
	holds, err := r.condition(declared)
	if err != nil {
		return nil, err
	}
	values := make([]any, 0, 2)
	for i, branch := range argument.Content[1:] {
		value, err := r.value(branch, at.item(i+1, branch))
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	if holds {
		return values[0], nil
	}
	return values[1], nil
}

func (r *resolver) condition(declared *entry) (bool, error) {
	value, err := r.value(declared.value, declared.at)
	if err != nil {
		return false, err
	}
	holds, ok := value.(bool)
	if !ok {
		return false, declared.at.errorf("is not a condition")
	}
	return holds, nil
}

// arguments resolves the argument of a function that takes n values.
func (r *resolver) arguments(argument *yaml.Node, n int, at place) ([]any, error) {
	if argument.Kind != yaml.SequenceNode || len(argument.Content) != n {
		return nil, at.errorf("the function takes %d values", n)
	}
	return r.list(argument, at)
}

func (r *resolver) equals(argument *yaml.Node, at place) (any, error) {
	values, err := r.arguments(argument, 2, at)
	if err != nil {
		return nil, err
	}
	if err := single(values[0], at); err != nil {
		return nil, err
	}
	if err := single(values[1], at); err != nil {
		return nil, err
	}
	return text(values[0]) == text(values[1]), nil
}

func (r *resolver) not(argument *yaml.Node, at place) (any, error) {
	values, err := r.arguments(argument, 1, at)
	if err != nil {
		return nil, err
	}
	holds, isCondition := values[0].(bool)
	if !isCondition {
		return nil, at.errorf("Not takes a condition")
	}
	return !holds, nil
}

func (r *resolver) selectItem(argument *yaml.Node, at place) (any, error) {
	values, err := r.arguments(argument, 2, at)
	if err != nil {
		return nil, err
	}
	index, isNumber := values[0].(int64)
	list, isList := values[1].([]any)
	if !isNumber || !isList || index < 0 || index >= int64(len(list)) {
		return nil, at.errorf("Select takes an index and a list that has it")
	}
	return list[index], nil
}

func (r *resolver) split(argument *yaml.Node, at place) (any, error) {
	values, err := r.arguments(argument, 2, at)
	if err != nil {
		return nil, err
	}
	if err := single(values[1], at); err != nil {
		return nil, err
	}
	var parts []any
	for _, part := range strings.Split(text(values[1]), text(values[0])) {
		parts = append(parts, part)
	}
	return parts, nil
}

// single refuses a list where CloudFormation takes one value only.
func single(value any, at place) error {
	if _, isList := value.([]any); isList {
		return at.errorf("a list stands where one value is needed")
	}
	return nil
}
