// Package template reads the project's template.yaml, so that what runs on a
// developer's machine is configured by the very file that is deployed.
//
// It knows exactly the part of AWS SAM and CloudFormation that the template
// uses. Whatever else it meets (a section, a type of resource, a property, an
// intrinsic function, an event source) is an error that names the place: a
// local run never leaves out silently what the deployment would have.
//
// Every section is resolved, roles and outputs included, so a reference to
// something that does not exist is found as well. Names that AWS would make up
// are the stack's name, a hyphen and the logical id.
package template

import (
	"fmt"
	"os"

	"go.yaml.in/yaml/v4"
)

// Template is what a template describes, with every reference resolved. The
// lists are in the order of the logical ids.
type Template struct {
	// Stack is what the template was resolved for.
	Stack Stack
	// Parameters are the values of all parameters, defaults included, as text.
	Parameters map[string]string
	Functions  []Function
	Queues     []Queue
	Tables     []Table
	Buses      []Bus
	// Forwards are the rules that pass events on to queues and topics.
	Forwards []Forward
	// Outputs are the values of the stack's outputs by logical id.
	Outputs map[string]string
}

// Read reads the template at path for a stack. parameters replace the defaults
// of the template's parameters; a parameter without a default must be among
// them.
func Read(path string, stack Stack, parameters map[string]string) (*Template, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("failed to read template: %w", err)
	}
	read, err := Parse(source, stack, parameters)
	if err != nil {
		return nil, fmt.Errorf("template %s: %w", path, err)
	}
	return read, nil
}

// Parse is Read for a template in memory.
func Parse(source []byte, stack Stack, parameters map[string]string) (*Template, error) {
	resolved, err := resolve(source, stack, parameters)
	if err != nil {
		return nil, err
	}
	return assemble(resolved)
}

// Function returns the function with a logical id.
func (t *Template) Function(logicalID string) (Function, bool) {
	for _, function := range t.Functions {
		if function.LogicalID == logicalID {
			return function, true
		}
	}
	return Function{}, false
}

// Queue returns the queue with a logical id.
func (t *Template) Queue(logicalID string) (Queue, bool) {
	for _, queue := range t.Queues {
		if queue.LogicalID == logicalID {
			return queue, true
		}
	}
	return Queue{}, false
}

// document is a template with every reference resolved, its resources not yet
// read by type.
type document struct {
	stack      Stack
	parameters map[string]string
	globals    map[string]any // properties that all functions share
	resources  []resource     // ordered by logical id
	outputs    map[string]string
}

// resource is one entry of the section Resources.
type resource struct {
	logicalID  string
	kind       string // such as AWS::SQS::Queue
	identity   identity
	properties map[string]any
}

// wrap says in which resource something is wrong.
func (r resource) wrap(err error) error {
	return fmt.Errorf("%s: %w", "Resources."+r.logicalID, err)
}

func resolve(source []byte, stack Stack, parameters map[string]string) (*document, error) {
	var root yaml.Node
	if err := yaml.Load(source, &root); err != nil {
		return nil, fmt.Errorf("failed to parse: %w", err)
	}
	return resolveNode(&root, stack, parameters)
}

func resolveNode(root *yaml.Node, stack Stack, parameters map[string]string) (*document, error) {
	if err := stack.validate(); err != nil {
		return nil, err
	}
	sections, err := readSections(root)
	if err != nil {
		return nil, err
	}
	values, err := parameterValues(sections.parameters, parameters)
	if err != nil {
		return nil, err
	}
	r := newResolver(stack, values, sections)
	globals, err := r.globals()
	if err != nil {
		return nil, err
	}
	resources, err := r.allResources()
	if err != nil {
		return nil, err
	}
	outputs, err := r.allOutputs()
	if err != nil {
		return nil, err
	}
	texts := make(map[string]string, len(values))
	for name, value := range values {
		texts[name] = text(value)
	}
	return &document{stack: stack, parameters: texts, globals: globals, resources: resources, outputs: outputs}, nil
}

func assemble(d *document) (*Template, error) {
	t := &Template{Stack: d.stack, Parameters: d.parameters, Outputs: d.outputs}
	queues := logicalIDs(kindQueue, d.resources)
	for _, resource := range d.resources {
		var err error
		switch resource.kind {
		case kindFunction:
			err = appendRead(&t.Functions, resource, func() (Function, error) { return readFunction(resource, d, queues) })
		case kindQueue:
			err = appendRead(&t.Queues, resource, func() (Queue, error) { return readQueue(resource, queues) })
		case kindTable:
			err = appendRead(&t.Tables, resource, func() (Table, error) { return readTable(resource) })
		case kindBus:
			err = appendRead(&t.Buses, resource, func() (Bus, error) { return readBus(resource) })
		}
		if err != nil {
			return nil, err
		}
	}
	if err := t.addEventSources(d, queues); err != nil {
		return nil, err
	}
	if err := t.addRules(d, queues); err != nil {
		return nil, err
	}
	return t, nil
}

func appendRead[T any](list *[]T, r resource, read func() (T, error)) error {
	value, err := read()
	if err != nil {
		return r.wrap(err)
	}
	*list = append(*list, value)
	return nil
}
