package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

func example(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "samconfig.toml.example"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestTheExampleOfSAMConfigNamesParametersOfTheTemplate(t *testing.T) {
	source, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Parameters map[string]any `yaml:"Parameters"`
	}
	if err := yaml.Unmarshal(source, &template); err != nil {
		t.Fatal(err)
	}
	content := example(t)
	t.Chdir(t.TempDir())
	write(t, "samconfig.toml", content)
	config, err := readSAMConfig()
	if err != nil {
		t.Fatal(err)
	}
	overrides, err := config.overrides()
	if err != nil || len(overrides) == 0 {
		t.Fatalf("overrides %v, %v", overrides, err)
	}
	for _, suggested := range regexp.MustCompile(`(?m)^  # "(.+)",$`).FindAllStringSubmatch(content, -1) {
		overrides = append(overrides, suggested[1])
	}
	for _, override := range overrides {
		name, _, _ := strings.Cut(override, "=")
		if template.Parameters[name] == nil {
			t.Errorf("template.yaml has no parameter %s", name)
		}
	}
}

func TestOverriddenIsWhatSAMReads(t *testing.T) {
	tests := []struct {
		name      string
		overrides []string
		want      string
		ok        bool
	}{
		{"one of a list", []string{"A=1", "Architecture=arm64"}, "arm64", true},
		{"one of a text", []string{"A=1 Architecture=arm64 B=2"}, "arm64", true},
		{"quoted", []string{`Architecture="arm64" B=2`}, "arm64", true},
		{"a blank in quotes", []string{`Architecture="arm 64" B=2`}, "arm 64", true},
		{"another parameter that ends alike", []string{"MyArchitecture=arm64"}, "", false},
		{"none", nil, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := overridden(tt.overrides, "Architecture"); got != tt.want || ok != tt.ok {
				t.Errorf("got %q, %v; want %q, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}
