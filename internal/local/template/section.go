package template

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// sections are the parts of a template, not yet resolved. The sections that
// describe the template itself (version, transform, description, metadata) say
// nothing about the stack.
type sections struct {
	parameters []entry
	conditions []entry
	globals    []entry
	resources  []entry
	outputs    []entry
}

// entry is one key of a mapping with its value and where it stands.
type entry struct {
	key   string
	value *yaml.Node
	at    place
}

// place says where in the template something stands, for error messages.
type place struct {
	path string
	line int
}

func (p place) of(key string, node *yaml.Node) place {
	path := key
	if p.path != "" {
		path = p.path + "." + key
	}
	return place{path: path, line: node.Line}
}

func (p place) item(index int, node *yaml.Node) place {
	return place{path: fmt.Sprintf("%s[%d]", p.path, index), line: node.Line}
}

func (p place) errorf(format string, arguments ...any) error {
	return fmt.Errorf("%s (line %d): %w", p.path, p.line, fmt.Errorf(format, arguments...))
}

func readSections(root *yaml.Node) (sections, error) {
	var s sections
	if root.Kind != yaml.DocumentNode || len(root.Content) != 1 {
		return s, fmt.Errorf("not a single document")
	}
	entries, err := entriesOf(root.Content[0], place{})
	if err != nil {
		return s, err
	}
	for _, section := range entries {
		var into *[]entry
		switch section.key {
		case "AWSTemplateFormatVersion", "Transform", "Description", "Metadata":
			continue
		case "Parameters":
			into = &s.parameters
		case "Conditions":
			into = &s.conditions
		case "Globals":
			into = &s.globals
		case "Resources":
			into = &s.resources
		case "Outputs":
			into = &s.outputs
		default:
			return s, section.at.errorf("section %s is not known here", section.key)
		}
		if *into, err = entriesOf(section.value, section.at); err != nil {
			return s, err
		}
	}
	return s, nil
}

// entriesOf returns the entries of a mapping in the order of their keys.
func entriesOf(node *yaml.Node, at place) ([]entry, error) {
	if node.Kind != yaml.MappingNode || node.ShortTag() != "!!map" {
		return nil, at.errorf("must be a mapping")
	}
	entries := make([]entry, 0, len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			return nil, at.errorf("has a key that is not text")
		}
		entries = append(entries, entry{key: key.Value, value: value, at: at.of(key.Value, key)})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	for i := 1; i < len(entries); i++ {
		if entries[i].key == entries[i-1].key {
			return nil, entries[i].at.errorf("stands here more than once")
		}
	}
	return entries, nil
}
