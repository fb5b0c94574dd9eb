package main

import (
	"path/filepath"
	"testing"
)

// A mutation that no longer applies is found here, long before someone runs all of them.
func TestEveryMutationApplies(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	names := map[string]bool{}
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			if names[m.name] {
				t.Error("two mutations have this name")
			}
			names[m.name] = true
			if _, err := m.apply(root); err != nil {
				t.Error(err)
			}
		})
	}
}
