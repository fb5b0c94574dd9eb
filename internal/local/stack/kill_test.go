package stack_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"videosdk-end-session/internal/awsjson"
	"videosdk-end-session/internal/ledger"
	"videosdk-end-session/internal/local/cloud"
	"videosdk-end-session/internal/local/stack"
	"videosdk-end-session/internal/local/standin"
	"videosdk-end-session/internal/local/template"
)

// outcomeType begins the detail type of every outcome, and of no trigger.
const outcomeType = `"DetailType":"Session End `

// deaths are the places in which a function is killed: its call of a neighbour hangs there until the process is gone.
var deaths = []struct {
	name     string
	videoSDK standin.Fault // without its room
	aws      awsFault      // without its room and what it does
}{
	{name: "before the look", videoSDK: standin.Fault{On: standin.OpListSessions}},
	{name: "before the claim", aws: awsFault{operation: putItem, holds: []string{claiming}}},
	{name: "after the claim", aws: awsFault{operation: putItem, holds: []string{claiming}, after: true}},
	{name: "before the end", videoSDK: standin.Fault{On: standin.OpEndSession}},
	{name: "after the end", videoSDK: standin.Fault{On: standin.OpEndSession, When: standin.AfterEffect}},
	{name: "before the record", aws: awsFault{operation: putItem, holds: []string{recording}}},
	{name: "after the record", aws: awsFault{operation: putItem, holds: []string{recording}, after: true}},
	{name: "before the publication", aws: awsFault{operation: putEvents, holds: []string{outcomeType}}},
	{name: "after the publication", aws: awsFault{operation: putEvents, holds: []string{outcomeType}, after: true}},
	{name: "before the completion", aws: awsFault{operation: putItem, holds: []string{completing}}},
}

// killDoors are the doors, and the function behind each.
var killDoors = []struct{ name, function string }{
	{"http", "ApiFunction"}, {"direct", "ApiFunction"}, {"sqs", "SqsFunction"}, {"eventbridge", "EventBridgeFunction"},
}

// details keeps the exact bytes that the functions ask EventBridge to publish, since moto rewrites them.
type details struct {
	mu  sync.Mutex
	all []string
}

func (d *details) keep(next http.Handler) http.Handler {
	return (&awsFaults{faults: []*awsFault{{operation: putEvents, holds: []string{outcomeType}, do: func(x exchange) {
		var call struct{ Entries []struct{ Detail string } }
		if json.Unmarshal(x.body, &call) == nil {
			d.mu.Lock()
			for _, e := range call.Entries {
				d.all = append(d.all, e.Detail)
			}
			d.mu.Unlock()
		}
		x.r.Body = io.NopCloser(bytes.NewReader(x.body))
		x.next.ServeHTTP(x.w, x.r)
	}}}}).intercept(next)
}

func (d *details) about(room string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var some []string
	for _, detail := range d.all {
		if strings.Contains(detail, `"roomId":"`+room+`"`) {
			some = append(some, detail)
		}
	}
	return some
}

func TestKilledAnywhereATriggerEndsOneSessionAndHasOneOutcome(t *testing.T) {
	table := killTable{}
	t.Run("doors", func(t *testing.T) {
		for _, d := range killDoors {
			t.Run(d.name, func(t *testing.T) {
				t.Parallel()
				killAt(t, d.name, d.function, &table)
			})
		}
	})
	table.write(t)
}

