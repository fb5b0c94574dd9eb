package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// dist is the folder that make builds in.
const dist = "dist"

// zipFiles makes dist/<function>-<architecture>.zip of dist/<architecture>/<function>/bootstrap for each of FUNCTIONS and both
// architectures, and dist/SHA256SUMS as sha256sum reads it. The same binary makes the same bytes, wherever and whenever: the files say
// nothing of times, users and folders.
func (o *operator) zipFiles(context.Context) error {
	functions := strings.Fields(o.getenv("FUNCTIONS"))
	if len(functions) == 0 {
		o.lack("FUNCTIONS is not set")
		return o.ready()
	}
	var sums strings.Builder
	for _, function := range functions {
		for _, architecture := range []string{"amd64", "arm64"} {
			binary, err := os.ReadFile(filepath.Join(dist, architecture, function, "bootstrap"))
			if err != nil {
				return err
			}
			zipped, err := zipFile(binary)
			if err != nil {
				return err
			}
			name := function + "-" + architecture + ".zip"
			if err := os.WriteFile(filepath.Join(dist, name), zipped, 0o644); err != nil {
				return err
			}
			fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(zipped), name)
		}
	}
	o.say("%s", strings.TrimSpace(sums.String()))
	return os.WriteFile(filepath.Join(dist, "SHA256SUMS"), []byte(sums.String()), 0o644)
}

// earliest is the first time that a zip file can tell.
var earliest = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// zipFile returns a zip file that holds the binary as bootstrap, which is what Lambda starts.
func zipFile(binary []byte) ([]byte, error) {
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, Modified: earliest}
	header.SetMode(0o755)
	var zipped bytes.Buffer
	archive := zip.NewWriter(&zipped)
	w, err := archive.CreateHeader(header)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(binary); err != nil {
		return nil, err
	}
	err = archive.Close()
	return zipped.Bytes(), err
}
