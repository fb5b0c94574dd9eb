package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"videosdk-end-session/internal/local/pages"
)

// console is what a command prints while it runs.
type console struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.b.Write(p)
}

func (c *console) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.b.String()
}

// ids are those of messages, which differ from run to run as the times do.
var ids = regexp.MustCompile(`\bmsg_\d+\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|:\d{4}-\d\d-\d\d"`)

func same(printed string) string {
	return ids.ReplaceAllString(varying.ReplaceAllString(printed, "*"), "*")
}

// TestThePagesOfTheSourcesShowWhatMakeWebhookPrints follows each page: its entry, its meeting, its payload, its output.
func TestThePagesOfTheSourcesShowWhatMakeWebhookPrints(t *testing.T) {
	blocks, err := pages.Read(filepath.Join(root, "docs", "sources"))
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string]map[string]json.RawMessage{}
	for _, b := range blocks {
		if b.Page != "recipes.md" && b.Page != "add-a-source.md" || !strings.HasPrefix(b.About, "entr") {
			continue
		}
		var some map[string]map[string]json.RawMessage
		if err := json.Unmarshal([]byte(b.Text), &some); err != nil {
			t.Fatal(err)
		}
		for _, entry := range some {
			delete(entry, "secrets") // serve has some of its own
		}
		maps.Copy(entries, some)
	}
	own, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	build(t, folder)
	sources, payload, served := filepath.Join(folder, "sources.json"), filepath.Join(folder, "payload"), filepath.Join(folder, "serve.url")
	write(t, sources, string(own))
	var printed console
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{
			"-root", root, "-binaries", folder, "-log", filepath.Join(folder, "log"), "-served", served, "-sources", sources, "serve",
		}, &printed)
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	begin := regexp.MustCompile(`curl -s (http://\S+)/_standin/rooms`)
	for deadline := time.Now().Add(90 * time.Second); !begin.MatchString(printed.String()); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("serve does not come up:\n%s", printed.String())
		}
	}
	videosdk := begin.FindStringSubmatch(printed.String())[1]
	rooms := regexp.MustCompile(`\$STANDIN/_standin/rooms -d '([^']+)'`)

	var seen int
	for i, b := range blocks {
		source, ok := b.Named("payload")
		if !ok {
			continue
		}
		t.Run(b.Page+" "+source, func(t *testing.T) {
			shown := ""
			for _, after := range blocks[i+1:] {
				if _, next := after.Named("payload"); next || after.Page != b.Page {
					break
				}
				if after.About == "from make webhook" {
					shown = after.Text
				}
			}
			for _, other := range blocks {
				if meeting := rooms.FindStringSubmatch(other.Text); other.Page == b.Page && shown != "" && meeting != nil {
					beginMeeting(t, videosdk, meeting[1])
					break
				}
			}
			write(t, payload, b.Text)
			var out bytes.Buffer
			if err := run(t.Context(), []string{"-served", served, "webhook", source, payload}, &out); err != nil {
				t.Fatal(err)
			}
			t.Log(out.String())
			if shown == "" {
				if !strings.HasPrefix(out.String(), "→ 202 ") {
					t.Errorf("printed\n%s", out.String())
				}
				return
			}
			seen++
			rest := same(out.String())
			for piece := range strings.SplitSeq(same(shown), "…\n") {
				_, after, found := strings.Cut(rest, piece)
				if !found {
					t.Fatalf("the page shows what is not printed, or not there:\n%s\nprinted:\n%s", piece, out.String())
				}
				rest = after
			}
		})
	}
	if seen < 9 {
		t.Errorf("%d pages show an output, want at least 9", seen)
	}
}

// beginMeeting begins a meeting at the stand-in, as soon as the room's last one has ended.
func beginMeeting(t *testing.T, videosdk, room string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		response, err := http.Post(videosdk+"/_standin/rooms", "application/json", strings.NewReader(room))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode < http.StatusMultipleChoices {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("begin %s: %d %s", room, response.StatusCode, body)
		}
	}
}
