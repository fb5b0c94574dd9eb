package publish_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/publish"
)

var _ endsession.Outbox = (*publish.EventBridge)(nil)

var recordedAt = time.Date(2022, 3, 29, 5, 30, 1, 234_000_000, time.UTC)

// sent is an entry as EventBridge gets it.
type sent struct {
	EventBusName, Source, DetailType, Detail, TraceHeader string
	Time                                                  float64
}

// taken is the fate of an entry as EventBridge tells it.
type taken struct {
	EventID      string `json:"EventId,omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

// bus stands for EventBridge. It takes everything, unless answer says something else.
type bus struct {
	calls  [][]sent
	answer func(call int, all []taken) ([]taken, error)
}

func (b *bus) Call(ctx context.Context, operation string, in, out any) error {
	if operation != "PutEvents" {
		return fmt.Errorf("unknown operation %q", operation)
	}
	document, err := json.Marshal(in)
	if err != nil {
		return err
	}
	var call struct{ Entries []sent }
	if err := json.Unmarshal(document, &call); err != nil {
		return err
	}
	b.calls = append(b.calls, call.Entries)
	var answer struct{ Entries []taken }
	for i := range call.Entries {
		answer.Entries = append(answer.Entries, taken{EventID: fmt.Sprint("event-", i)})
	}
	if b.answer != nil {
		if answer.Entries, err = b.answer(len(b.calls), answer.Entries); err != nil {
			return err
		}
	}
	if document, err = json.Marshal(answer); err != nil {
		return err
	}
	return errors.Join(ctx.Err(), json.Unmarshal(document, out))
}

func (b *bus) publish(t *testing.T, all ...endsession.Event) []error {
	t.Helper()
	return (&publish.EventBridge{Events: b, Bus: "outcomes"}).Publish(t.Context(), all)
}

// numbered returns n events with details of their own.
func numbered(n int) []endsession.Event {
	all := make([]endsession.Event, n)
	for i := range all {
		all[i] = endsession.Event{Outcome: endsession.Ended, Detail: fmt.Appendf(nil, `{"n":%d}`, i), Time: recordedAt}
	}
	return all
}

// sized returns an event that EventBridge counts as so many bytes: 14 for the time, the source, the detail type and the detail; see
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size
func sized(bytes int) endsession.Event {
	rest := bytes - 14 - len("videosdk.end-session") - len("Session End Succeeded") - len(`{"x":""}`)
	return endsession.Event{Outcome: endsession.Ended, Detail: []byte(`{"x":"` + strings.Repeat("x", rest) + `"}`), Time: recordedAt}
}

func wantAllTaken(t *testing.T, errs []error, n int) {
	t.Helper()
	if len(errs) != n {
		t.Fatalf("%d errors, want one for each of %d events", len(errs), n)
	}
	for i, err := range errs {
		if err != nil {
			t.Errorf("event %d: %v", i, err)
		}
	}
}

func TestAnEntrySaysEverything(t *testing.T) {
	detail := []byte("{\"b\":1,  \"a\":\"\\u003c\"}") // not as any encoder would write it
	b := &bus{}
	wantAllTaken(t, b.publish(t,
		endsession.Event{Outcome: endsession.Ended, Detail: detail, Time: recordedAt, Trace: "Root=1-62429766-abcdef012345678912345678"},
		endsession.Event{Outcome: endsession.Refused, Detail: []byte(`{}`), Time: recordedAt.Add(time.Second)},
	), 2)
	want := [][]sent{{
		{
			EventBusName: "outcomes", Source: "videosdk.end-session", DetailType: "Session End Succeeded", Detail: string(detail),
			Time: 1648531801.234, TraceHeader: "Root=1-62429766-abcdef012345678912345678",
		},
		{EventBusName: "outcomes", Source: "videosdk.end-session", DetailType: "Session End Skipped", Detail: `{}`, Time: 1648531802.234},
	}}
	if diff := cmp.Diff(want, b.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestDetailTypes(t *testing.T) {
	tests := map[endsession.Outcome]string{
		endsession.Ended:        "Session End Succeeded",
		endsession.Ending:       "Session End Succeeded",
		endsession.AlreadyEnded: "Session End Succeeded",
		endsession.NotActive:    "Session End Skipped",
		endsession.Refused:      "Session End Skipped",
		endsession.DryRun:       "Session End Skipped",
		endsession.Failed:       "Session End Failed",
	}
	for _, r := range reports() {
		want, ok := tests[r.Outcome]
		if got := publish.DetailType(r.Outcome); !ok || got != want {
			t.Errorf("DetailType(%s) = %q, want %q", r.Outcome, got, want)
		}
	}
}

func TestAsFewCallsAsTheLimitsAllow(t *testing.T) {
	const half = limit / 2
	traced := sized(half)
	traced.Trace = "t"
	tests := []struct {
		name   string
		events []endsession.Event
		want   []int // entries of each call
	}{
		{name: "nothing", events: nil, want: nil},
		{name: "one", events: numbered(1), want: []int{1}},
		{name: "ten", events: numbered(10), want: []int{10}},
		{name: "eleven", events: numbered(11), want: []int{10, 1}},
		{name: "twenty-five", events: numbered(25), want: []int{10, 10, 5}},
		{name: "240 KiB", events: []endsession.Event{sized(half), sized(half)}, want: []int{2}},
		{name: "240 KiB and a byte", events: []endsession.Event{sized(half), sized(half + 1)}, want: []int{1, 1}},
		{name: "240 KiB and a trace", events: []endsession.Event{sized(half), traced}, want: []int{1, 1}},
		{name: "a large one among small ones", events: append(append(numbered(3), sized(limit)), numbered(3)...), want: []int{3, 1, 3}},
		{name: "larger than a call", events: []endsession.Event{sized(limit + 100), sized(limit + 100)}, want: []int{1, 1}},
		{name: "what no longer fits opens the next call", events: append(numbered(6), sized(half), sized(half), sized(half-100), sized(150)), want: []int{7, 2, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := &bus{}
			wantAllTaken(t, b.publish(t, tt.events...), len(tt.events))
			var got []int
			var details, want []string
			for _, call := range b.calls {
				got = append(got, len(call))
				for _, entry := range call {
					details = append(details, entry.Detail)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("entries of each call (-want +got):\n%s", diff)
			}
			for _, event := range tt.events {
				want = append(want, string(event.Detail))
			}
			if !cmp.Equal(want, details) {
				t.Error("not every event was sent once and in order")
			}
		})
	}
}

func TestALargestDetailFitsIntoACallOfEventBridge(t *testing.T) {
	r := crowd(10_000)
	b := &bus{}
	event := endsession.Event{Outcome: r.Outcome, Detail: detailOf(t, r, false), Time: recordedAt, Trace: strings.Repeat("t", 500)}
	wantAllTaken(t, b.publish(t, event), 1)
	entry := b.calls[0][0]
	size := 14 + len(entry.Source) + len(entry.DetailType) + len(entry.Detail) + len(entry.TraceHeader)
	if size > 256*1024 {
		t.Errorf("the entry has %d bytes, more than EventBridge takes", size)
	}
}

func TestEachRefusedEntryIsAnErrorOfItsOwn(t *testing.T) {
	b := &bus{answer: func(call int, all []taken) ([]taken, error) {
		if call == 2 {
			all[0] = taken{ErrorCode: "ThrottlingException", ErrorMessage: "Rate exceeded"}
			all[2] = taken{ErrorCode: "InternalFailure"}
			all[3] = taken{} // neither taken nor refused
		}
		return all, nil
	}}
	want := make([]string, 15)
	want[10] = `put the outcome event: EventBridge did not take it: code "ThrottlingException", message "Rate exceeded"`
	want[12] = `put the outcome event: EventBridge did not take it: code "InternalFailure", message ""`
	want[13] = `put the outcome event: EventBridge did not take it: code "", message ""`
	if diff := cmp.Diff(want, messages(b.publish(t, numbered(15)...))); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func messages(errs []error) []string {
	texts := make([]string, len(errs))
	for i, err := range errs {
		if err != nil {
			texts[i] = err.Error()
		}
	}
	return texts
}

func TestAFailedCallFailsItsOwnEventsOnly(t *testing.T) {
	down := errors.New("connection refused")
	b := &bus{answer: func(call int, all []taken) ([]taken, error) {
		if call == 2 {
			return nil, down
		}
		return all, nil
	}}
	for i, err := range b.publish(t, numbered(25)...) {
		inSecond := i >= 10 && i < 20
		if inSecond != errors.Is(err, down) || !inSecond && err != nil {
			t.Errorf("event %d: %v", i, err)
		}
	}
}

func TestAnAnswerForAnotherNumberOfEventsIsNoAnswer(t *testing.T) {
	for name, change := range map[string]func([]taken) []taken{
		"fewer": func(e []taken) []taken { return e[:2] },
		"more":  func(e []taken) []taken { return append(e, e[0]) },
		"none":  func([]taken) []taken { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			b := &bus{answer: func(_ int, all []taken) ([]taken, error) {
				return change(all), nil
			}}
			errs := b.publish(t, numbered(3)...)
			if len(errs) != 3 {
				t.Fatalf("%d errors for 3 events", len(errs))
			}
			for i, err := range errs {
				if err == nil || !strings.Contains(err.Error(), "of 3 events") {
					t.Errorf("event %d: %v, want an error: which events were taken is not known", i, err)
				}
			}
		})
	}
}

func TestPublishObeysItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	errs := (&publish.EventBridge{Events: &bus{}, Bus: "outcomes"}).Publish(ctx, numbered(1))
	if len(errs) != 1 || !errors.Is(errs[0], context.Canceled) {
		t.Errorf("errors %v, want that of the context", errs)
	}
}
