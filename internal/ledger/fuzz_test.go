package ledger

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
)

var states = []endsession.State{endsession.Claimed, endsession.Recorded, endsession.Published}

// fuzzedEntry has the fields of an entry as the fuzzer can make them.
type fuzzedEntry struct {
	key, owner, room, custom, session, pinRoom, pinSession, outcome, code, detail string

	state uint8

	lease, expires, recorded int64 // milliseconds, seconds and nanoseconds since 1970
}

// entry returns the entry, its times as exact as the use case needs them: a lease to the millisecond, an expiry to the second.
func (f fuzzedEntry) entry() endsession.Entry {
	e := endsession.Entry{
		Key: f.key, State: states[int(f.state)%len(states)], Owner: f.owner,
		Target: endsession.Target{RoomID: f.room, CustomRoomID: f.custom, SessionID: f.session},
		Pin:    endsession.Pin{RoomID: f.pinRoom, SessionID: f.pinSession}, Outcome: endsession.Outcome(f.outcome), Code: endsession.Code(f.code),
		ExpiresAt: time.Unix(f.expires, 0).UTC(),
	}
	if f.lease != 0 {
		e.LeaseUntil = time.UnixMilli(f.lease).UTC()
	}
	if f.recorded != 0 {
		e.RecordedAt = time.Unix(0, f.recorded).UTC()
	}
	if f.detail != "" {
		e.Detail = []byte(f.detail)
	}
	return e
}

// mustBeStorable checks that DynamoDB takes the item: it has no empty key, and its texts are UTF-8 and its numbers numbers.
func mustBeStorable(t *testing.T, attributes map[string]attribute) {
	t.Helper()
	for name, value := range attributes {
		switch {
		case value.S != nil:
			if *value.S == "" || !utf8.ValidString(*value.S) {
				t.Errorf("%s is the text %q", name, *value.S)
			}
		case value.N != nil:
			if _, err := strconv.ParseInt(*value.N, 10, 64); err != nil {
				t.Errorf("%s is the number %q", name, *value.N)
			}
		default:
			t.Errorf("%s is nothing", name)
		}
	}
}

