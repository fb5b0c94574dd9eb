package stack

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"videosdk-end-session/internal/local/moto"
	"videosdk-end-session/internal/local/template"
)

// Call is a call that a function made to AWS, or that Lambda made with the function's role.
type Call struct {
	Function string // logical id
	Action   string // as IAM names it
	Resource string // ARN
}

// roles let the functions do what the template allows them, and nothing else, as IAM does. Whoever has no role may do everything.
type roles struct {
	mu    sync.Mutex
	of    *template.Template // nil as long as there are no functions
	calls map[Call]bool
}

func (r *roles) assume(t *template.Template) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of, r.calls = t, map[Call]bool{}
}

// Calls returns the calls that functions were allowed, each once.
func (s *Stack) Calls() []Call {
	s.roles.mu.Lock()
	defer s.roles.mu.Unlock()
	calls := make([]Call, 0, len(s.roles.calls))
	for c := range s.roles.calls {
		calls = append(calls, c)
	}
	slices.SortFunc(calls, func(a, b Call) int {
		return cmp.Or(cmp.Compare(a.Function, b.Function), cmp.Compare(a.Action, b.Action), cmp.Compare(a.Resource, b.Resource))
	})
	return calls
}

// enforce answers what a role does not allow as AWS does.
func (r *roles) enforce(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		if refused := r.refuse(request, body); refused != nil {
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]string{"__type": "AccessDeniedException", "message": refused.Error()})
			return
		}
		next.ServeHTTP(w, request)
	})
}

// refuse returns why a request is not allowed, and notes what is.
func (r *roles) refuse(request *http.Request, body []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		return nil
	}
	function, ok := r.of.Function(signer(request))
	if !ok {
		return nil
	}
	operation, _ := moto.Operation(request)
	action := strings.TrimSuffix(operation, "Batch") // which SQS has no permission of its own for
	resources, err := r.resources(body)
	if err != nil {
		return err
	}
	for _, resource := range resources {
		allows := func(s template.Statement) bool { return s.Allows(action, resource) }
		if !slices.ContainsFunc(function.Allowed, allows) {
			return fmt.Errorf("%s is not authorized to perform: %s on resource: %s", function.LogicalID, action, resource)
		}
		r.calls[Call{Function: function.LogicalID, Action: action, Resource: resource}] = true
	}
	return nil
}

// accessKey is the id of the access key in the header by which a request is signed.
var accessKey = regexp.MustCompile(`Credential=([^/,]+)/`)

// signer returns who signed a request, which for a function is its logical id.
func signer(request *http.Request) string {
	match := accessKey.FindStringSubmatch(request.Header.Get("Authorization"))
	if match == nil {
		return ""
	}
	return match[1]
}

// resources returns the ARNs of what a request is about.
func (r *roles) resources(body []byte) ([]string, error) {
	var about struct {
		QueueUrl, TableName, SecretId string
		Entries                       []struct{ EventBusName string }
	}
	if err := json.Unmarshal(body, &about); err != nil {
		return nil, fmt.Errorf("the request cannot be read: %w", err)
	}
	arn := func(service, prefix, name, suffix string) []string {
		if strings.HasPrefix(name, "arn:") {
			return []string{name}
		}
		return []string{r.of.Stack.ARN(service, prefix+name+suffix)}
	}
	switch {
	case about.QueueUrl != "":
		return arn("sqs", "", path.Base(about.QueueUrl), ""), nil
	case about.TableName != "":
		return arn("dynamodb", "table/", about.TableName, ""), nil
	case about.SecretId != "":
		return arn("secretsmanager", "secret:", about.SecretId, "-a1B2c3"), nil // which Secrets Manager makes up
	case len(about.Entries) > 0:
		var buses []string
		for _, e := range about.Entries {
			buses = append(buses, arn("events", "event-bus/", cmp.Or(e.EventBusName, "default"), "")...)
		}
		return buses, nil
	}
	return nil, fmt.Errorf("the request names no resource")
}
