package endsession_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/ledger"
)

// world is everything around the use case: VideoSDK, a ledger, an outbox. Tests run in a synctest bubble, so its clock is virtual.
type world struct {
	t      *testing.T
	ledger *ledger.Memory
	policy endsession.Policy
	serial int

	mu        sync.Mutex
	sessions  []*endsession.Session
	unfilter  bool // the list ignores its filter
	unshown   bool // sessions do not show their room's customRoomId
	nameless  bool // nor do rooms
	reads     int
	ends      []string  // session ids of all end calls, in order
	acted     []string  // of those that ended a live session
	startBy   time.Time // of the last one
	published []endsession.Event
	observed  []endsession.Result

	// Faults. Each is asked with the number of the call, from 1, and may answer for the world, or pass with a nil error.
	onRead    func(n int) error
	onEnd     func(n int) error // before the effect
	onEnded   func(n int) error // after the effect
	onPublish func(n int, e endsession.Event) error
	onStore   func(prev, next endsession.Entry) error // before the effect
	onDetail  func(endsession.Report)
	endAnswer func(endsession.Session) endsession.Session
	showsFor  func(id string) endsession.Session // answers in place of any session read by its id
	async     bool                               // an accepted end shows only in later reads
	endTakes  time.Duration
}

const (
	room    = "abcd-efgh-ijkl"
	booking = "booking-4711"
)

func newWorld(t *testing.T) *world {
	return &world{
		t: t, ledger: ledger.NewMemory(time.Now),
		policy: endsession.Policy{MaxTriggerAge: 24 * time.Hour, BookingLead: 15 * time.Minute, BookingGrace: time.Hour},
	}
}

// service returns a use case of its own on the world, as another execution environment is.
func (w *world) service(changes ...func(*endsession.Config)) *endsession.Service {
	w.t.Helper()
	c := endsession.Config{
		Reader: w, Ender: w, Ledger: faultyLedger{w}, Outbox: w, Policy: w.policy,
		Clock:   endsession.Clock{Now: time.Now, Sleep: sleep},
		Token:   func() string { w.mu.Lock(); defer w.mu.Unlock(); w.serial++; return fmt.Sprint("owner-", w.serial) },
		Jitter:  func() float64 { return 0.5 },
		Observe: func(_ context.Context, r endsession.Result) { w.observed = append(w.observed, r) },
	}
	for _, change := range changes {
		change(&c)
	}
	s, err := endsession.New(c)
	if err != nil {
		w.t.Fatalf("New: %v", err)
	}
	return s
}

// deliver delivers one trigger to an execution environment of its own with 25 s to go.
func (w *world) deliver(r endsession.Request) endsession.Result {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 25*time.Second)
	defer cancel()
	return w.service().Handle(ctx, r)[0]
}

// live starts a session in the room that began so long ago.
func (w *world) live(ago time.Duration) *endsession.Session {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := &endsession.Session{
		ID: fmt.Sprintf("%024x", len(w.sessions)+1), RoomID: room, CustomRoomID: booking, Status: "ongoing",
		Start:        time.Now().Add(-ago).UTC().Format("2006-01-02T15:04:05.000Z"),
		Participants: []endsession.Participant{{ID: "demo-1", Name: "Jane Roe", Timelog: []endsession.Presence{{Start: "x"}}}},
	}
	w.sessions = append(w.sessions, s)
	return s
}

// trigger is a trigger for the room that happens now.
func trigger() endsession.Request {
	return endsession.Request{
		Target: endsession.Target{RoomID: room}, Source: "test", ID: "trigger-1", Reason: "over", OccurredAt: time.Now(),
	}
}

func (w *world) Live(_ context.Context, target endsession.Target) ([]endsession.Session, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.read(); err != nil {
		return nil, err
	}
	var out []endsession.Session
	for i := len(w.sessions) - 1; i >= 0 && len(out) < 2; i-- { // newest first, as VideoSDK lists
		s := w.sessions[i]
		asked := s.RoomID == target.RoomID || target.RoomID == "" && s.CustomRoomID == target.CustomRoomID
		if !s.Ended() && (asked || w.unfilter) {
			out = append(out, w.show(*s))
		}
	}
	return out, nil
}

func (w *world) Session(_ context.Context, id string) (endsession.Session, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.read(); err != nil {
		return endsession.Session{}, err
	}
	if w.showsFor != nil {
		return w.showsFor(id), nil
	}
	for _, s := range w.sessions {
		if s.ID == id {
			return w.show(*s), nil
		}
	}
	return endsession.Session{}, &endsession.Error{Code: endsession.CodeSessionNotFound, Class: endsession.NotFound, HTTPStatus: 404}
}

// show is a session as VideoSDK shows it.
func (w *world) show(s endsession.Session) endsession.Session {
	if w.unshown {
		s.CustomRoomID = ""
	}
	return s
}

// Room finds the room by either name, as VideoSDK does.
func (w *world) Room(_ context.Context, id string) (endsession.Target, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.read(); err != nil {
		return endsession.Target{}, err
	}
	for _, s := range w.sessions {
		if s.CustomRoomID == id || s.RoomID == id {
			if w.nameless {
				return endsession.Target{RoomID: s.RoomID}, nil
			}
			return endsession.Target{RoomID: s.RoomID, CustomRoomID: s.CustomRoomID}, nil
		}
	}
	return endsession.Target{}, roomNotFound()
}

func roomNotFound() error {
	return &endsession.Error{Code: endsession.CodeRoomNotFound, Class: endsession.NotFound, HTTPStatus: 404}
}

