package webhook

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
)

func headed(name string, values ...string) Delivery {
	return Delivery{Header: http.Header{http.CanonicalHeaderKey(name): values}, Body: []byte(booking), Received: morning}
}

func TestATokenInAHeader(t *testing.T) {
	v := mustVerifier(t, schemeToken, settings{Secrets: secretsOf("first token of the two\n", "Bearer second"), Header: "x-moodle-token"}, parts{})
	for _, token := range []string{"first token of the two", "Bearer second"} {
		if got := mustAccept(t, v, headed("X-Moodle-Token", token), token); string(got.payload) != booking || got.id != "" {
			t.Errorf("verified %+v", got)
		}
	}
	for _, token := range []string{
		"First token of the two", "first token of the tw", "first token of the two ", "first token of the two\n", " first token of the two", "first",
		"first token of the two\x00", "second", "\x00", ",", strings.Repeat(",", 4096), "first token of the two,Bearer second", "[redacted]",
	} {
		mustRefuse(t, v, headed("X-Moodle-Token", token), signatureMismatch)
	}
	for i := range 2000 { // of whose hashes some begin like the right ones
		mustRefuse(t, v, headed("X-Moodle-Token", strconv.Itoa(i)), signatureMismatch)
	}
	mustRefuse(t, v, headed("X-Moodle-Token", "Bearer second", "Bearer second"), signatureMismatch)
	mustRefuse(t, v, headed("X-Moodle-Token", strings.Repeat("a", 1<<20)), signatureMalformed)
	mustRefuse(t, v, headed("X-Moodle-Token", make([]string, 1<<20)...), signatureMalformed)
	for _, d := range []Delivery{headed("X-Moodle-Token"), headed("X-Moodle-Token", ""), headed("X-Moodle-Token", "\t "), headed("X-Token", "Bearer second"), {}} {
		mustRefuse(t, v, d, signatureMissing)
	}
}

func bodied(body string) Delivery { return Delivery{Body: []byte(body), Received: morning} }

func TestATokenInTheBody(t *testing.T) {
	v := mustVerifier(t, schemeBodyToken, settings{Secrets: secretsOf(" first-token ", "second-token"), Token: " auth.token\n"}, parts{})
	for _, token := range []string{"first-token", "second-token"} {
		body := `{"eventname":"\\core\\event\\calendar_event_deleted","auth":{"token":"` + token + `"}}`
		if got := mustAccept(t, v, bodied(body), token); string(got.payload) != body || got.id != "" {
			t.Errorf("verified %+v", got)
		}
	}
	for body, want := range map[string]reason{
		`{"auth":{"token":"first-token "}}`:                signatureMismatch,
		`{"auth":{"token":"First-token"}}`:                 signatureMismatch,
		`{"auth":{"token":"first-token\u0000"}}`:           signatureMismatch,
		`{"auth":{"token":"third-token"}}`:                 signatureMismatch,
		`{"auth":{"token":""}}`:                            signatureMissing,
		`{"auth":{"token":null}}`:                          signatureMissing,
		`{"auth":{"token":1}}`:                             signatureMissing,
		`{"auth":{"token":["first-token"]}}`:               signatureMissing,
		`{"auth":{"token":{"token":"first-token"}}}`:       signatureMissing,
		`{"auth":["first-token"]}`:                         signatureMissing,
		`{"token":"first-token"}`:                          signatureMissing,
		`{}`:                                               signatureMissing,
		`null`:                                             signatureMissing,
		`"first-token"`:                                    signatureMissing,
		``:                                                 signatureMalformed,
		`{"auth":{"token":"first-token"}} x`:               signatureMalformed,
		`auth.token=first-token`:                           signatureMalformed,
		strings.Repeat("[", 1<<20):                         signatureMalformed,
		strings.Repeat(`{"auth":`, 20_000):                 signatureMalformed,
		"\x00":                                             signatureMalformed,
		`{"auth":{"token":"first-token"`:                   signatureMalformed,
		strings.Repeat(" ", 1<<20) + `{"auth":{"token":1}`: signatureMalformed,
	} {
		mustRefuse(t, v, bodied(body), want)
	}
	mustRefuse(t, v, Delivery{Header: http.Header{"Auth.token": {"first-token"}}}, signatureMalformed)
}

// TestAnExpressionThatPanicsIsARefusal uses an expression on which the library panics when its argument is missing.
func TestAnExpressionThatPanicsIsARefusal(t *testing.T) {
	v := mustVerifier(t, schemeBodyToken, settings{Secrets: secretsOf("first-token"), Token: "merge(auth).token"}, parts{})
	mustAccept(t, v, bodied(`{"auth":{"token":"first-token"}}`), "first-token")
	mustRefuse(t, v, bodied(`{}`), signatureMalformed)
	mustRefuse(t, v, bodied(`{"auth":"first-token"}`), signatureMalformed)

	failing := mustVerifier(t, schemeBodyToken, settings{Secrets: secretsOf("first-token"), Token: "abs(token)"}, parts{})
	mustRefuse(t, failing, bodied(`{"token":"first-token"}`), signatureMalformed)
}

// TestATokenInPlaceOfItsHeaderIsNotQuoted has an owner who mistook one for the other. Refusals are logged.
func TestATokenInPlaceOfItsHeaderIsNotQuoted(t *testing.T) {
	const token = "3f2b8c1e-9d47-4c55-a1b0-77e6d2f0c9a8"
	v := mustVerifier(t, schemeToken, settings{Secrets: secretsOf("first-token"), Header: token}, process)
	for reason, d := range map[reason]Delivery{signatureMissing: {}, signatureMalformed: headed(token, strings.Repeat("x", maxHeader+1))} {
		mustRefuse(t, v, d, reason)
		_, err := v.verify(t.Context(), d)
		mustNotQuote(t, err, token)
	}
}
