package samples

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/schematest"
)

var update = flag.Bool("update", false, "write the samples")

const folder = "../../../events"

// made are all samples, by their file's name.
func made(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	for number, shape := range slices.Sorted(maps.Keys(wrappings)) {
		for name, d := range documents(shape, number+1) {
			pretty, err := json.MarshalIndent(wrappings[shape](name, d), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			files[filepath.Join(shape, name+".json")] = string(pretty) + "\n"
		}
	}
	return files
}

func TestTheSamplesAreEveryShapeOfEveryOutcome(t *testing.T) {
	want := made(t)
	if *update {
		for name, content := range want {
			if err := os.MkdirAll(filepath.Join(folder, filepath.Dir(name)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	files, err := filepath.Glob(filepath.Join(folder, "*", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, file := range files {
		if filepath.Base(filepath.Dir(file)) == Webhooks {
			continue // written by hand
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(folder, file)
		if err != nil {
			t.Fatal(err)
		}
		got[name] = string(content)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("samples (-made +file), see -update:\n%s", diff)
	}
}

func TestLoadFindsTheDocumentInEveryShape(t *testing.T) {
	all, err := Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(made(t)) {
		t.Errorf("%d samples, want %d", len(all), len(made(t)))
	}
	numbers := slices.Sorted(maps.Keys(wrappings))
	for _, s := range all {
		want := documents(s.Shape, slices.Index(numbers, s.Shape)+1)[s.Name]
		var got document
		if err := json.Unmarshal(s.Document, &got); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		if got.RoomID != want.RoomID || got.CustomRoomID != want.CustomRoomID || text(got.SessionID) != text(want.SessionID) {
			t.Errorf("%s: document = %s, want the one that names %+v", s, s.Document, want)
		}
	}
}

func TestEveryDocumentIsAsTheSchemaOfRequestsSaysButTheInvalidOne(t *testing.T) {
	schema := schematest.Read(t, "../../trigger/request.schema.json")
	all, err := Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if err := schema.Validate(schematest.Decode(t, s.Document)); (err != nil) != (s.Expect.Code == "invalid_request") {
			t.Errorf("%s: %v", s, err)
		}
	}
}
