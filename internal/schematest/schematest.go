// Package schematest compiles the JSON Schemas of this project, for tests. Formats, such as that of a time, are asserted.
package schematest

import (
	"bytes"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Read compiles the schema in a file.
func Read(t testing.TB, file string) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return Compile(t, Decode(t, text))
}

// Decode reads JSON as a schema takes it.
func Decode(t testing.TB, text []byte) any {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v in %.200s", err, text)
	}
	return value
}

// Compile compiles a schema that is decoded already.
func Compile(t testing.TB, document any) *jsonschema.Schema {
	t.Helper()
	const name = "schema.json"
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(name, document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
