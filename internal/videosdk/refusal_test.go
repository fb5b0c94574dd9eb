package videosdk_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/local/standin"
	"videosdk-end-session/internal/redacted"
	"videosdk-end-session/internal/videosdk"
)

// refused is an answer other than 2xx, and what becomes of it.
type refused struct {
	name       string
	status     int
	header     http.Header
	body       string
	want       endsession.Error // without what is the same for all
	message    string           // after "VideoSDK answered <status>"
	vendorCode string
}

var rejected = endsession.Error{Code: endsession.CodeVideoSDKRejected, Class: endsession.Permanent}

func throttled(after time.Duration) endsession.Error {
	return endsession.Error{Code: endsession.CodeVideoSDKThrottled, Class: endsession.Transient, RetryAfter: after}
}

func unavailable(after time.Duration) endsession.Error {
	return endsession.Error{Code: endsession.CodeVideoSDKUnavailable, Class: endsession.Transient, RetryAfter: after, Uncertain: true}
}

// meet makes every call and lets each be refused.
func (r refused) meet(t *testing.T) {
	for _, op := range operations {
		t.Run(r.name+", "+op.name, func(t *testing.T) {
			server := startLive(t, standin.Options{})
			inject(t, server, standin.Fault{Do: standin.Answer, Status: r.status, Header: r.header, Body: r.body})
			err := op.do(t.Context(), newClient(t, server.URL(), nil, nil))

			calls, wantCalls := server.Calls(), 1
			if r.status == http.StatusUnauthorized {
				wantCalls = 2
			}
			if len(calls) != wantCalls {
				t.Fatalf("called %d times, want %d", len(calls), wantCalls)
			}
			want := r.want
			if want.Class == endsession.NotFound {
				want.Code = op.notFound
			}
			want.HTTPStatus, want.VendorCode, want.RequestID = r.status, r.vendorCode, calls[wantCalls-1].RequestID
			want.Message = fmt.Sprintf("VideoSDK answered %d%s", r.status, r.message)
			if diff := cmp.Diff(&want, endsession.AsError(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRefusedByStatus(t *testing.T) {
	notFound := endsession.Error{Class: endsession.NotFound} // the code is the call's
	unauthorized := endsession.Error{Code: endsession.CodeVideoSDKUnauthorized, Class: endsession.Credentials}
	forbidden := endsession.Error{Code: endsession.CodeVideoSDKForbidden, Class: endsession.Credentials}
	conflict := endsession.Error{Code: endsession.CodeVideoSDKConflict, Class: endsession.Permanent}
	misled := endsession.Error{Code: endsession.CodeVideoSDKUnreadable, Class: endsession.Transient}
	for _, r := range []refused{
		{name: "400", status: 400, body: `{"message":"roomId is required","code":"E-17"}`, want: rejected, message: ": roomId is required", vendorCode: "E-17"},
		{name: "400 for an unknown room", status: 400, body: `{"message":"Room not found."}`, want: notFound, message: ": Room not found."},
		{name: "400 for an impossible room", status: 400, body: `{"error":"RoomId is invalid."}`, want: notFound, message: ": RoomId is invalid."},
		{name: "400 that is only like an unknown room", status: 400, body: `{"message":"Room not found. Or so."}`, want: rejected, message: ": Room not found. Or so."},
		{name: "another status for an unknown room", status: 422, body: `{"message":"Room not found."}`, want: rejected, message: ": Room not found."},
		{name: "401", status: 401, body: `{"message":"Token is invalid or expired"}`, want: unauthorized, message: ": Token is invalid or expired"},
		{name: "402 is not found", status: 402, body: `{"message":"?"}`, want: notFound, message: ": ?"},
		{name: "403", status: 403, body: `{"message":"Not permitted","code":7}`, want: forbidden, message: ": Not permitted", vendorCode: "7"},
		{name: "404", status: 404, body: `{"message":"Session not found."}`, want: notFound, message: ": Session not found."},
		{name: "404 of a proxy", status: 404, body: "404 page not found\n", want: notFound, message: ": 404 page not found"},
		{name: "405", status: 405, body: `{"message":"Method not allowed"}`, want: rejected, message: ": Method not allowed"},
		{name: "408 may have had its effect", status: 408, body: `{"message":"Timeout"}`, want: unavailable(0), message: ": Timeout"},
		{name: "409", status: 409, body: `{"message":"Conflict","errorCode":"SESSION_ENDED"}`, want: conflict, message: ": Conflict", vendorCode: "SESSION_ENDED"},
		{name: "413", status: 413, body: `{"message":"Too large"}`, want: rejected, message: ": Too large"},
		{name: "422", status: 422, body: `{"message":"Unprocessable"}`, want: rejected, message: ": Unprocessable"},
		{name: "429", status: 429, body: `{"message":"Slow down"}`, want: throttled(0), message: ": Slow down"},
		{name: "500", status: 500, body: `{"message":"Oops","code":"E1","errorCode":"E2"}`, want: unavailable(0), message: ": Oops", vendorCode: "E1"},
		{name: "502 of a proxy", status: 502, body: "upstream connect error", want: unavailable(0), message: ": upstream connect error"},
		{name: "503", status: 503, body: `{"message":"Maintenance"}`, want: unavailable(0), message: ": Maintenance"},
		{name: "504", status: 504, body: `{}`, want: unavailable(0)},
		{name: "599", status: 599, body: `{}`, want: unavailable(0)},
		{name: "300", status: 300, body: `{}`, want: misled},
		{name: "302 to nowhere", status: 302, header: http.Header{"Location": {"http://[::1"}}, body: `{}`, want: misled},
		{name: "304", status: 304, want: misled},
	} {
		r.meet(t)
	}
}

func TestRetryAfter(t *testing.T) {
	retry := func(value string) http.Header { return http.Header{"Retry-After": {value}} }
	for _, r := range []refused{
		{name: "seconds", status: 429, header: retry("7"), body: `{}`, want: throttled(7 * time.Second)},
		{name: "no wait", status: 429, header: retry("0"), body: `{}`, want: throttled(0)},
		{name: "negative", status: 429, header: retry("-7"), body: `{}`, want: throttled(0)},
		{name: "a day and a second", status: 429, header: retry("86401"), body: `{}`, want: throttled(24 * time.Hour)},
		{name: "seconds beyond a Duration", status: 429, header: retry("9223372036854775807"), body: `{}`, want: throttled(24 * time.Hour)},
		{name: "seconds beyond an integer", status: 429, header: retry("99999999999999999999"), body: `{}`, want: throttled(24 * time.Hour)},
		{name: "negative beyond an integer", status: 429, header: retry("-99999999999999999999"), body: `{}`, want: throttled(0)},
		{name: "date", status: 429, header: retry("Mon, 23 Nov 2026 10:00:42 GMT"), body: `{}`, want: throttled(42 * time.Second)},
		{name: "old date format", status: 429, header: retry("Monday, 23-Nov-26 10:01:00 GMT"), body: `{}`, want: throttled(time.Minute)},
		{name: "past date", status: 429, header: retry("Mon, 23 Nov 2026 09:59:00 GMT"), body: `{}`, want: throttled(0)},
		{name: "date beyond a Duration", status: 429, header: retry("Fri, 31 Dec 9999 23:59:59 GMT"), body: `{}`, want: throttled(24 * time.Hour)},
		{name: "fraction", status: 429, header: retry("1.5"), body: `{}`, want: throttled(0)},
		{name: "garbage", status: 429, header: retry("soon"), body: `{}`, want: throttled(0)},
		{name: "with 503", status: 503, header: retry("3"), body: `{"message":"Maintenance"}`, want: unavailable(3 * time.Second), message: ": Maintenance"},
	} {
		r.meet(t)
	}
}

func TestMessageAndCode(t *testing.T) {
	const most = 512 // characters
	for _, r := range []refused{
		{name: "error after an empty message", status: 400, body: `{"message":"","error":"e","msg":"m","statusMessage":"s"}`, want: rejected, message: ": e"},
		{name: "msg", status: 400, body: `{"message":null,"error":{},"msg":"m","statusMessage":"s"}`, want: rejected, message: ": m"},
		{name: "statusMessage", status: 400, body: `{"statusMessage":"s"}`, want: rejected, message: ": s"},
		{name: "message first", status: 400, body: `{"statusMessage":"s","msg":"m","error":"e","message":"first"}`, want: rejected, message: ": first"},
		{name: "number for a message", status: 400, body: `{"message":17}`, want: rejected, message: ": 17"},
		{name: "object without a message", status: 400, body: `{"detail":"nobody reads this"}`, want: rejected},
		{name: "plain text", status: 400, body: "  no\n", want: rejected, message: ": no"},
		{name: "blank", status: 400, body: " \n", want: rejected},
		{name: "no UTF-8", status: 400, body: "a\xffb", want: rejected, message: ": a\uFFFDb"},
		{name: "long message", status: 400, body: `{"message":"` + strings.Repeat("ä", 5000) + `"}`, want: rejected, message: ": " + strings.Repeat("ä", most-len("VideoSDK answered 400: ")-1) + "…"},
		{name: "long plain text", status: 500, body: strings.Repeat("x", 2<<20), want: unavailable(0), message: ": " + strings.Repeat("x", most-len("VideoSDK answered 500: ")-1) + "…"},
		{name: "long code", status: 400, body: `{"code":"` + strings.Repeat("x", 600) + `"}`, want: rejected, vendorCode: strings.Repeat("x", most-1) + "…"},
	} {
		r.meet(t)
	}
}

func TestRequestID(t *testing.T) {
	tests := []struct {
		name   string
		header http.Header
		want   string
	}{
		{name: "none", header: http.Header{}},
		{name: "x-request-id", header: http.Header{"X-Request-Id": {"a"}}, want: "a"},
		{name: "request-id", header: http.Header{"Request-Id": {"a"}}, want: "a"},
		{name: "x-amzn-requestid", header: http.Header{"X-Amzn-Requestid": {"a"}}, want: "a"},
		{name: "x-amz-request-id", header: http.Header{"X-Amz-Request-Id": {"a"}}, want: "a"},
		{name: "VideoSDK's own before the cloud's", header: http.Header{"X-Amzn-Requestid": {"b"}, "Request-Id": {"a"}}, want: "a"},
		{name: "too long", header: http.Header{"X-Request-Id": {strings.Repeat("x", 2000)}}, want: strings.Repeat("x", 511) + "…"},
	}
	for _, tt := range tests {
		for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
			t.Run(fmt.Sprintf("%s, %d", tt.name, status), func(t *testing.T) {
				server := record(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
					for name, values := range tt.header {
						w.Header()[name] = values
					}
					w.WriteHeader(status)
				})
				// Of the answers with 200 it is the unreadable ones that are errors.
				_, err := newClient(t, server.URL, nil, nil).Session(t.Context(), sessionID)
				if got := endsession.AsError(err); got == nil || got.RequestID != tt.want || got.HTTPStatus != status {
					t.Errorf("got %+v, want request id %q", got, tt.want)
				}
			})
		}
	}
}

// TestRefusalsLeakNothing meets servers that repeat what they were sent.
func TestRefusalsLeakNothing(t *testing.T) {
	tests := []struct {
		name string
		body func(token string) string
	}{
		{name: "message", body: func(token string) string {
			return fmt.Sprintf(`{"message":"token %s of key %s with secret %s is refused"}`, token, apiKey, secret)
		}},
		{name: "plain text", body: func(token string) string {
			return "Authorization: " + token + "\napikey: " + apiKey + "\nsecret: " + secret
		}},
		{name: "without spaces", body: func(token string) string { return secret + token + apiKey + secret + secret }},
		{name: "code", body: func(token string) string {
			return `{"message":"[redacted]","code":"` + token + "/" + apiKey + "/" + secret + `"}`
		}},
		{name: "where the message is cut", body: func(token string) string {
			return strings.Repeat("x", 512-len("VideoSDK answered 401: ")-len(secret)/2) + secret + token + "[redacted]"
		}},
	}
	for _, tt := range tests {
		for _, status := range []int{302, 400, 401, 403, 404, 409, 429, 500} {
			t.Run(fmt.Sprintf("%s, %d", tt.name, status), func(t *testing.T) {
				server := record(t, func(w http.ResponseWriter, r *http.Request, _ int) {
					w.WriteHeader(status)
					_, _ = w.Write([]byte(tt.body(r.Header.Get("Authorization"))))
				})
				_, err := newClient(t, server.URL, nil, nil).End(t.Context(), roomID, sessionID, soon)
				got := endsession.AsError(err)
				if got == nil || got.HTTPStatus != status {
					t.Fatalf("got %+v, want an answer of %d", got, status)
				}
				printed := fmt.Sprintf("%v %+v %#v", err, *got, *got)
				for what, private := range map[string]string{
					"token": server.all()[0].header.Get("Authorization"), "key": apiKey, "secret": secret, "beginning of the secret": secret[:8],
				} {
					if private == "" || strings.Contains(printed, private) {
						t.Errorf("the %s is in %s", what, printed)
					}
				}
				if !strings.Contains(printed, "[redacted]") && !strings.Contains(got.Message, "xxx") {
					t.Errorf("nothing was repeated: %s", printed)
				}
			})
		}
	}
}

// TestKeyWithinTheSecret has a secret that begins with its key: masking the key first would leave the rest of the secret.
func TestKeyWithinTheSecret(t *testing.T) {
	pair := videosdk.Credentials{APIKey: "key", Secret: redacted.New("key-and-more")}
	server := record(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte("<key-and-more><key>"))
	})
	_, err := newClient(t, server.URL, steady(pair), nil).Session(t.Context(), sessionID)
	if got := endsession.AsError(err); got == nil || got.Message != "VideoSDK answered 400: <[redacted]><[redacted]>" {
		t.Errorf("got %v", err)
	}
}

// TestRedirectsAreNotFollowed has a second server that must never see a token.
func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, op := range operations {
			t.Run(strconv.Itoa(status)+", "+op.name, func(t *testing.T) {
				elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					t.Errorf("%s %s went elsewhere, with Authorization %q", r.Method, r.URL, r.Header["Authorization"])
				}))
				t.Cleanup(elsewhere.Close)
				for _, location := range []string{elsewhere.URL + "/v2/sessions", ""} { // another host, and the stand-in's own
					server := startLive(t, standin.Options{})
					fault := standin.Fault{Do: standin.Redirect, Status: status}
					if location != "" {
						fault.Header = http.Header{"Location": {location}}
					}
					inject(t, server, fault)
					err := op.do(t.Context(), newClient(t, server.URL(), nil, nil))
					got := endsession.AsError(err)
					if got == nil || got.Code != endsession.CodeVideoSDKUnreadable || got.Class != endsession.Transient || got.HTTPStatus != status {
						t.Errorf("got %+v", got)
					}
					if calls := server.Calls(); len(calls) != 1 {
						t.Errorf("called %d times, want once", len(calls))
					}
				}
			})
		}
	}
}

