package telemetry_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/telemetry"
)

func readPage(t *testing.T) string {
	t.Helper()
	return read(t, "../../docs/telemetry.md")
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// section is the part of the page under a heading, up to the next one of any level.
func section(t *testing.T, page, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, "\n"+heading+"\n")
	if !found {
		t.Fatalf("no section %s", heading)
	}
	text, _, _ := strings.Cut(rest, "\n#")
	return text
}

var (
	row    = regexp.MustCompile("(?m)^\\| (`[^|]+`) \\|")
	ticked = regexp.MustCompile("`([^`]+)`")
)

// fieldsIn are the fields that the tables of a section name, in their first column.
func fieldsIn(text string) map[string]bool {
	fields := map[string]bool{}
	for _, r := range row.FindAllStringSubmatch(text, -1) {
		for _, n := range ticked.FindAllStringSubmatch(r[1], -1) {
			fields[n[1]] = true
		}
	}
	return fields
}

// fieldsOf are the fields that the golden lines have, by message.
func fieldsOf(t *testing.T) map[string]map[string]bool {
	t.Helper()
	all := map[string]map[string]bool{}
	for _, l := range lines {
		fields := map[string]bool{}
		message := ""
		for _, m := range members(t, written(t, l.level, l.write)) {
			fields[m.name] = true
			if m.name == "message" {
				message = strings.Trim(string(m.value), `"`)
			}
		}
		if all[message] == nil {
			all[message] = map[string]bool{}
		}
		maps.Copy(all[message], fields)
	}
	return all
}

func TestThePageHasEveryFieldOfEveryLine(t *testing.T) {
	page := readPage(t)
	everywhere := fieldsIn(section(t, page, "## Lines"))
	headings := regexp.MustCompile("(?m)^### `(.+)`$").FindAllStringSubmatch(page, -1)
	written := fieldsOf(t)
	if len(headings) != len(written) {
		t.Errorf("the page has %d lines, the code %d", len(headings), len(written))
	}
	for message, fields := range written {
		documented := fieldsIn(section(t, page, "### `"+message+"`"))
		for field := range fields {
			if everywhere[field] {
				delete(fields, field)
			}
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(documented)), slices.Sorted(maps.Keys(fields))); diff != "" {
			t.Errorf("fields of %s (-page +code):\n%s", message, diff)
		}
	}
}

func TestThePageHasEveryMetric(t *testing.T) {
	page := readPage(t)
	type metric struct {
		unit string
		sets string
	}
	documented, emitted := map[string]metric{}, map[string]metric{}
	for _, r := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\w+) \\| ([^|]+) \\| .+ \\|$").FindAllStringSubmatch(section(t, page, "## Metrics"), -1) {
		documented[r[1]] = metric{r[2], r[3]}
	}
	for _, m := range telemetry.Emitted {
		var sets []string
		for _, set := range m.Dimensions {
			sets = append(sets, strings.Join(set, " "))
		}
		emitted[m.Name] = metric{m.Unit, strings.Join(sets, " · ")}
	}
	if diff := cmp.Diff(documented, emitted, cmp.AllowUnexported(metric{})); diff != "" {
		t.Errorf("metrics (-page +code):\n%s", diff)
	}
	for _, groups := range [][]string{telemetry.Sources(), telemetry.Reasons()} {
		if list := "`" + strings.Join(slices.Sorted(slices.Values(groups)), "`, `") + "`,\n"; !strings.Contains(page, list) {
			t.Errorf("the page does not have the values %s", list)
		}
	}
}

// What stands in a query besides fields.
var (
	quoted   = regexp.MustCompile(`"[^"]*"`)
	alias    = regexp.MustCompile(`\bas (\w+)`)
	word     = regexp.MustCompile(`@?[A-Za-z_]\w*(\()?`)
	commands = []string{"fields", "filter", "stats", "sort", "by", "as", "and", "or", "in", "asc", "desc", "limit"}
)

// queries are those of the pages and of the dashboard.
func queries(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, file := range []struct {
		path    string
		queries *regexp.Regexp
		least   int
	}{
		{"../../docs/telemetry.md", regexp.MustCompile("(?s)```sql\n(.*?)```"), 5},
		{"../../docs/operations.md", regexp.MustCompile("(?s)```sql\n(.*?)```"), 10},
		{"../../template.yaml", regexp.MustCompile(`"query": "SOURCE[^\\]*\\n(.*)"\}\}`), 1},
	} {
		matches := file.queries.FindAllStringSubmatch(read(t, file.path), -1)
		if len(matches) < file.least {
			t.Errorf("%s has %d queries, want %d", file.path, len(matches), file.least)
		}
		for _, m := range matches {
			found = append(found, strings.NewReplacer(`\n`, "\n", `\"`, `"`).Replace(m[1]))
		}
	}
	return found
}

func TestTheQueriesNameFieldsThatThereAre(t *testing.T) {
	byMessage := fieldsOf(t)
	for _, q := range queries(t) {
		known := map[string]bool{"@timestamp": true}
		for message, fields := range byMessage {
			if strings.Contains(q, `"`+message+`"`) || !strings.Contains(q, "filter message") {
				maps.Copy(known, fields)
			}
		}
		if len(known) == 1 {
			t.Errorf("of no line: %s", q)
		}
		text := quoted.ReplaceAllString(q, "")
		for _, a := range alias.FindAllStringSubmatch(text, -1) {
			known[a[1]] = true
		}
		for _, w := range word.FindAllString(regexp.MustCompile(`\d+m\b`).ReplaceAllString(text, ""), -1) {
			if !strings.HasSuffix(w, "(") && !slices.Contains(commands, w) && !known[w] {
				t.Errorf("no line has the field %s: %s", w, q)
			}
		}
	}
}
