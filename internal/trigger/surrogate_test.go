package trigger_test

import (
	"testing"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/trigger"
)

func TestHalfOfASurrogatePair(t *testing.T) {
	tests := []struct {
		name, id string // the id as JSON
		want     string // empty where it is refused
	}{
		{name: "a pair", id: `"a\uD83D\uDE00b"`, want: "a😀b"},
		{name: "two pairs", id: `"\ud83d\ude00\ud83d\ude01"`, want: "😀😁"},
		{name: "the replacement character itself", id: `"\ufffd�"`, want: "\uFFFD\uFFFD"},
		{name: "an escaped backslash before a text that looks like one", id: `"\\ud83d"`, want: `\ud83d`},
		{name: "other escapes", id: `"\"\/\u00e4"`, want: `"/ä`},
		{name: "first half at the end", id: `"a\ud83d"`},
		{name: "first half before a letter", id: `"\ud83dabcdef"`},
		{name: "first half before another escape", id: `"\ud83d\u0061"`},
		{name: "first half twice", id: `"\ud83d\ud83d\ude00"`},
		{name: "second half", id: `"\ude00"`},
		{name: "the halves the wrong way round", id: `"\ude00\ud83d"`},
		{name: "half after an escaped backslash", id: `"\\\ud83d"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := trigger.Direct([]byte(`{"roomId":"r","reason":"cut \ud83d","id":`+tt.id+`}`), requestID, trace, now)
			if tt.want == "" {
				wantError(t, refused(endsession.CodeInvalidRequest, "id must not contain half of a surrogate pair"), err)
				return
			}
			wantError(t, nil, err)
			wantRequest(t, direct(func(r *endsession.Request) { r.RoomID, r.ID, r.Reason = "r", tt.want, "cut \uFFFD" }), got)
		})
	}
}
