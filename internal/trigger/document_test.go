package trigger_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/trigger"
)

// The document is the same for every door. These tests read it through the simplest one, the direct invocation.

const (
	requestID = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
	trace     = "Root=1-62429766-abcdef012345678912345678"

	longest = 256 << 10 // bytes of a document
)

var now = time.Date(2026, 11, 23, 10, 0, 5, 0, time.UTC)

func at(hour, minute int) time.Time { return time.Date(2026, 11, 23, hour, minute, 0, 0, time.UTC) }

// direct is a request as the direct door fills it in where the document says nothing.
func direct(change func(*endsession.Request)) endsession.Request {
	r := endsession.Request{Source: "direct", ID: requestID, OccurredAt: now, Trace: trace}
	if change != nil {
		change(&r)
	}
	return r
}

func room(r *endsession.Request) { r.RoomID = "r" }

// refused is what a document comes to that has problems.
func refused(code endsession.Code, problems ...string) *endsession.Error {
	return &endsession.Error{Code: code, Class: endsession.Permanent, Message: strings.Join(problems, "; "), Problems: problems}
}

func invalidJSON() *endsession.Error {
	return &endsession.Error{Code: endsession.CodeInvalidJSON, Class: endsession.Permanent, Message: "expected a JSON object in UTF-8"}
}

func wantRequest(t *testing.T, want, got endsession.Request) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func wantError(t *testing.T, want, got *endsession.Error) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

func TestDocument(t *testing.T) {
	tests := []struct {
		name     string
		document string
		want     func(*endsession.Request)
	}{
		{name: "a room alone", document: `{"roomId":"r"}`, want: room},
		{name: "a room by its other name", document: `{"meetingId":"r"}`, want: room},
		{name: "a room by both names", document: `{"roomId":"r","meetingId":" r "}`, want: room},
		{name: "a room with an empty other name", document: `{"roomId":"r","meetingId":""}`, want: room},
		{name: "a customer's room", document: `{"customRoomId":"c"}`, want: func(r *endsession.Request) { r.CustomRoomID = "c" }},
		{name: "a customer's room by its other name", document: `{"userMeetingId":"c"}`, want: func(r *endsession.Request) { r.CustomRoomID = "c" }},
		{name: "a session", document: `{"sessionId":"s"}`, want: func(r *endsession.Request) { r.SessionID = "s" }},
		{
			name: "every field",
			document: `{"roomId":"r","customRoomId":"c","sessionId":"s","source":"calcom","id":"BOOKING_CANCELLED:u1","force":"nonce",
				"reason":"booking cancelled","occurredAt":"2026-11-23T09:00:00Z","startsAt":"2026-11-23T10:00:00+02:00",
				"endsAt":"2026-11-23T09:30:00.5Z","delaySeconds":0,"dryRun":true}`,
			want: func(r *endsession.Request) {
				*r = endsession.Request{
					Target: endsession.Target{RoomID: "r", CustomRoomID: "c", SessionID: "s"},
					Source: "calcom", ID: "BOOKING_CANCELLED:u1", Force: "nonce", Reason: "booking cancelled",
					OccurredAt: at(9, 0), StartsAt: at(8, 0), EndsAt: at(9, 30).Add(500 * time.Millisecond), DryRun: true, Trace: trace,
				}
			},
		},
		{
			name: "white space around every text",
			document: `{"roomId":" r\t","customRoomId":"\nc","sessionId":"s ","source":" calcom ","id":" i ","force":" f ","reason":" why not ",
				"occurredAt":" 2026-11-23T09:00:00Z ","startsAt":" 2026-11-23T09:00:00Z","endsAt":"2026-11-23T09:00:00Z "}`,
			want: func(r *endsession.Request) {
				*r = endsession.Request{
					Target: endsession.Target{RoomID: "r", CustomRoomID: "c", SessionID: "s"},
					Source: "calcom", ID: "i", Force: "f", Reason: "why not", OccurredAt: at(9, 0), StartsAt: at(9, 0), EndsAt: at(9, 0), Trace: trace,
				}
			},
		},
		{
			name: "null is absent",
			document: `{"roomId":"r","meetingId":null,"customRoomId":null,"userMeetingId":null,"sessionId":null,"source":null,"id":null,"force":null,
				"reason":null,"occurredAt":null,"startsAt":null,"endsAt":null,"delaySeconds":null,"dryRun":null}`,
			want: room,
		},
		{name: "blank source and id are the door's", document: `{"roomId":"r","source":" ","id":""}`, want: room},
		{name: "no delay and no dry run", document: `{"roomId":"r","delaySeconds":0,"dryRun":false}`, want: room},
		{
			name: "unknown fields are ignored, whatever they hold",
			document: `{"roomId":"r","ROOMID":"x","roomID":5,"room_id":"x","version":"2.0","detail":{"roomId":"x","deep":[[[{}]]]},
				"requestContext":{"http":{}},"Records":[],"number":1e999,"":null,"data":[9007199254740993]}`,
			want: room,
		},
		{name: "the last of repeated fields counts", document: `{"roomId":"first","roomId":5,"roomId":"r"}`, want: room},
		{name: "white space around the document", document: " \r\n\t{\"roomId\":\"r\"}\n ", want: room},
		{
			name: "a trigger of the past", document: `{"roomId":"r","occurredAt":"2020-02-29T23:59:59-11:00"}`,
			want: func(r *endsession.Request) {
				r.RoomID, r.OccurredAt = "r", time.Date(2020, 3, 1, 10, 59, 59, 0, time.UTC)
			},
		},
		{name: "a trigger of a moment later counts as received", document: `{"roomId":"r","occurredAt":"2026-11-23T10:00:05.000000001Z"}`, want: room},
		{name: "a trigger of 2099 counts as received", document: `{"roomId":"r","occurredAt":"2099-01-01T00:00:00Z"}`, want: room},
		{
			name: "a booking of 2099 does not", document: `{"roomId":"r","startsAt":"2099-01-01T00:00:00Z"}`,
			want: func(r *endsession.Request) {
				r.RoomID, r.StartsAt = "r", time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
			},
		},
		{name: "characters of all kinds", document: `{"customRoomId":"Büro-☎-\u0041\ud83d\ude00"}`, want: func(r *endsession.Request) { r.CustomRoomID = "Büro-☎-A😀" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := trigger.Direct([]byte(tt.document), requestID, trace, now)
			wantError(t, nil, err)
			wantRequest(t, direct(tt.want), got)
		})
	}
}

