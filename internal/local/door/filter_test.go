package door

import (
	"strings"
	"testing"
)

func TestFilterTakes(t *testing.T) {
	f, err := newFilter(`{"body":{"metadata":{"name":["created","deleted"],"account":["a"]},"kind":["x"]}}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, body string
		want       bool
	}{
		{"all fields", `{"metadata":{"name":"deleted","account":"a","more":1},"kind":"x"}`, true},
		{"another value", `{"metadata":{"name":"moved","account":"a"},"kind":"x"}`, false},
		{"a field missing", `{"metadata":{"name":"deleted"},"kind":"x"}`, false},
		{"a number for a text", `{"metadata":{"name":1,"account":"a"},"kind":"x"}`, false},
		{"a text for an object", `{"metadata":"deleted","kind":"x"}`, false},
		{"no object", `["x"]`, false},
		{"no JSON", `deleted`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := f.takes(test.body); got != test.want {
				t.Errorf("takes %s: %t, want %t", test.body, got, test.want)
			}
		})
	}
}

func TestFilterRefuses(t *testing.T) {
	for _, test := range []struct{ name, pattern, want string }{
		{"no JSON", `x`, "invalid character"},
		{"of an attribute", `{"messageAttributes":{"a":["b"]}}`, "of a body only"},
		{"of an attribute besides", `{"body":{"a":["b"]},"messageId":["x"]}`, "of a body only"},
		{"of a plain body", `{"body":["a"]}`, "of a body only"},
		{"a comparison", `{"body":{"n":[{"numeric":[">",1]}]}}`, "only objects, and lists of texts, are known here"},
		{"nothing", `{"body":{"a":[]}}`, "only objects, and lists of texts, are known here"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := newFilter(test.pattern)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v does not say %q", err, test.want)
			}
		})
	}
}
