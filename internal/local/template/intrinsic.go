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
	// The condition of an IAM statement is a mapping.
	return key, node.Content[1], key == "Ref" || key == "Condition" && node.Content[1].Kind == yaml.ScalarNode
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
	case "And":
		return r.all(argument, at, true)
	case "Or":
		return r.all(argument, at, false)
	case "Condition":
		return r.named(argument.Value, at)
	case "Join":
		return r.join(argument, at)
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
		known, err := r.refer(resource, at)
		return known.ref, err
	}
	return nil, at.errorf("%q is no parameter, pseudo parameter or resource known here", name)
}

// refer returns the identity of a resource that something refers to. What the
// stack has may refer only to what the stack has.
func (r *resolver) refer(d *declaration, at place) (identity, error) {
	if r.left == 0 {
		exists, err := r.exists(d.entry)
		if err != nil {
			return identity{}, err
		}
		if !exists {
			return identity{}, at.errorf("refers to %s, whose condition does not hold", d.key)
		}
	}
	return r.identify(d)
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
	known, err := r.refer(resource, at)
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

// sub resolves !Sub of a text, or of a list of a text and values of its own.
func (r *resolver) sub(argument *yaml.Node, at place) (any, error) {
	pattern, own := argument, map[string]any{}
	if argument.Kind == yaml.SequenceNode {
		if len(argument.Content) != 2 {
			return nil, at.errorf("Sub takes a text, or a text and a mapping")
		}
		var err error
		if own, err = r.mapping(argument.Content[1], at.item(1, argument.Content[1])); err != nil {
			return nil, err
		}
		pattern = argument.Content[0]
	}
	if pattern.Kind != yaml.ScalarNode {
		return nil, at.errorf("Sub takes a text, or a text and a mapping")
	}
	var failed error
	result := substitution.ReplaceAllStringFunc(pattern.Value, func(match string) string {
		reference := strings.TrimSpace(match[2 : len(match)-1])
		if literal, ok := strings.CutPrefix(reference, "!"); ok {
			return "${" + literal + "}"
		}
		value, found := own[reference]
		var err error
		switch {
		case found:
		case strings.Contains(reference, "."):
			value, err = r.attribute(reference, at)
		default:
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
	holds, err := r.named(argument.Content[0].Value, at)
	if err != nil {
		return nil, err
	}
	values := make([]any, 0, 2)
	for i, branch := range argument.Content[1:] {
		resolve := func() error {
			value, err := r.value(branch, at.item(i+1, branch))
			values = append(values, value)
			return err
		}
		if err := r.leaveUnless(holds == (i == 0), resolve); err != nil {
			return nil, err
		}
	}
	if holds {
		return values[0], nil
	}
	return values[1], nil
}

// leaveUnless resolves what the stack is left without unless it is there.
func (r *resolver) leaveUnless(there bool, resolve func() error) error {
	if !there {
		r.left++
		defer func() { r.left-- }()
	}
	return resolve()
}

// named tells whether the condition of a name holds.
func (r *resolver) named(name string, at place) (bool, error) {
	declared, ok := r.conditions[name]
	if !ok {
		return false, at.errorf("the template has no condition %q", name)
	}
	if declared.holds != nil {
		return *declared.holds, nil
	}
	if declared.inProgress {
		return false, declared.at.errorf("the condition refers to itself")
	}
	declared.inProgress = true
	defer func() { declared.inProgress = false }()
	value, err := r.value(declared.value, declared.at)
	if err != nil {
		return false, err
	}
	holds, ok := value.(bool)
	if !ok {
		return false, declared.at.errorf("is not a condition")
	}
	declared.holds = &holds
	return holds, nil
}

// all tells whether all of some conditions, 2 to 10, are as wanted: for true it
// is And, and for false it is what Or denies.
func (r *resolver) all(argument *yaml.Node, at place, wanted bool) (any, error) {
	if argument.Kind != yaml.SequenceNode || len(argument.Content) < 2 || len(argument.Content) > 10 {
		return nil, at.errorf("the function takes 2 to 10 conditions")
	}
	values, err := r.list(argument, at)
	if err != nil {
		return nil, err
	}
	result := wanted
	for _, value := range values {
		holds, isCondition := value.(bool)
		if !isCondition {
			return nil, at.errorf("the function takes conditions")
		}
		if holds != wanted {
			result = !wanted
		}
	}
	return result, nil
}

func (r *resolver) join(argument *yaml.Node, at place) (any, error) {
	values, err := r.arguments(argument, 2, at)
	if err != nil {
		return nil, err
	}
	list, isList := values[1].([]any)
	if !isList {
		return nil, at.errorf("Join takes a separator and a list")
	}
	parts := make([]string, len(list))
	for i, item := range list {
		if err := single(item, at); err != nil {
			return nil, err
		}
		parts[i] = text(item)
	}
	return strings.Join(parts, text(values[0])), nil
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
	if r.left > 0 && isNumber && isList && index >= int64(len(list)) {
		return "", nil // as an If often makes sure of
	}
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
