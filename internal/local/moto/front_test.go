package moto

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func request(t *testing.T, target string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("{}"))
	if target != "" {
		r.Header.Set(targetHeader, target)
	}
	return r
}

func TestHoldKeepsAnAnswerBack(t *testing.T) {
	begun := time.Now()
	var passedOn time.Duration
	hold(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		passedOn = time.Since(begun)
	})).ServeHTTP(httptest.NewRecorder(), request(t, ""))
	if passedOn < soonest {
		t.Errorf("answered after %s, want at least %s", passedOn, soonest)
	}
}

func TestDynamoDBGetsOneRequestAtATime(t *testing.T) {
	var within, most atomic.Int32
	handler := oneAtATime(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		most.Store(max(most.Load(), within.Add(1)))
		time.Sleep(time.Millisecond)
		within.Add(-1)
	}))
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() { handler.ServeHTTP(httptest.NewRecorder(), request(t, "DynamoDB_20120810.PutItem")) })
	}
	callers.Wait()
	if got := most.Load(); got != 1 {
		t.Errorf("%d requests were passed on at once, want 1", got)
	}
}

func TestOtherServicesGetRequestsAtOnce(t *testing.T) {
	var both sync.WaitGroup
	both.Add(2)
	handler := oneAtATime(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		both.Done()
		both.Wait() // returns only when the other one is here too
	}))
	var callers sync.WaitGroup
	for range 2 {
		callers.Go(func() { handler.ServeHTTP(httptest.NewRecorder(), request(t, "AmazonSQS.ReceiveMessage")) })
	}
	callers.Wait()
}

func TestDynamoDBRequestIsSeenThroughWhenItsCallerGoesAway(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var seen error
	handler := oneAtATime(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		seen = r.Context().Err()
	}))
	handler.ServeHTTP(httptest.NewRecorder(), request(t, "DynamoDB_20120810.PutItem").WithContext(ctx))
	if seen != nil {
		t.Errorf("the request was given up: %v", seen)
	}
}

func TestInterceptedCallsAreCounted(t *testing.T) {
	counted := &calls{counts: map[string]int{}}
	moto := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	refuse := func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	}
	tests := []struct {
		name      string
		intercept func(http.Handler) http.Handler
		want      int
	}{
		{"passed on", nil, http.StatusTeapot},
		{"refused", refuse, http.StatusServiceUnavailable},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			front(moto, counted, test.intercept).ServeHTTP(w, request(t, "AWSEvents.PutEvents"))
			if w.Code != test.want {
				t.Errorf("status %d, want %d", w.Code, test.want)
			}
		})
	}
	if diff := cmp.Diff(map[string]int{"events:PutEvents": 2}, counted.all()); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
}

func TestOperationOf(t *testing.T) {
	tests := []struct{ name, target, want string }{
		{"DynamoDB", "DynamoDB_20120810.GetItem", "dynamodb:GetItem"},
		{"EventBridge", "AWSEvents.PutEvents", "events:PutEvents"},
		{"SQS", "AmazonSQS.SendMessage", "sqs:SendMessage"},
		{"Secrets Manager", "secretsmanager.GetSecretValue", "secretsmanager:GetSecretValue"},
		{"another service", "Logs_20140328.PutLogEvents", "Logs_20140328:PutLogEvents"},
		{"no operation", "AmazonSQS", ""},
		{"no header", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, ok := Operation(request(t, test.target))
			if got != test.want || ok != (test.want != "") {
				t.Errorf("operation %q, %t, want %q", got, ok, test.want)
			}
		})
	}
}

func TestPassOnKeepsTheHostAndAddsTheChecksum(t *testing.T) {
	var host string
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host = r.Host
		_, _ = io.WriteString(w, "123456789")
	}))
	defer upstream.Close()
	address, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, target, checksum string }{
		// The check value of CRC-32/ISO-HDLC in the catalogue of CRC algorithms.
		{"DynamoDB", "DynamoDB_20120810.GetItem", "3421780262"},
		{"another service", "AmazonSQS.SendMessage", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			r := request(t, test.target)
			r.Host = "127.0.0.1:4566"
			passOn(address).ServeHTTP(w, r)
			if w.Body.String() != "123456789" {
				t.Errorf("body %q", w.Body)
			}
			if got := w.Header().Get("X-Amz-Crc32"); got != test.checksum {
				t.Errorf("checksum %q, want %q", got, test.checksum)
			}
			if host != r.Host {
				t.Errorf("moto was asked as %q, want %q", host, r.Host)
			}
		})
	}
}

func TestPassOnSaysThatMotoIsGone(t *testing.T) {
	upstream := httptest.NewServer(http.NotFoundHandler())
	address, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	upstream.Close()
	w := httptest.NewRecorder()
	passOn(address).ServeHTTP(w, request(t, "AmazonSQS.SendMessage"))
	if w.Code != http.StatusBadGateway || !strings.Contains(w.Body.String(), "moto server") {
		t.Errorf("answer %d %q", w.Code, w.Body)
	}
}
