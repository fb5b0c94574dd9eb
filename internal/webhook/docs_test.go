package webhook

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/local/deliveries"
	"videosdk-end-session/internal/local/pages"
	"videosdk-end-session/internal/trigger"

	"videosdk-end-session/internal/webhook/sources"
)

// docs is the folder of the pages about sources.
const docs = "../../docs/sources"

func blocks(t *testing.T) []pages.Block {
	t.Helper()
	all, err := pages.Read(docs)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func page(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(docs, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// column returns the names in the first column of the table below a head.
func column(t *testing.T, page, head string) []string {
	t.Helper()
	_, table, found := strings.Cut(page, "\n"+head)
	if !found {
		t.Fatalf("no table has the head %q", head)
	}
	table, _, _ = strings.Cut(table, "\n\n")
	var names []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]+) \\|").FindAllStringSubmatch(table, -1) {
		for _, name := range regexp.MustCompile("`([A-Za-z_]+)`").FindAllStringSubmatch(row[1], -1) {
			names = append(names, name[1])
		}
	}
	slices.Sort(names)
	return names
}

// TestEveryEntryOnThePagesIsWithoutMistakes compiles what readers copy. Its secrets are replaced by some that are none.
func TestEveryEntryOnThePagesIsWithoutMistakes(t *testing.T) {
	keys, err := deliveries.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	keys.BaseURL, keys.KeySetURL = "https://hooks.example.com", "https://hooks.example.com/jwks"
	for _, b := range blocks(t) {
		if b.Language != "json" {
			continue
		}
		_, isEntry := b.Named("entry")
		_, isPayload := b.Named("payload")
		switch {
		case isEntry, b.About == "entries", b.About == "entries, for make serve":
		case isPayload, b.About == "for the vendor", b.About == "for AWS":
			if !json.Valid([]byte(b.Text)) {
				t.Errorf("%s: not JSON:\n%s", b.Page, b.Text)
			}
			continue
		default:
			t.Errorf("%s: no comment says what this JSON is:\n%s", b.Page, b.Text)
			continue
		}
		var entries map[string]map[string]json.RawMessage
		if err := json.Unmarshal([]byte(b.Text), &entries); err != nil {
			t.Errorf("%s: %v in\n%s", b.Page, err, b.Text)
			continue
		}
		for name, entry := range entries {
			if _, has := entry["secrets"]; has || b.About == "entries, for make serve" {
				delete(entry, "secrets")
				entries[name] = keys.Entry(name, entry)
			}
		}
		secret, err := json.Marshal(entries)
		if err != nil {
			t.Fatal(err)
		}
		sources, err := Parser(http.DefaultTransport, func() time.Time { return morning })(secret)
		if err != nil {
			t.Fatal(err)
		}
		if mistakes := sources.Mistakes(); mistakes != nil {
			t.Errorf("%s: %q in\n%s", b.Page, mistakes, b.Text)
		}
	}
}

// TestTheRecipesAreTheEntriesOfTheSamples compares the entries that have samples with those that the samples are sent with.
func TestTheRecipesAreTheEntriesOfTheSamples(t *testing.T) {
	files, err := deliveries.Load(samples)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, f := range files {
		if _, isNative := native(f.Source); !isNative || f.Entry["profiles"] != nil {
			want[f.Source] = canonical(t, f.Entry)
		}
	}
	got := map[string]string{}
	for _, b := range blocks(t) {
		name, ok := b.Named("entry")
		if !ok {
			continue
		}
		var entries map[string]map[string]json.RawMessage
		if err := json.Unmarshal([]byte(b.Text), &entries); err != nil || len(entries) != 1 || entries[name] == nil {
			t.Errorf("%s: expected the entry %q alone (%v):\n%s", b.Page, name, err, b.Text)
			continue
		}
		delete(entries[name], "secrets")
		got[name] = canonical(t, entries[name])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-of the samples +of the pages):\n%s", diff)
	}
}