// wire returns an item as another reader gets it, through the wire, in one form or the other.
func wire[T item | map[string]attribute](t *testing.T, attributes any) (read T) {
	t.Helper()
	document, err := json.Marshal(attributes)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(document, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

// FuzzEntry writes an entry as an item and reads it again.
func FuzzEntry(f *testing.F) {
	add := func(e fuzzedEntry) {
		f.Add(e.key, e.owner, e.room, e.custom, e.session, e.pinRoom, e.pinSession, e.outcome, e.code, e.detail, e.state, e.lease, e.expires, e.recorded)
	}
	now := time.Date(2026, 11, 23, 10, 0, 0, 123_456_789, time.UTC)
	key := endsession.Request{Source: "calcom", ID: "1"}.Key()
	add(fuzzedEntry{})
	add(fuzzedEntry{
		key: key, owner: "a", room: "abcd-efgh-ijkl", pinRoom: "abcd-efgh-ijkl", pinSession: "62429766903bdf001299cac5",
		lease: now.UnixMilli(), expires: now.Add(endsession.Retention).Unix(),
	})
	add(fuzzedEntry{
		key: key, state: 2, owner: "b", custom: "Grüße ☎", session: "s", outcome: string(endsession.Failed),
		code: string(endsession.CodeConflict), detail: `{"id":"1","text":"Grüße \u0000"}`, expires: now.Unix(), recorded: now.UnixNano(),
	})
	add(fuzzedEntry{key: "\x00", state: 1, detail: " ", lease: -1, expires: -1, recorded: -1})
	add(fuzzedEntry{key: key, lease: 1<<63 - 1, expires: 1<<63 - 1, recorded: 1<<63 - 1})
	add(fuzzedEntry{key: key, lease: -1 << 63, expires: -62135596800, recorded: -1 << 63})
	f.Fuzz(func(
		t *testing.T, key, owner, room, custom, session, pinRoom, pinSession, outcome, code, detail string, state uint8, lease, expires, recorded int64,
	) {
		for _, s := range []string{key, owner, room, custom, session, pinRoom, pinSession, outcome, code, detail} {
			if !utf8.ValidString(s) {
				return // the use case has no such text
			}
		}
		want := fuzzedEntry{
			key: key, owner: owner, room: room, custom: custom, session: session, pinRoom: pinRoom, pinSession: pinSession,
			outcome: outcome, code: code, detail: detail, state: state, lease: lease, expires: expires, recorded: recorded,
		}.entry()
		attributes := wire[map[string]attribute](t, itemOf(want))
		mustBeStorable(t, attributes)
		got, err := parse(wire[item](t, attributes))
		if err != nil {
			t.Fatalf("%v is not read again: %v", attributes, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("read again (-want +got):\n%s", diff)
		}
		attributes["new"] = attribute{} // of a later version, and another type
		if later, err := parse(wire[item](t, attributes)); err != nil || !cmp.Equal(got, later) {
			t.Errorf("with an unknown attribute: %+v, %v", later, err)
		}
	})
}

// attributeKinds makes an attribute of each type that DynamoDB has from a text, as on the wire.
var attributeKinds = map[byte]func(string) any{
	'S': func(s string) any { return map[string]any{"S": s} },
	'N': func(s string) any { return map[string]any{"N": s} },
	'B': func(s string) any { return map[string]any{"B": []byte(s)} },
	'T': func(string) any { return map[string]any{"BOOL": true} },
	'0': func(string) any { return map[string]any{"NULL": true} },
	's': func(s string) any { return map[string]any{"SS": []string{s}} },
	'n': func(s string) any { return map[string]any{"NS": []string{s}} },
	'b': func(s string) any { return map[string]any{"BS": [][]byte{[]byte(s)}} },
	'L': func(s string) any { return map[string]any{"L": []any{map[string]any{"S": s}}} },
	'M': func(s string) any { return map[string]any{"M": map[string]any{s: map[string]any{"S": s}}} },
	'?': func(s string) any { return map[string]any{"?" + s: s} },
	'-': func(string) any { return nil },
}

// FuzzItem reads an item that anybody may have written, one attribute a line: a name, the letter of a type, and a value.
func FuzzItem(f *testing.F) {
	for _, lines := range []string{
		"", "pk S k", "pk S ", "pk N 1", "pk S k\nstate S archived", "pk S k\nstate S claimed\nowner S a\nleaseUntil N 1795428000000\nexpiresAt N 1795428000\ntarget M x",
		"pk S k\nstate S published\noutcome S ended\ndetail S {\nrecordedAt S 2026-11-23T10:00:00.123456789Z\nexpiresAt N 1795428000",
		"recordedAt S 2026-11-23T24:00:00Z", "recordedAt S 0001-01-01T00:00:00Z", "recordedAt S 2026-11-23T10:00:00+05:30", "recordedAt N 1",
		"recordedAt S 9999-12-31T23:59:59-01:00", "recordedAt S 0000-01-01T00:00:00+01:00",
		"leaseUntil N 9223372036854775808", "leaseUntil N 1e3", "leaseUntil N 1.5", "leaseUntil S 1", "leaseUntil N -62135596800000", "leaseUntil N ",
		"expiresAt N 9223372036854775807", "expiresAt N -9223372036854775808", "expiresAt N +1", "expiresAt N 0x10", "expiresAt N 1_000",
		"state B x\nowner T\nroomId 0\ncustomRoomId s x\nsessionId n 1\npinRoomId b x\npinSessionId L x\noutcome M x\ncode ? x\ndetail - ",
	} {
		f.Add(lines)
		f.Add(lines + "\nstate S recorded")
	}
	f.Fuzz(func(t *testing.T, lines string) {
		document := map[string]any{}
		for line := range strings.Lines(lines) {
			name, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			kind, value, _ := strings.Cut(rest, " ")
			if len(kind) == 1 && attributeKinds[kind[0]] != nil {
				document[name] = attributeKinds[kind[0]](value)
			}
		}
		got, err := parse(wire[item](t, document))
		if err != nil {
			if diff := cmp.Diff(endsession.Entry{}, got); diff != "" {
				t.Errorf("an error, and also an entry (-want +got):\n%s", diff)
			}
			for problem := range strings.Lines(err.Error()) {
				if !strings.HasPrefix(problem, "the ledger's attribute ") {
					t.Errorf("the error does not say where: %q", problem)
				}
			}
			return
		}
		if !slices.Contains(states, got.State) {
			t.Errorf("read with the state %q", got.State)
		}
		again, err := parse(itemOf(got))
		if err != nil {
			t.Fatalf("%+v is not read again: %v", got, err)
		}
		if diff := cmp.Diff(got, again); diff != "" {
			t.Errorf("read again (-first +second):\n%s", diff)
		}
	})
}

// BenchmarkItem makes the document of a write, as each trigger does three times.
func BenchmarkItem(b *testing.B) {
	e := endsession.Entry{
		Key: endsession.Request{Source: "calcom", ID: "1"}.Key(), State: endsession.Recorded, Owner: "OWNERTOKEN", Target: endsession.Target{RoomID: "abcd-efgh-ijkl"},
		Pin: endsession.Pin{RoomID: "abcd-efgh-ijkl", SessionID: "62429766903bdf001299cac5"}, Outcome: endsession.Ending,
		Detail: []byte(strings.Repeat(`{"participantId":"demo-1"},`, 40)), ExpiresAt: time.Unix(1795428000, 0), RecordedAt: time.Unix(1795428000, 0),
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := json.Marshal(putItem{TableName: "t", Item: itemOf(e)}); err != nil {
			b.Fatal(err)
		}
	}
}
