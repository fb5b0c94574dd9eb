package openapi

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"videosdk-end-session/internal/local/template"
)

const root = "../../.."

func read(t *testing.T) *Document {
	t.Helper()
	d, err := Read(root)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestTheDocumentIsOpenAPI compares it with the schema of the OpenAPI
// Initiative, https://spec.openapis.org/oas/3.1/schema/2022-10-07, which is
// under the Apache License 2.0.
func TestTheDocumentIsOpenAPI(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "openapi-3.1.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	specification, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("openapi.json", specification); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(read(t).root); err != nil {
		t.Error(err)
	}
}

// TestTheDoorsAreThoseOfTheTemplate holds the paths to those that requests are
// routed by.
func TestTheDoorsAreThoseOfTheTemplate(t *testing.T) {
	deployed, err := template.Read(filepath.Join(root, "template.yaml"), template.Stack{
		Name: "demo", AccountID: "123456789012", Region: "eu-central-1", Endpoint: "http://127.0.0.1:4566",
	}, map[string]string{"VideoSdkSecretId": "videosdk", "WebhookSecretId": "webhooks"})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, function := range deployed.Functions {
		for _, route := range function.Routes {
			want = append(want, route.Method+" "+route.Path)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, read(t).Operations()); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
}

func outcome(t *testing.T, name string) string {
	t.Helper()
	detail, err := os.ReadFile(filepath.Join(root, "internal", "publish", "testdata", name+".golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(detail)
}

func TestCheck(t *testing.T) {
	const (
		end, hook       = "/v1/sessions/end", "/v1/webhooks/calcom"
		plain, problem  = "application/json", "application/problem+json"
		inProgress      = `{"title":"Conflict","status":409,"detail":"wait","code":"in_progress","id":"1","occurredAt":"2026-11-23T10:00:00Z"}`
		notJSON         = `{"title":"Bad Request","status":400,"detail":"no","code":"invalid_json","id":"1","occurredAt":"2026-11-23T10:00:00Z"}`
		undecided       = `{"title":"Service Unavailable","status":503,"detail":"","code":"queue_unavailable"}`
		allowed, origin = "Allow", "WebHook-Allowed-Origin"
	)
	refused := `{"title":"Conflict","status":409,"detail":"no","code":"before_window","id":"1","occurredAt":"2026-11-23T10:00:00Z","event":` + outcome(t, "refused") + `}`
	tests := []struct {
		name, method, path string
		status             int
		header             map[string]string
		body               string
		want               string // part of the problem; empty for none
	}{
		{"ended", "POST", end, 200, map[string]string{"Content-Type": plain}, outcome(t, "ended"), ""},
		{"ending", "POST", end, 202, map[string]string{"Content-Type": plain}, outcome(t, "ending"), ""},
		{"refused", "POST", end, 409, map[string]string{"Content-Type": problem}, refused, ""},
		{"in progress", "POST", end, 409, map[string]string{"Content-Type": problem, "Retry-After": "3"}, inProgress, ""},
		{"unsigned", "POST", end, 403, map[string]string{"Content-Type": plain}, `{"message":"Forbidden"}`, ""},
		{"a genuine webhook", "POST", hook, 202, map[string]string{"Content-Type": plain}, `{"status":"accepted","id":"1"}`, ""},
		{"a webhook of nobody", "POST", hook, 401, nil, ``, ""},
		{"permission", "OPTIONS", hook, 200, map[string]string{allowed: "POST", origin: "a"}, ``, ""},

		{"another path", "POST", "/v1/sessions", 200, nil, ``, "is not described"},
		{"another method", "GET", end, 200, nil, ``, "GET /v1/sessions/end is not described"},
		{"another status", "POST", end, 201, nil, ``, "the status 201 is not described"},
		{"another content type", "POST", end, 200, map[string]string{"Content-Type": "text/plain"}, outcome(t, "ended"), `the content type "text/plain" is not described`},
		{"no JSON", "POST", end, 200, map[string]string{"Content-Type": plain}, `{`, "the body is no JSON"},
		{"an outcome of another status", "POST", end, 200, map[string]string{"Content-Type": plain}, outcome(t, "ending"), "at '/outcome'"},
		{"a broken outcome", "POST", end, 200, map[string]string{"Content-Type": plain}, `{"outcome":"ended"}`, "missing properties"},
		{"a broken event in a problem", "POST", end, 409, map[string]string{"Content-Type": problem}, strings.Replace(refused, `"schemaVersion"`, `"version"`, 1), "missing property"},
		{"a refusal without its event", "POST", end, 409, map[string]string{"Content-Type": problem}, strings.Replace(inProgress, "in_progress", "before_window", 1), "oneOf"},
		{"a code of another status", "POST", end, 400, map[string]string{"Content-Type": problem}, strings.Replace(notJSON, "invalid_json", "body_too_large", 1), "at '/code'"},
		{"a status of another answer", "POST", end, 400, map[string]string{"Content-Type": problem}, strings.Replace(notJSON, "400", "409", 1), "at '/status'"},
		{"a problem without an id", "POST", end, 400, map[string]string{"Content-Type": problem}, strings.Replace(notJSON, `"id"`, `"key"`, 1), "missing property 'id'"},
		{"a wait in words", "POST", hook, 503, map[string]string{"Content-Type": problem, "Retry-After": "soon"}, undecided, "the header Retry-After"},
		{"a hint for strangers", "POST", hook, 401, nil, `no signature`, "a body is not described"},
		{"permission without an origin", "OPTIONS", hook, 200, map[string]string{allowed: "POST"}, ``, "the header WebHook-Allowed-Origin is missing"},
	}
	d := read(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := Answer{Status: test.status, Header: http.Header{}, Body: []byte(test.body)}
			for name, value := range test.header {
				a.Header.Set(name, value)
			}
			err := d.Check(test.method, test.path, a)
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error %v does not say %q", err, test.want)
			}
		})
	}
}

func TestCodes(t *testing.T) {
	d := read(t)
	codes, err := d.Codes("POST", "/v1/sessions/end", http.StatusConflict)
	if err != nil || !slices.Contains(codes, "in_progress") || !slices.Contains(codes, "conflict") {
		t.Errorf("codes %v, %v", codes, err)
	}
	codes, err = d.Codes("OPTIONS", "/v1/webhooks/x", http.StatusServiceUnavailable)
	if err != nil || !slices.Contains(codes, "webhook_source_invalid") {
		t.Errorf("codes by a reference %v, %v", codes, err)
	}
	if _, err := d.Codes("POST", "/v1/sessions/end", http.StatusTeapot); err == nil {
		t.Error("an answer that is not described has codes")
	}
}
