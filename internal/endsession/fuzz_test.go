package endsession_test

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"videosdk-end-session/internal/endsession"
)

// FuzzValidate checks a request with any texts and times. What is accepted can be told from every other request, and be written anywhere.
func FuzzValidate(f *testing.F) {
	happened := trigger().OccurredAt.Unix()
	f.Add("abcd-efgh-ijkl", "booking-4711", "62429766903bdf001299cac5", "calcom", "BOOKING_CANCELLED:u1", "", "booking cancelled", happened, happened, happened+1)
	f.Add("", "", "", "", "", "", "", int64(0), int64(0), int64(0))
	f.Add("a/b", "c?d", "e#f", "s", "i", "f", "r", happened, happened, happened-1)
	f.Add("a b", "\u00a0", "\u2028", "s\x00", "\x7f", "\u0085", "\n", int64(-1), int64(1<<62), int64(-1<<62))
	f.Add("\xff", "\xed\xa0\x80", "\xc0\x80", "\xff", "\xff", "\xff", "\xff", int64(253402300799), int64(253402300800), int64(253402300799))
	f.Add(strings.Repeat("é", 256), strings.Repeat("é", 257), "", strings.Repeat("é", 256), strings.Repeat("é", 512), "x", strings.Repeat("é", 513), happened, int64(0), happened)
	f.Fuzz(func(t *testing.T, room, custom, session, source, id, force, reason string, occurred, starts, ends int64) {
		r := endsession.Request{
			Target: endsession.Target{RoomID: room, CustomRoomID: custom, SessionID: session}, Source: source, ID: id, Force: force, Reason: reason,
			OccurredAt: time.Unix(occurred, 0).UTC(), StartsAt: time.Unix(starts, 0).UTC(), EndsAt: time.Unix(ends, 0).UTC(),
		}
		problems := r.Validate()
		for _, problem := range problems {
			if problem == "" || len(problem) > 512 || strings.ContainsFunc(problem, func(c rune) bool { return c > unicode.MaxASCII || unicode.IsControl(c) }) {
				t.Errorf("a problem that quotes the request: %q", problem)
			}
		}
		if len(problems) > 0 {
			return
		}
		if room+custom+session == "" || source == "" || id == "" {
			t.Errorf("accepted without a target or an identity: %+v", r)
		}
		for _, identifier := range []string{room, custom, session} {
			if strings.ContainsAny(identifier, "/?#") || strings.ContainsFunc(identifier, unicode.IsSpace) || utf8.RuneCountInString(identifier) > 256 {
				t.Errorf("accepted with the identifier %q", identifier)
			}
		}
		for _, text := range []string{room, custom, session, source, id, force, reason} {
			if !utf8.ValidString(text) || utf8.RuneCountInString(text) > 512 || strings.ContainsFunc(text, unicode.IsControl) {
				t.Errorf("accepted with the text %q", text)
			}
		}
		for _, at := range []time.Time{r.OccurredAt, r.StartsAt, r.EndsAt} {
			if _, err := time.Parse(time.RFC3339, at.Format(time.RFC3339)); err != nil {
				t.Errorf("accepted with a time that cannot be written: %v", err)
			}
		}
		mustBeTheOnlyOne(t, r)
	})
}

// mustBeTheOnlyOne checks that no other request has the key of an accepted one: neither if the same text is shared out in another way
// among the parts of the identity, nor if any part is longer.
func mustBeTheOnlyOne(t *testing.T, r endsession.Request) {
	t.Helper()
	key := r.Key()
	if len(key) != 64 || strings.Trim(key, "0123456789abcdef") != "" {
		t.Errorf("the key is %q", key)
	}
	all := r.Source + r.ID + r.Force
	for _, other := range []endsession.Request{
		{Source: r.Source + r.ID, ID: r.Force}, {Source: r.Source, ID: r.ID + r.Force}, {Source: all}, {ID: all}, {Force: all},
		{Source: r.Source, ID: r.Force, Force: r.ID}, {Source: r.ID, ID: r.Source, Force: r.Force}, {Source: r.Source, ID: r.ID, Force: r.Force + "x"},
	} {
		same := other.Source == r.Source && other.ID == r.ID && other.Force == r.Force
		if (other.Key() == key) != same {
			t.Errorf("%q, %q and %q have the key of %q, %q and %q", other.Source, other.ID, other.Force, r.Source, r.ID, r.Force)
		}
	}
	elsewhere := r
	elsewhere.Target, elsewhere.Reason, elsewhere.OccurredAt = endsession.Target{RoomID: "elsewhere"}, "another", time.Time{}
	if elsewhere.Key() != key {
		t.Error("more than source, id and force are in the key")
	}
}

// FuzzTruncate cuts any text.
func FuzzTruncate(f *testing.F) {
	for _, s := range []string{"", "short", "\xff", strings.Repeat("é", 512), strings.Repeat("é", 513), strings.Repeat("\xff", 600), strings.Repeat("a\xff", 600)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := endsession.Truncate(s)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > 512 {
			t.Errorf("%q is cut to %q", s, got)
		}
		if again := endsession.Truncate(got); again != got {
			t.Errorf("%q is cut again to %q", got, again)
		}
		if (s == "") != (got == "") {
			t.Errorf("%q is cut to %q", s, got)
		}
		whole := strings.ToValidUTF8(s, "\uFFFD")
		begins := strings.HasPrefix(whole, strings.TrimSuffix(got, "…"))
		if fits := utf8.RuneCountInString(whole) <= 512; fits && got != whole || !fits && (!begins || utf8.RuneCountInString(got) != 512) {
			t.Errorf("%q is cut to %q", s, got)
		}
	})
}
