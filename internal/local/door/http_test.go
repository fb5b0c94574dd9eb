package door

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/local/lambdahost"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func newHTTP(t *testing.T, routes ...Route) *HTTP {
	t.Helper()
	h, err := NewHTTP(HTTPConfig{Routes: routes, Clock: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHTTPEvent(t *testing.T) {
	function := &recording{Invoker: answering(`{"statusCode":202}`)}
	h := newHTTP(t, Route{Method: "POST", Path: "/v1/webhooks/{source}", Function: function})

	r := httptest.NewRequest("POST", "http://api.local:8080/v1/webhooks/my%20lms?a=1&b=x%20y&a=2", strings.NewReader(`{"x":1}`))
	r.RemoteAddr = "192.0.2.7:4711"
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", "curl/8")
	r.Header.Set("X-Amzn-Trace-Id", "Root=1-a-b")
	r.Header.Set("X-Forwarded-For", "198.51.100.1")
	r.Header.Set("Connection", "keep-alive")
	r.Header.Add("X-Signature", "one")
	r.Header.Add("x-signature", "two")
	r.Header.Add("Cookie", "a=1; b=2")
	r.Header.Add("Cookie", "c=3")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 202 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	invocation := function.all()[0]
	if invocation.TraceID != "Root=1-a-b" {
		t.Errorf("trace %q", invocation.TraceID)
	}
	want := `{
		"version": "2.0",
		"routeKey": "POST /v1/webhooks/{source}",
		"rawPath": "/v1/webhooks/my lms",
		"rawQueryString": "a=1&b=x%20y&a=2",
		"cookies": ["a=1", "b=2", "c=3"],
		"headers": {
			"content-type": "application/json; charset=utf-8",
			"host": "api.local:8080",
			"user-agent": "curl/8",
			"x-amzn-trace-id": "Root=1-a-b",
			"x-forwarded-for": "198.51.100.1, 192.0.2.7",
			"x-forwarded-port": "8080",
			"x-forwarded-proto": "http",
			"x-signature": "one,two"
		},
		"queryStringParameters": {"a": "1,2", "b": "x y"},
		"pathParameters": {"source": "my lms"},
		"requestContext": {
			"accountId": "123456789012",
			"apiId": "local",
			"domainName": "api.local",
			"domainPrefix": "api",
			"http": {"method": "POST", "path": "/v1/webhooks/my lms", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7", "userAgent": "curl/8"},
			"requestId": "` + w.Header().Get("Apigw-Requestid") + `",
			"routeKey": "POST /v1/webhooks/{source}",
			"stage": "$default",
			"time": "23/Nov/2026:12:00:00 +0000",
			"timeEpoch": 1795435200000
		},
		"body": "{\"x\":1}",
		"isBase64Encoded": false
	}`
	if diff := cmp.Diff(document(t, []byte(want)), document(t, invocation.Payload)); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

func TestHTTPBodyEncoding(t *testing.T) {
	tests := map[string]struct {
		contentType string
		body        string
		want        string
		isBase64    bool
	}{
		"JSON":                {"application/json", `{"a":1}`, `{"a":1}`, false},
		"JSON in capitals":    {"Application/JSON; charset=UTF-8", `{"a":1}`, `{"a":1}`, false},
		"text":                {"text/plain", "ä", "ä", false},
		"XML":                 {"application/xml", "<a/>", "<a/>", false},
		"JavaScript":          {"application/javascript", "a()", "a()", false},
		"a form":              {"application/x-www-form-urlencoded", "a=1", "YT0x", true},
		"a JSON vendor type":  {"application/vnd.api+json", `{}`, "e30=", true},
		"binary":              {"application/octet-stream", "\x00\xff", "AP8=", true},
		"no type":             {"", "a", "YQ==", true},
		"a broken type":       {"application/json; =", "a", "YQ==", true},
		"text that is no UTF": {"text/plain", "\xff", "/w==", true},
		"no body":             {"application/octet-stream", "", "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			function := &recording{Invoker: answering(`{"statusCode":200}`)}
			h := newHTTP(t, Route{Method: "POST", Path: "/", Function: function})
			r := httptest.NewRequest("POST", "/", strings.NewReader(tt.body))
			if tt.contentType != "" {
				r.Header.Set("Content-Type", tt.contentType)
			}
			h.ServeHTTP(httptest.NewRecorder(), r)
			var event httpEvent
			if err := json.Unmarshal(function.all()[0].Payload, &event); err != nil {
				t.Fatal(err)
			}
			if event.Body != tt.want || event.IsBase64Encoded != tt.isBase64 {
				t.Errorf("body %q, base64 %t; want %q, %t", event.Body, event.IsBase64Encoded, tt.want, tt.isBase64)
			}
		})
	}
}

func TestHTTPAnswers(t *testing.T) {
	const (
		internalError = `{"message":"Internal Server Error"}` + "\n"
		unavailable   = `{"message":"Service Unavailable"}` + "\n"
		tooLarge      = `{"message":"Request Entity Too Large"}` + "\n"
	)
	tests := map[string]struct {
		function    Invoker
		status      int
		contentType string
		body        string
	}{
		"the full form": {answering(`{"statusCode":409,"headers":{"content-type":"application/problem+json"},"body":"{}"}`),
			409, "application/problem+json", "{}"},
		"base64": {answering(`{"statusCode":200,"headers":{"Content-Type":"image/png"},"body":"AP8=","isBase64Encoded":true}`),
			200, "image/png", "\x00\xff"},
		"no content type":       {answering(`{"statusCode":200,"body":"hi"}`), 200, "text/plain;charset=UTF-8", "hi"},
		"no body":               {answering(`{"statusCode":204}`), 204, "text/plain;charset=UTF-8", ""},
		"a null body":           {answering(`{"statusCode":200,"body":null}`), 200, "text/plain;charset=UTF-8", ""},
		"inferred from object":  {answering(`{"outcome":"ended"}`), 200, "application/json", `{"outcome":"ended"}`},
		"inferred from string":  {answering(`"hello"`), 200, "application/json", `"hello"`},
		"inferred from null":    {answering(`null`), 200, "application/json", `null`},
		"status is no number":   {answering(`{"statusCode":"teapot"}`), 500, "application/json", internalError},
		"status out of range":   {answering(`{"statusCode":42}`), 500, "application/json", internalError},
		"broken base64":         {answering(`{"statusCode":200,"body":"%","isBase64Encoded":true}`), 500, "application/json", internalError},
		"body is no string":     {answering(`{"statusCode":200,"body":{"a":1}}`), 500, "application/json", internalError},
		"a header is an object": {answering(`{"statusCode":200,"headers":{"a":{}}}`), 500, "application/json", internalError},
		"function error":        {failing(), 500, "application/json", internalError},
		"throttled":             {refusing(lambdahost.ErrThrottled), 503, "application/json", unavailable},
		"event too large":       {refusing(lambdahost.ErrPayloadTooLarge), 413, "application/json", tooLarge},
		"host is closed":        {refusing(lambdahost.ErrClosed), 500, "application/json", internalError},
		"another error":         {refusing(errors.New("no ports left")), 500, "application/json", internalError},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHTTP(t, Route{Method: "GET", Path: "/", Function: tt.function})
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
			if w.Code != tt.status || w.Body.String() != tt.body || w.Header().Get("Content-Type") != tt.contentType {
				t.Errorf("got %d %s %q, want %d %s %q", w.Code, w.Header().Get("Content-Type"), w.Body, tt.status, tt.contentType, tt.body)
			}
		})
	}
}

