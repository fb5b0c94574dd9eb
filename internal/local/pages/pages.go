// Package pages reads the fenced blocks of the documentation, for the tests that hold it to the code.
package pages

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Block is a fenced block of a page.
type Block struct {
	Page     string // the file's name
	About    string // what the HTML comment on the line before says, as in <!-- payload: calcom -->; empty if there is none
	Language string
	Text     string
}

// Named returns the name behind a kind, calcom for payload in the example above.
func (b Block) Named(kind string) (string, bool) { return strings.CutPrefix(b.About, kind+": ") }

var fenced = regexp.MustCompile("(?m)(?:^<!-- (.*) -->\n)?^```([a-z]+)\n((?s:.*?))^```$")

// Read returns the blocks of every page of a folder, in the order of the files' names.
func Read(folder string) ([]Block, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.md"))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var blocks []Block
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if strings.Count("\n"+string(content), "\n```")%2 != 0 {
			return nil, fmt.Errorf("%s: a fence is not closed", name)
		}
		for _, match := range fenced.FindAllStringSubmatch(string(content), -1) {
			blocks = append(blocks, Block{Page: filepath.Base(name), About: match[1], Language: match[2], Text: match[3]})
		}
	}
	if len(blocks) == 0 {
		return nil, fmt.Errorf("%s: no page has a fenced block", folder)
	}
	return blocks, nil
}
