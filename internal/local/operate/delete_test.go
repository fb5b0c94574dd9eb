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
	for _, r := range template.Resources {
		if r.DeletionPolicy != "" {
			kept[r.Type] = true
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(kept)), retained); diff != "" {
		t.Errorf("(-template.yaml +delete):\n%s", diff)
	}
}
