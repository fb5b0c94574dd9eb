package webhook

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/trigger"

	"videosdk-end-session/internal/webhook/sources"
)

// applied returns what a source makes of a document.
func applied(t testing.TB, source *Source, document string) found {
	t.Helper()
	f, err := source.apply(mustDecode(t, document))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

var sameFound = cmp.AllowUnexported(found{})

func TestRoomsAreFoundInTexts(t *testing.T) {
	for text, want := range map[string]string{
		"abcd-efgh-ijkl": "abcd-efgh-ijkl",
		"0123-4567-89ab": "0123-4567-89ab",
		"https://meet.example.com/abcd-efgh-ijkl":             "abcd-efgh-ijkl",
		"https://meet.example.com/abcd-efgh-ijkl?a=":          "abcd-efgh-ijkl",
		"https://x/?room=abcd-efgh-ijkl&b=c#d":                "abcd-efgh-ijkl",
		"Room abcd-efgh-ijkl, bring cake.":                    "abcd-efgh-ijkl",
		"_abcd-efgh-ijkl_":                                    "abcd-efgh-ijkl",
		"(abcd-efgh-ijkl)":                                    "abcd-efgh-ijkl",
		"first\nabcd-efgh-ijkl\nlast":                         "abcd-efgh-ijkl",
		"abcd-efgh-ijkl mnop-qrst-uvwx":                       "abcd-efgh-ijkl",
		"ABCD-EFGH-IJKL abcd-efgh-ijkl":                       "abcd-efgh-ijkl",
		"abcd-efgh-lmnop abcd-efgh-ijkl":                      "abcd-efgh-ijkl",
		"123e4567-e89b-12d3-a456-426614174000/abcd-efgh-ijkl": "abcd-efgh-ijkl",
		"aaaa-bbbb-cccc-dddd,eeee-ffff-gggg":                  "eeee-ffff-gggg",
		"会议：abcd-efgh-ijkl。":                                  "abcd-efgh-ijkl",
		"😀abcd-efgh-ijkl😀":                                    "abcd-efgh-ijkl",
		"\u00a0abcd-efgh-ijkl\u2028":                          "abcd-efgh-ijkl",

		"": "", "abcd": "", "abcd-efgh": "", "abcd-efgh-ijk": "", "abc-defg-hijk": "",
		"123e4567-e89b-12d3-a456-426614174000":   "", // a UUID
		"{123e4567-e89b-12d3-a456-426614174000}": "",
		"abcd-efgh-lmnop":                        "",
		"abcd-efgh-ijkl-mnop":                    "",
		"abcd-efgh-ijkl-":                        "",
		"-abcd-efgh-ijkl":                        "",
		"xabcd-efgh-ijkl":                        "",
		"abcd-efgh-ijklX":                        "",
		"7abcd-efgh-ijkl":                        "",
		"ABCD-EFGH-IJKL":                         "",
		"Abcd-efgh-ijkl":                         "",
		"abcd_efgh_ijkl":                         "",
		"abcd–efgh–ijkl":                         "",
		"abcd-efgh-ijkl\u2011mnop":               "", // a hyphen that does not break
		"\u2010abcd-efgh-ijkl":                   "",
		"éabcd-efgh-ijkl":                        "",
		"e\u0301abcd-efgh-ijkl":                  "", // the same letter, as two characters
		"abcd-efgh-ijkl\u0301":                   "",
		"abcd-efgh-ijklé":                        "",
		"议abcd-efgh-ijkl":                        "",
		"abcd-efgh-ijkl٣":                        "", // a digit
		"аbcd-efgh-ijkl":                         "", // a Cyrillic letter
		"%2Fabcd-efgh-ijkl":                      "",
		"abcd-efgh-ıjkl":                         "",
	} {
		if got := extracted(roomPattern(), []string{text}); got != want {
			t.Errorf("in %q there is %q, want %q", text, got, want)
		}
	}
}

func TestTheFirstRoomThatCountsIsTaken(t *testing.T) {
	const profile = `"profiles":[{"customerRoom":["c","d"],"room":["a","b.list","b.one"],"sharedRoom":"s","customRoom":"id"}]`
	plain := only(t, "lms", `{`+profile+`}`)
	trusting := only(t, "lms", `{"trustCustomerFields":true,`+profile+`}`)
	sharing := only(t, "lms", `{"endSharedRooms":true,`+profile+`}`)
	both := only(t, "lms", `{"trustCustomerFields":true,"endSharedRooms":true,`+profile+`}`)
	const everything = `{"a":"none","b":{"list":["x",7,null,"host-0000-0001","host-0000-0002"],"one":"host-0000-0003"},"c":{},"d":"cust-0000-0001","s":"shrd-0000-0001","id":"i"}`
	tests := []struct {
		name, document                        string
		plain, trusting, sharing, both, other string
	}{
		{name: "the first of the host's", document: everything, plain: "host-0000-0001", sharing: "host-0000-0001", trusting: "cust-0000-0001", both: "cust-0000-0001"},
		{
			name: "a later expression", document: `{"a":null,"b":{"list":[],"one":"host-0000-0003"},"id":"i"}`,
			plain: "host-0000-0003", trusting: "host-0000-0003", sharing: "host-0000-0003", both: "host-0000-0003",
		},
		{name: "only the customer's", document: `{"c":"cust-0000-0001","id":"i"}`, trusting: "cust-0000-0001", both: "cust-0000-0001"},
		{name: "only the shared one", document: `{"s":"shrd-0000-0001","id":"i"}`, sharing: "shrd-0000-0001", both: "shrd-0000-0001"},
		{name: "the shared one comes last", document: `{"d":"cust-0000-0001","s":"shrd-0000-0001","id":"i"}`, trusting: "cust-0000-0001", sharing: "shrd-0000-0001", both: "cust-0000-0001"},
		{name: "none", document: `{"a":"abcd-efgh-lmnop","id":"i"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for source, want := range map[*Source]string{plain: tt.plain, trusting: tt.trusting, sharing: tt.sharing, both: tt.both} {
				target := endsession.Target{RoomID: want}
				if want == "" {
					target = endsession.Target{CustomRoomID: "i"}
				}
				if got := applied(t, source, tt.document).mapped.Target; got != target {
					t.Errorf("trusting %t, sharing %t: %+v, want %+v", source.trustCustomerFields, source.endSharedRooms, got, target)
				}
			}
		})
	}
}

func TestWhatAProfileFinds(t *testing.T) {
	at := func(minutes int) time.Time { return morning.Add(time.Duration(minutes) * time.Minute) }
	tests := []struct {
		name, profile, document string
		want                    found
	}{
		{
			name: "everything", profile: `"room":"r","session":"s","customRoom":"c","id":"i","reason":"w","occurredAt":"t[0]","startsAt":"t[1]","endsAt":"t[2]","delay":7`,
			document: `{"r":"abcd-efgh-ijkl","s":" s-1 ","c":"c-1","i":4711,"w":"over","t":["2026-11-23T10:00:00Z",1795428060,"1795428120"]}`,
			want: found{mapped: trigger.Mapped{
				Target: endsession.Target{RoomID: "abcd-efgh-ijkl", SessionID: "s-1"}, ID: "4711", Reason: "over",
				OccurredAt: at(0), StartsAt: at(1), EndsAt: at(2), Delay: 7 * time.Second,
			}},
		},
		{
			name: "a session alone", profile: `"room":"r","session":"s","customRoom":"c"`, document: `{"s":"s-1","c":"c-1"}`,
			want: found{mapped: trigger.Mapped{Target: endsession.Target{SessionID: "s-1"}}},
		},
		{
			name: "a custom room where there is nothing else", profile: `"room":"r","customRoom":"c"`, document: `{"r":"nowhere","c":4711}`,
			want: found{mapped: trigger.Mapped{Target: endsession.Target{CustomRoomID: "4711"}}},
		},
		{
			name: "a part of a custom room", profile: `"customRoom":"c","extractCustomRoom":"([^/]+)/?$"`, document: `{"c":["/","https://x/a/ b-1 /"]}`,
			want: found{mapped: trigger.Mapped{Target: endsession.Target{CustomRoomID: "b-1"}}},
		},
		{
			name: "no part of a custom room", profile: `"customRoom":"c","extractCustomRoom":"^lesson-(.*)$"`, document: `{"c":"exam-1"}`,
			want: found{ignored: "no_room"},
		},
		{
			name: "an empty part of a custom room", profile: `"customRoom":"c","extractCustomRoom":"^lesson-(.*)$"`, document: `{"c":"lesson-"}`,
			want: found{ignored: "no_room"},
		},
		{
			name: "a room by another pattern", profile: `"room":"r","extract":"/rooms/([A-Z]+)"`, document: `{"r":"https://x/rooms/ABC"}`,
			want: found{mapped: trigger.Mapped{Target: endsession.Target{RoomID: "ABC"}}},
		},
		{name: "nothing", profile: `"room":"r","session":"s","customRoom":"c"`, document: `{}`, want: found{ignored: "no_room"}},
		{name: "blanks", profile: `"room":"r","session":"s","customRoom":"c"`, document: `{"r":" ","s":"\t","c":"\n"}`, want: found{ignored: "no_room"}},
		{name: "no object", profile: `"room":"r"`, document: `"abcd-efgh-ijkl"`, want: found{ignored: "no_room"}},
		{name: "a room without a field", profile: `"room":"@"`, document: `"abcd-efgh-ijkl"`, want: found{mapped: trigger.Mapped{Target: endsession.Target{RoomID: "abcd-efgh-ijkl"}}}},
		{
			name: "what fails and what is of a wrong type is absent, and named", document: `{"r":{"url":"abcd-efgh-ijkl"},"c":"c-1","i":true,"w":[{"x":1}],"t":{},"n":"x"}`,
			profile: `"room":["r","abs(n)"],"customRoom":"c","id":"i","reason":"w","occurredAt":"t.x.y || t","startsAt":"merge(n)","endsAt":"join('', r)","session":"t"`,
			want: found{
				mapped: trigger.Mapped{Target: endsession.Target{CustomRoomID: "c-1"}},
				failed: []string{
					"profile p, field room: expected a text or a number",
					"profile p, field room: a function was given a value of a type that it does not take",
					"profile p, field id: expected a text or a number", "profile p, field reason: expected a text or a number",
					"profile p, field startsAt: it cannot be evaluated on this document",
					"profile p, field endsAt: a function was given a value of a type that it does not take",
				},
			},
		},
		{
			name: "times that are none", profile: `"room":"r","occurredAt":"t","startsAt":"s","endsAt":"e"`, document: `{"r":"abcd-efgh-ijkl","t":"soon","s":0,"e":"2026-11-23"}`,
			want: found{
				mapped: trigger.Mapped{Target: endsession.Target{RoomID: "abcd-efgh-ijkl"}},
				problems: []string{
					"occurredAt must be an RFC 3339 time such as 2026-11-23T10:00:00Z, or Unix seconds",
					"startsAt must be an RFC 3339 time such as 2026-11-23T10:00:00Z, or Unix seconds",
					"endsAt must be an RFC 3339 time such as 2026-11-23T10:00:00Z, or Unix seconds",
				},
			},
		},
		{
			name: "half surrogate pairs, which could make one of two", profile: `"room":"r","extract":"(.+)","session":"s","customRoom":"c","id":"i","reason":"w"`,
			document: `{"r":"r\ud83d","s":"\ude00s","c":"c-1","i":"i\ud83d","w":"w\ud83d"}`,
			want: found{
				mapped: trigger.Mapped{Target: endsession.Target{CustomRoomID: "c-1"}, Reason: "w\uFFFD"},
				problems: []string{
					"room must not contain U+FFFD, which half of a surrogate pair becomes", "session must not contain U+FFFD, which half of a surrogate pair becomes",
					"id must not contain U+FFFD, which half of a surrogate pair becomes",
				},
			},
		},
		{
			name: "whole surrogate pairs", profile: `"customRoom":"c","id":"i"`, document: `{"c":"c\ud83d\ude00","i":"i\ud83d\ude00"}`,
			want: found{mapped: trigger.Mapped{Target: endsession.Target{CustomRoomID: "c😀"}, ID: "i😀"}},
		},
		{
			name: "half a surrogate pair in the custom room alone", profile: `"customRoom":"c"`, document: `{"c":"c\udc00"}`,
			want: found{problems: []string{"customRoom must not contain U+FFFD, which half of a surrogate pair becomes"}},
		},
		{
			name: "a reason that people wrote", profile: `"room":"@","reason":"@"`, document: `"\u0000 no\ttime\r\n\u007f\u0085abcd-efgh-ijkl\u0000"`,
			want: found{mapped: trigger.Mapped{Target: endsession.Target{RoomID: "abcd-efgh-ijkl"}, Reason: "no time    abcd-efgh-ijkl"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := applied(t, only(t, "lms", `{"profiles":[{"name":"p",`+tt.profile+`}]}`), tt.document)
			if tt.want.ignored != "" || tt.want.problems != nil {
				got.mapped, tt.want.mapped = trigger.Mapped{}, trigger.Mapped{} // of no account
			}
			if diff := cmp.Diff(tt.want, got, sameFound); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
		})
	}
}

func TestALongReasonIsCut(t *testing.T) {
	source := only(t, "lms", `{"profiles":[{"session":"'s'","reason":"@"}]}`)
	for _, long := range []string{strings.Repeat("é", 10_000), strings.Repeat("\x01x", 5_000), strings.Repeat(" ", 10_000) + strings.Repeat("x", 10_000)} {
		m := applied(t, source, quoted(long)).mapped
		r, err := trigger.Delivery{Source: "lms", Received: morning, Body: []byte(long)}.Mapped(m)
		if err != nil {
			t.Fatal(err)
		}
		if n := utf8.RuneCountInString(r.Reason); n != 512 || !strings.HasSuffix(r.Reason, "…") {
			t.Errorf("the reason has %d characters", n)
		}
	}
}

func TestTheFirstProfileThatIsAboutAnEventHolds(t *testing.T) {
	source := only(t, "lms", `{"profiles":[{"name":"first","when":"a","room":"r"},{"when":"abs(b)","customRoom":"'second'"},{"when":"c","room":"r","customRoom":"'third'"},`+
		`{"skip":{"last":"d"},"session":"'fourth'"}]}`)
	wrong := "profile 2, field when: a function was given a value of a type that it does not take"
	for document, want := range map[string]found{
		`{"a":true,"b":1,"c":true,"r":"abcd-efgh-ijkl"}`: {mapped: trigger.Mapped{Target: endsession.Target{RoomID: "abcd-efgh-ijkl"}}},
		`{"a":true,"b":1,"c":true}`:                      {ignored: "no_room"}, // it is about it, and so the others are not
		`{"b":1}`:                                        {mapped: trigger.Mapped{Target: endsession.Target{CustomRoomID: "second"}}},
		`{"b":"1","c":true}`:                             {mapped: trigger.Mapped{Target: endsession.Target{CustomRoomID: "third"}}, failed: []string{wrong}},
		`{"b":"1"}`:                                      {mapped: trigger.Mapped{Target: endsession.Target{SessionID: "fourth"}}, failed: []string{wrong}},
		`{"b":"1","d":7}`:                                {ignored: "last", failed: []string{wrong}},
	} {
		if diff := cmp.Diff(want, applied(t, source, document), sameFound); diff != "" {
			t.Errorf("%s (-want +got):\n%s", document, diff)
		}
	}
	filtered := only(t, "lms", `{"when":"org == 'mine'","profiles":[{"session":"'s'"}]}`)
	for document, want := range map[string]string{`{"org":"mine"}`: "", `{"org":"yours"}`: "not_relevant", `{}`: "not_relevant"} {
		if got := applied(t, filtered, document).ignored; got != want {
			t.Errorf("%s is ignored for %q, want %q", document, got, want)
		}
	}
	broken := applied(t, only(t, "lms", `{"when":"abs(org)","profiles":[{"session":"'s'"}]}`), `{"org":"hunter2"}`)
	want := found{ignored: "not_relevant", failed: []string{"when: a function was given a value of a type that it does not take"}}
	if diff := cmp.Diff(want, broken, sameFound); diff != "" {
		t.Errorf("a filter that fails (-want +got):\n%s", diff)
	}
}

// TestOneReasonToSkipIsToldEveryTime has several that hold: which one is told must not depend on the order of an object's fields, which
// has none.
func TestOneReasonToSkipIsToldEveryTime(t *testing.T) {
	for range 16 {
		source := only(t, "lms", `{"profiles":[{"session":"'s'","skip":{"d":"x","b":"x","never":"y","c":"x"}}]}`)
		if got := applied(t, source, `{"x":1}`).ignored; got != "b" {
			t.Fatalf("ignored for %q", got)
		}
	}
}

func TestAnEntrysProfilesComeBeforeTheNativeOnes(t *testing.T) {
	const cancelled = `{"triggerEvent":"BOOKING_CANCELLED","createdAt":"2026-11-23T10:00:00Z","payload":{"uid":"u1","own":"mine"}}`
	source := only(t, "calcom", `{"secrets":["s"],"profiles":[{"when":"payload.own","customRoom":"payload.own"}]}`)
	if got := applied(t, source, cancelled).mapped.Target.CustomRoomID; got != "mine" {
		t.Errorf("custom room %q", got)
	}
	if got := applied(t, source, strings.Replace(cancelled, `"own"`, `"other"`, 1)).mapped.Target.CustomRoomID; got != "u1" {
		t.Errorf("custom room %q where the entry's profile is not about the event", got)
	}
}

// TestNativeProfilesDependOnNoOrder: an object has no order of fields, so that what takes the first of them finds something else each time.
func TestNativeProfilesDependOnNoOrder(t *testing.T) {
	for _, name := range sources.Names() {
		text, _ := sources.File(name)
		for _, orderless := range []string{"keys(", "values(", ".*", `"*`} {
			if strings.Contains(string(text), orderless) {
				t.Errorf("%s has %s", name, orderless)
			}
		}
	}
}
