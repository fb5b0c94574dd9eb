package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestAnIntegratorTriesAMapping is `make serve SOURCES=…` in one terminal and `make webhook` in another.
func TestAnIntegratorTriesAMapping(t *testing.T) {
	folder := t.TempDir()
	build(t, folder)
	sources, payload, served := filepath.Join(folder, "sources.json"), filepath.Join(folder, "payload.json"), filepath.Join(folder, "serve.url")
	write(t, sources, `{"my-lms":{"scheme":"token","header":"X-Lms","profiles":[{"when":"event == 'over'","customRoom":"lesson","occurredAt":"at","id":"id"}]}}`)
	write(t, payload, `{"event":"over","lesson":"lesson-1","at":"{now-10s}","id":"l-1"}`)

	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{
			"-root", root, "-binaries", folder, "-log", filepath.Join(folder, "log"), "-served", served, "-sources", sources, "serve",
		}, io.Discard)
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	for deadline := time.Now().Add(90 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if _, err := os.Stat(served); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("serve does not come up")
		}
	}
	try := func(source string) string {
		t.Helper()
		var out bytes.Buffer
		if err := run(t.Context(), []string{"-served", served, "webhook", source, payload}, &out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	want := func(printed string, parts ...string) {
		t.Helper()
		for _, part := range parts {
			if !strings.Contains(printed, part) {
				t.Errorf("printed\n%swithout %q", printed, part)
			}
		}
	}
	want(try("my-lms"), `→ 202 {"status":"accepted","id":"l-1"}`, "→ published", `"customRoomId": "lesson-1"`, `"outcome": "not_active"`)
	want(try("nobody"), `no source is named "nobody" here`)

	write(t, payload, `{"event":"begun","lesson":"lesson-1"}`)
	want(try("my-lms"), `→ 200 {"status":"ignored","reason":"not_relevant"}`)

	write(t, sources, `{"my-lms":{"scheme":"token","header":"X-Lms","profiles":[{"when":"event ==","customRoom":"lesson"}]}}`)
	want(try("my-lms"), "mend these first", "source my-lms, profile 1, field when: position")
}

func TestWithoutServeItSaysWhatIsMissing(t *testing.T) {
	payload := filepath.Join(t.TempDir(), "payload.json")
	write(t, payload, "{}")
	for _, tt := range []struct {
		name      string
		arguments []string
		want      string
	}{
		{"no source and no file", []string{"webhook", "", ""}, "name a source and a file"},
		{"no such file", []string{"webhook", "calcom", payload + ".none"}, "read the payload"},
		{"nothing is up", []string{"webhook", "calcom", payload}, "run make serve in another terminal"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			arguments := append([]string{"-served", payload + ".url"}, tt.arguments...)
			if err := run(t.Context(), arguments, io.Discard); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q", err, tt.want)
			}
		})
	}
}
