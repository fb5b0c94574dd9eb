// Package openapi reads the description of the HTTP doors, docs/openapi.yaml,
// and holds answers to it.
package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

// The files, from the root of the repository. The document refers to the
// schemas, which are the doors' own.
const (
	file          = "docs/openapi.yaml"
	requestSchema = "internal/trigger/request.schema.json"
	outcomeSchema = "internal/publish/outcome.schema.json"
)

// base makes URLs of the files, so that the references between them resolve.
const base = "file:///"

// Document is a description of an HTTP API. It is safe for concurrent use.
type Document struct {
	root    any
	schemas map[string]*jsonschema.Schema // by their JSON pointers
}

// Answer is an answer to a call.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Read reads the document in the repository with a root folder, and compiles
// every schema of an answer in it.
func Read(root string) (*Document, error) {
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	if err != nil {
		return nil, err
	}
	d := &Document{schemas: map[string]*jsonschema.Schema{}}
	if d.root, err = decode(text); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(base+file, d.root); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for _, schema := range []string{requestSchema, outcomeSchema} {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(schema)))
		if err != nil {
			return nil, err
		}
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", schema, err)
		}
		if err := compiler.AddResource(base+schema, document); err != nil {
			return nil, fmt.Errorf("%s: %w", schema, err)
		}
	}
	for _, pointer := range schemas(d.root, "") {
		if d.schemas[pointer], err = compiler.Compile(base + file + "#" + pointer); err != nil {
			return nil, fmt.Errorf("%s#%s: %w", file, pointer, err)
		}
	}
	return d, nil
}

// decode reads YAML as the values that JSON would have.
func decode(text []byte) (any, error) {
	var value any
	if err := yaml.Load(text, &value); err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
}

// schemas returns the pointers of everything that is called a schema.
func schemas(value any, pointer string) []string {
	var found []string
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			at := pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
			if name == "schema" {
				found = append(found, at)
				continue
			}
			found = append(found, schemas(value[name], at)...)
		}
	case []any:
		for i, item := range value {
			found = append(found, schemas(item, pointer+"/"+strconv.Itoa(i))...)
		}
	}
	return found
}

// node is a part of the document with the pointer by which its schemas were
// compiled.
type node struct {
	document *Document
	fields   map[string]any
	pointer  string
}

// field returns the part under a name, and what it refers to if it is a
// reference.
func (n node) field(name string) (node, bool) {
	value, ok := n.fields[name].(map[string]any)
	if !ok {
		return node{}, false
	}
	found := node{n.document, value, n.pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)}
	reference, isReference := value["$ref"].(string)
	if steps, local := strings.CutPrefix(reference, "#/"); isReference && local && name != "schema" {
		found = n.document.node()
		for step := range strings.SplitSeq(steps, "/") {
			if found, ok = found.field(step); !ok {
				return node{}, false
			}
		}
	}
	return found, true
}

func (d *Document) node() node {
	root, _ := d.root.(map[string]any)
	return node{document: d, fields: root}
}

// Operations are the methods and path templates of the document, such as POST
// /v1/webhooks/{source}.
func (d *Document) Operations() []string {
	var all []string
	paths, _ := d.node().field("paths")
	for path := range paths.fields {
		operations, _ := paths.field(path)
		for method := range operations.fields {
			if method != "parameters" {
				all = append(all, strings.ToUpper(method)+" "+path)
			}
		}
	}
	slices.Sort(all)
	return all
}

// responses are those of an operation.
func (d *Document) responses(method, path string) (node, error) {
	paths, _ := d.node().field("paths")
	for template := range paths.fields {
		if !matches(template, path) {
			continue
		}
		operations, _ := paths.field(template)
		if operation, ok := operations.field(strings.ToLower(method)); ok {
			responses, _ := operation.field("responses")
			return responses, nil
		}
	}
	return node{}, fmt.Errorf("%s %s is not described", method, path)
}

// matches tells whether a path is one of a template, in which {name} is a
// segment.
func matches(template, path string) bool {
	wanted, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(wanted) != len(got) {
		return false
	}
	for i, segment := range wanted {
		if !strings.HasPrefix(segment, "{") && segment != got[i] {
			return false
		}
	}
	return true
}

