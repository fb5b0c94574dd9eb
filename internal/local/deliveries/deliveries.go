// Package deliveries reads the sample webhooks of the folder events/webhooks, and signs them as their senders do. It shares nothing with
// the code that verifies them.
package deliveries

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// File is the samples of one source, by whose name the file is called.
type File struct {
	Source string `json:"-"`
	// Entry is the source's entry in the webhook secret, without its secrets.
	Entry   map[string]json.RawMessage `json:"entry"`
	Samples []Sample                   `json:"samples"`
}

// Sample is one webhook or event, and what becomes of it.
type Sample struct {
	Name string `json:"name"`
	// Door is where it comes in: webhook, or else queue or bus. Empty means webhook.
	Door string `json:"door,omitempty"`
	// Also are further fields of the source's entry, for this sample alone.
	Also    map[string]json.RawMessage `json:"also,omitempty"`
	Headers map[string]string          `json:"headers,omitempty"`
	// Payload is the JSON that is sent, or a text that is sent as it is. Times in it are written {now}, {now-30m} or {now+90s}, and as
	// Unix seconds "{unix-30m}", which is a number.
	Payload json.RawMessage `json:"payload"`
	Want    Want            `json:"want"`
}

// Want is what becomes of a sample: one of a trigger, a reason to leave it alone and a code.
type Want struct {
	Trigger      json.RawMessage `json:"trigger,omitempty"` // the request document on the queue
	DelaySeconds int             `json:"delaySeconds,omitempty"`
	Ignored      string          `json:"ignored,omitempty"`
	Answer       json.RawMessage `json:"answer,omitempty"` // to a challenge
	Code         string          `json:"code,omitempty"`
}

// Of returns the name of a sample with its source.
func (f File) Of(s Sample) string { return f.Source + ": " + s.Name }

// Load reads every file of the folder.
func Load(folder string) ([]File, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var files []File
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		f := File{Source: strings.TrimSuffix(filepath.Base(name), ".json")}
		d := json.NewDecoder(bytes.NewReader(content))
		d.DisallowUnknownFields()
		if err := d.Decode(&f); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(f.Samples) == 0 {
			return nil, fmt.Errorf("%s: no samples", name)
		}
		files = append(files, f)
	}
	return files, nil
}

// Save writes the file back, with what it wants.
func (f File) Save(folder string) error {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(f); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, f.Source+".json"), out.Bytes(), 0o644)
}

// A time is written as RFC 3339, in a layout of Go's package time that follows a bar, or instead of a JSON text as a number of Unix
// seconds.
var moment = regexp.MustCompile(`\{now([+-][0-9]+[smh])?(?:\|([^}]+))?\}|"\{unix([+-][0-9]+[smh])?\}"`)

// Body returns the payload as it is sent at a time.
func (s Sample) Body(now time.Time) ([]byte, error) { return Body(s.Payload, now) }

// Body returns a payload as it is sent at a time: a JSON text is what stands in it.
func Body(payload []byte, now time.Time) ([]byte, error) {
	body := payload
	if text := ""; json.Unmarshal(payload, &text) == nil {
		body = []byte(text)
	}
	var err error
	body = moment.ReplaceAllFunc(body, func(match []byte) []byte {
		groups := moment.FindSubmatch(match)
		at := now.UTC()
		if offset := string(groups[1]) + string(groups[3]); offset != "" {
			d, failed := time.ParseDuration(offset)
			if failed != nil {
				err = failed
			}
			at = at.Add(d)
		}
		if match[0] == '"' {
			return strconv.AppendInt(nil, at.Unix(), 10)
		}
		return at.AppendFormat(nil, cmp.Or(string(groups[2]), time.RFC3339))
	})
	return body, err
}
