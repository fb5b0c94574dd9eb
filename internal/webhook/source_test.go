package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"

	"videosdk-end-session/internal/webhook/sources"
)

// parsed returns the sources of a webhook secret, mistakes and all.
func parsed(t testing.TB, secret string) *Sources {
	t.Helper()
	sources, err := Parser(http.DefaultTransport, process.Now)([]byte(secret))
	if err != nil {
		t.Fatalf("%s: %v", secret, err)
	}
	return sources
}

// only returns the one source of a webhook secret, which must be without mistakes.
func only(t testing.TB, name, entry string) *Source {
	t.Helper()
	sources := parsed(t, `{`+quoted(name)+`:`+entry+`}`)
	if mistakes := sources.Mistakes(); mistakes != nil {
		t.Fatal(mistakes)
	}
	return sources.byName[name]
}

func quoted(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

func TestEveryMistakeIsNamed(t *testing.T) {
	const (
		all      = "acuity, body-token, calcom, calendly, canvas-jwt, github, nylas, square, standard-webhooks, stripe, svix, thinkific, token, videosdk-rsa, zoom"
		known    = "delaySeconds, endSharedRooms, header, jwks, profiles, scheme, secrets, token, trustCustomerFields, url, when"
		fields   = "customRoom, customerRoom, delay, endsAt, extract, extractCustomRoom, id, name, occurredAt, reason, room, session, sharedRoom, skip, startsAt, when"
		seconds  = "expected a whole number of seconds from 0 to 900"
		unmapped = "source lms, field profiles: expected at least one: a payload of this source is not a request document"
	)
	profile := func(fields string) string { return `{"lms":{"profiles":[{"room":"a"},{` + fields + `}]}}` }
	tests := []struct {
		name, secret string
		want         []string // each after "source lms, profile 2, field " if it begins with a dot
	}{
		// the entry
		{"no object", `{"lms":"hunter2"}`, []string{"source lms: expected an object"}},
		{"null", `{"lms":null}`, []string{"source lms: expected an object"}},
		{"a list", `{"lms":["hunter2"]}`, []string{"source lms: expected an object"}},
		{"nothing in it", `{"lms":{}}`, []string{unmapped}},
		{"no profiles", `{"lms":{"scheme":"github","secrets":["hunter2"]}}`, []string{unmapped}},
		{"an empty list of profiles", `{"lms":{"profiles":[]}}`, []string{unmapped}},
		{"a name with a blank at its end", `{"lms ":{"profiles":[{"room":"a"}]}}`, []string{
			"source lms : the name must be 1 to 256 characters without control characters and without blanks around it",
		}},
		{"no name", `{"":{"profiles":[{"room":"a"}]}}`, []string{
			"source : the name must be 1 to 256 characters without control characters and without blanks around it",
		}},
		{"a misspelt field", `{"lms":{"secret":["hunter2"],"profiles":[{"room":"a"}]}}`, []string{"source lms, field secret: no such field; known are " + known}},
		{"wrong types", `{"lms":{"scheme":["hunter2"],"secrets":"hunter2","delaySeconds":"hunter2","trustCustomerFields":"hunter2",` +
			`"endSharedRooms":0,"when":{"hunter2":1},"url":1,"header":true,"token":[],"jwks":{},"profiles":{"hunter2":1}}}`,
			[]string{
				"source lms, field when: expected a JMESPath expression", "source lms, field trustCustomerFields: expected true or false",
				"source lms, field endSharedRooms: expected true or false", "source lms, field delaySeconds: " + seconds,
				"source lms, field scheme: expected a text", "source lms, field scheme: expected one of " + all, "source lms, field secrets: expected a list of texts",
				"source lms, field url: expected a text", "source lms, field header: expected a text", "source lms, field token: expected a text",
				"source lms, field jwks: expected a text", "source lms, field profiles: expected a list", unmapped,
			}},
		{"secrets and no scheme", `{"lms":{"secrets":["hunter2"],"profiles":[{"room":"a"}]}}`, []string{"source lms, field scheme: expected one of " + all}},
		{"a header and no scheme", `{"lms":{"header":"hunter2","profiles":[{"room":"a"}]}}`, []string{"source lms, field scheme: expected one of " + all}},
		{"a blank scheme", `{"lms":{"scheme":" ","jwks":"hunter2","profiles":[{"room":"a"}]}}`, []string{"source lms, field scheme: expected one of " + all}},
		{"an unknown scheme", `{"lms":{"scheme":"hunter2","secrets":["hunter2"],"profiles":[{"room":"a"}]}}`, []string{"source lms, field scheme: expected one of " + all}},
		{"a scheme out of the folder", `{"lms":{"scheme":"../sources/calcom","secrets":["hunter2"],"profiles":[{"room":"a"}]}}`, []string{
			"source lms, field scheme: expected one of " + all,
		}},
		{"a source for a scheme", `{"lms":{"scheme":"canvas","profiles":[{"room":"a"}]}}`, []string{"source lms, field scheme: expected one of " + all}},
		{"what the scheme does not take", `{"lms":{"scheme":"github","secrets":["hunter2"],"url":"hunter2","jwks":"hunter2","profiles":[{"room":"a"}]}}`, []string{
			"source lms, field url: the scheme github takes none", "source lms, field jwks: the scheme github takes none",
		}},
		{"no secret", `{"lms":{"scheme":"github","profiles":[{"room":"a"}]}}`, []string{"source lms, field secrets: expected at least one"}},
		{"an empty list of secrets", `{"lms":{"scheme":"github","secrets":[],"profiles":[{"room":"a"}]}}`, []string{"source lms, field secrets: expected at least one"}},
		{"empty secrets", `{"lms":{"scheme":"token","header":"x","secrets":[""," ",null,"whsec_","hunter2"],"profiles":[{"room":"a"}]}}`, []string{
			"source lms, field secrets: number 1 is blank", "source lms, field secrets: number 2 is blank", "source lms, field secrets: number 3 is blank",
			"source lms, field secrets: number 4 has no key after its prefix",
		}},
		{"a secret that is a number", `{"lms":{"scheme":"github","secrets":["hunter2",7],"profiles":[{"room":"a"}]}}`, []string{
			"source lms, field secrets: expected a list of texts", "source lms, field secrets: expected at least one",
		}},
		{"a token that is none", `{"lms":{"scheme":"body-token","secrets":["hunter2"],"token":"hunter2("}}`, []string{
			"source lms, field token: expected a JMESPath expression that finds the token in the body",
		}},
		{"a filter with a mistake", `{"lms":{"when":"hunter2 =","profiles":[{"room":"a"}]}}`, []string{
			"source lms, field when: position 9: Unexpected token at the end of the expression: tUnknown",
		}},

		// native sources
		{"a native source without secrets", `{"calcom":{}}`, []string{"source calcom, field secrets: expected at least one"}},
		{"a native source with a blank secret", `{"calcom":{"secrets":["\n"]}}`, []string{"source calcom, field secrets: number 1 is blank"}},
		{"a native source with another scheme", `{"calcom":{"scheme":"token","header":"x-hunter2","secrets":["hunter2"]}}`, []string{
			"source calcom, field scheme: calcom has one of its own: calcom", "source calcom, field header: the scheme calcom takes none",
		}},
		{"Square without its URL", `{"square":{"secrets":["hunter2"]}}`, []string{
			"source square, field url: expected the URL that is registered at the source, exactly as it is there, because the source signs it",
		}},
		{"CloudEvents with a scheme that they do not have", `{"cloudevents":{"scheme":"github","secrets":["whsec_aHVudGVyMg=="]}}`, []string{
			"source cloudevents, field scheme: cloudevents has one of its own: standard-webhooks, token",
		}},
		{"a scheme as a source, without profiles", `{"stripe":{"secrets":["hunter2"]}}`, []string{
			"source stripe, field profiles: expected at least one: a payload of this source is not a request document",
		}},
		{"a native source with a profile that is wrong", `{"calcom":{"secrets":["hunter2"],"profiles":[{"when":"("}]}}`, []string{
			"source calcom, profile 1, field when: position 2: Incomplete expression",
			"source calcom, profile 1, field room: expected at least one of room, customRoom and session",
		}},
		{"VideoSDK with profiles", `{"videosdk":{"secrets":[` + quoted(publicPEM) + `],"profiles":[{"room":"hunter2"}]}}`, []string{
			"source videosdk, field profiles: webhooks of VideoSDK itself confirm what has happened, and are never triggers",
		}},
		{"VideoSDK under another name, with profiles", `{"lms":{"scheme":"videosdk-rsa","secrets":[` + quoted(publicPEM) + `],"profiles":[{"room":"hunter2"}]}}`, []string{
			"source lms, field profiles: webhooks of VideoSDK itself confirm what has happened, and are never triggers",
		}},

		// profiles
		{"a profile that is no object", `{"lms":{"profiles":[{"room":"a"},"hunter2",null]}}`, []string{
			"source lms, profile 2: expected an object", "source lms, profile 2, field room: expected at least one of room, customRoom and session",
			"source lms, profile 3: expected an object", "source lms, profile 3, field room: expected at least one of room, customRoom and session",
		}},
		{"nothing to end", profile(`"when":"a","reason":"b"`), []string{".room: expected at least one of room, customRoom and session"}},
		{"misspelt fields", profile(`"room":"a","Room":"hunter2","occuredAt":"hunter2"`), []string{
			".Room: no such field; known are " + fields, ".occuredAt: no such field; known are " + fields,
		}},
		{"a syntax error in each expression", profile(`"room":"hunter2 +","customRoom":"hunter2(","session":"[","id":"]","reason":")","occurredAt":"a.","startsAt":"'","endsAt":"=","when":"&&"`),
			[]string{
				".when: position 1: Invalid token: tAnd", ".customRoom: position 9: Incomplete expression", ".session: position 2: Incomplete expression",
				".id: position 1: Invalid token: tRbracket", ".reason: position 1: Invalid token: tRparen",
				".occurredAt: position 3: Expected identifier, lbracket, or lbrace", ".startsAt: position 2: Unclosed delimiter: '",
				".endsAt: position 1: Invalid token: tUnknown", ".room: position 9: a character that cannot stand here",
			}},
		{"an unknown function in each kind of list", profile(`"room":["a","hunter2(b)"],"customerRoom":["hunter2(c)"],"sharedRoom":"a || hunter2(d)"`), []string{
			".room: number 2: position 1: there is no function of this name", ".customerRoom: number 1: position 1: there is no function of this name",
			".sharedRoom: position 6: there is no function of this name",
		}},
		{"lists that are none", profile(`"room":{"hunter2":1},"customerRoom":["a",1],"sharedRoom":7,"customRoom":["hunter2"]`), []string{
			".customRoom: expected a JMESPath expression", ".room: expected a JMESPath expression or a list of them",
			".customerRoom: expected a JMESPath expression or a list of them", ".sharedRoom: expected a JMESPath expression or a list of them",
		}},
		{"lists of nothing", profile(`"room":[],"customerRoom":[""],"sharedRoom":" "`), []string{
			".room: expected at least one JMESPath expression", ".customerRoom: number 1: expected a JMESPath expression", ".sharedRoom: expected a JMESPath expression",
		}},
		{"no group", profile(`"room":"a","extract":"hunter2"`), []string{".extract: expected one group, not 0"}},
		{"two groups", profile(`"room":"a","extract":"(hunter2)(hunter2)"`), []string{".extract: expected one group, not 2"}},
		{"an empty pattern", profile(`"room":"a","extract":"","extractCustomRoom":"(?:hunter2)"`), []string{
			".extract: expected one group, not 0", ".extractCustomRoom: expected one group, not 0",
		}},
		{"patterns that are none", profile(`"room":"a","extract":"(hunter2","extractCustomRoom":"(?!hunter2)(a)"`), []string{
			".extract: expected a regular expression (RE2): missing closing )",
			".extractCustomRoom: expected a regular expression (RE2): invalid or unsupported Perl syntax",
		}},
		{"a pattern that is a list", profile(`"room":"a","extract":["hunter2"]`), []string{".extract: expected a regular expression (RE2) with one group"}},
		{"too long a delay", profile(`"room":"a","delay":901`), []string{".delay: " + seconds}},
		{"a delay before its time", profile(`"room":"a","delay":-1`), []string{".delay: " + seconds}},
		{"half a second", profile(`"room":"a","delay":0.5`), []string{".delay: " + seconds}},
		{"a delay as text", profile(`"room":"a","delay":"hunter2"`), []string{".delay: " + seconds}},
		{"a delay beyond all numbers", profile(`"room":"a","delay":1e400`), []string{".delay: " + seconds}},
		{"the entry's delay is too long", `{"lms":{"delaySeconds":901,"profiles":[{"room":"a"}]}}`, []string{"source lms, field delaySeconds: " + seconds}},
		{"reasons to skip", profile(`"room":"a","skip":{"one_seat":"hunter2(","":"a","One seat":"hunter2","x":["hunter2"]}`), []string{
			".skip, field : expected a reason of small letters, digits and underscores before the colon",
			".skip, field One seat: expected a reason of small letters, digits and underscores before the colon",
			".skip, field one_seat: position 9: Incomplete expression", ".skip, field x: expected a JMESPath expression",
		}},
		{"skipping that is no object", profile(`"room":"a","skip":"hunter2"`), []string{".skip: expected an object"}},
		{"a name that is none", profile(`"room":"a","name":7`), []string{".name: expected a text"}},
		{"several at once", `{"lms":{"scheme":"hunter2","secrets":["hunter2"],"delay":1,"profiles":[{"room":"("},{"customRoom":"a","delay":1e9}]}}`, []string{
			"source lms, field scheme: expected one of " + all, "source lms, profile 1, field room: position 2: Incomplete expression",
			"source lms, profile 2, field delay: " + seconds, "source lms, field delay: no such field; known are " + known,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := parsed(t, tt.secret).Mistakes()
			for i, want := range tt.want {
				if rest, short := strings.CutPrefix(want, "."); short {
					tt.want[i] = "source lms, profile 2, field " + rest
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
			for _, mistake := range got {
				if strings.Contains(mistake, "hunter2") {
					t.Errorf("a value is quoted: %s", mistake)
				}
			}
		})
	}
}

func TestGoodEntriesHaveNoMistakes(t *testing.T) {
	for name, secret := range map[string]string{
		"no sources":                `{}`,
		"a native source":           `{"calcom":{"secrets":["s"]}}`,
		"one with more profiles":    `{"calcom":{"secrets":["s"],"profiles":[{"room":"a"}],"when":"a","delaySeconds":0,"trustCustomerFields":true,"endSharedRooms":false}}`,
		"one with its own scheme":   `{"calcom":{"scheme":"calcom","secrets":["s"]}}`,
		"Canvas without a thing":    `{"canvas":{}}`,
		"CloudEvents with a token":  `{"cloudevents":{"scheme":"token","header":"x-token","secrets":["s"]}}`,
		"a scheme as a source":      `{"github":{"secrets":["s"],"profiles":[{"room":"a"}]}}`,
		"VideoSDK":                  `{"videosdk":{"secrets":[` + quoted(publicPEM) + `]}}`,
		"a bus":                     `{"lms/a.b#c d":{"profiles":[{"session":"a","delay":900,"skip":{}}]}}`,
		"our document with a token": `{"lms":{"scheme":"token","header":"x-token","secrets":["s"],"when":"a"}}`,
		"fields that are null":      `{"lms":{"scheme":null,"secrets":null,"delaySeconds":null,"profiles":[{"room":"a","session":null,"skip":null,"extract":null,"delay":null}]}}`,
	} {
		if mistakes := parsed(t, secret).Mistakes(); mistakes != nil {
			t.Errorf("%s: %q", name, mistakes)
		}
	}
}

func TestTheNativeSourcesHaveNoMistakes(t *testing.T) {
	known := []string{"accepted", "challenge", "document", "format", "profiles", "scheme", "schemes", "signature"}
	for _, name := range sources.Names() {
		f, ok := native(name)
		for i, p := range f.profiles() {
			if p.name == "" {
				t.Errorf("%s: profile %d has no name for the log", name, i+1)
			}
		}
		for _, field := range known {
			f.has(field)
		}
		if f.done(); !ok || f.mistakes != nil {
			t.Errorf("%s: %q", name, f.mistakes)
		}
	}
}

func TestASourceWithMistakesHarmsNoOther(t *testing.T) {
	sources := parsed(t, `{"a":{"scheme":"token","header":"x","secrets":["s"],"profiles":[{"room":"a"}]},"b":{"profiles":[{"room":"("}]},"c":7,"d":{"profiles":[{"room":"a"}]}}`)
	want := []string{"source b, profile 1, field room: position 2: Incomplete expression", "source c: expected an object"}
	if diff := cmp.Diff(want, sources.Mistakes()); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
	for name, want := range map[string]endsession.Code{
		"a": "", "b": endsession.CodeWebhookSourceInvalid, "c": endsession.CodeWebhookSourceInvalid, "d": "", "e": endsession.CodeWebhookSourceUnknown,
		"": endsession.CodeWebhookSourceUnknown, "calcom": endsession.CodeWebhookSourceUnknown, "A": endsession.CodeWebhookSourceUnknown,
	} {
		source, err := sources.source(name)
		switch {
		case want == "" && (err != nil || source == nil || source.name != name):
			t.Errorf("%s: %v, %v", name, source, err)
		case want != "" && (err == nil || err.Code != want):
			t.Errorf("%s: %v, want %s", name, err, want)
		case want == endsession.CodeWebhookSourceInvalid && err.Class != endsession.Transient:
			t.Errorf("%s: its webhooks are lost: %v", name, err)
		}
	}
}

func TestASourceWhoseEventsComeByABusOnlyIsUnknownAtTheDoor(t *testing.T) {
	sources := parsed(t, `{"lms":{"profiles":[{"room":"a"}]}}`)
	if _, err := sources.atDoor("lms"); err == nil || err.Code != endsession.CodeWebhookSourceUnknown {
		t.Errorf("error %v, want it unknown", err)
	}
	if source, err := sources.source("lms"); err != nil || source == nil {
		t.Errorf("for the bus: %v, %v", source, err)
	}
}

func TestASecretThatIsNone(t *testing.T) {
	for _, secret := range []string{"", "null", "[]", `"hunter2"`, "hunter2", `{"calcom":{"secrets":["hunter2"]}`, "7", strings.Repeat("[", 20_000)} {
		sources, err := Parser(http.DefaultTransport, process.Now)([]byte(secret))
		var e *endsession.Error
		if sources != nil || !errors.As(err, &e) || e.Code != endsession.CodeSecretInvalid || e.Class != endsession.Credentials {
			t.Errorf("%.40q: %v, %v", secret, sources, err)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the secret is quoted: %v", err)
		}
	}
}

func TestPayloadsAreReadInTheSourcesFormat(t *testing.T) {
	form := only(t, "acuity", `{"secrets":["s"]}`)
	got, err := form.read([]byte("action=canceled&id=4711&note=a%20b%2Bc&tag=1&tag=2&empty="))
	want := map[string]any{"action": "canceled", "id": "4711", "note": "a b+c", "tag": []any{"1", "2"}, "empty": ""}
	if diff := cmp.Diff(any(want), got); err != nil || diff != "" {
		t.Errorf("form: %v (-want +got):\n%s", err, diff)
	}
	for _, payload := range []string{"a=%", "a=%zz", "a=1;b=2"} {
		if got, err := form.read([]byte(payload)); err == nil {
			t.Errorf("%q is %v", payload, got)
		}
	}
	if got, err := only(t, "calcom", `{"secrets":["s"]}`).read([]byte("action=canceled")); err == nil {
		t.Errorf("a form is %v where JSON is the format", got)
	}
}

// TestAnExpressionThatTakesTooLongIsAMistakeOfItsSource has an expression that calls a function twenty million times, which takes some
// seconds, and ends by itself.
func TestAnExpressionThatTakesTooLongIsAMistakeOfItsSource(t *testing.T) {
	const list = "`[" + "%s1]`"
	outer, inner := fmt.Sprintf(list, strings.Repeat("1,", 3999)), fmt.Sprintf(list, strings.Repeat("1,", 4999))
	began := time.Now()
	source := only(t, "lms", `{"profiles":[{"room":"length(map(&length(map(&type(@), `+inner+`)), `+outer+`))"}]}`)
	if took := time.Since(began); took > patience {
		t.Errorf("it took %s to be loaded, and held up every other source", took)
	}
	document := mustDecode(t, `{}`)
	began = time.Now()
	_, err := source.apply(document)
	if took := time.Since(began); took > 5*patience {
		t.Errorf("it took %s", took)
	}
	if err == nil || err.Code != endsession.CodeWebhookSourceInvalid || err.Class != endsession.Transient {
		t.Fatalf("error %v, want the source to be at fault", err)
	}
	if diff := cmp.Diff([]string{"source lms: its expressions took longer than 1s"}, err.Problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}
