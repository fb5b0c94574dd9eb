package door

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Route sends the requests for one method and path to a function.
type Route struct {
	// Method in capitals, or ANY.
	Method string

	// Path begins with a slash; a segment in braces, as in
	// /v1/webhooks/{source}, takes any one segment and becomes a path parameter.
	Path string

	// Function that gets the requests.
	Function Invoker

	// Signed asks for a request signed with AWS Signature Version 4, as a route
	// with IAM authorization does. Only that the request carries a signature is
	// checked: the signature itself is NOT verified here, and neither are
	// permissions. On AWS both are.
	Signed bool
}

// key is the route key of API Gateway, "POST /v1/sessions/end".
func (r Route) key() string { return r.Method + " " + r.Path }

func (r Route) validate() error {
	switch {
	case r.Method == "" || r.Method != strings.ToUpper(r.Method):
		return fmt.Errorf("route %q: the method must be in capitals", r.key())
	case !strings.HasPrefix(r.Path, "/"):
		return fmt.Errorf("route %q: the path must begin with a slash", r.key())
	case strings.Contains(r.Path, "+}"):
		return fmt.Errorf("route %q: parameters of several segments are not supported", r.key())
	case r.Function == nil:
		return fmt.Errorf("route %q: the function is missing", r.key())
	}
	return nil
}

// routeTable finds the route of a request. http.ServeMux is not used because it
// redirects and answers 405 where API Gateway answers 404.
type routeTable []Route

func newRouteTable(routes []Route) (routeTable, error) {
	var problems []error
	keys := make(map[string]bool)
	for _, route := range routes {
		if err := route.validate(); err != nil {
			problems = append(problems, err)
		}
		if keys[route.key()] {
			problems = append(problems, fmt.Errorf("route %q is given twice", route.key()))
		}
		keys[route.key()] = true
	}
	return append(routeTable(nil), routes...), errors.Join(problems...)
}

// find returns the most specific route for a request and its path parameters,
// decoded. The path is the escaped one, so that an escaped slash stays within
// its segment. More literal segments are more specific, then a named method is.
func (t routeTable) find(method, escapedPath string) (route *Route, parameters map[string]string) {
	best := -1
	for i := range t {
		if t[i].Method != method && t[i].Method != "ANY" {
			continue
		}
		found, literals, ok := match(t[i].Path, escapedPath)
		if !ok {
			continue
		}
		score := 2 * literals
		if t[i].Method != "ANY" {
			score++
		}
		if score > best {
			route, parameters, best = &t[i], found, score
		}
	}
	return route, parameters
}

// match compares a path with a pattern, segment by segment.
func match(pattern, escapedPath string) (parameters map[string]string, literals int, ok bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(escapedPath, "/")
	if len(want) != len(got) {
		return nil, 0, false
	}
	for i, segment := range want {
		value, err := url.PathUnescape(got[i])
		if err != nil {
			return nil, 0, false
		}
		name, isParameter := parameterName(segment)
		switch {
		case isParameter && value != "":
			if parameters == nil {
				parameters = make(map[string]string)
			}
			parameters[name] = value
		case !isParameter && value == segment:
			literals++
		default:
			return nil, 0, false
		}
	}
	return parameters, literals, true
}

func parameterName(segment string) (string, bool) {
	if len(segment) > 2 && strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}") {
		return segment[1 : len(segment)-1], true
	}
	return "", false
}
