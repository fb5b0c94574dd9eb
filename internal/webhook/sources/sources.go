// Package sources has what is known of sources and signature schemes without configuration: one file for each, called by its name. It holds
// the files and nothing of what they mean, so that whatever needs the names alone links no more.
package sources

import (
	"embed"
	"encoding/json"
	"strings"
)

//go:embed *.json
var files embed.FS

const suffix = ".json"

// File returns the file of a source or scheme, and false if there is none.
func File(name string) (json.RawMessage, bool) {
	file, err := files.ReadFile(name + suffix)
	return file, err == nil
}

// Names returns the names of all files, sorted.
func Names() []string {
	entries, _ := files.ReadDir(".") // which is embedded
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), suffix))
	}
	return names
}

// Reasons returns the words by which profiles of the files leave an event alone, in no order, perhaps more than once.
func Reasons() []string {
	var all []string
	for _, name := range Names() {
		var source struct {
			Profiles []struct {
				Skip map[string]json.RawMessage `json:"skip"`
			} `json:"profiles"`
		}
		file, _ := File(name)
		_ = json.Unmarshal(file, &source) // tests hold the files to their form
		for _, p := range source.Profiles {
			for reason := range p.Skip {
				all = append(all, reason)
			}
		}
	}
	return all
}
