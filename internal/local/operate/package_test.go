package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// packaged makes the zip files in a copy of the repository and returns what they hold, and the list of sums, by name.
func packaged(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	printed, _ := operation{make: "package"}.runIn(t, folder)
	files := map[string][]byte{}
	names, err := filepath.Glob(filepath.Join(folder, "dist", "*.zip"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, filepath.Join(folder, "dist", "SHA256SUMS")) {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatalf("%v\n%s", err, printed)
		}
		files[filepath.Base(name)] = content
	}
	return files
}

func TestPackagingTwiceMakesTheSameBytes(t *testing.T) {
	elsewhere := t.TempDir()
	if err := checkout(elsewhere); err != nil {
		t.Fatal(err)
	}
	first, second := packaged(t, checkedOut), packaged(t, elsewhere)
	functions, err := os.ReadDir(filepath.Join(root, "functions"))
	if err != nil {
		t.Fatal(err)
	}
	if len(first) != 2*len(functions)+1 || len(second) != len(first) {
		t.Fatalf("%d and %d files for %d functions", len(first), len(second), len(functions))
	}
	for name, content := range first {
		if !bytes.Equal(content, second[name]) {
			t.Errorf("%s is another one the second time", name)
		}
	}
	for _, f := range functions {
		for architecture, machine := range map[string]elf.Machine{"arm64": elf.EM_AARCH64, "amd64": elf.EM_X86_64} {
			name := f.Name() + "-" + architecture + ".zip"
			if line := fmt.Sprintf("%x  %s\n", sha256.Sum256(first[name]), name); !strings.Contains(string(first["SHA256SUMS"]), line) {
				t.Errorf("SHA256SUMS lacks %s", line)
			}
			mustHoldAnExecutable(t, name, first[name], machine)
		}
	}
}

// mustHoldAnExecutable checks that a zip file holds what Lambda starts, and nothing else.
func mustHoldAnExecutable(t *testing.T, name string, content []byte, machine elf.Machine) {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if len(archive.File) != 1 || archive.File[0].Name != "bootstrap" || archive.File[0].Mode() != 0o755 {
		t.Fatalf("%s holds %v", name, archive.File)
	}
	r, err := archive.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	executable, err := elf.NewFile(bytes.NewReader(binary))
	if err != nil || executable.Machine != machine {
		t.Errorf("%s: %v, %v; want %v", name, executable, err, machine)
	}
}
