package videosdk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/redacted"
	"videosdk-end-session/internal/videosdk"
)

// guest stands for a participant's name, which no error may tell.
const guest = "Guest-7f3a9c"

// answering is a VideoSDK in the same process that gives every call one answer. If it repeats what it is sent, TOKEN, SECRET and APIKEY
// in the answer stand for those of the call.
type answering struct {
	status  int
	header  http.Header
	body    []byte
	repeats bool
	calls   []*http.Request
}

// RoundTrip implements http.RoundTripper.
func (a *answering) RoundTrip(r *http.Request) (*http.Response, error) {
	a.calls = append(a.calls, r)
	header, body := a.header.Clone(), string(a.body)
	if a.repeats {
		private := strings.NewReplacer("TOKEN", r.Header.Get("Authorization"), "SECRET", secret, "APIKEY", apiKey)
		body = private.Replace(body)
		for name := range header {
			header.Set(name, private.Replace(header.Get(name)))
		}
	}
	return &http.Response{StatusCode: a.status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func (a *answering) client(t *testing.T) *videosdk.Client {
	t.Helper()
	client, err := videosdk.New(videosdk.Config{
		Endpoint: "https://videosdk.example", Credentials: steady(good), Transport: a, Now: func() time.Time { return morning },
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// mustBeTyped checks what every error of the client has in common, and that it tells nothing private.
func (a *answering) mustBeTyped(t *testing.T, err error) *endsession.Error {
	t.Helper()
	var e *endsession.Error
	if !errors.As(err, &e) {
		t.Fatalf("an error of another type: %#v", err)
	}
	for _, text := range []string{e.Message, e.VendorCode, e.RequestID} {
		if !utf8.ValidString(text) || utf8.RuneCountInString(text) > 512 {
			t.Errorf("a text of %d bytes: %q", len(text), text)
		}
	}
	if e.Message == "" || e.HTTPStatus != a.status {
		t.Errorf("got %+v, want an answer of %d", e, a.status)
	}
	printed := fmt.Sprintf("%v %+v", err, *e)
	for _, private := range []string{a.calls[len(a.calls)-1].Header.Get("Authorization"), secret, apiKey, guest} {
		if strings.Contains(printed, private) {
			t.Errorf("%s is in %s", private, printed)
		}
	}
	return e
}

// ask makes one of the three calls and returns the sessions of its answer, with and without an id.
func ask(ctx context.Context, client *videosdk.Client, kind uint8) ([]endsession.Session, error) {
	switch kind % 3 {
	case 0:
		return client.Live(ctx, endsession.Target{RoomID: roomID})
	case 1:
		one, err := client.Session(ctx, sessionID)
		return []endsession.Session{one}, err
	default:
		one, err := client.End(ctx, roomID, sessionID, soon)
		return []endsession.Session{one}, err
	}
}

// FuzzAnswer reads an answer of 2xx. What is read of it stays the same in either shape that VideoSDK answers in.
func FuzzAnswer(f *testing.F) {
	documented := `{"start":"2022-03-29T05:21:42.829Z","end":null,"participants":[{"_id":"x","participantId":"demo-1","name":"` + guest + `",` +
		`"timelog":[{"start":"2022-03-29T05:21:43.663Z","end":null}]}],"id":"62429766903bdf001299cac5","roomId":"abcd-efgh-lmnop","status":"ongoing",` +
		`"links":{"get_room":"https://api.videosdk.live/v2/rooms/abcd-efgh-lmnop","get_session":"https://api.videosdk.live/v2/sessions/"}}`
	other := `{"id":"s","meetingId":"m","userMeetingId":"u","start":"2022-03-29T15:60:35Z","end":"2022-03-29T05:30:00Z","participants":[]}`
	for kind := range uint8(3) {
		for _, body := range []string{
			``, `null`, `[]`, `{}`, `{"id":null}`, `{"id":""}`, `{"id":7e3,"roomId":-0,"end":false,"status":{},"participants":{},"links":[]}`,
			`{"id":"s","participants":[{"name":"` + guest + `","timelog":7},null,[]]}`, `{"id":"s","participants":[{"name":"` + guest,
			`{"ID":"s","Id":"t","roomid":"r","end":"","start":0}`, "{\"id\":\"\xff\\ud800\"}", "\uFEFF" + documented, documented, other, documented + `x`,
		} {
			f.Add(kind, []byte(body))
			f.Add(kind, []byte(`{"pageInfo":{},"data":[`+body+`]}`))
		}
		f.Add(kind, []byte(`{"data":null}`))
		f.Add(kind, []byte(`{"data":{}}`))
	}
	f.Fuzz(func(t *testing.T, kind uint8, body []byte) {
		a := &answering{status: http.StatusOK, body: body}
		sessions, err := ask(t.Context(), a.client(t), kind)
		if err != nil {
			e := a.mustBeTyped(t, err)
			if kind%3 == 2 || e.Code != endsession.CodeVideoSDKUnreadable || e.Class != endsession.Transient {
				t.Errorf("got %+v, want it unreadable, and no end call to be repeated for that", e)
			}
			return
		}
		for _, s := range sessions {
			if kind%3 == 2 && s.ID == "" {
				if diff := cmp.Diff(endsession.Session{}, s); diff != "" {
					t.Errorf("an end that was accepted unreadably (-want +got):\n%s", diff)
				}
				continue
			}
			mustBeReadAgain(t, s, kind)
		}
	})
}

// mustBeReadAgain checks a session that was read, and that an answer which says the same in either shape is read as the same session.
func mustBeReadAgain(t *testing.T, s endsession.Session, kind uint8) {
	t.Helper()
	if kind%3 != 0 && s.ID == "" {
		t.Error("read without an id")
	}
	if s.Status == "" || s.StatusDerived && s.Ended() != (s.Status == "ended") {
		t.Errorf("end %q, status %q, derived %t", s.End, s.Status, s.StatusDerived)
	}
	for _, names := range []struct{ room, custom string }{{"roomId", "customRoomId"}, {"meetingId", "userMeetingId"}} {
		answer := map[string]any{
			"id": s.ID, names.room: s.RoomID, names.custom: s.CustomRoomID, "start": s.Start, "end": orNull(s.End), "participants": said(s.Participants),
			"links": map[string]any{"get_room": s.Links.Room, "get_session": s.Links.Session}, "apiKey": apiKey,
		}
		if !s.StatusDerived {
			answer["status"] = s.Status
		}
		body, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		if kind%3 == 0 {
			body = fmt.Appendf(nil, `{"data":[%s]}`, body)
		}
		if len(body) > 1<<20 {
			return // more is not read
		}
		again, err := ask(t.Context(), (&answering{status: http.StatusOK, body: body}).client(t), kind)
		if err != nil || len(again) != 1 {
			t.Fatalf("%s is not read again: %v", body, err)
		}
		if diff := cmp.Diff(s, again[0]); diff != "" {
			t.Errorf("read again (-first +second):\n%s", diff)
		}
	}
}

// said are participants as VideoSDK writes them.
func said(all []endsession.Participant) []any {
	out := []any{}
	for _, p := range all {
		stays := []any{}
		for _, stay := range p.Timelog {
			stays = append(stays, map[string]any{"start": stay.Start, "end": orNull(stay.End)})
		}
		out = append(out, map[string]any{"participantId": p.ID, "name": p.Name, "timelog": stays})
	}
	return out
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// FuzzRefusal reads an answer other than 2xx, with a session in it up to where the answer is cut off.
func FuzzRefusal(f *testing.F) {
	for _, status := range []uint16{100, 204, 301, 304, 400, 401, 402, 403, 404, 405, 408, 409, 422, 429, 499, 500, 503, 599} {
		for kind := range uint8(3) {
			f.Add(kind, status, []byte(`{"message":"Room not found.","code":"E1"}`), uint8(0), "2", "id-1")
		}
		f.Add(uint8(2), status, []byte(`no SECRET TOKEN APIKEY`), uint8(0), "Mon, 23 Nov 2026 10:01:00 GMT", "TOKEN")
		f.Add(uint8(2), status, []byte(`{"error":"SECRET","errorCode":"TOKEN`), uint8(255), "-1", "SECRET")
		f.Add(uint8(2), status, []byte(`{"msg":["x"],"statusMessage":7,"code":-1e9,"data":`), uint8(255), "99999999999999999999", "\xff")
		f.Add(uint8(2), status, []byte("\uFEFF"), uint8(255), "", "")
		f.Add(uint8(2), status, []byte(`)]}',`), uint8(200), "", "")
		f.Add(uint8(2), status, []byte(`<!DOCTYPE html>`), uint8(0), "1.5", strings.Repeat("€", 600))
		f.Add(uint8(2), status, bytes.Repeat([]byte("€"), 600), uint8(0), "", "")
		f.Add(uint8(2), status, []byte("\xff\xfe"), uint8(0), "Fri, 31 Dec 9999 23:59:59 GMT", "")
	}
	session := `{"data":{"participants":[{"participantId":"p","name":"` + guest + `","email":"` + guest + `@example.com"},{"name":"` + guest + `"}]}}`
	f.Fuzz(func(t *testing.T, kind uint8, status uint16, text []byte, cut uint8, retryAfter, id string) {
		if status < 100 || status > 999 {
			status = 100 + status%900
		}
		if status/100 == 2 || bytes.Contains(text, []byte(guest)) {
			return
		}
		a := &answering{
			status: int(status), body: append(slices.Clone(text), session[:min(int(cut), len(session))]...),
			header:  http.Header{"Retry-After": {retryAfter}, "X-Request-Id": {id}},
			repeats: true,
		}
		_, err := ask(t.Context(), a.client(t), kind)
		e := a.mustBeTyped(t, err)
		if final := e.Class == endsession.Permanent || e.Class == endsession.NotFound; final && (status < 400 || status >= 500 || status == 408 || status == 429) {
			t.Errorf("%d is final: %+v", status, e)
		}
		if unsure := status >= 500 || status == 408; e.Uncertain != unsure {
			t.Errorf("%d: uncertain is %t", status, e.Uncertain)
		}
		if again := status >= 500 || status == 408 || status == 429; e.RetryAfter < 0 || e.RetryAfter > 24*time.Hour || e.RetryAfter > 0 && !again {
			t.Errorf("%d: again after %s", status, e.RetryAfter)
		}
		if once := status != http.StatusUnauthorized; once && len(a.calls) != 1 || !once && len(a.calls) != 2 {
			t.Errorf("%d: %d calls", status, len(a.calls))
		}
	})
}

// FuzzParseCredentials reads a secret document, which no error and no way of printing may repeat.
func FuzzParseCredentials(f *testing.F) {
	for _, document := range []string{
		``, `null`, `[]`, `{}`, `"hunter2hunter2"`, `hunter2hunter2`, `{"apiKey":"k","secret":"hunter2hunter2"`, `{"apiKey":"k","secret":7}`,
		`{"apiKey":"key-0123456789","secret":"hunter2hunter2\n"}`, "\uFEFF{\"VIDEOSDK_API_KEY\":\" k \",\"VIDEOSDK_SECRET\":\"s\"}\n",
		`{"apiKey":"k","VIDEOSDK_SECRET":"s"}`, `{"apiKey":"\u0000","secret":"\ud800"}`, "{\"apiKey\":\"k\",\"secret\":\"\xff\"}", `{"APIKEY":"k","Secret":"s"}`,
	} {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		got, err := videosdk.ParseCredentials(document)
		if err != nil {
			// The very error, whose text is constant.
			if err != videosdk.ErrInvalidCredentials || got != (videosdk.Credentials{}) { //nolint:errorlint // wrapped, it could quote
				t.Errorf("got %#v, %v", got, err)
			}
			return
		}
		if key, value := got.APIKey, got.Secret.Reveal(); key == "" || value == "" || strings.TrimSpace(key) != key || strings.TrimSpace(value) != value {
			t.Errorf("accepted with the key %q and the secret %q", key, value)
		}
		for _, names := range [][2]string{{"apiKey", "secret"}, {"VIDEOSDK_API_KEY", "VIDEOSDK_SECRET"}} {
			body, err := json.Marshal(map[string]string{names[0]: got.APIKey, names[1]: got.Secret.Reveal()})
			if err != nil {
				t.Fatal(err)
			}
			if again, err := videosdk.ParseCredentials(body); err != nil || again != got {
				t.Errorf("%s is read as %q, %v", body, again.Secret.Reveal(), err)
			}
		}
		open := videosdk.Credentials{APIKey: got.APIKey, Secret: redacted.New("")}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			if with, without := fmt.Sprintf(verb, got), fmt.Sprintf(verb, open); with != without {
				t.Errorf("%s tells the secret: %s", verb, with)
			}
		}
	})
}