func TestDocumentProblems(t *testing.T) {
	const (
		needsTarget = "one of roomId, customRoomId or sessionId is required"
		identifier  = " must be 1 to 256 characters without white space, control characters, '/', '?' or '#'"
		aTime       = " must be an RFC 3339 time such as 2026-11-23T10:00:00Z"
		years       = " must lie between the years 1970 and 9999"
		aDelay      = "delaySeconds must be a whole number of seconds from 0 to 900"
		noDelay     = "delaySeconds must be 0 here: only webhooks can be delayed"
	)
	tests := []struct {
		name     string
		document string
		want     func(*endsession.Request) // as far as it could be read
		problems []string
		code     endsession.Code // invalid_request if empty
	}{
		{name: "nothing", document: `{}`, problems: []string{needsTarget}},
		{name: "blank targets", document: `{"roomId":"","customRoomId":" ","sessionId":null}`, problems: []string{needsTarget}},
		{
			name: "two rooms by two names", document: `{"roomId":"r","meetingId":"x","customRoomId":"c","userMeetingId":"y"}`,
			want: func(r *endsession.Request) { r.RoomID, r.CustomRoomID = "r", "c" },
			problems: []string{
				"roomId and meetingId are two names of one field and must not differ",
				"customRoomId and userMeetingId are two names of one field and must not differ",
			},
		},
		{
			name: "a number for every text",
			document: `{"roomId":1,"meetingId":2,"customRoomId":3,"userMeetingId":4,"sessionId":9007199254740993,"source":6,"id":12345678901234567890,
				"force":8,"reason":9.5}`,
			problems: []string{
				"roomId must be a string", "meetingId must be a string", "customRoomId must be a string", "userMeetingId must be a string",
				"sessionId must be a string", "source must be a string", "id must be a string", "force must be a string", "reason must be a string",
			},
		},
		{
			name: "other types for texts", document: `{"roomId":["r"],"sessionId":{"id":"s"},"reason":true,"id":"i"}`,
			want:     func(r *endsession.Request) { r.ID = "i" },
			problems: []string{"roomId must be a string", "sessionId must be a string", "reason must be a string"},
		},
		{
			name: "a number beside a room that is readable", document: `{"roomId":"r","sessionId":9007199254740993}`,
			want: room, problems: []string{"sessionId must be a string"},
		},
		{
			name: "times of other types and forms", document: `{"roomId":"r","occurredAt":1795428000,"startsAt":"tomorrow","endsAt":"2026-11-23T10:00:00"}`,
			want: room, problems: []string{"startsAt" + aTime, "endsAt" + aTime, "occurredAt" + aTime},
		},
		{
			name: "an impossible time", document: `{"roomId":"r","occurredAt":"2026-11-23T15:60:35Z"}`, want: room,
			problems: []string{"occurredAt" + aTime},
		},
		{name: "an empty time", document: `{"roomId":"r","occurredAt":""}`, want: room, problems: []string{"occurredAt" + aTime}},
		{
			name:     "the zero time of a Go program is no time, and not absent either",
			document: `{"roomId":"r","occurredAt":"0001-01-01T00:00:00Z","startsAt":"0001-01-01T01:00:00+01:00","endsAt":"0001-01-01T00:00:00Z"}`,
			want:     room, problems: []string{"startsAt" + years, "endsAt" + years, "occurredAt" + years},
		},
		{
			name: "a time before there was one", document: `{"roomId":"r","occurredAt":"1969-12-31T23:59:59Z"}`,
			want: func(r *endsession.Request) {
				r.RoomID, r.OccurredAt = "r", time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC)
			},
			problems: []string{"occurredAt" + years},
		},
		{
			name: "a booking that ends before it starts", document: `{"roomId":"r","startsAt":"2026-11-23T10:00:00Z","endsAt":"2026-11-23T09:00:00Z"}`,
			want:     func(r *endsession.Request) { r.RoomID, r.StartsAt, r.EndsAt = "r", at(10, 0), at(9, 0) },
			problems: []string{"endsAt must not be before startsAt"},
		},
		{name: "a flag that is a text", document: `{"roomId":"r","dryRun":"true"}`, want: room, problems: []string{"dryRun must be true or false"}},
		{name: "a flag that is a number", document: `{"roomId":"r","dryRun":1}`, want: room, problems: []string{"dryRun must be true or false"}},
		{
			name: "a delay alone", document: `{"roomId":"r","delaySeconds":1}`, want: room, problems: []string{noDelay},
			code: endsession.CodeDelayNotSupported,
		},
		{
			name: "the longest delay", document: `{"roomId":"r","delaySeconds":900}`, want: room, problems: []string{noDelay},
			code: endsession.CodeDelayNotSupported,
		},
		{name: "a longer delay", document: `{"roomId":"r","delaySeconds":901}`, want: room, problems: []string{aDelay}},
		{name: "a delay into the past", document: `{"roomId":"r","delaySeconds":-1}`, want: room, problems: []string{aDelay}},
		{name: "half a second", document: `{"roomId":"r","delaySeconds":0.5}`, want: room, problems: []string{aDelay}},
		{name: "a delay that is a text", document: `{"roomId":"r","delaySeconds":"5"}`, want: room, problems: []string{aDelay}},
		{name: "a delay beyond all numbers", document: `{"roomId":"r","delaySeconds":1e999}`, want: room, problems: []string{aDelay}},
		{name: "a delay and more", document: `{"delaySeconds":1}`, problems: []string{noDelay, needsTarget}},
		{
			name: "texts that are too long or could not stand in a path",
			document: fmt.Sprintf(`{"roomId":"a/b","customRoomId":"a b","sessionId":"%s","source":"%s","id":"a\u0000b","reason":"a\nb"}`,
				strings.Repeat("x", 257), strings.Repeat("x", 257)),
			want: func(r *endsession.Request) {
				r.Target = endsession.Target{RoomID: "a/b", CustomRoomID: "a b", SessionID: strings.Repeat("x", 257)}
				r.Source, r.ID, r.Reason = strings.Repeat("x", 257), "a\x00b", "a\nb"
			},
			problems: []string{
				"roomId" + identifier, "customRoomId" + identifier, "sessionId" + identifier,
				"source must be at most 256 characters without control characters",
				"id must be at most 512 characters without control characters",
				"reason must be at most 512 characters without control characters",
			},
		},
		{
			name: "everything at once", document: `{"roomId":5,"reason":"a\u0007","startsAt":"x","dryRun":"x","delaySeconds":7}`,
			want: func(r *endsession.Request) { r.Reason = "a\x07" },
			problems: []string{
				"roomId must be a string", "startsAt" + aTime, "dryRun must be true or false", noDelay,
				"reason must be at most 512 characters without control characters",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := trigger.Direct([]byte(tt.document), requestID, trace, now)
			code := tt.code
			if code == "" {
				code = endsession.CodeInvalidRequest
			}
			want := refused(code, tt.problems...)
			want.Message = endsession.Truncate(want.Message)
			wantError(t, want, err)
			wantRequest(t, direct(tt.want), got)
		})
	}
}

