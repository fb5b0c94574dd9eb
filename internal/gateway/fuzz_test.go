package gateway_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/gateway"
)

// FuzzGateway reads any payload as a call, and makes the same call again in each format: everything that a caller sent has to be there.
func FuzzGateway(f *testing.F) {
	paths, err := filepath.Glob("../../events/http*/*.json")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no samples: %v", err)
	}
	for i, path := range paths {
		payload, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(payload, uint16(i*i))
	}
	for _, payload := range []string{
		``, `null`, `[]`, `{"requestContext":null,"httpMethod":"POST"}`, `{"httpMethod":"GET","requestContext":{"http":{"method":"POST"}}}`,
		`{"httpMethod":"POST","requestContext":{"requestId":" g\n"},"headers":{"a":null,"A":"1","":"2","x y":"3"},"multiValueHeaders":{"a":null,"B":["1","2"]},"body":null}`,
		`{"requestContext":{"http":{"method":"POST"}},"isBase64Encoded":true,"body":"e30=\n"}`, `{"requestContext":{"http":{"method":"POST"}},"isBase64Encoded":true,"body":"e30"}`,
		`{"requestContext":{"http":{"method":"POST"}},"pathParameters":{"source":"calcom"},"body":"\ud83d"}`,
	} {
		f.Add([]byte(payload), uint16(len(payload)))
	}
	f.Fuzz(func(t *testing.T, payload []byte, most uint16) {
		call, ok := gateway.Parse(payload)
		if !ok {
			if diff := cmp.Diff(gateway.Call{}, call, cmp.AllowUnexported(gateway.Call{})); diff != "" {
				t.Errorf("no call, and there is one:\n%s", diff)
			}
			return
		}
		if call.Method == "" {
			t.Error("a call without a method")
		}
		for name := range call.Header {
			if name != http.CanonicalHeaderKey(name) {
				t.Errorf("a header by the name %q", name)
			}
		}
		body, err := call.Body(int(most))
		if err != nil {
			if body != nil || !errors.Is(err, gateway.ErrTooLarge) && !errors.Is(err, gateway.ErrNotBase64) {
				t.Errorf("body %q with the error %v", body, err)
			}
			return
		}
		if len(body) > int(most) {
			t.Errorf("%d bytes, of which %d were allowed", len(body), most)
		}
		for name, again := range formats(t, call, body) {
			got, ok := gateway.Parse(again)
			if !ok {
				t.Fatalf("in %s it is no call: %s", name, again)
			}
			gotBody, err := got.Body(len(body))
			if err != nil || string(gotBody) != string(body) || got.Method != call.Method || got.ID != call.ID || cmp.Diff(call.Header, got.Header) != "" {
				t.Errorf("in %s: %v, %q, %+v; want %+v", name, err, gotBody, got, call)
			}
			if _, err := got.Body(len(body) - 1); len(body) > 0 && !errors.Is(err, gateway.ErrTooLarge) {
				t.Errorf("in %s, a byte too long: %v", name, err)
			}
		}
	})
}

// formats writes a call as each gateway does.
func formats(t *testing.T, call gateway.Call, body []byte) map[string][]byte {
	t.Helper()
	type object = map[string]any
	all := map[string][]byte{}
	for name, payload := range map[string]object{
		"format 1.0": {"httpMethod": call.Method, "requestContext": object{"requestId": call.ID, "httpMethod": call.Method}},
		"format 2.0": {"version": "2.0", "requestContext": object{"requestId": call.ID, "http": object{"method": call.Method}}},
	} {
		single := map[string]string{}
		for header, values := range call.Header {
			single[header] = values[len(values)-1]
			if name == "format 1.0" || len(values) > 1 {
				payload["multiValueHeaders"] = call.Header
			}
		}
		payload["headers"] = single
		for _, inBase64 := range []bool{true, false} {
			payload["isBase64Encoded"], payload["body"] = inBase64, string(body)
			if inBase64 {
				payload["body"] = base64.StdEncoding.EncodeToString(body)
			} else if !utf8.Valid(body) {
				continue // no gateway can write that
			}
			text, err := json.Marshal(payload)
			if err != nil {
				t.Fatal(err)
			}
			if inBase64 {
				name += ", in base64"
			}
			all[name] = text
		}
	}
	return all
}
