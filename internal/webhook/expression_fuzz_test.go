package webhook

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// planted stands in every value that must not be quoted.
const planted = "hunter2"

func mustNotBeQuoted(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(text, planted) {
			t.Errorf("a value is quoted: %s", text)
		}
	}
}

// FuzzExpression compiles any expression and evaluates it on any document.
func FuzzExpression(f *testing.F) {
	for _, text := range []string{
		"payload.list[?a == 'b'].c | [0]", "merge(a, b)", "contains(a, b)", "sort_by(a, &b)[::-1]", "not_null(a, `{\"b\":1}`).b", "a || (b[?c].d)[0] && !e",
		"join('', [to_string(a), 'x'])", "to_array(a)[].{k: length(@)}", "max_by(a, &to_number(b)).b", "map(&[@, b], a)[]", "a.*.b[1:2]", "&a", "avg(a)", "\"a\\u0062\"", "'it\\'s (' && f(a)",
		"[@,@][]|[@,@][]", "f(((", "a[99999999999999999999]", "reverse(a) | keys(@)", "`{` || ']' == \"[\"",
	} {
		for _, document := range []string{`{}`, `{"a":[{"b":2,"c":"d"},{"b":1}],"b":{"c":null},"payload":{"list":[{"a":"b","c":9007199254740993}]}}`, `[[1,"1"],[],{"a":-0}]`, `"hunter2"`} {
			f.Add(text, document)
		}
	}
	f.Fuzz(func(t *testing.T, text, document string) {
		if len(text) > 64 || len(document) > 256 {
			return // what an expression takes grows without bounds, as it can double a list with every few characters
		}
		for _, quoting := range []string{planted + text, text + planted, "`" + planted + text, "'" + planted + "' " + text, "a[?" + text + planted} {
			if _, err := compile(quoting); err != nil {
				mustNotBeQuoted(t, err.Error())
			}
		}
		e, err := compile(text)
		if err != nil {
			if e != (expression{}) || !utf8.ValidString(err.Error()) || strings.ContainsFunc(err.Error(), unicode.IsControl) {
				t.Errorf("%+v with the error %q", e, err)
			}
			return
		}
		value, err := decode([]byte(document))
		if err != nil {
			return
		}
		before, _ := json.Marshal(value)
		found, err := e.search(value)
		if after, _ := json.Marshal(value); string(after) != string(before) {
			t.Fatalf("the document has become %s", after)
		}
		if err != nil {
			if found != nil || err != errWrongType && err != errUnevaluable {
				t.Errorf("found %v with the error %v", found, err)
			}
			return
		}
		if words, ok := textOf(found); ok && (words == "" || words != strings.TrimSpace(words)) {
			t.Errorf("found the text %q", words)
		}
		if strings.ContainsAny(text, "*") || strings.Contains(text, "keys") || strings.Contains(text, "values") {
			return // what these find has another order each time
		}
		negated, err := compile("!(" + text + ")")
		if err != nil {
			t.Fatalf("cannot be negated: %v", err)
		}
		if not, err := negated.search(value); err != nil || not != !isTrue(found) {
			t.Errorf("%v is true: %t, and its negation is %v, %v", found, isTrue(found), not, err)
		}
	})
}