func TestWhatIsNoJSONObject(t *testing.T) {
	const levels = 100_000
	tests := []struct{ name, document string }{
		{"nothing", ""},
		{"white space", " \n"},
		{"null", "null"},
		{"an array", `[{"roomId":"r"}]`},
		{"a text", `"roomId"`},
		{"a number", "5"},
		{"text", "roomId=r"},
		{"half an object", `{"roomId":"r"`},
		{"two objects", `{"roomId":"r"}{"roomId":"r"}`},
		{"a comma too many", `{"roomId":"r",}`},
		{"a line feed in a text", "{\"roomId\":\"r\n\"}"},
		{"a byte order mark", "\ufeff{\"roomId\":\"r\"}"},
		{"UTF-16", "{\x00\"\x00}\x00"},
		{"a text that is not UTF-8", "{\"roomId\":\"r\xff\"}"},
		{"an unknown field that is not UTF-8", "{\"roomId\":\"r\",\"x\":\"caf\xe9\"}"},
		{"arrays without end", strings.Repeat("[", levels)},
		{"arrays within arrays", strings.Repeat("[", levels) + strings.Repeat("]", levels)},
		{"arrays within an unknown field", `{"roomId":"r","x":` + strings.Repeat("[", levels) + strings.Repeat("]", levels) + `}`},
		{"objects within an unknown field", `{"roomId":"r","x":` + strings.Repeat(`{"":`, levels/2) + "1" + strings.Repeat("}", levels/2) + `}`},
		{"arrays for a room", `{"roomId":` + strings.Repeat("[", levels) + strings.Repeat("]", levels) + `}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if len(tt.document) > longest {
				t.Fatal("the document is refused for its length")
			}
			got, err := trigger.Direct([]byte(tt.document), requestID, trace, now)
			wantError(t, invalidJSON(), err)
			wantRequest(t, direct(nil), got)
		})
	}
}

// padded is a valid document of so many bytes.
func padded(bytes int) string {
	const frame = `{"roomId":"r","pad":""}`
	return strings.Replace(frame, `""`, `"`+strings.Repeat("x", bytes-len(frame))+`"`, 1)
}

var tooLarge = &endsession.Error{
	Code: endsession.CodeBodyTooLarge, Class: endsession.Permanent, Message: "the document has more than the 262144 bytes allowed",
}

func TestTheLargestDocument(t *testing.T) {
	tests := []struct {
		name  string
		bytes int
		want  func(*endsession.Request)
		err   *endsession.Error
	}{
		{name: "256 KiB", bytes: longest, want: room},
		{name: "a byte more", bytes: longest + 1, err: tooLarge},
		{name: "257 KiB", bytes: 257 << 10, err: tooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := trigger.Direct([]byte(padded(tt.bytes)), requestID, trace, now)
			wantError(t, tt.err, err)
			wantRequest(t, direct(tt.want), got)
		})
	}
}

func TestAMessageOfManyProblemsIsCut(t *testing.T) {
	const document = `{"roomId":"/","customRoomId":"/","sessionId":"/","startsAt":"x","endsAt":"x","occurredAt":"x","dryRun":"x","reason":"a\nb"}`
	_, err := trigger.Direct([]byte(document), requestID, trace, now)
	if err == nil || len(err.Problems) != 8 {
		t.Fatalf("error = %v, want eight problems", err)
	}
	if joined := strings.Join(err.Problems, "; "); len(joined) <= 512 || err.Message != endsession.Truncate(joined) {
		t.Errorf("message %q, want the first 512 characters of %q", err.Message, joined)
	}
}
