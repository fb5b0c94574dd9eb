package standin_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/local/standin"
)

const endBody = `{"roomId":"abcd-efgh-ijkl","sessionId":"62429766903bdf001299cac5"}`

// TestFaults meets each misbehaviour with an end call, before and after its effect.
func TestFaults(t *testing.T) {
	truth := func(t *testing.T, got reply) {
		if session := decode[wireSession](t, got.body); got.status != http.StatusOK || session.ID != "62429766903bdf001299cac5" {
			t.Errorf("got %d %s, want the true answer", got.status, got.body)
		}
	}
	tests := []struct {
		name  string
		fault standin.Fault
		check func(t *testing.T, got reply) // nil if there is no whole answer
		fails func(error) bool              // nil if there is one
		// goesOn is set if the effect comes also after a fault that was there before it.
		goesOn bool
		status int // as recorded
	}{
		{name: "status", fault: standin.Fault{Do: standin.Answer, Status: 429, Header: http.Header{"Retry-After": {"7"}}}, status: 429,
			check: func(t *testing.T, got reply) {
				if got.status != 429 || got.header.Get("Retry-After") != "7" || got.message() != "Too Many Requests" {
					t.Errorf("got %d %v %s", got.status, got.header, got.body)
				}
				if diff := cmp.Diff([]string{"body of an injected error"}, got.assumptions()); diff != "" {
					t.Errorf("assumptions (-want +got):\n%s", diff)
				}
			}},
		{name: "status with a body", fault: standin.Fault{Do: standin.Answer, Status: 503, Body: "upstream connect error"}, status: 503,
			check: func(t *testing.T, got reply) {
				if got.status != 503 || got.body != "upstream connect error" || len(got.assumptions()) != 0 {
					t.Errorf("got %d %s, assumptions %q", got.status, got.body, got.assumptions())
				}
			}},
		{name: "garbage", fault: standin.Fault{Do: standin.Garbage}, status: 200,
			check: func(t *testing.T, got reply) {
				if got.status != 200 || !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") || !strings.HasPrefix(got.body, "<!DOCTYPE html>") {
					t.Errorf("got %d %v %s", got.status, got.header, got.body)
				}
			}},
		{name: "no content", fault: standin.Fault{Do: standin.NoContent}, status: 204,
			check: func(t *testing.T, got reply) {
				if got.status != 204 || got.body != "" {
					t.Errorf("got %d %s", got.status, got.body)
				}
			}},
		{name: "big body", fault: standin.Fault{Do: standin.BigBody}, status: 200,
			check: func(t *testing.T, got reply) {
				if len(got.body) < 5<<20 || !strings.HasPrefix(got.body, `{"padding":"xxx`) {
					t.Errorf("got %d bytes", len(got.body))
				}
				truth(t, got)
			}},
		{name: "truncated", fault: standin.Fault{Do: standin.Truncated}, status: 200,
			check: func(t *testing.T, got reply) {
				if got.status != 200 || !strings.HasPrefix(got.body, `{"start":"`) || json.Valid([]byte(got.body)) {
					t.Errorf("got %d %s", got.status, got.body)
				}
			}},
		{name: "cut off", fault: standin.Fault{Do: standin.CutOff}, status: 200,
			fails: func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }},
		{name: "reset", fault: standin.Fault{Do: standin.Reset},
			fails: func(err error) bool { return errors.Is(err, syscall.ECONNRESET) }},
		{name: "redirect", fault: standin.Fault{Do: standin.Redirect}, status: 307,
			check: func(t *testing.T, got reply) {
				if got.status != 307 || got.header.Get("Location") != "/v2/redirected" {
					t.Errorf("got %d %v", got.status, got.header)
				}
			}},
		{name: "redirect elsewhere", fault: standin.Fault{Do: standin.Redirect, Status: 302, Header: http.Header{"Location": {"https://other.example/"}}},
			status: 302,
			check: func(t *testing.T, got reply) {
				if diff := cmp.Diff([]string{"https://other.example/"}, got.header.Values("Location")); got.status != 302 || diff != "" {
					t.Errorf("got %d, locations (-want +got):\n%s", got.status, diff)
				}
			}},
		{name: "slow", fault: standin.Fault{Do: standin.Slow, Delay: 20 * time.Millisecond}, goesOn: true, status: 200, check: truth},
	}
	for _, tt := range tests {
		for _, when := range []standin.When{standin.BeforeEffect, standin.AfterEffect} {
			t.Run(tt.name+" "+string(when), func(t *testing.T) {
				b := seeded(t, standin.Options{})
				tt.fault.On, tt.fault.When, tt.fault.Times = standin.OpEndSession, when, 1
				if err := b.Inject(tt.fault); err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				got, err := b.send(b.request(t.Context(), http.MethodPost, "/v2/sessions/end", endBody))
				if took := time.Since(began); took < tt.fault.Delay {
					t.Errorf("it took %v, want at least %v", took, tt.fault.Delay)
				}
				switch {
				case tt.fails != nil && (err == nil || !tt.fails(err)):
					t.Errorf("the wrong error: %v", err)
				case tt.fails == nil && err != nil:
					t.Fatal(err)
				case tt.check != nil:
					tt.check(t, got)
				}

				effect := when == standin.AfterEffect || tt.goesOn
				call := b.calls(standin.OpEndSession)[0]
				if call.Acted != effect || call.Status != tt.status || call.Fault != tt.fault.Do {
					t.Errorf("recorded as %+v, want acted %t, status %d", call, effect, tt.status)
				}
				if err == nil && got.header.Get("X-Request-Id") != call.RequestID {
					t.Errorf("x-request-id %q, want %q", got.header.Get("X-Request-Id"), call.RequestID)
				}
				if b.isLive("62429766903bdf001299cac5") == effect {
					t.Errorf("the session is live: %t, want %t", effect, !effect)
				}
				if again := b.end(endBody); again.status != map[bool]int{false: 200, true: 400}[effect] {
					t.Errorf("the fault came twice, or its effect is wrong: %d %s", again.status, again.body)
				}
			})
		}
	}
}