func (w *world) read() error {
	w.reads++
	if w.onRead != nil {
		return w.onRead(w.reads)
	}
	return nil
}

func (w *world) End(_ context.Context, _, id string, startBy time.Time) (endsession.Session, error) {
	time.Sleep(w.endTakes) // before the lock: a bubble's clock stands still while anyone waits for a mutex
	w.mu.Lock()
	defer w.mu.Unlock()
	w.startBy = startBy
	w.ends = append(w.ends, id)
	n := len(w.ends)
	if w.onEnd != nil {
		if err := w.onEnd(n); err != nil {
			return endsession.Session{}, err
		}
	}
	for _, s := range w.sessions {
		if s.ID != id || s.Ended() {
			continue
		}
		w.acted = append(w.acted, id)
		shown := *s
		s.End, s.Status = time.Now().UTC().Format(time.RFC3339), "ended"
		if !w.async {
			shown = *s
		}
		if w.onEnded != nil {
			if err := w.onEnded(n); err != nil {
				return endsession.Session{}, err
			}
		}
		if w.endAnswer != nil {
			shown = w.endAnswer(shown)
		}
		return w.show(shown), nil
	}
	return endsession.Session{}, &endsession.Error{Code: endsession.CodeVideoSDKRejected, Class: endsession.Permanent, HTTPStatus: 400}
}

func (w *world) Detail(r endsession.Report) ([]byte, error) {
	if w.onDetail != nil {
		w.onDetail(r)
	}
	code := endsession.Code("")
	if r.Err != nil {
		code = r.Err.Code
	}
	return json.Marshal(map[string]any{"id": r.ID, "outcome": r.Outcome, "session": r.Session.ID, "room": r.Session.RoomID, "custom": r.Session.CustomRoomID, "code": code, "at": time.Now()})
}

func (w *world) Publish(_ context.Context, events []endsession.Event) []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	errs := make([]error, len(events))
	for i, e := range events {
		if w.onPublish != nil {
			errs[i] = w.onPublish(len(w.published)+1, e)
		}
		if errs[i] == nil {
			w.published = append(w.published, e)
		}
	}
	return errs
}

// faultyLedger is the world's ledger with its faults in front.
type faultyLedger struct{ w *world }

func (l faultyLedger) Load(ctx context.Context, key string) (endsession.Entry, bool, error) {
	return l.w.ledger.Load(ctx, key)
}

func (l faultyLedger) Store(ctx context.Context, prev, next endsession.Entry) (endsession.Entry, bool, error) {
	if l.w.onStore != nil {
		if err := l.w.onStore(prev, next); err != nil {
			return endsession.Entry{}, false, err
		}
	}
	return l.w.ledger.Store(ctx, prev, next)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// The failures of calls to VideoSDK.
func lostAnswer() error {
	return &endsession.Error{Code: endsession.CodeVideoSDKUnavailable, Uncertain: true, Err: errors.New("connection reset")}
}

func notReached() error {
	return &endsession.Error{Code: endsession.CodeVideoSDKUnavailable, Err: errors.New("connection refused")}
}

func throttled(after time.Duration) error {
	return &endsession.Error{Code: endsession.CodeVideoSDKThrottled, HTTPStatus: 429, RetryAfter: after}
}

func forbidden() error {
	return &endsession.Error{Code: endsession.CodeVideoSDKForbidden, Class: endsession.Credentials, HTTPStatus: 403}
}

func rejected() error {
	return &endsession.Error{Code: endsession.CodeVideoSDKRejected, Class: endsession.Permanent, HTTPStatus: 400}
}

// wantOutcome checks what a delivery came to, and that exactly this was published.
func (w *world) wantOutcome(got endsession.Result, outcome endsession.Outcome, code endsession.Code) {
	w.t.Helper()
	if got.Err != nil {
		w.t.Fatalf("the delivery failed: %v, want outcome %s", got.Err, outcome)
	}
	if got.Outcome != outcome || got.Code != code {
		w.t.Errorf("outcome = %s %q, want %s %q", got.Outcome, got.Code, outcome, code)
	}
	if len(w.published) == 0 {
		w.t.Fatal("nothing was published")
	}
	if last := w.published[len(w.published)-1]; string(last.Detail) != string(got.Detail) || last.Outcome != outcome {
		w.t.Errorf("published %s, want the result's %s", last.Detail, got.Detail)
	}
}

// wantAgain checks that a delivery left the trigger to a later one.
func (w *world) wantAgain(got endsession.Result, code endsession.Code) {
	w.t.Helper()
	if got.Err == nil {
		w.t.Fatalf("outcome = %s %q, want an error", got.Outcome, got.Code)
	}
	if got.Code != code {
		w.t.Errorf("code = %q (%v), want %q", got.Code, got.Err, code)
	}
}

// wantCalls checks how often VideoSDK was asked to end something, and how often that ended a live session.
func (w *world) wantCalls(ends, acted int) {
	w.t.Helper()
	if len(w.ends) != ends || len(w.acted) != acted {
		w.t.Errorf("%d end calls, %d of which ended a session; want %d and %d", len(w.ends), len(w.acted), ends, acted)
	}
}

// wantOneIdentity checks that everything published is one event, to the byte.
func (w *world) wantOneIdentity() {
	w.t.Helper()
	for _, e := range w.published {
		if string(e.Detail) != string(w.published[0].Detail) {
			w.t.Errorf("published both %s and %s", w.published[0].Detail, e.Detail)
		}
	}
}
