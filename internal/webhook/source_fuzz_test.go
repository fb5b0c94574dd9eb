package webhook

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/local/deliveries"
)

// FuzzSources reads any webhook secret.
func FuzzSources(f *testing.F) {
	files, err := deliveries.Load(samples)
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		entry, _ := json.Marshal(map[string]any{file.Source: file.Entry})
		f.Add(entry)
	}
	for _, secret := range []string{
		``, `null`, `[]`, `{"a":null}`, `{"a":{"profiles":[null,7,{"room":["(","a"],"skip":{"":"b"},"delay":1e9,"extract":"(("}]}}`,
		`{"calcom":{"secrets":["",null]},"square":{"secrets":["x"],"url":"hunter2"},"videosdk":{"secrets":["x"],"profiles":[{"room":"a"}]}}`,
		`{"a":{"scheme":"token","header":"x","secrets":["s"],"when":"b"},"../x":{"scheme":"../sources/calcom","secrets":["s"]}}`,
		`{"canvas":{"jwks":"http://hunter2/"},"a":{"scheme":"body-token","token":"a(","secrets":["s"]}}`, `{"":{"profiles":[{"room":"a"}]}," ":{}}`,
	} {
		f.Add([]byte(secret))
	}
	f.Fuzz(func(t *testing.T, secret []byte) {
		sources, err := parse(secret, process)
		if err != nil {
			if sources != nil || endsession.AsError(err).Code != endsession.CodeSecretInvalid {
				t.Errorf("%v with the error %v", sources, err)
			}
			return
		}
		var entries map[string]json.RawMessage
		if json.Unmarshal(secret, &entries) != nil {
			t.Fatal("accepted, and no object")
		}
		mistakes := sources.Mistakes()
		if again, _ := parse(secret, process); !slices.Equal(mistakes, again.Mistakes()) {
			t.Errorf("%q the first time, and %q the second time", mistakes, again.Mistakes())
		}
		for name := range entries {
			source, wrong := sources.byName[name], sources.invalid[name]
			if (source == nil) == (wrong == nil) {
				t.Errorf("%q is both right and wrong, or neither: %q", name, wrong)
			}
			for _, mistake := range wrong {
				if !strings.HasPrefix(mistake, "source "+name) || !strings.Contains(mistake, ": ") {
					t.Errorf("of %q: %s", name, mistake)
				}
			}
			if source != nil {
				mustBeUsable(t, source)
			}
		}
		mustBeUnharmed(t, entries)
		mustQuoteNothing(t, secret)
	})
}

// mustBeUsable checks that a source without mistakes can do something, and only what it may.
func mustBeUsable(t *testing.T, s *Source) {
	t.Helper()
	videosdk := false
	if _, ok := s.verifier.(*videoSDKVerifier); ok {
		videosdk = true
	}
	if videosdk == (len(s.profiles) > 0 || s.document) {
		t.Errorf("%q: of VideoSDK: %t, with %d profiles", s.name, videosdk, len(s.profiles))
	}
	if s.verifier == nil && s.configured == 0 {
		t.Errorf("%q sends no webhooks and has no profile for events", s.name)
	}
	if s.delay != nil && (*s.delay < 0 || *s.delay > 15*time.Minute) {
		t.Errorf("%q is kept back for %s", s.name, *s.delay)
	}
}

// mustBeUnharmed checks that another source beside these is as good as alone.
func mustBeUnharmed(t *testing.T, entries map[string]json.RawMessage) {
	t.Helper()
	with := map[string]json.RawMessage{"unharmed": json.RawMessage(`{"scheme":"token","header":"x","secrets":["s"]}`)}
	for name, entry := range entries {
		if name != "unharmed" {
			with[name] = entry
		}
	}
	secret, err := json.Marshal(with)
	if err != nil {
		t.Fatal(err)
	}
	sources, err := parse(secret, process)
	if err != nil || sources.byName["unharmed"] == nil {
		t.Errorf("another source is harmed: %v", err)
	}
}

// mustQuoteNothing plants a secret in every text of a webhook secret and looks for it among the mistakes.
func mustQuoteNothing(t *testing.T, secret []byte) {
	t.Helper()
	var value any
	if json.Unmarshal(secret, &value) != nil {
		t.Fatal("no JSON")
	}
	for _, plant := range []func(string) string{
		func(s string) string { return s + planted }, func(s string) string { return planted + s }, func(s string) string { return planted }, func(s string) string { return "(" + planted + s },
	} {
		with, err := json.Marshal(inTexts(value, plant))
		if err != nil {
			t.Fatal(err)
		}
		sources, err := parse(with, process)
		if err != nil {
			mustNotBeQuoted(t, err.Error())
			continue
		}
		for name, mistakes := range sources.invalid {
			for _, mistake := range mistakes {
				mustNotBeQuoted(t, strings.TrimPrefix(mistake, "source "+name))
			}
		}
	}
}

// inTexts returns a JSON value with every text changed. The names of fields stay what they are: mistakes have to name them.
func inTexts(value any, change func(string) string) any {
	switch v := value.(type) {
	case string:
		return change(v)
	case []any:
		list := make([]any, len(v))
		for i, one := range v {
			list[i] = inTexts(one, change)
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for name, one := range v {
			object[name] = inTexts(one, change)
		}
		return object
	default:
		return value
	}
}
