package lambdahost

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// What a well-behaved runtime never asks for; the rest is tested with real
// processes.
func TestRuntimeAPIRefusals(t *testing.T) {
	const (
		invocation = "/2018-06-01/runtime/invocation/"
		register   = "/2020-01-01/extension/register"
	)
	tests := map[string]struct {
		path, body string
		extension  string
		ready      bool // the runtime has asked for an event before
		status     int
		errorType  string
	}{
		"response to an unknown call":   {path: invocation + "x/response", body: `{}`, status: 400, errorType: "InvalidRequestID"},
		"error of an unknown call":      {path: invocation + "x/error", body: `{}`, status: 400, errorType: "InvalidRequestID"},
		"init error":                    {path: "/2018-06-01/runtime/init/error", body: `{}`, status: 202, errorType: ErrorTypeUnknown},
		"init error after the init":     {path: "/2018-06-01/runtime/init/error", body: `{}`, ready: true, status: 403, errorType: "InvalidStateTransition"},
		"extension":                     {path: register, body: `{"events":[]}`, extension: "x", status: 200, errorType: ErrorTypeUnknown},
		"extension without a name":      {path: register, body: `{"events":[]}`, status: 400, errorType: "Extension.InvalidExtensionName"},
		"extension that wants events":   {path: register, body: `{"events":["INVOKE"]}`, extension: "x", status: 501, errorType: "Extension.InvalidEventType"},
		"extension with a broken body":  {path: register, body: `{`, extension: "x", status: 400, errorType: "InvalidRequestFormat"},
		"a path that is not of the API": {path: "/2018-06-01/runtime/exit", status: 404, errorType: ErrorTypeUnknown},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e, err := newEnvironment(Function{Name: "f", Bootstrap: "/bootstrap"}, time.Now, func(string) {})
			if err != nil {
				t.Fatal(err)
			}
			defer e.listener.Close()
			close(e.started) // and there is no process
			if tt.ready {
				over, cancel := context.WithCancel(t.Context())
				cancel()
				e.routes().ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(over, "GET", invocation+"next", nil))
			}
			r := httptest.NewRequest("POST", tt.path, strings.NewReader(tt.body))
			if tt.extension != "" {
				r.Header.Set("Lambda-Extension-Name", tt.extension)
			}
			w := httptest.NewRecorder()
			e.routes().ServeHTTP(w, r)
			if got := errorType(w.Body.Bytes()); w.Code != tt.status || got != tt.errorType {
				t.Errorf("got %d %s, want %d %s", w.Code, w.Body, tt.status, tt.errorType)
			}
		})
	}
}

func TestPostedErrors(t *testing.T) {
	tests := map[string]struct {
		document, kind string
		want           string
	}{
		"a document":              {`{"errorType":"A","errorMessage":"b"}`, "Function.B", `{"errorType":"A","errorMessage":"b"}`},
		"plain text":              {"it broke", "Function.Broken", `{"errorType":"Function.Broken","errorMessage":"it broke"}`},
		"plain text, no type":     {"it broke", "", `{"errorType":"Runtime.Unknown","errorMessage":"it broke"}`},
		"nothing":                 {"", "Function.Broken", `{"errorType":"Function.Broken","errorMessage":""}`},
		"a document of any shape": {`"it broke"`, "", `"it broke"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := errorAnswer([]byte(tt.document), tt.kind)
			if !got.failed || string(got.payload) != tt.want {
				t.Errorf("got %t %s, want %s", got.failed, got.payload, tt.want)
			}
		})
	}
}
