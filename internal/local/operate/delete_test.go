package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

func TestDeleteNamesWhatTheTemplateKeeps(t *testing.T) {
	source, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Type           string `yaml:"Type"`
			DeletionPolicy string `yaml:"DeletionPolicy"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(source, &template); err != nil {
		t.Fatal(err)
	}
	kept := map[string]bool{}
	for name, r := range template.Resources {
		switch r.DeletionPolicy {
		case "":
		case "Delete":
			if name != notRetained {
				t.Errorf("%s is deleted with the stack", name)
			}
		default:
			kept[r.Type] = true
		}
	}
	if template.Resources[notRetained].DeletionPolicy != "Delete" {
		t.Errorf("%s is kept", notRetained)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(kept)), retained); diff != "" {
		t.Errorf("(-template.yaml +delete):\n%s", diff)
	}
}
