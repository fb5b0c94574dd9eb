package publish_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/publish"
	"videosdk-end-session/internal/schematest"
)

var update = flag.Bool("update", false, "write the golden examples anew")

// limit is the most bytes of a detail: 240 KiB.
const limit = 240 * 1024

func golden(outcome endsession.Outcome) string {
	return filepath.Join("testdata", string(outcome)+".golden.json")
}

func detailOf(t *testing.T, r endsession.Report, names bool) []byte {
	t.Helper()
	detail, err := (&publish.EventBridge{Names: names}).Detail(r)
	if err != nil {
		t.Fatal(err)
	}
	return detail
}

// sessionOf returns the session in a detail.
func sessionOf(t *testing.T, detail []byte) (session struct {
	Status                string            `json:"status"`
	ParticipantCount      int               `json:"participantCount"`
	Participants          []json.RawMessage `json:"participants"`
	ParticipantsTruncated *bool             `json:"participantsTruncated"`
},
) {
	t.Helper()
	var event struct{ Session any }
	event.Session = &session
	if err := json.Unmarshal(detail, &event); err != nil {
		t.Fatal(err)
	}
	return session
}

func TestGoldenExampleOfEachOutcome(t *testing.T) {
	for _, r := range reports() {
		t.Run(string(r.Outcome), func(t *testing.T) {
			detail := detailOf(t, r, r.Outcome == endsession.Ended) // one example has names
			if *update {
				var pretty bytes.Buffer
				if err := json.Indent(&pretty, detail, "", "  "); err != nil {
					t.Fatal(err)
				}
				pretty.WriteByte('\n')
				if err := os.WriteFile(golden(r.Outcome), pretty.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want := example(t, r.Outcome)
			if diff := cmp.Diff(any(want), schematest.Decode(t, detail)); diff != "" {
				t.Errorf("detail (-golden +got):\n%s", diff)
			}
			wantValid(t, closed(t), detail)
		})
	}
}

func TestEveryGoldenExampleIsOfAnOutcome(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, r := range reports() {
		want = append(want, golden(r.Outcome))
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("files (-outcomes +testdata):\n%s", diff)
	}
}

func TestTheExactBytesOfADetail(t *testing.T) {
	r := report(endsession.Ending, liveSession(), nil)
	r.Request.Reason = "<late> & over"
	r.Request.OccurredAt = time.Date(2022, 3, 29, 7, 29, 58, 120_000_000, time.FixedZone("CEST", 2*60*60))
	const want = `{"schemaVersion":"1.0","id":"%s","outcome":"ending",` +
		`"trigger":{"source":"calcom","id":"BOOKING_CANCELLED:u1:2022-03-29T05:29:58Z","reason":"\u003clate\u003e \u0026 over",` +
		`"occurredAt":"2022-03-29T05:29:58.12Z"},` +
		`"session":{"id":"62429766903bdf001299cac5","roomId":"abcd-efgh-lmnop","customRoomId":"booking-4711",` +
		`"start":"2022-03-29T05:21:42.829Z","end":null,"status":"ongoing","statusDerived":false,"participantCount":2,` +
		`"participants":[{"participantId":"demo-1","timelog":[{"start":"2022-03-29T05:21:43.663Z","end":null}]},` +
		`{"participantId":"demo-2","timelog":[{"start":"2022-03-29T05:21:50.110Z","end":"2022-03-29T05:22:10.004Z"},` +
		`{"start":"2022-03-29T05:23:00.000Z","end":null}]}],` +
		`"links":{"get_room":"https://api.videosdk.live/v2/rooms/abcd-efgh-lmnop","get_session":"https://api.videosdk.live/v2/sessions/"}},` +
		`"error":null}`
	// printf 'calcom\0BOOKING_CANCELLED:u1:2022-03-29T05:29:58Z\0' | sha256sum
	const id = "a1942755e00efdba50d52f92ae66c87077927ac6adc58ad865e945c82233c225"
	if diff := cmp.Diff(fmt.Sprintf(want, id), string(detailOf(t, r, false))); diff != "" {
		t.Errorf("bytes (-want +got):\n%s", diff)
	}
}

func TestNamesOnlyWhenConfigured(t *testing.T) {
	for _, r := range reports() {
		without := string(detailOf(t, r, false))
		if strings.Contains(without, "John") || strings.Contains(without, "Lovelace") || strings.Contains(without, `"name"`) {
			t.Errorf("the outcome %s tells a name that nobody asked for: %s", r.Outcome, without)
		}
	}
	with := sessionOf(t, detailOf(t, report(endsession.Ended, endedSession(), nil), true))
	for i, name := range []string{"John", "Ada Lovelace"} {
		if !strings.Contains(string(with.Participants[i]), `"name":"`+name+`"`) {
			t.Errorf("participant %d lacks the name %s that is configured: %s", i, name, with.Participants[i])
		}
	}
}

// What VideoSDK sends beyond the whitelist never gets as far as a Report, so what is left to leak is in the request, the error and
// their causes.
func TestPrivateDataIsNotPublished(t *testing.T) {
	r := report(endsession.Failed, liveSession(), &endsession.Error{
		Code: endsession.CodeVideoSDKRejected, Message: "VideoSDK answered 400", Problems: []string{"private-problem"},
		VendorCode: "private-vendor-code", Err: fmt.Errorf("Post with private-token: %w", os.ErrPermission),
	})
	r.Request.Force, r.Request.Trace = "private-nonce", "private-trace"
	r.Request.StartsAt = time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range r.Session.Participants {
		r.Session.Participants[i].Name = "private-name"
	}
	detail := detailOf(t, r, false)
	for _, private := range []string{"private", "2031", "permission"} {
		if strings.Contains(string(detail), private) {
			t.Errorf("%q got out: %s", private, detail)
		}
	}
	wantValid(t, closed(t), detail)
}

// crowd is a session of n participants who rejoined often; all of them take the same number of bytes.
func crowd(n int) endsession.Report {
	s := endedSession()
	s.Participants = make([]endsession.Participant, n)
	for i := range s.Participants {
		stays := make([]endsession.Presence, 20)
		for j := range stays {
			stays[j] = endsession.Presence{Start: "2022-03-29T05:21:43.663Z", End: "2022-03-29T05:22:10.004Z"}
		}
		s.Participants[i] = endsession.Participant{ID: fmt.Sprintf("participant-%05d", i), Name: "Somebody", Timelog: stays}
	}
	return report(endsession.Ended, s, nil)
}

func TestTenThousandParticipantsAreCut(t *testing.T) {
	for _, names := range []bool{false, true} {
		t.Run(fmt.Sprintf("names %t", names), func(t *testing.T) {
			detail := detailOf(t, crowd(10_000), names)
			if len(detail) > limit {
				t.Errorf("the detail has %d bytes, more than %d", len(detail), limit)
			}
			wantValid(t, closed(t), detail)
			s := sessionOf(t, detail)
			if s.ParticipantsTruncated == nil || !*s.ParticipantsTruncated {
				t.Error("the event does not say that participants were left out")
			}
			if s.ParticipantCount != 10_000 {
				t.Errorf("participantCount = %d, want all 10000", s.ParticipantCount)
			}
			if len(s.Participants) == 0 {
				t.Fatal("no participant is left")
			}
			for i, p := range s.Participants {
				if !strings.Contains(string(p), fmt.Sprintf(`"participant-%05d"`, i)) {
					t.Fatalf("participant %d is %s, want VideoSDK's order", i, p)
				}
			}
			if one := len(s.Participants[0]) + len(","); len(detail)+one <= limit {
				t.Errorf("the detail has %d bytes: one more participant of %d would have fitted", len(detail), one)
			}
		})
	}
}

func TestNoMoreIsCutThanMust(t *testing.T) {
	truncated := func(n int) bool {
		return sessionOf(t, detailOf(t, crowd(n), false)).ParticipantsTruncated != nil
	}
	first := sort.Search(1_000, truncated)
	if first == 0 || first == 1_000 {
		t.Fatalf("the first session that is cut has %d participants", first)
	}
	whole := detailOf(t, crowd(first-1), false)
	s := sessionOf(t, whole)
	if len(s.Participants) != first-1 || len(whole) > limit {
		t.Errorf("%d of %d participants in %d bytes", len(s.Participants), first-1, len(whole))
	}
	if one := len(s.Participants[0]) + len(","); len(whole)+one+len(`"participantsTruncated":true,`) <= limit {
		t.Errorf("%d participants have %d bytes, and one more of %d was cut", first-1, len(whole), one)
	}
	if cut := sessionOf(t, detailOf(t, crowd(first), false)); len(cut.Participants) != first-1 {
		t.Errorf("%d of %d participants are left, want all but one", len(cut.Participants), first)
	}
}

// Sessions whose rest is longer by one byte each end in every way before the limit.
func TestTheLimitHoldsToTheByte(t *testing.T) {
	r := crowd(10_000)
	for i := range r.Session.Participants {
		r.Session.Participants[i].Timelog = nil
	}
	schema := closed(t)
	const one = len(`{"participantId":"participant-00000","timelog":[]},`)
	largest := 0
	for n := 1; n <= one; n++ {
		r.Session.CustomRoomID = strings.Repeat("x", n)
		detail := detailOf(t, r, false)
		if len(detail) > limit || len(detail)+one <= limit {
			t.Errorf("the detail has %d bytes, want at most %d, and no room for one more participant of %d", len(detail), limit, one)
		}
		if len(detail) > largest {
			largest = len(detail)
			wantValid(t, schema, detail)
		}
	}
	if largest != limit {
		t.Errorf("the largest detail has %d bytes, want one of all %d", largest, limit)
	}
}

func TestOneGiantParticipantIsCut(t *testing.T) {
	s := endedSession()
	giant := endsession.Participant{ID: "giant", Timelog: make([]endsession.Presence, 20_000)}
	s.Participants = []endsession.Participant{s.Participants[0], giant, s.Participants[1]}
	detail := detailOf(t, report(endsession.Ended, s, nil), false)
	wantValid(t, closed(t), detail)
	got := sessionOf(t, detail)
	if len(got.Participants) != 1 || !strings.Contains(string(got.Participants[0]), "demo-1") {
		t.Errorf("participants = %s, want those before the giant", got.Participants)
	}
	if got.ParticipantCount != 3 || got.ParticipantsTruncated == nil {
		t.Errorf("participantCount = %d, truncated = %v; want 3 and true", got.ParticipantCount, got.ParticipantsTruncated)
	}
}

func TestGiantTextsAreCut(t *testing.T) {
	const size = 1 << 20
	texts := map[string]string{
		"plain":                strings.Repeat("x", size),
		"control characters":   strings.Repeat("\x01", size), // six bytes each in JSON
		"characters of 4 byte": strings.Repeat("😀", size/4),
		"not UTF-8":            strings.Repeat("\xff\xfe", size/2),
	}
	fields := map[string]func(*endsession.Report, string){
		"session id":   func(r *endsession.Report, s string) { r.Session.ID = s },
		"roomId":       func(r *endsession.Report, s string) { r.Session.RoomID = s },
		"customRoomId": func(r *endsession.Report, s string) { r.Session.CustomRoomID = s },
		"start":        func(r *endsession.Report, s string) { r.Session.Start = s },
		"end":          func(r *endsession.Report, s string) { r.Session.End = s },
		"status":       func(r *endsession.Report, s string) { r.Session.Status = s },
		"room link":    func(r *endsession.Report, s string) { r.Session.Links.Room = s },
		"session link": func(r *endsession.Report, s string) { r.Session.Links.Session = s },
		"message":      func(r *endsession.Report, s string) { r.Err.Message = s },
		"request id":   func(r *endsession.Report, s string) { r.Err.RequestID = s },
		"participant":  func(r *endsession.Report, s string) { r.Session.Participants[0].ID = s },
		"name":         func(r *endsession.Report, s string) { r.Session.Participants[0].Name = s },
		"stay's start": func(r *endsession.Report, s string) { r.Session.Participants[0].Timelog[0].Start = s },
		"stay's end":   func(r *endsession.Report, s string) { r.Session.Participants[0].Timelog[0].End = s },
	}
	fields["all"] = func(r *endsession.Report, s string) {
		for name, set := range fields {
			if name != "all" {
				set(r, s)
			}
		}
	}
	schema := closed(t)
	for field, set := range fields {
		for kind, text := range texts {
			t.Run(field+" "+kind, func(t *testing.T) {
				r := report(endsession.Failed, liveSession(), &endsession.Error{Code: endsession.CodeVideoSDKRejected, Message: "m", RequestID: "r"})
				set(&r, text)
				detail := detailOf(t, r, true)
				if len(detail) > limit {
					t.Errorf("the detail has %d bytes, more than %d", len(detail), limit)
				}
				wantValid(t, schema, detail)
				s := sessionOf(t, detail)
				if len(s.Participants) != 2 || s.ParticipantsTruncated != nil {
					t.Errorf("%d participants are left; want both, for cut texts leave room for them", len(s.Participants))
				}
			})
		}
	}
}

func BenchmarkDetail(b *testing.B) {
	outbox, r := &publish.EventBridge{}, report(endsession.Ended, endedSession(), nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := outbox.Detail(r); err != nil {
			b.Fatal(err)
		}
	}
}