func TestAPageIsAnotherServersAnswer(t *testing.T) {
	for _, status := range []int{400, 402, 404, 405, 409, 422} {
		server := record(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte("\n<html><body>Not here</body></html>"))
		})
		_, err := newClient(t, server.URL, nil, nil).Live(t.Context(), endsession.Target{RoomID: "r"})
		if got := endsession.AsError(err); got == nil || got.Code != endsession.CodeVideoSDKUnreadable || got.Class != endsession.Transient {
			t.Errorf("%d with a page: got %+v, want a transient videosdk_unreadable", status, got)
		}
	}
}

func TestJSONThatIsNoMessageIsNotQuoted(t *testing.T) {
	for _, body := range []string{
		`{"message":"conflict","data":{"participants":[{"name":"Jane Roe","email":`, `[{"name":"Jane Roe"}]`, `"Jane Roe"`, ` {"name":"Jane Roe"`,
	} {
		server := record(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.WriteHeader(http.StatusConflict)
			_, _ = w.Write([]byte(body))
		})
		_, err := newClient(t, server.URL, nil, nil).End(t.Context(), "r", "s", soon)
		if got := endsession.AsError(err); got == nil || got.Message != "VideoSDK answered 409" {
			t.Errorf("%s: got %+v, want a message without it", body, got)
		}
	}
}
