package door

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/local/lambdahost"
)

const ruleQueue = "http://127.0.0.1/123456789012/rule"

// startRule runs a rule until the test ends, or the returned function is
// called; that one waits for Run. Its waits are short unless they are given.
func startRule(t *testing.T, config RuleConfig) (stop func()) {
	t.Helper()
	config.URL = ruleQueue
	if config.RetryWait == 0 {
		config.RetryWait = time.Millisecond
	}
	if config.ThrottleWait == 0 {
		config.ThrottleWait = time.Millisecond
	}
	rule, err := NewRule(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { rule.Run(ctx) })
	stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(stop)
	return stop
}

// sequence is a function whose invocations end one after the other as given,
// and the last way from then on.
func sequence(steps ...Invoker) *recording {
	var calls atomic.Int32
	return &recording{Invoker: invokerFunc(func(ctx context.Context, invocation lambdahost.Invocation) (lambdahost.Response, error) {
		call := min(int(calls.Add(1)), len(steps))
		return steps[call-1].Invoke(ctx, invocation)
	})}
}

func TestRuleHandsOverTheBytesOfTheEvent(t *testing.T) {
	const event = `{ "source":"lms" ,"detail":{"n":1.0,"s":"\u00e9<"}}`
	client := newFakeSQS()
	client.add(types.Message{MessageId: aws.String("a"), Body: aws.String(event), Attributes: map[string]string{"AWSTraceHeader": "Root=1-a-b"}})
	function := sequence(answering(`"whatever"`))
	startRule(t, RuleConfig{Client: client, Function: function})
	eventually(t, "the event is done", func() bool { return len(client.left()) == 0 })
	want := []lambdahost.Invocation{{Payload: []byte(event), TraceID: "Root=1-a-b"}}
	if diff := cmp.Diff(want, function.all()); diff != "" {
		t.Errorf("invocations (-want +got):\n%s", diff)
	}
	input := client.received()[0]
	if want := int32((6*time.Hour + 15*time.Minute) / time.Second); input.VisibilityTimeout != want {
		t.Errorf("hidden for %d s, want %d", input.VisibilityTimeout, want)
	}
	if letters := client.letters(); len(letters) != 0 {
		t.Errorf("%d dead letters", len(letters))
	}
}