// Check returns everything in which an answer is not as the document says.
func (d *Document) Check(method, path string, a Answer) error {
	responses, err := d.responses(method, path)
	if err != nil {
		return err
	}
	response, ok := responses.field(strconv.Itoa(a.Status))
	if !ok {
		return fmt.Errorf("%s %s: the status %d is not described", method, path, a.Status)
	}
	var problems []error
	if headers, ok := response.field("headers"); ok {
		problems = append(problems, headers.checkHeaders(a.Header))
	}
	problems = append(problems, response.checkBody(a))
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("%s %s: %d: %w", method, path, a.Status, err)
	}
	return nil
}

func (n node) checkHeaders(got http.Header) error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(n.fields)) {
		header, _ := n.field(name)
		values := got.Values(name)
		if len(values) == 0 {
			if header.fields["required"] == true {
				problems = append(problems, fmt.Errorf("the header %s is missing", name))
			}
			continue
		}
		if err := n.document.schemas[header.pointer+"/schema"].Validate(values[0]); err != nil {
			problems = append(problems, fmt.Errorf("the header %s: %w", name, err))
		}
	}
	return errors.Join(problems...)
}

func (n node) checkBody(a Answer) error {
	content, described := n.field("content")
	if !described {
		if len(a.Body) > 0 {
			return fmt.Errorf("a body is not described: %s", a.Body)
		}
		return nil
	}
	kind, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
	media, ok := content.field(kind)
	if !ok {
		return fmt.Errorf("the content type %q is not described", kind)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.Body))
	if err != nil {
		return fmt.Errorf("the body is no JSON: %w", err)
	}
	return n.document.schemas[media.pointer+"/schema"].Validate(value)
}

// Codes are the codes that an answer of a status may have, in their order in
// the document.
func (d *Document) Codes(method, path string, status int) ([]string, error) {
	responses, err := d.responses(method, path)
	if err != nil {
		return nil, err
	}
	response, ok := responses.field(strconv.Itoa(status))
	if !ok {
		return nil, fmt.Errorf("%s %s: the status %d is not described", method, path, status)
	}
	content, _ := response.field("content")
	problem, _ := content.field("application/problem+json")
	return codesIn(problem.fields), nil
}

// Statuses are those of an operation.
func (d *Document) Statuses(method, path string) ([]int, error) {
	responses, err := d.responses(method, path)
	if err != nil {
		return nil, err
	}
	var all []int
	for status := range responses.fields {
		number, err := strconv.Atoi(status)
		if err != nil {
			return nil, fmt.Errorf("%s %s: status %s: %w", method, path, status, err)
		}
		all = append(all, number)
	}
	slices.Sort(all)
	return all, nil
}

// CodesDiffer says in what way the statuses and codes of an operation are not those that its answers have, by status. It returns nothing
// if they are the same.
func (d *Document) CodesDiffer(method, path string, got map[int][]string) ([]string, error) {
	statuses, err := d.Statuses(method, path)
	if err != nil {
		return nil, err
	}
	var differences []string
	for _, status := range statuses {
		codes, err := d.Codes(method, path, status)
		if err != nil {
			return nil, err
		}
		slices.Sort(codes)
		slices.Sort(got[status])
		if !slices.Equal(codes, got[status]) {
			differences = append(differences, fmt.Sprintf("%d is described with the codes %q, and has %q", status, codes, got[status]))
		}
	}
	for status := range got {
		if !slices.Contains(statuses, status) {
			differences = append(differences, fmt.Sprintf("the status %d is not described", status))
		}
	}
	return differences, nil
}

// codesIn returns the values of every property code below a value.
func codesIn(value any) []string {
	var found []string
	switch value := value.(type) {
	case map[string]any:
		if code, ok := value["code"].(map[string]any); ok {
			if listed, ok := code["enum"].([]any); ok {
				for _, one := range listed {
					found = append(found, fmt.Sprint(one))
				}
			}
		}
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if name != "code" {
				found = append(found, codesIn(value[name])...)
			}
		}
	case []any:
		for _, item := range value {
			found = append(found, codesIn(item)...)
		}
	}
	return found
}
