package lambdahost

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLineWriter(t *testing.T) {
	long := strings.Repeat("x", maxLineBytes)
	tests := map[string]struct {
		writes []string
		want   []string
	}{
		"one write, two lines":         {[]string{"a\nb\n"}, []string{"a", "b"}},
		"a line in pieces":             {[]string{"a", "b", "c\n"}, []string{"abc"}},
		"carriage returns":             {[]string{"a\r\nb\rc\n"}, []string{"a", "b\rc"}},
		"an end without a line feed":   {[]string{"a\nb"}, []string{"a", "b"}},
		"empty lines are lines":        {[]string{"\n\n"}, []string{"", ""}},
		"a line that is never ended":   {[]string{long, "rest\n"}, []string{long, "rest"}},
		"nothing":                      {nil, nil},
		"a multi-byte letter in parts": {[]string{"\xc3", "\xa4\n"}, []string{"ä"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			w := &lineWriter{emit: func(line string) { got = append(got, line) }}
			for _, text := range tt.writes {
				if n, err := w.Write([]byte(text)); n != len(text) || err != nil {
					t.Fatalf("Write: %d, %v", n, err)
				}
			}
			w.flush()
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