func TestHTTPAnswerHeadersAndCookies(t *testing.T) {
	h := newHTTP(t, Route{Method: "GET", Path: "/", Function: answering(`{"statusCode":200,
		"headers":{"retry-after":5,"x-flag":true,"content-length":"999","connection":"close"},
		"cookies":["a=1; Path=/","b=2"],"body":"hi"}`)})
	server := httptest.NewServer(h)
	defer server.Close()
	response, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || string(body) != "hi" {
		t.Errorf("body %q, %v", body, err)
	}
	if diff := cmp.Diff([]string{"a=1; Path=/", "b=2"}, response.Header.Values("Set-Cookie")); diff != "" {
		t.Errorf("cookies (-want +got):\n%s", diff)
	}
	if response.Header.Get("Retry-After") != "5" || response.Header.Get("X-Flag") != "true" || response.ContentLength != 2 {
		t.Errorf("headers %v, length %d", response.Header, response.ContentLength)
	}
}

func TestHTTPFunctionTooSlow(t *testing.T) {
	waits := invokerFunc(func(ctx context.Context, _ lambdahost.Invocation) (lambdahost.Response, error) {
		<-ctx.Done()
		return lambdahost.Response{}, ctx.Err()
	})
	h, err := NewHTTP(HTTPConfig{Routes: []Route{{Method: "GET", Path: "/", Function: waits}}, Timeout: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 503 || w.Body.String() != `{"message":"Service Unavailable"}`+"\n" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestHTTPBodyLimit(t *testing.T) {
	tests := map[string]struct {
		size int
		want int
	}{
		"10 MB":           {maxBodyBytes, 200},
		"one byte beyond": {maxBodyBytes + 1, 413},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHTTP(t, Route{Method: "POST", Path: "/", Function: answering(`{"statusCode":200}`)})
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("x", tt.size))))
			if w.Code != tt.want {
				t.Errorf("status %d, want %d", w.Code, tt.want)
			}
		})
	}
}

func TestHTTPSignedRoute(t *testing.T) {
	const authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261123/eu-central-1/execute-api/aws4_request, SignedHeaders=host, Signature=00"
	tests := map[string]struct {
		url           string
		authorization string
		status        int
		accessKey     string
	}{
		"no signature":       {"/", "", 403, ""},
		"another scheme":     {"/", "Bearer abc", 403, ""},
		"in the header":      {"/", authorization, 200, "AKIDEXAMPLE"},
		"in the query":       {"/?X-Amz-Signature=00&X-Amz-Credential=AKIDQUERY%2F20261123%2Feu", "", 200, "AKIDQUERY"},
		"an empty one":       {"/?X-Amz-Signature=", "", 403, ""},
		"header after query": {"/?X-Amz-Credential=AKIDQUERY", authorization, 200, "AKIDEXAMPLE"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			function := &recording{Invoker: answering(`{"statusCode":200}`)}
			h := newHTTP(t, Route{Method: "GET", Path: "/", Function: function, Signed: true})
			r := httptest.NewRequest("GET", tt.url, nil)
			if tt.authorization != "" {
				r.Header.Set("Authorization", tt.authorization)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Fatalf("status %d, want %d", w.Code, tt.status)
			}
			if tt.status == http.StatusForbidden {
				if len(function.all()) != 0 || w.Body.String() != `{"message":"Forbidden"}`+"\n" {
					t.Errorf("%d invocations, body %s", len(function.all()), w.Body)
				}
				return
			}
			var event httpEvent
			if err := json.Unmarshal(function.all()[0].Payload, &event); err != nil {
				t.Fatal(err)
			}
			if event.RequestContext.Authorizer == nil || event.RequestContext.Authorizer.IAM.AccessKey != tt.accessKey {
				t.Errorf("authorizer %+v, want access key %s", event.RequestContext.Authorizer, tt.accessKey)
			}
		})
	}
}
