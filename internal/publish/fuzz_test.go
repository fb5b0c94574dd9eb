package publish_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"videosdk-end-session/internal/endsession"
)

// guest stands for a participant's name.
const guest = "Guest-7f3a9c"

// fuzzedReport has what the fuzzer can make of a report.
type fuzzedReport struct {
	outcome            uint8
	source, id, reason string
	occurred           int64  // seconds since 1970
	text               string // of every field of the session that has none of its own below
	start, end, status string
	message            string
	httpStatus         int

	people, stays, length uint16 // participants, stays of each, and how often text stands in each one's id
}

var fuzzedOutcomes = []endsession.Outcome{
	endsession.Ended, endsession.Ending, endsession.AlreadyEnded, endsession.NotActive, endsession.Refused, endsession.Failed, endsession.DryRun,
}

// report returns a report as the use case could make it of what VideoSDK may say, and false if its request would not be accepted.
func (f fuzzedReport) report() (endsession.Report, bool) {
	r := endsession.Report{
		Outcome: fuzzedOutcomes[int(f.outcome)%len(fuzzedOutcomes)],
		Request: endsession.Request{
			Target: endsession.Target{RoomID: "abcd-efgh-ijkl"}, Source: f.source, ID: f.id, Reason: f.reason, OccurredAt: time.Unix(f.occurred, 0).UTC(),
		},
	}
	r.ID = r.Request.Key()
	failure := &endsession.Error{
		Code: endsession.CodeVideoSDKRejected, Message: f.message, HTTPStatus: f.httpStatus, RequestID: f.text,
		VendorCode: guest, Err: errors.New(guest),
	}
	session := f.session()
	switch r.Outcome {
	case endsession.Ended, endsession.AlreadyEnded:
		session.ID, session.End = "s"+session.ID, "e"+session.End
	case endsession.Ending:
		session.ID, session.End = "s"+session.ID, ""
	case endsession.NotActive, endsession.Refused:
		session = endsession.Session{ID: session.ID, RoomID: session.RoomID, CustomRoomID: session.CustomRoomID}
		r.Err = failure
	case endsession.DryRun:
		r.ID += ":dry-run"
	default:
		r.Err = failure
	}
	if session.StatusDerived = f.status == "" && r.Err == nil; session.StatusDerived {
		session.Status = "ongoing"
	}
	r.Session = session
	return r, len(r.Request.Validate()) == 0 && (f.httpStatus == 0 || f.httpStatus >= 100 && f.httpStatus <= 999)
}

func (f fuzzedReport) session() endsession.Session {
	s := endsession.Session{
		ID: f.text, RoomID: f.text, CustomRoomID: f.text, Start: f.start, End: f.end, Status: f.status,
		Links: endsession.Links{Room: f.text, Session: f.text},
	}
	person := endsession.Participant{ID: strings.Repeat(f.text, int(f.length%1_000)), Name: guest + f.text}
	for range f.stays % 1_000 {
		person.Timelog = append(person.Timelog, endsession.Presence{Start: f.start, End: f.end})
	}
	for range f.people % 5_000 {
		s.Participants = append(s.Participants, person)
	}
	return s
}

// FuzzDetail renders what VideoSDK may say, which is anything. The event is always one that consumers and EventBridge take.
func FuzzDetail(f *testing.F) {
	add := func(r fuzzedReport) {
		for outcome := range fuzzedOutcomes {
			f.Add(uint8(outcome), r.source, r.id, r.reason, r.occurred, r.text, r.start, r.end, r.status, r.message, r.httpStatus,
				r.people, r.stays, r.length, outcome%2 == 0)
		}
	}
	long := strings.Repeat("😀", 600)
	add(fuzzedReport{source: "calcom", id: "1", occurred: 1648531798, text: "abcd", start: "2022-03-29T15:60:35Z", people: 2, stays: 1, length: 1})
	add(fuzzedReport{source: long[:4*256], id: long[:4*512], reason: long[:4*512], text: long, start: long, end: long, status: long, message: long})
	add(fuzzedReport{source: "<", id: "&", text: strings.Repeat("\x00", 512), start: "\x01", end: "\u2028", message: "\x7f", people: 200, length: 1})
	add(fuzzedReport{source: "s", id: "i", text: "\xff\xfe", start: "\xff", end: "\xff", status: "\xff", message: "\xff", httpStatus: 999, people: 1})
	add(fuzzedReport{source: "s", id: "i", text: `"\`, occurred: 253402300799, people: 4_999, stays: 1, length: 9})
	add(fuzzedReport{source: "s", id: "i", httpStatus: 404, people: 1, stays: 999, start: "2022-03-29T05:21:42.829Z", end: `{"`})
	schema := closed(f)
	f.Fuzz(func(
		t *testing.T, outcome uint8, source, id, reason string, occurred int64, text, start, end, status, message string, httpStatus int,
		people, stays, length uint16, names bool,
	) {
		r, ok := fuzzedReport{
			outcome: outcome, source: source, id: id, reason: reason, occurred: occurred, text: text, start: start, end: end, status: status,
			message: message, httpStatus: httpStatus, people: people, stays: stays, length: length,
		}.report()
		if !ok {
			return
		}
		detail := detailOf(t, r, names)
		if len(detail) > limit {
			t.Errorf("%d bytes, more than %d", len(detail), limit)
		}
		if !json.Valid(detail) {
			t.Fatalf("no JSON: %.2000q", detail)
		}
		wantValid(t, schema, detail)
		if again := detailOf(t, r, names); !bytes.Equal(detail, again) {
			t.Errorf("rendered again it is\n%.2000s\nand was\n%.2000s", again, detail)
		}
		got := sessionOf(t, detail)
		cut := got.ParticipantsTruncated != nil
		if got.ParticipantCount != len(r.Session.Participants) || cut != (len(got.Participants) < got.ParticipantCount) {
			t.Errorf("%d participants of %d, cut: %t", len(got.Participants), got.ParticipantCount, cut)
		}
		if told := bytes.Count(detail, []byte(guest)); !strings.Contains(source+id+reason+text+start+end+status+message, guest) {
			if want := len(got.Participants); names && told != want || !names && told != 0 {
				t.Errorf("%d names of %d participants, to be told: %t", told, want, names)
			}
		}
	})
}