func TestHangLastsUntilTheClientGoes(t *testing.T) {
	for _, when := range []standin.When{standin.BeforeEffect, standin.AfterEffect} {
		t.Run(string(when), func(t *testing.T) {
			b := seeded(t, standin.Options{})
			if err := b.Inject(standin.Fault{On: standin.OpEndSession, When: when, Do: standin.Hang, Times: 1}); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			failed := make(chan error, 1)
			r := b.request(ctx, http.MethodPost, "/v2/sessions/end", endBody)
			go func() {
				_, err := b.send(r)
				failed <- err
			}()
			effect := when == standin.AfterEffect
			eventually(t, "the end call arrives", func() bool {
				calls := b.calls(standin.OpEndSession)
				return len(calls) == 1 && calls[0].Acted == effect
			})
			if b.isLive("62429766903bdf001299cac5") == effect {
				t.Errorf("the session is live: %t, want %t", effect, !effect)
			}
			select {
			case err := <-failed:
				t.Fatalf("it did not hang: %v", err)
			default:
			}
			cancel()
			if err := <-failed; !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want the client's own cancellation", err)
			}
			if call := b.calls(standin.OpEndSession)[0]; call.Status != 0 {
				t.Errorf("status %d recorded for no answer", call.Status)
			}
		})
	}
}

func TestFaultsMeetOnlyTheirRequests(t *testing.T) {
	b := twoRooms(t, standin.Options{})
	inject := func(fault standin.Fault) {
		t.Helper()
		if err := b.Inject(fault); err != nil {
			t.Fatal(err)
		}
	}
	status := func(path string, want int) {
		t.Helper()
		if got := b.do(http.MethodGet, path, ""); got.status != want {
			t.Errorf("GET %s: %d, want %d", path, got.status, want)
		}
	}

	inject(standin.Fault{On: standin.OpGetSession, Do: standin.Answer, Status: 500, Times: 2})
	inject(standin.Fault{On: standin.OpGetSession, Do: standin.Answer, Status: 502, Times: 1})
	status("/v2/sessions", 200)
	status("/v2/sessions/"+testID(1), 500)
	status("/v2/sessions/"+testID(1), 500)
	status("/v2/sessions/"+testID(1), 502)
	status("/v2/sessions/"+testID(1), 200)

	inject(standin.Fault{About: "custom-a", Do: standin.Answer, Status: 500})
	status("/v2/sessions?customRoomId=custom-a", 500)
	status("/v2/rooms/custom-a", 500)
	status("/v2/rooms/room-a", 200)
	status("/v2/sessions?customRoomId=custom-a", 500)
	b.ClearFaults()
	status("/v2/sessions?customRoomId=custom-a", 200)

	inject(standin.Fault{Do: standin.Answer, Status: 500})
	status("/v2/rooms/room-a", 500)
	status("/v2/recordings", 500)
}

func TestInjectRefusesNonsense(t *testing.T) {
	tests := []struct {
		name     string
		fault    standin.Fault
		problems []string
	}{
		{"nothing", standin.Fault{}, []string{`misbehaviour "" is none of`}},
		{"everything wrong", standin.Fault{On: "Dance", When: "later", Do: "explode", Times: -1, Status: 200, Body: "x", Delay: -1},
			[]string{`operation "Dance"`, `"later"`, `"explode"`, "-1 times", "no status", "no body"}},
		{"answer without a status", standin.Fault{Do: standin.Answer}, []string{"status 0"}},
		{"answer with an informational status", standin.Fault{Do: standin.Answer, Status: 100}, []string{"status 100"}},
		{"redirect that is none", standin.Fault{Do: standin.Redirect, Status: 200}, []string{"status 200"}},
		{"slow without a delay", standin.Fault{Do: standin.Slow}, []string{"delay of 0s"}},
		{"delay without slow", standin.Fault{Do: standin.Hang, Delay: time.Second}, []string{"delay of 1s"}},
		{"headers without an answer", standin.Fault{Do: standin.Reset, Header: http.Header{"A": {"b"}}}, []string{"no headers"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, standin.Options{})
			err := b.Inject(tt.fault)
			if err == nil {
				t.Fatal("it was accepted")
			}
			for _, problem := range tt.problems {
				if !strings.Contains(err.Error(), problem) {
					t.Errorf("error %q does not say %q", err, problem)
				}
			}
			if got := b.do(http.MethodGet, "/v2/sessions", ""); got.status != http.StatusOK {
				t.Errorf("the refused fault was met: %d", got.status)
			}
		})
	}
}