func killAt(t *testing.T, door, function string, table *killTable) {
	faults, kept := &awsFaults{}, &details{}
	s := startWith(t, stack.Config{
		Standin:   standin.Options{APIKey: apiKey, Secret: secret},
		Intercept: func(next http.Handler) http.Handler { return kept.keep(faults.intercept(next)) },
		Adjust: func(t *template.Template) {
			within(15*time.Second, 18*time.Second)(t)
			for i := range t.Functions {
				t.Functions[i].Async.RetryWait = time.Second
				for j := range t.Functions[i].Queues {
					t.Functions[i].Queues[j].BatchSize, t.Functions[i].Queues[j].MaximumConcurrency = 1, 10
				}
			}
		},
	})
	var hangsAtAWS atomic.Int32
	atAWS, atVideoSDK := 0, 0 // how many calls shall hang
	sessions := make([]string, len(deaths))
	for i, d := range deaths {
		room := fmt.Sprintf("%s-room-%02d", door, i)
		sessions[i] = live(t, s, room, time.Hour)
		if d.aws.operation == "" {
			atVideoSDK++
			d.videoSDK.About, d.videoSDK.Do, d.videoSDK.Times = room, standin.Hang, 1
			if d.videoSDK.On == standin.OpEndSession {
				d.videoSDK.About = sessions[i]
			}
			if err := s.Standin.Inject(d.videoSDK); err != nil {
				t.Fatal(err)
			}
			continue
		}
		atAWS++
		d.aws.holds = append(slices.Clone(d.aws.holds), room)
		d.aws.times, d.aws.do = 1, func(x exchange) { hangsAtAWS.Add(1); hanging(x) }
		faults.inject(d.aws)
	}
	var callers sync.WaitGroup
	at := time.Now()
	for i := range deaths {
		callers.Go(func() { deliver(t, s, door, fmt.Sprintf("%s-room-%02d", door, i), at) })
	}
	eventually(t, "every trigger to hang in its place", func() bool {
		hanging := 0
		for _, c := range s.Standin.Calls() {
			if c.Fault == standin.Hang {
				hanging++
			}
		}
		return hanging == atVideoSDK && int(hangsAtAWS.Load()) == atAWS
	})
	s.Kill(function)
	callers.Wait()

	items, err := awsjson.New(awsjson.DynamoDB, s.Cloud.SDKConfig(), awsjson.Clock{
		Now: time.Now, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	if err != nil {
		t.Fatal(err)
	}
	book := ledger.NewDynamoDB(items, s.Template.Tables[0].Name, time.Now)
	for i, d := range deaths {
		room := fmt.Sprintf("%s-room-%02d", door, i)
		var got []outcome
		eventually(t, "an outcome for "+room, func() bool { got = published(t, s)["kill-"+room]; return len(got) > 0 })
		acted, calls := 0, 0
		for _, c := range s.Standin.Calls() {
			if c.Operation == standin.OpEndSession && c.SessionID == sessions[i] {
				calls++
				if c.Acted {
					acted++
				}
			}
		}
		if acted != 1 {
			t.Errorf("killed %s: the session was ended %d times", d.name, acted)
		}
		wantOneIdentity(t, got)
		eventually(t, "the ledger to say that "+room+" is published", func() bool {
			entry, found, err := book.Load(t.Context(), got[0].ID)
			return err == nil && found && entry.State == "published"
		})
		entry, _, err := book.Load(t.Context(), got[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		copies := kept.about(room)
		for _, detail := range copies {
			if detail != string(entry.Detail) {
				t.Errorf("killed %s: published %s, recorded %s", d.name, detail, entry.Detail)
			}
		}
		slices.Sort(copies)
		table.add(kill{place: d.name, door: door, outcome: got[0].Outcome, calls: calls, acted: acted, published: len(copies), contents: len(slices.Compact(copies))})
	}
	wantIdle(t, s)
}

// deliver delivers a trigger by a door, and repeats it as its caller does where somebody waits for the answer.
func deliver(t *testing.T, s *stack.Stack, door, room string, at time.Time) {
	body := fmt.Appendf(nil, `{"id":"kill-%s","source":"test","roomId":%q,"occurredAt":%q}`, room, room, at.UTC().Format(time.RFC3339Nano))
	switch door {
	case "http", "direct":
		for range 60 {
			if answered(t, s, door, body) {
				return
			}
			time.Sleep(time.Second)
		}
		t.Errorf("%s got no final answer", room)
	case "sqs":
		if _, err := s.Cloud.Send(t.Context(), cloud.Message{Queue: "TriggerQueue", Body: string(body)}); err != nil {
			t.Error(err)
		}
	case "eventbridge":
		if _, err := s.PutEvent(t.Context(), "videosdk.trigger", "End Session", body); err != nil {
			t.Error(err)
		}
	}
}

// answered reports whether the caller got a final answer.
func answered(t *testing.T, s *stack.Stack, door string, body []byte) bool {
	if door == "http" {
		answer, err := s.Post(t.Context(), "/v1/sessions/end", http.Header{"Content-Type": {"application/json"}}, body)
		return err == nil && answer.Status < 300
	}
	response, err := s.Invoke(t.Context(), "ApiFunction", body)
	return err == nil && response.FunctionError == ""
}

// kill is what came of one death.
type kill struct {
	place, door, outcome string
	calls, acted         int // calls to end its session, and those that did
	published, contents  int // how often its outcome was published, and in how many versions
}

// killTable is what came of every death at every door.
type killTable struct {
	mu    sync.Mutex
	kills []kill
}

func (k *killTable) add(one kill) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kills = append(k.kills, one)
}

// write writes the table to dist/kills.txt, since go test hides what a passing package prints.
func (k *killTable) write(t *testing.T) {
	t.Helper()
	slices.SortFunc(k.kills, func(a, b kill) int { return cmp.Or(cmp.Compare(a.place, b.place), cmp.Compare(a.door, b.door)) })
	if err := os.MkdirAll(filepath.Join(root, "dist"), 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(root, "dist", "kills.txt"))
	if err != nil {
		t.Fatal(err)
	}
	w := tabwriter.NewWriter(file, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KILLED\tDOOR\tOUTCOME\tEND CALLS\tACTED\tPUBLISHED\tVERSIONS")
	lost, doubled, changed := len(deaths)*len(killDoors)-len(k.kills), 0, 0
	for _, one := range k.kills {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%d\n", one.place, one.door, one.outcome, one.calls, one.acted, one.published, one.contents)
		lost += max(0, 1-one.acted)
		doubled += max(0, one.acted-1)
		changed += max(0, one.contents-1)
	}
	fmt.Fprintf(w, "%d kills: %d lost, %d doubled, %d told in two ways\n", len(k.kills), lost, doubled, changed)
	if err := errors.Join(w.Flush(), file.Close()); err != nil {
		t.Fatal(err)
	}
}
