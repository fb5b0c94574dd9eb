package awsjson_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/awsjson"
)

// service stands for a service of AWS that answers as told, one answer after the other, the last one for ever.
type service struct {
	*httptest.Server
	answers []answer

	mu       sync.Mutex // a call may be given up before its handler is done
	requests []*http.Request
	bodies   []string
}

type answer struct {
	status int
	header string // of X-Amzn-Errortype
	body   string
	hangUp bool
}

func newService(t *testing.T, answers ...answer) *service {
	t.Helper()
	s := &service{answers: answers}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		now := s.keep(r, string(body))
		if now.hangUp {
			panic(http.ErrAbortHandler)
		}
		if now.header != "" {
			w.Header().Set("X-Amzn-Errortype", now.header)
		}
		w.Header().Set("X-Amzn-Requestid", "r-1")
		w.WriteHeader(now.status)
		_, _ = io.WriteString(w, now.body)
	}))
	t.Cleanup(s.Close)
	return s
}

// keep keeps a request, and returns the answer to it.
func (s *service) keep(r *http.Request, body string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests, s.bodies = append(s.requests, r), append(s.bodies, body)
	return s.answers[min(len(s.requests), len(s.answers))-1]
}

// asked returns how many requests there were.
func (s *service) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

func (s *service) client(t *testing.T, change func(*aws.Config)) *awsjson.Client {
	t.Helper()
	c := aws.Config{Region: "eu-central-1", BaseEndpoint: &s.URL, Credentials: credentials.NewStaticCredentialsProvider("key", "secret", "token")}
	if change != nil {
		change(&c)
	}
	client, err := awsjson.New(awsjson.DynamoDB, c, clock)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestACallIsASignedDocument(t *testing.T) {
	s := newService(t, answer{status: 200, body: `{"Item":{"pk":"1"}}`})
	var out struct{ Item map[string]string }
	if err := s.client(t, nil).Call(t.Context(), "GetItem", map[string]string{"TableName": "t"}, &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"pk": "1"}, out.Item); diff != "" {
		t.Errorf("the answer (-want +got):\n%s", diff)
	}
	r := s.requests[0]
	got := map[string]string{
		"call": r.Method + " " + r.URL.Path, "target": r.Header.Get("X-Amz-Target"), "content": r.Header.Get("Content-Type"),
		"token": r.Header.Get("X-Amz-Security-Token"), "body": s.bodies[0],
	}
	want := map[string]string{
		"call": "POST /", "target": "DynamoDB_20120810.GetItem", "content": "application/x-amz-json-1.0", "token": "token", "body": `{"TableName":"t"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the call (-want +got):\n%s", diff)
	}
	authorization := r.Header.Get("Authorization")
	if !strings.HasPrefix(authorization, "AWS4-HMAC-SHA256 Credential=key/") || !strings.Contains(authorization, "/eu-central-1/dynamodb/aws4_request") {
		t.Errorf("signed as %q", authorization)
	}
}

// TestFailuresAreTriedAgainAsTheSDKDoes has failures of each kind, three attempts and no time between them.
func TestFailuresAreTriedAgainAsTheSDKDoes(t *testing.T) {
	ok := answer{status: 200, body: `{}`}
	tests := []struct {
		name    string
		answers []answer
		change  func(*aws.Config)
		calls   int
		code    string // of the error; empty for none, "-" for one without an answer
	}{
		{"taken", []answer{ok}, nil, 1, ""},
		{"down for a moment", []answer{{status: 503}, ok}, nil, 2, ""},
		{"down", []answer{{status: 500, body: `{"__type":"InternalServerError"}`}}, nil, 3, "InternalServerError"},
		{"throttled for a moment", []answer{{status: 400, body: `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}`}, ok}, nil, 2, ""},
		{"throttled by the header", []answer{{status: 400, header: "ThrottlingException:http://internal.amazon.com/"}, ok}, nil, 2, ""},
		{"refused", []answer{{status: 400, body: `{"__type":"x#ConditionalCheckFailedException","Message":"no"}`}}, nil, 1, "ConditionalCheckFailedException"},
		{"refused by something that is not the service", []answer{{status: 403, body: `<html>`}}, nil, 1, "UnknownError"},
		{"hung up for a moment", []answer{{hangUp: true}, ok}, nil, 2, ""},
		{"hung up", []answer{{hangUp: true}}, nil, 3, "-"},
		{"down, with one attempt", []answer{{status: 503}}, func(c *aws.Config) { c.RetryMaxAttempts = 1 }, 1, "UnknownError"},
		{"down, with five attempts", []answer{{status: 503}}, func(c *aws.Config) { c.RetryMaxAttempts = 5 }, 5, "UnknownError"},
		{"down for a moment, adaptive", []answer{{status: 503}, ok}, func(c *aws.Config) { c.RetryMode = aws.RetryModeAdaptive }, 2, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newService(t, tt.answers...)
			err := s.client(t, tt.change).Call(t.Context(), "PutItem", struct{}{}, nil)
			if calls := s.asked(); calls != tt.calls {
				t.Errorf("%d calls, want %d", calls, tt.calls)
			}
			var refusal smithy.APIError
			switch answered := errors.As(err, &refusal); {
			case tt.code == "" && err != nil, tt.code == "-" && (err == nil || answered):
				t.Errorf("got %v", err)
			case tt.code != "" && tt.code != "-" && (!answered || refusal.ErrorCode() != tt.code):
				t.Errorf("got %v, want %s", err, tt.code)
			}
		})
	}
}

func TestARefusalTellsWhatTheServiceSaid(t *testing.T) {
	document := `{"__type":"x#ConditionalCheckFailedException","message":"The conditional request failed","Item":{}}`
	s := newService(t, answer{status: 400, body: document})
	err := s.client(t, nil).Call(t.Context(), "PutItem", struct{}{}, nil)
	var got *awsjson.Error
	if !errors.As(err, &got) {
		t.Fatal(err)
	}
	want := &awsjson.Error{
		Status: 400, Code: "ConditionalCheckFailedException", Message: "The conditional request failed", RequestID: "r-1", Document: []byte(document),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the refusal (-want +got):\n%s", diff)
	}
	if got.ErrorFault() != smithy.FaultClient || got.ErrorMessage() != want.Message || string(got.Body()) != document {
		t.Errorf("got %+v", got)
	}
}

func TestAnAnswerThatIsNoDocumentIsAnError(t *testing.T) {
	s := newService(t, answer{status: 200, body: `<html>`})
	for name, out := range map[string]any{"read": &map[string]any{}, "not wanted": nil} {
		t.Run(name, func(t *testing.T) {
			var syntax *json.SyntaxError
			if err := s.client(t, nil).Call(t.Context(), "PutItem", struct{}{}, out); !errors.As(err, &syntax) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestACallerWhoGivesUpIsNotKeptWaiting(t *testing.T) {
	s := newService(t, answer{status: 503})
	ctx, giveUp := context.WithCancel(t.Context())
	client, err := awsjson.New(awsjson.DynamoDB, aws.Config{
		Region: "eu-central-1", BaseEndpoint: &s.URL, Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
	}, awsjson.Clock{Now: time.Now, Sleep: func(ctx context.Context, _ time.Duration) error {
		giveUp() // while the call waits to be made again
		<-ctx.Done()
		return ctx.Err()
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Call(ctx, "PutItem", struct{}{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if s.asked() != 1 {
		t.Errorf("%d calls, want 1", s.asked())
	}
}

// BenchmarkCall is a call without a network: what is signed, sent and read.
func BenchmarkCall(b *testing.B) {
	client, err := awsjson.New(awsjson.DynamoDB, aws.Config{
		Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("key", "secret", "token"), HTTPClient: instant{},
	}, clock)
	if err != nil {
		b.Fatal(err)
	}
	in := map[string]string{"TableName": "ledger", "Item": strings.Repeat("x", 1000)}
	b.ReportAllocs()
	for b.Loop() {
		if err := client.Call(b.Context(), "PutItem", in, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// instant answers every call at once.
type instant struct{}

// Do implements aws.HTTPClient.
func (instant) Do(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(`{}`))}, nil
}
