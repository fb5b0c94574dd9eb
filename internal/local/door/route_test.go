package door

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRoutes(t *testing.T) {
	function := answering(`{}`)
	table, err := newRouteTable([]Route{
		{Method: "POST", Path: "/v1/sessions/end", Function: function},
		{Method: "ANY", Path: "/v1/sessions/{id}", Function: function},
		{Method: "GET", Path: "/v1/sessions/{id}", Function: function},
		{Method: "POST", Path: "/v1/webhooks/{source}", Function: function},
	})
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		method, path string
		want         string // route key, empty for none
		parameters   map[string]string
	}{
		"literal before parameter":      {"POST", "/v1/sessions/end", "POST /v1/sessions/end", nil},
		"named method before ANY":       {"GET", "/v1/sessions/end", "GET /v1/sessions/{id}", map[string]string{"id": "end"}},
		"ANY":                           {"PUT", "/v1/sessions/42", "ANY /v1/sessions/{id}", map[string]string{"id": "42"}},
		"a parameter is decoded":        {"POST", "/v1/webhooks/a%2Fb", "POST /v1/webhooks/{source}", map[string]string{"source": "a/b"}},
		"another method":                {"GET", "/v1/webhooks/calcom", "", nil},
		"another path":                  {"POST", "/v2/sessions/end", "", nil},
		"a trailing slash":              {"POST", "/v1/sessions/end/", "", nil},
		"a doubled slash":               {"POST", "//v1/sessions/end", "", nil},
		"an empty parameter":            {"POST", "/v1/webhooks/", "", nil},
		"more segments than parameters": {"POST", "/v1/webhooks/a/b", "", nil},
		"a broken escape":               {"POST", "/v1/webhooks/%zz", "", nil},
		"case counts":                   {"POST", "/V1/sessions/end", "", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			route, parameters := table.find(tt.method, tt.path)
			got := ""
			if route != nil {
				got = route.key()
			}
			if got != tt.want {
				t.Errorf("route %q, want %q", got, tt.want)
			}
			if diff := cmp.Diff(tt.parameters, parameters); diff != "" {
				t.Errorf("parameters (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnknownRoute(t *testing.T) {
	h := newHTTP(t, Route{Method: "POST", Path: "/v1/sessions/end", Function: answering(`{}`)})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/v1/sessions/end", nil))
	if w.Code != 404 || w.Body.String() != `{"message":"Not Found"}`+"\n" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestNewHTTPNamesEveryProblem(t *testing.T) {
	ok := answering(`{}`)
	_, err := NewHTTP(HTTPConfig{Routes: []Route{
		{Method: "post", Path: "/a", Function: ok},
		{Method: "GET", Path: "b", Function: ok},
		{Method: "GET", Path: "/c/{rest+}", Function: ok},
		{Method: "GET", Path: "/d"},
		{Method: "GET", Path: "/e", Function: ok},
		{Method: "GET", Path: "/e", Function: ok},
	}})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		`"post /a": the method must be in capitals`,
		`"GET b": the path must begin with a slash`,
		`"GET /c/{rest+}": parameters of several segments are not supported`,
		`"GET /d": the function is missing`,
		`"GET /e" is given twice`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not named in: %v", want, err)
		}
	}
}
