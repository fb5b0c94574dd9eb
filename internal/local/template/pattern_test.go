package template

import "testing"

func TestAllowedPattern(t *testing.T) {
	const butOne = `^(?!a\.b$)[a-z.]{1,5}$`
	tests := []struct {
		name, pattern, value string
		want                 bool
	}{
		{"whole value", "[a-z]+", "abc", true},
		{"part of the value", "[a-z]+", "abc1", false},
		{"alternatives", "a|b", "ab", false},
		{"allowed word", butOne, "a.c", true},
		{"forbidden word", butOne, "a.b", false},
		{"forbidden word with more behind it", butOne, "a.bc", true},
		{"forbidden word with more before it", butOne, "ca.b", true},
		{"dot in the forbidden word", butOne, "a-b", false},
		{"against what follows the forbidden word", butOne, "a.b.c.d", false},
		{"forbidden alternatives", "^(?!a|b$)[a-z]$", "b", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pattern, err := newAllowedPattern(test.pattern)
			if err != nil {
				t.Fatal(err)
			}
			if got := pattern.allows(test.value); got != test.want {
				t.Errorf("%s allows %q: %t, want %t", test.pattern, test.value, got, test.want)
			}
		})
	}
}

func TestAllowedPatternRefused(t *testing.T) {
	for _, pattern := range []string{"(", "^(?!(a)$)b$", "^(?=a)b$", `^(?!a)b$`, `^(?![$)b$`} {
		if _, err := newAllowedPattern(pattern); err == nil {
			t.Errorf("%s was accepted", pattern)
		}
	}
}
