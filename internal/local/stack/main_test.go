package stack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"videosdk-end-session/internal/local/cloud"
	"videosdk-end-session/internal/local/openapi"
	"videosdk-end-session/internal/local/samples"
	"videosdk-end-session/internal/local/stack"
	"videosdk-end-session/internal/local/standin"
	"videosdk-end-session/internal/local/template"
)

const root = "../../.."

var (
	binaries string  // folder with the functions' binaries
	printed  journal // every line that any function printed in any test
	// described is what callers are told of the answers. Every answer to any test is held to it.
	described *openapi.Document
)

// TestMain builds the binaries with the flags of the Makefile, runs the tests, and then reads everything that was logged.
func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "functions")
	if err == nil {
		described, err = openapi.Read(root)
	}
	if err == nil {
		binaries = folder
		err = build(folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if leaks := printed.leaks(); len(leaks) > 0 {
		fmt.Fprintf(os.Stderr, "FAIL: the log of the functions holds what must not be logged:\n%s\n", strings.Join(leaks, "\n"))
		code = 1
	}
	if unreadable := printed.unreadable(); len(unreadable) > 0 {
		fmt.Fprintf(os.Stderr, "FAIL: the log of the functions holds what CloudWatch does not read as it is meant:\n%s\n", strings.Join(unreadable, "\n"))
		code = 1
	}
	if err := os.RemoveAll(folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func build(folder string) error {
	functions, err := filepath.Glob(filepath.Join(root, "functions", "*"))
	if err != nil {
		return err
	}
	for _, f := range functions {
		f = filepath.Base(f)
		c := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", filepath.Join(folder, f, "bootstrap"), "./functions/"+f)
		c.Dir, c.Env = root, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", f, err, out)
		}
	}
	return nil
}

// journal collects lines.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(function, line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, function+" "+line)
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string(nil), j.lines...)
}

// since returns the lines after the first n.
func (j *journal) since(n int) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string(nil), j.lines[min(n, len(j.lines)):]...)
}

func (j *journal) count(part string) int {
	n := 0
	for _, line := range j.all() {
		if strings.Contains(line, part) {
			n++
		}
	}
	return n
}

// The pair that every test's VideoSDK knows, and the one that it rotates to.
const (
	apiKey, secret               = "test-api-key-4b1d", "test-secret-9f27"
	rotatedAPIKey, rotatedSecret = "next-api-key-77aa", "next-secret-03ce"
)

// What webhooks must not let into a log: a secret of theirs, and something that their senders put into a payload.
const nextWebhookSecret, privateInWebhook = "the-next-secret-5e1f", "must-not-be-told"

var forbidden = regexp.MustCompile(strings.Join([]string{
	apiKey, secret, rotatedAPIKey, rotatedSecret, regexp.QuoteMeta(samples.ParticipantName), standin.PrivateMarker, `eyJ[\w-]+\.`,
	`local-[a-z-]+-secret`, nextWebhookSecret, privateInWebhook,
}, "|"))

// leaks returns the lines that hold a secret, a token, or something private.
func (j *journal) leaks() []string {
	var leaks []string
	for _, line := range j.all() {
		if forbidden.MatchString(line) {
			leaks = append(leaks, line)
		}
	}
	return leaks
}

// start runs the application for one test. Its times are those of the template unless adjust changes them.
func start(t *testing.T, options standin.Options, adjust func(*template.Template)) *stack.Stack {
	t.Helper()
	options.APIKey, options.Secret = apiKey, secret
	return startWith(t, stack.Config{Standin: options, Adjust: adjust})
}