func TestRuleDeliversLists(t *testing.T) {
	tests := []struct {
		name   string
		atOnce int
		want   []string
	}{
		{"an event each", 0, []string{"body of a", "body of b", "body of c"}},
		{"lists of one", 1, []string{"[body of a]", "[body of b]", "[body of c]"}},
		{"lists of up to two", 2, []string{"[body of a,body of b]", "[body of c]"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client := newFakeSQS()
			client.send("a", "b", "c")
			function := sequence(answering(``))
			startRule(t, RuleConfig{Client: client, Function: function, EventsAtOnce: test.atOnce, MaximumConcurrency: 1})
			eventually(t, "the events are done", func() bool { return len(client.left()) == 0 })
			var got []string
			for _, invocation := range function.all() {
				got = append(got, string(invocation.Payload))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("payloads (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRuleRetries(t *testing.T) {
	throttled, broken := refusing(fmt.Errorf("f: %w", lambdahost.ErrThrottled)), refusing(lambdahost.ErrClosed)
	success := answering(`{}`)
	tests := []struct {
		name     string
		retries  int
		steps    []Invoker
		attempts int
		dead     string // error code of the dead letter
	}{
		{"success", 2, []Invoker{success}, 1, ""},
		{"one error", 2, []Invoker{failing(), success}, 2, ""},
		{"two errors", 2, []Invoker{failing(), failing(), success}, 3, ""},
		{"three errors", 2, []Invoker{failing()}, 3, "200"},
		{"two errors and one retry", 1, []Invoker{failing()}, 2, "200"},
		{"an error and no retry", 0, []Invoker{failing()}, 1, "200"},
		{"throttled, which is no error of the function", 0, []Invoker{throttled, throttled, throttled, throttled, success}, 5, ""},
		{"throttled between errors", 1, []Invoker{failing(), throttled, throttled, failing()}, 4, "200"},
		{"Lambda fails", 0, []Invoker{broken, success}, 2, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client := newFakeSQS()
			client.send("a")
			function := sequence(test.steps...)
			startRule(t, RuleConfig{Client: client, Function: function, Retries: test.retries, DeadLetterURL: "dead"})
			eventually(t, "the event is done", func() bool { return len(client.left()) == 0 })
			if n := len(function.all()); n != test.attempts {
				t.Errorf("%d attempts, want %d", n, test.attempts)
			}
			var got string
			for _, letter := range client.letters() {
				got += aws.ToString(letter.MessageAttributes["ErrorCode"].StringValue)
			}
			if got != test.dead {
				t.Errorf("dead letters with the code %q, want %q", got, test.dead)
			}
		})
	}
}

func TestRuleDeadLetter(t *testing.T) {
	long := strings.Repeat("é", maxErrorMessage) // 2 bytes each
	tests := []struct {
		name          string
		function      Invoker
		age           time.Duration // of the event
		atOnce        int
		body, message string
		code, request string
	}{
		{"error of the function", failing(), 0, 0, "body of a", "boom", "200", "r-1"},
		{"list", failing(), 0, 5, "[body of a]", "boom", "200", "r-1"},
		{"error that is no document", answeringError(`"x"`), 0, 0, "body of a", `"x"`, "200", "r-1"},
		{"long message", answeringError(`{"errorMessage":"` + long + `"}`), 0, 0, "body of a", long[:maxErrorMessage], "200", "r-1"},
		{"cut inside of a character", answeringError(`{"errorMessage":"x` + long + `"}`), 0, 0, "body of a", "x" + long[:maxErrorMessage-2], "200", "r-1"},
		{"throttled for too long", refusing(lambdahost.ErrThrottled), time.Hour, 0, "body of a", lambdahost.ErrThrottled.Error(), "429", ""},
		{"Lambda failed for too long", refusing(lambdahost.ErrClosed), time.Hour, 0, "body of a", lambdahost.ErrClosed.Error(), "500", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client := newFakeSQS()
			client.add(types.Message{
				MessageId: aws.String("a"), Body: aws.String("body of a"),
				Attributes: map[string]string{"SentTimestamp": strconv.FormatInt(time.Now().Add(-test.age).UnixMilli(), 10)},
			})
			startRule(t, RuleConfig{
				Client: client, Function: test.function, EventsAtOnce: test.atOnce, MaximumAge: 30 * time.Minute, DeadLetterURL: "dead",
			})
			eventually(t, "the event is done", func() bool { return len(client.left()) == 0 })
			letters := client.letters()
			if len(letters) != 1 {
				t.Fatalf("%d dead letters, want 1", len(letters))
			}
			letter := letters[0]
			if aws.ToString(letter.QueueUrl) != "dead" || aws.ToString(letter.MessageBody) != test.body {
				t.Errorf("%q was sent to %q", aws.ToString(letter.MessageBody), aws.ToString(letter.QueueUrl))
			}
			want := map[string]string{"ErrorCode": "Number " + test.code, "ErrorMessage": "String " + test.message}
			if test.request != "" {
				want["RequestID"] = "String " + test.request
			}
			got := map[string]string{}
			for name, value := range letter.MessageAttributes {
				got[name] = aws.ToString(value.DataType) + " " + aws.ToString(value.StringValue)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("attributes (-want +got):\n%s", diff)
			}
		})
	}
}

// answeringError is a function that ends in a function error with this payload.
func answeringError(payload string) invokerFunc {
	return func(context.Context, lambdahost.Invocation) (lambdahost.Response, error) {
		return lambdahost.Response{RequestID: "r-1", Payload: []byte(payload), FunctionError: "Unhandled"}, nil
	}
}

func TestRuleWithoutDeadLetterQueueDiscards(t *testing.T) {
	client := newFakeSQS()
	client.send("a")
	var log bytes.Buffer
	stop := startRule(t, RuleConfig{Client: client, Function: failing(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	eventually(t, "the event is done", func() bool { return len(client.left()) == 0 })
	stop()
	if letters := client.letters(); len(letters) != 0 {
		t.Errorf("%d dead letters", len(letters))
	}
	if !strings.Contains(log.String(), "boom") {
		t.Errorf("the log does not say why:\n%s", log.String())
	}
}

func TestRuleKeepsWhatCannotBePutAside(t *testing.T) {
	client := newFakeSQS()
	client.failSends = true
	client.send("a")
	function := sequence(failing(), failing(), answering(``))
	startRule(t, RuleConfig{Client: client, Function: function, DeadLetterURL: "dead", RetryWait: 1500 * time.Millisecond})
	eventually(t, "the event is done", func() bool { return len(client.left()) == 0 })
	if n := len(function.all()); n != 3 {
		t.Errorf("%d attempts, want 3", n)
	}
	client.mu.Lock()
	defer client.mu.Unlock()
	for _, returned := range client.returned {
		if returned.VisibilityTimeout != 2 {
			t.Errorf("handed back for %d s, want 2", returned.VisibilityTimeout)
		}
	}
}

func TestRuleStoppedWhileAnEventWaitsHandsItBack(t *testing.T) {
	client := newFakeSQS()
	client.send("a")
	function := sequence(failing())
	stop := startRule(t, RuleConfig{Client: client, Function: function, Retries: 2, RetryWait: time.Hour, DeadLetterURL: "dead"})
	eventually(t, "the first attempt", func() bool { return len(function.all()) == 1 })
	stop()
	if diff := cmp.Diff([]string{"a"}, client.left()); diff != "" {
		t.Errorf("left in the queue (-want +got):\n%s", diff)
	}
	if out := client.out(); out != 0 {
		t.Errorf("%d events are hidden", out)
	}
	again := sequence(answering(``))
	startRule(t, RuleConfig{Client: client, Function: again})
	eventually(t, "the event is done", func() bool { return len(client.left()) == 0 })
	if letters := client.letters(); len(letters) != 0 {
		t.Errorf("%d dead letters", len(letters))
	}
}

func TestRuleStoppedWhileTheFunctionRunsSeesItThrough(t *testing.T) {
	client := newFakeSQS()
	client.send("a")
	function := newGated()
	t.Cleanup(function.open)
	stop := startRule(t, RuleConfig{Client: client, Function: function})
	eventually(t, "the function runs", func() bool { return function.now.Load() == 1 })
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	select {
	case <-stopped:
		t.Error("Run returned while the function was running")
	case <-time.After(20 * time.Millisecond):
	}
	function.open()
	<-stopped
	if left := client.left(); len(left) != 0 {
		t.Errorf("left in the queue: %v", left)
	}
}

func TestRuleMaximumConcurrencyDoesNotCountWhatWaits(t *testing.T) {
	client := newFakeSQS()
	client.send("a", "b", "c")
	// The first two fail and wait; the third has the only slot meanwhile.
	function := sequence(failing(), failing(), answering(``))
	startRule(t, RuleConfig{Client: client, Function: function, Retries: 1, RetryWait: time.Hour, MaximumConcurrency: 1})
	eventually(t, "the third event is done", func() bool { return len(client.left()) == 2 })
}

func TestRuleMaximumConcurrency(t *testing.T) {
	client := newFakeSQS()
	client.send("a", "b", "c", "d")
	function := newGated()
	t.Cleanup(function.open)
	startRule(t, RuleConfig{Client: client, Function: function, MaximumConcurrency: 2})
	eventually(t, "two invocations run", func() bool { return function.now.Load() == 2 })
	if out := client.out(); out != 2 {
		t.Errorf("%d events are out, want 2", out)
	}
	function.open()
	eventually(t, "the queue is empty", func() bool { return len(client.left()) == 0 })
	if highest := function.highest.Load(); highest != 2 {
		t.Errorf("%d invocations ran at once, want 2", highest)
	}
}

func TestRuleWaits(t *testing.T) {
	config := RuleConfig{Retries: 2, RetryWait: time.Minute, ThrottleWait: time.Second}
	byFunction, throttled := failure{status: 200}, failure{status: 429}
	tests := []struct {
		name     string
		failures []failure
		want     []time.Duration
	}{
		{"errors of the function", []failure{byFunction, byFunction}, []time.Duration{time.Minute, 2 * time.Minute}},
		{"throttled", []failure{
			throttled, throttled, throttled, throttled, throttled, throttled, throttled, throttled, throttled, throttled, throttled,
		}, []time.Duration{
			1 * time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, 64 * time.Second,
			128 * time.Second, 256 * time.Second, 5 * time.Minute, 5 * time.Minute,
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := delivery{deadline: time.Now().Add(time.Hour)}
			var got []time.Duration
			for _, failed := range test.failures {
				wait, again := d.next(failed, config)
				if !again {
					t.Fatalf("gave up after %v", got)
				}
				got = append(got, wait)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("waits (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRuleGivesUpWhenTheNextAttemptComesTooLate(t *testing.T) {
	for _, status := range []int{200, 429, 500} {
		d := delivery{deadline: time.Now()}
		config := RuleConfig{Retries: 2, RetryWait: time.Minute, ThrottleWait: time.Second}
		if wait, again := d.next(failure{status: status}, config); again {
			t.Errorf("status %d: tried again after %s", status, wait)
		}
	}
}

func TestNewRuleNamesEveryProblem(t *testing.T) {
	client, function := newFakeSQS(), answering(``)
	tests := []struct {
		name   string
		config RuleConfig
		want   []string
	}{
		{"nothing given", RuleConfig{}, []string{"client, URL and function are required"}},
		{
			"numbers out of range",
			RuleConfig{
				Client: client, URL: "q", Function: function, EventsAtOnce: 11, Retries: 3, MaximumConcurrency: -1,
				RetryWait: -1, ThrottleWait: -1, MaximumAge: -1, LongPoll: time.Minute,
			},
			[]string{
				"events at once must be 0 to 10", "retries must be 0 to 2", "maximum concurrency", "retry wait", "throttle wait",
				"maximum age", "long poll",
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := NewRule(test.config)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not named in: %v", want, err)
				}
			}
		})
	}
}
