package videosdk_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/local/standin"
)

// wantUnreadable checks the error of a read whose answer could not be read.
func wantUnreadable(t *testing.T, err error, status int) {
	t.Helper()
	got := endsession.AsError(err)
	if got == nil || got.Code != endsession.CodeVideoSDKUnreadable || got.Class != endsession.Transient || got.HTTPStatus != status || got.Uncertain {
		t.Errorf("got %+v, want %s with status %d", got, endsession.CodeVideoSDKUnreadable, status)
	}
}

// wantAccepted checks the result of an end call whose answer could not be read.
func wantAccepted(t *testing.T, got endsession.Session, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("error %v for a call that was accepted", err)
	}
	if diff := cmp.Diff(endsession.Session{}, got); diff != "" {
		t.Errorf("session (-want +got):\n%s", diff)
	}
}

// TestMisbehavedAnswers has answers of the stand-in that lose something after the effect: an end is accepted, a read is repeatable.
func TestMisbehavedAnswers(t *testing.T) {
	tests := []struct {
		do     standin.Misbehaviour
		status int
	}{
		{do: standin.NoContent, status: 204},
		{do: standin.Garbage, status: 200},
		{do: standin.BigBody, status: 200},
		{do: standin.Truncated, status: 200},
		{do: standin.CutOff, status: 200},
	}
	for _, tt := range tests {
		t.Run(string(tt.do), func(t *testing.T) {
			server := startLive(t, standin.Options{})
			inject(t, server, standin.Fault{When: standin.AfterEffect, Do: tt.do})
			client := newClient(t, server.URL(), nil, nil)

			_, err := client.Live(t.Context(), endsession.Target{RoomID: roomID})
			wantUnreadable(t, err, tt.status)
			_, err = client.Session(t.Context(), sessionID)
			wantUnreadable(t, err, tt.status)
			got, err := client.End(t.Context(), roomID, sessionID, soon)
			wantAccepted(t, got, err)

			calls := server.Calls()
			if len(calls) != 3 || !calls[2].Acted || calls[2].ActedOn != sessionID {
				t.Errorf("called %+v, want each call once and the session ended", calls)
			}
		})
	}
}

func TestBodiesOfOtherKinds(t *testing.T) {
	tests := []struct {
		name       string
		status     int
		body       string
		list, read bool // readable as a list, as a session
	}{
		{name: "empty", status: 200},
		{name: "accepted, empty", status: 202},
		{name: "white space", status: 200, body: "\r\n"},
		{name: "null", status: 200, body: "null"},
		{name: "string", status: 200, body: `"ok"`},
		{name: "number", status: 200, body: "1"},
		{name: "list", status: 200, body: `[{"id":"x"}]`},
		{name: "empty object", status: 200, body: "{}"},
		{name: "another object", status: 200, body: `{"message":"Session ended"}`},
		{name: "empty id", status: 200, body: `{"id":"","status":"ended"}`},
		{name: "no data", status: 200, body: `{"data":null}`},
		{name: "data of another type", status: 200, body: `{"data":{"id":"x"}}`},
		{name: "two documents", status: 200, body: `{"id":"x","data":[]}{"id":"x","data":[]}`},
		{name: "empty data", status: 200, body: `{"data":[]}`, list: true},
		{name: "created", status: 201, body: `{"id":"x","data":[]}`, list: true, read: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := record(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			})
			client := newClient(t, server.URL, nil, nil)

			list, err := client.Live(t.Context(), endsession.Target{RoomID: roomID})
			if !tt.list {
				wantUnreadable(t, err, tt.status)
			} else if err != nil || len(list) != 0 {
				t.Errorf("listed %v, %v", list, err)
			}
			got, err := client.Session(t.Context(), sessionID)
			if !tt.read {
				wantUnreadable(t, err, tt.status)
			} else if err != nil || got.ID != "x" {
				t.Errorf("read %v, %v", got, err)
			}
			got, err = client.End(t.Context(), roomID, sessionID, soon)
			if !tt.read {
				wantAccepted(t, got, err)
			} else if err != nil || got.ID != "x" {
				t.Errorf("ended %v, %v", got, err)
			}
			_, err = client.Room(t.Context(), customID)
			wantUnreadable(t, err, tt.status) // none of them names a room
			if n := len(server.all()); n != 4 {
				t.Errorf("called %d times, want each call once", n)
			}
		})
	}
}

func TestAnswerIsReadUpTo1MiB(t *testing.T) {
	const limit = 1 << 20
	for name, size := range map[string]int{"at the limit": limit, "over it": limit + 1} {
		t.Run(name, func(t *testing.T) {
			body := `{"id":"x","padding":""}`
			body = strings.Replace(body, `""`, `"`+strings.Repeat("p", size-len(body))+`"`, 1)
			got, err := newClient(t, record(t, says(body)).URL, nil, nil).Session(t.Context(), sessionID)
			if size > limit {
				wantUnreadable(t, err, http.StatusOK)
			} else if err != nil || got.ID != "x" {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}