func startWith(t *testing.T, c stack.Config) *stack.Stack {
	t.Helper()
	c.Root, c.Binaries, c.Log = root, binaries, printed.add
	c.MotoServer = os.Getenv("MOTO_SERVER")
	c.Answered = func(method, path string, a stack.Answer) {
		if err := described.Check(method, path, openapi.Answer(a)); err != nil {
			t.Errorf("an answer is not as docs/openapi.yaml says: %v", err)
		}
	}
	s, err := stack.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// within shortens what a redelivery waits for: the functions' timeout, which bounds a lease, and the queue's visibility timeout.
func within(timeout, visibility time.Duration) func(*template.Template) {
	return func(t *template.Template) {
		for i := range t.Functions {
			t.Functions[i].Timeout = timeout
		}
		for i := range t.Queues {
			if t.Queues[i].Redrive != nil {
				t.Queues[i].Visibility = visibility
			}
		}
	}
}

const room = "abcd-efgh-ijkl"

// live begins a session in the room.
func live(t *testing.T, s *stack.Stack, room string, ago time.Duration) string {
	t.Helper()
	if err := s.Standin.AddRoom(standin.Room{ID: room}); err != nil && !strings.Contains(err.Error(), "already") {
		t.Fatal(err)
	}
	id, err := s.Standin.StartSession(room, standin.Session{
		Start: time.Now().Add(-ago), Participants: []standin.Participant{{ID: "demo-1", Name: samples.ParticipantName}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// send puts a document for the room on the trigger queue.
func send(t *testing.T, s *stack.Stack, id, room string, occurredAt time.Time) {
	t.Helper()
	body := fmt.Sprintf(`{"id":%q,"source":"test","roomId":%q,"occurredAt":%q}`, id, room, occurredAt.UTC().Format(time.RFC3339Nano))
	if _, err := s.Cloud.Send(t.Context(), cloud.Message{Queue: "TriggerQueue", Body: body}); err != nil {
		t.Fatal(err)
	}
}

// eventually waits until the condition holds, for as long as a busy machine may need.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(90 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s\n%s", what, strings.Join(printed.all()[max(0, len(printed.all())-20):], "\n"))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// outcome is the part of a published detail that the tests look at.
type outcome struct {
	ID      string
	Outcome string
	Trigger struct{ ID string }
	Session struct{ ID *string }
	Error   *struct{ Code string }
	raw     string
}

// published returns what was published so far, by trigger id.
func published(t *testing.T, s *stack.Stack) map[string][]outcome {
	t.Helper()
	events, err := s.Published(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]outcome{}
	for _, e := range events {
		o := outcome{raw: string(e.Detail)}
		if err := json.Unmarshal(e.Detail, &o); err != nil {
			t.Fatal(err)
		}
		all[o.Trigger.ID] = append(all[o.Trigger.ID], o)
	}
	return all
}

// await waits for the outcome of a trigger.
func await(t *testing.T, s *stack.Stack, id string) outcome {
	t.Helper()
	var got []outcome
	eventually(t, "an outcome of trigger "+id, func() bool {
		got = published(t, s)[id]
		return len(got) > 0
	})
	return got[0]
}

// wantIdle waits until nothing is left to do for the queue, and checks that nothing was dead-lettered.
func wantIdle(t *testing.T, s *stack.Stack) {
	t.Helper()
	eventually(t, "an empty trigger queue", func() bool { return depth(t, s, "TriggerQueue") == 0 })
	if n := depth(t, s, "DeadLetterQueue"); n != 0 {
		t.Errorf("%d dead letters, want none", n)
	}
}

func depth(t *testing.T, s *stack.Stack, queue string) int {
	t.Helper()
	d, err := s.Cloud.QueueDepth(context.WithoutCancel(t.Context()), queue)
	if err != nil {
		t.Fatal(err)
	}
	return d.Total()
}

// ends returns the end calls that VideoSDK got: all, and those that ended a live session.
func ends(s *stack.Stack) (all, acted int) {
	for _, c := range s.Standin.Calls() {
		if c.Operation == standin.OpEndSession {
			all++
			if c.Acted {
				acted++
			}
		}
	}
	return all, acted
}

func wantEnds(t *testing.T, s *stack.Stack, all, acted int) {
	t.Helper()
	if gotAll, gotActed := ends(s); gotAll != all || gotActed != acted {
		t.Errorf("VideoSDK got %d end calls, %d of which ended a session; want %d and %d", gotAll, gotActed, all, acted)
	}
}
