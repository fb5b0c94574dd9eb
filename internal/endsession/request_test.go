package endsession_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
)

func TestValidateNamesEveryProblem(t *testing.T) {
	const ids = " must be 1 to 256 characters without white space, control characters, '/', '?' or '#'"
	valid := func() endsession.Request {
		return endsession.Request{Target: endsession.Target{RoomID: "abcd-efgh-ijkl"}, Source: "s", ID: "i", OccurredAt: time.Unix(1, 0)}
	}
	tests := []struct {
		name   string
		change func(*endsession.Request)
		want   []string
	}{
		{name: "valid", change: func(*endsession.Request) {}},
		{name: "the vendor's own odd room", change: func(r *endsession.Request) { r.RoomID = "abcd-efgh-lmnop" }},
		{name: "free text as customRoomId", change: func(r *endsession.Request) { r.CustomRoomID = "Café:4711_(b)+☎" }},
		{name: "256 characters", change: func(r *endsession.Request) { r.RoomID = strings.Repeat("ü", 256) }},
		{name: "257 characters", change: func(r *endsession.Request) { r.RoomID = strings.Repeat("x", 257) }, want: []string{"roomId" + ids}},
		{name: "a blank in an id", change: func(r *endsession.Request) { r.CustomRoomID = "a b" }, want: []string{"customRoomId" + ids}},
		{name: "a wide blank in an id", change: func(r *endsession.Request) { r.CustomRoomID = "a\u00a0b" }, want: []string{"customRoomId" + ids}},
		{name: "a slash in an id", change: func(r *endsession.Request) { r.SessionID = "../x" }, want: []string{"sessionId" + ids}},
		{name: "a folder for an id", change: func(r *endsession.Request) { r.SessionID = ".." }, want: []string{"sessionId" + ids}},
		{name: "a dot for an id", change: func(r *endsession.Request) { r.RoomID = "." }, want: []string{"roomId" + ids}},
		{name: "dots in an id", change: func(r *endsession.Request) { r.RoomID = "a..b" }},
		{name: "a blank source", change: func(r *endsession.Request) { r.Source = " " }, want: []string{"source must not be empty"}},
		{name: "a query in an id", change: func(r *endsession.Request) { r.SessionID = "x?y" }, want: []string{"sessionId" + ids}},
		{name: "a control character in an id", change: func(r *endsession.Request) { r.RoomID = "a\x00b" }, want: []string{"roomId" + ids}},
		{name: "invalid UTF-8", change: func(r *endsession.Request) { r.RoomID = "a\xff" }, want: []string{"roomId" + ids}},
		{name: "a line feed in the reason", change: func(r *endsession.Request) { r.Reason = "a\nb" }, want: []string{"reason must be at most 512 characters without control characters"}},
		{name: "slashes in the trigger's id are its own", change: func(r *endsession.Request) { r.ID = "https://api.example.com/x?y#z w" }},
		{name: "a time before there was one", change: func(r *endsession.Request) { r.StartsAt = time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC) }, want: []string{"startsAt must lie between the years 1970 and 9999"}},
		{
			name: "a time beyond the years, in its own zone within them",
			change: func(r *endsession.Request) {
				r.EndsAt = time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -3600))
			},
			want: []string{"endsAt must lie between the years 1970 and 9999"},
		},
		{
			name:   "a booking that ends before it starts",
			change: func(r *endsession.Request) { r.StartsAt, r.EndsAt = time.Unix(20, 0), time.Unix(10, 0) },
			want:   []string{"endsAt must not be before startsAt"},
		},
		{
			name:   "nothing at all",
			change: func(r *endsession.Request) { *r = endsession.Request{} },
			want: []string{
				"one of roomId, customRoomId or sessionId is required", "source must not be empty", "id must not be empty", "occurredAt is required",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := valid()
			tt.change(&r)
			if diff := cmp.Diff(tt.want, r.Validate()); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestKey(t *testing.T) {
	base := endsession.Request{Target: endsession.Target{RoomID: "r"}, Source: "a", ID: "b", Force: ""}
	// printf 'a\0b\0' | sha256sum
	if got, want := base.Key(), "8fb20ef63ced4145fc2e983ffe597d1dcff39154c3bf21f0fa9dde6a0c50fdc9"; got != want {
		t.Errorf("Key() = %s, want %s", got, want)
	}
	same := base
	same.Target, same.Reason, same.OccurredAt = endsession.Target{SessionID: "s"}, "x", time.Unix(1, 0)
	if same.Key() != base.Key() {
		t.Error("something other than source, id and force changes the key")
	}
	for name, change := range map[string]func(*endsession.Request){
		"source":   func(r *endsession.Request) { r.Source = "c" },
		"id":       func(r *endsession.Request) { r.ID = "c" },
		"force":    func(r *endsession.Request) { r.Force = "c" },
		"boundary": func(r *endsession.Request) { r.Source, r.ID = "ab", "" },
	} {
		other := base
		change(&other)
		if other.Key() == base.Key() {
			t.Errorf("another %s does not change the key", name)
		}
	}
}

func TestTruncate(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"short", "short", "short"},
		{"512 characters", strings.Repeat("ü", 512), strings.Repeat("ü", 512)},
		{"513 characters", strings.Repeat("ü", 513), strings.Repeat("ü", 511) + "…"},
		{"invalid UTF-8", "a\xffb", "a\uFFFDb"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := endsession.Truncate(tt.in); got != tt.want {
				t.Errorf("Truncate() = %q, want %q", got, tt.want)
			}
		})
	}
}
