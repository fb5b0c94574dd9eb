// Package mototest starts a moto server for a test.
package mototest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"videosdk-end-session/internal/local/moto"
)

// Start starts a moto server that ends with the test. When config names no
// executable it is the environment variable MOTO_SERVER, or else
// .venv/bin/moto_server beside the project's go.mod; a test without any fails.
func Start(t testing.TB, config moto.Config) *moto.Server {
	t.Helper()
	if config.Executable == "" {
		config.Executable = executable(t)
	}
	server, err := moto.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

func executable(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("MOTO_SERVER"); path != "" {
		return path
	}
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		_, err := os.Stat(filepath.Join(folder, "go.mod"))
		if err == nil {
			return filepath.Join(folder, ".venv", "bin", "moto_server")
		}
		if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			t.Fatal("no go.mod in any folder above the test")
		}
		folder = parent
	}
}
