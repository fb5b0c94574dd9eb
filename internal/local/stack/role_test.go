package stack_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/local/stack"
	"videosdk-end-session/internal/local/standin"
	"videosdk-end-session/internal/local/template"
)

var update = flag.Bool("update", false, "write the calls of the functions anew")

// callsFile has the calls that the functions make: resources by action by function. The template's roles are compared with it.
var callsFile = filepath.Join(root, "internal", "local", "template", "testdata", "calls.json")

// TestTheFunctionsMakeTheCallsThatTheRolesAreComparedWith makes every function do everything that it can do, failures included.
func TestTheFunctionsMakeTheCallsThatTheRolesAreComparedWith(t *testing.T) {
	var queueAway atomic.Bool
	s := startWith(t, stack.Config{
		Standin: standin.Options{APIKey: apiKey, Secret: secret}, Webhooks: entries(), Parameters: map[string]string{"CanvasRootAccountUuid": canvasAccount},
		Adjust: func(t *template.Template) {
			within(8*time.Second, 10*time.Second)(t)
			retryingAfter(50 * time.Millisecond)(t)
		},
		Intercept: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if queueAway.Load() && r.Header.Get("X-Amz-Target") == "AmazonSQS.SendMessage" && aboutTriggerQueue(r) {
					http.Error(w, `{"__type":"AccessDeniedException","message":"away"}`, http.StatusBadRequest) // which is not tried again
					return
				}
				next.ServeHTTP(w, r)
			})
		},
	})

	live(t, s, "room-api", time.Hour)
	wantPost := func(status int) {
		t.Helper()
		got, err := s.Post(t.Context(), "/v1/sessions/end", nil, []byte(`{"roomId":"room-api"}`))
		if err != nil || got.Status != status {
			t.Fatalf("answer = %d %s, %v; want %d", got.Status, got.Body, err, status)
		}
	}
	wantPost(http.StatusAccepted)
	live(t, s, room, time.Hour)
	wantAnswer(t, sendWebhook(t, s, stack.Webhook{Source: "calcom", Payload: cancelled("uid-1", "https://x/"+room)}), http.StatusAccepted, "accepted")
	sendBody(t, s, `no request`)
	sendCanvas(t, s, canvasAccount, "course_updated")
	live(t, s, "room-bus", time.Hour)
	putEvent(t, s, "by-bus", "room-bus")
	await(t, s, "by-bus")
	if _, err := s.PutEvent(t.Context(), "videosdk.trigger", "End Session", []byte(`{"shape":"of no known source"}`)); err != nil {
		t.Fatal(err)
	}
	// While VideoSDK is away, every function looks into the ledger before it gives up for now.
	if err := s.Standin.Inject(standin.Fault{Do: standin.Answer, Status: http.StatusServiceUnavailable}); err != nil {
		t.Fatal(err)
	}
	wantPost(http.StatusServiceUnavailable)
	putEvent(t, s, "handed-on", "room-bus")
	eventually(t, "the event to be handed on", func() bool { return depth(t, s, "TriggerQueue") > 0 })
	queueAway.Store(true)
	putEvent(t, s, "given-up", "room-bus")
	eventually(t, "the event to be given up", func() bool { return made(s, "EventBridgeFunction", "sqs:SendMessage", "DeadLetterQueue") })
	s.Standin.ClearFaults()
	await(t, s, "handed-on")
	eventually(t, "Canvas's queue to be empty", func() bool { return depth(t, s, "CanvasQueue") == 0 })

	got := callsByFunction(s)
	if *update {
		encoded, err := json.MarshalIndent(got, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(callsFile, append(encoded, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(callsFile)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string][]string{}
	if err := json.Unmarshal(golden, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func aboutTriggerQueue(r *http.Request) bool {
	var body bytes.Buffer
	_, err := body.ReadFrom(r.Body)
	r.Body = readCloser{&body}
	return err == nil && strings.Contains(body.String(), "-TriggerQueue")
}

type readCloser struct{ *bytes.Buffer }

func (readCloser) Close() error { return nil }

// callsByFunction are those that the functions made: what the template calls the resources, by action and function.
func callsByFunction(s *stack.Stack) map[string]map[string][]string {
	names := map[string]string{}
	for _, q := range s.Template.Queues {
		names[q.ARN] = q.LogicalID
	}
	for _, table := range s.Template.Tables {
		names[table.ARN] = table.LogicalID
	}
	for _, b := range s.Template.Buses {
		names[b.ARN] = b.LogicalID
	}
	all := map[string]map[string][]string{}
	for _, c := range s.Calls() {
		name := names[c.Resource]
		for _, parameter := range []string{"VideoSdkSecretId", "WebhookSecretId"} {
			if strings.Contains(c.Resource, ":secret:"+s.Template.Parameters[parameter]+"-") {
				name = parameter
			}
		}
		if all[c.Function] == nil {
			all[c.Function] = map[string][]string{}
		}
		all[c.Function][c.Action] = append(all[c.Function][c.Action], name)
	}
	return all
}

func made(s *stack.Stack, function, action, resource string) bool {
	return slices.Contains(callsByFunction(s)[function][action], resource)
}

func TestAFunctionMayDoOnlyWhatItsRoleAllows(t *testing.T) {
	s := start(t, standin.Options{}, func(t *template.Template) {
		for i, f := range t.Functions {
			t.Functions[i].Allowed = slices.DeleteFunc(f.Allowed, func(s template.Statement) bool {
				return f.LogicalID == "ApiFunction" && slices.Contains(s.Actions, "dynamodb:PutItem")
			})
		}
	})
	live(t, s, room, time.Hour)
	before := len(printed.all())
	got, err := s.Post(t.Context(), "/v1/sessions/end", nil, []byte(`{"roomId":"`+room+`"}`))
	if err != nil || got.Status != http.StatusServiceUnavailable || !strings.Contains(string(got.Body), "ledger_unavailable") {
		t.Errorf("answer = %d %s, %v", got.Status, got.Body, err)
	}
	if !strings.Contains(strings.Join(printed.since(before), "\n"), "ApiFunction is not authorized to perform: dynamodb:PutItem on resource: arn:aws:dynamodb:") {
		t.Error("the log does not say what is not allowed")
	}
	wantEnds(t, s, 0, 0)
	putEvent(t, s, "by-bus", room) // with the role of another function
	await(t, s, "by-bus")
}