// canonical returns a value's JSON with sorted fields.
func canonical(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var decoded any
	if err := json.Unmarshal(text, &decoded); err != nil {
		t.Fatal(err)
	}
	if text, err = json.MarshalIndent(decoded, "", "  "); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// natives returns the sources that need no scheme and no profiles of anybody's.
func natives(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, name := range sources.Names() {
		own, _ := native(name)
		if own.has("profiles") || own.has("scheme") || own.has("signature") && own.has("document") {
			names = append(names, name)
		}
	}
	if len(names) < 9 {
		t.Fatalf("only %q", names)
	}
	return names
}

// reasons returns why webhooks of a source may be left alone.
func (s *Source) reasons() []string {
	all := map[string]bool{}
	if len(s.profiles) == 0 && s.document {
		for _, code := range []endsession.Code{endsession.CodeBeforeWindow, endsession.CodeAfterWindow, endsession.CodeOwnEvent} {
			all[string(code)] = true
		}
		return slices.Sorted(maps.Keys(all))
	}
	all[reasonNotRelevant] = true
	for _, p := range s.profiles {
		all[reasonNoRoom] = true
		for _, c := range p.skip {
			all[c.reason] = true
		}
		all[string(endsession.CodeBeforeWindow)] = all[string(endsession.CodeBeforeWindow)] || p.startsAt.path != nil
		all[string(endsession.CodeAfterWindow)] = all[string(endsession.CodeAfterWindow)] || p.endsAt.path != nil
	}
	maps.DeleteFunc(all, func(_ string, may bool) bool { return !may })
	return slices.Sorted(maps.Keys(all))
}

func TestThePagesNameEveryReasonToLeaveAWebhookAlone(t *testing.T) {
	keys, err := deliveries.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	keys.BaseURL, keys.KeySetURL = "https://hooks.example.com", "https://hooks.example.com/jwks"
	on := map[string]string{"svix": "standard-webhooks.md"}
	for _, name := range natives(t) {
		t.Run(name, func(t *testing.T) {
			source := configured(t, map[string]map[string]json.RawMessage{name: keys.Entry(name)}).byName[name]
			file := on[name]
			if file == "" {
				file = name + ".md"
			}
			if diff := cmp.Diff(source.reasons(), column(t, page(t, file), "| reason |")); diff != "" {
				t.Errorf("reasons (-code +page):\n%s", diff)
			}
		})
	}
}

// known returns the fields that a mistake says are known.
func known(t *testing.T, entry string) []string {
	t.Helper()
	_, mistakes := newSource("x", json.RawMessage(entry), process)
	for _, m := range mistakes {
		if _, list, found := strings.Cut(m, "no such field; known are "); found {
			return strings.Split(list, ", ")
		}
	}
	t.Fatalf("no mistake lists the fields: %q", mistakes)
	return nil
}

func TestThePagesNameEveryFieldAndScheme(t *testing.T) {
	readme := page(t, "README.md")
	if diff := cmp.Diff(known(t, `{"?":1}`), column(t, readme, "| field | for |")); diff != "" {
		t.Errorf("fields of an entry (-code +page):\n%s", diff)
	}
	if diff := cmp.Diff(known(t, `{"profiles":[{"?":1}]}`), column(t, page(t, "add-a-source.md"), "| field | value |")); diff != "" {
		t.Errorf("fields of a profile (-code +page):\n%s", diff)
	}
	if list := "`" + strings.Join(schemes(), "`, `") + "`"; !strings.Contains(readme, list) {
		t.Errorf("the page lacks the list of schemes: %s", list)
	}
}

// TestTheScheduledDocumentIsATrigger reads what the schedule of the recipe puts on the queue, when it is due.
func TestTheScheduledDocumentIsATrigger(t *testing.T) {
	for _, b := range blocks(t) {
		var schedule struct {
			ScheduleExpression string
			Target             struct{ Input string }
		}
		if b.Page != "recipes.md" || b.About != "for AWS" || json.Unmarshal([]byte(b.Text), &schedule) != nil {
			continue
		}
		due, err := time.Parse("at(2006-01-02T15:04:05)", schedule.ScheduleExpression)
		if err != nil {
			t.Fatal(err)
		}
		message := events.SQSMessage{
			MessageId: "m-1", Body: schedule.Target.Input, Attributes: map[string]string{"SentTimestamp": strconv.FormatInt(due.UnixMilli(), 10)},
		}
		got, refused := trigger.Reader{}.Message(t.Context(), message, due.Add(time.Second))
		if refused != nil || !got.OccurredAt.Equal(due) {
			t.Errorf("happened at %s, want %s (%v)", got.OccurredAt, due, refused)
		}
		return
	}
	t.Error("no schedule")
}

// TestTheNotesOnJMESPathAreRight evaluates what add-a-source.md says of the language.
func TestTheNotesOnJMESPathAreRight(t *testing.T) {
	const document = `{"a":"A","list":[{"x":true,"y":"Y"}],"zero":0,"empty":"","id":4711,"long":9007199254740993,"dot":1.0,"exp":1e3}`
	tests := []struct {
		expression string
		want       any // nil also if it fails
	}{
		{"a || list[?x].y | [0] || id", nil},
		{"a || (list[?x].y)[0]", "A"},
		{"nothing || (list[?x].y)[0]", "Y"},
		{"zero && 'true'", "true"},
		{"empty && 'true'", ""},
		{"a != `null`", true},
		{"nothing != `null`", false},
		{"id == `4711`", true},
		{"id == '4711'", false},
		{"a < 'B'", nil},
		{"join('-', ['lesson', to_string(id)])", "lesson-4711"},
		{"join('-', ['lesson', id])", nil},
		{"join('-', ['lesson', nothing])", nil},
		{"to_string(long)", "9007199254740993"},
		{"to_string(dot)", "1.0"},
		{"to_string(exp)", "1e3"},
		{"exp > `1`", nil},
		{"to_number(exp) > `1`", true},
	}
	for _, tt := range tests {
		t.Run(tt.expression, func(t *testing.T) {
			value, err := decode([]byte(document))
			if err != nil {
				t.Fatal(err)
			}
			e, err := compile(tt.expression)
			if err != nil {
				t.Fatal(err)
			}
			got, err := e.search(value)
			if err != nil {
				got = nil
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("finds (-want +got):\n%s", diff)
			}
		})
	}
}
