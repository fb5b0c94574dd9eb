// Package endsession is the use case: it ends the VideoSDK session that a trigger means, once, and says what became of it.
//
// A trigger goes through six steps, each a method of that name:
//
//	propose   find the session and check that the trigger may end it; decides nothing yet
//	claim     write the proposal to the ledger; an entry that is already there always wins
//	end       ask VideoSDK to end the claimed session
//	record    write the outcome and the exact bytes of its event to the ledger
//	publish   hand the recorded event to the outbox
//	complete  mark the entry as published
//
// What callers may rely on:
//
//   - A session that began more than [StartTolerance] after the trigger happened, or outside the booking's window, is never ended.
//   - However often a trigger is delivered, and wherever an invocation dies, at most one session is ended for it. Its outcome has one
//     event id and one sequence of bytes, however often it is published. (A dry run is not remembered: each delivery is one of its own.)
//   - A failure that may pass is an error, never an outcome: deliver the trigger again. Everything else ends as a published outcome.
//
// The package knows neither AWS nor HTTP. It declares the interfaces that it needs, and the adapters import it, never the reverse.
package endsession

import (
	"context"
	"errors"
	"time"
)

// EventSource is the EventBridge source of the outcome events. Nothing with this source is ever a trigger, or the outcome of one meeting
// would end the next.
const EventSource = "videosdk.end-session"

// StartTolerance is how much later than its trigger a session may seem to have begun: the clocks of senders, VideoSDK and AWS differ.
const StartTolerance = 30 * time.Second

// Retention is how long the ledger keeps an entry. It is longer than the largest MaxTriggerAge, so that a trigger whose entry is gone
// is already too old to end anything.
const Retention = 15 * 24 * time.Hour

// SessionReader reads sessions at VideoSDK. Errors are *[Error]; anything else counts as transient.
type SessionReader interface {
	// Live lists up to two ongoing sessions of the room that the target names by RoomID, or by CustomRoomID if it has none. A room
	// that VideoSDK doesn't know is an error of class NotFound.
	Live(ctx context.Context, room Target) ([]Session, error)
	// Session reads one session. An unknown one is an error of class NotFound.
	Session(ctx context.Context, sessionID string) (Session, error)
	// Room reads the names of the room with that customRoomId. An unknown one is an error of class NotFound.
	Room(ctx context.Context, customRoomID string) (Target, error)
}

// SessionEnder ends sessions at VideoSDK. Errors are *[Error], with Uncertain set if the call may have had its effect.
type SessionEnder interface {
	// End asks for the end of one session of one room. The answer may lack everything if VideoSDK accepted the call unreadably. A call
	// that cannot be sent by startBy is not sent, which is a transient error.
	End(ctx context.Context, roomID, sessionID string, startBy time.Time) (Session, error)
}

// Ledger remembers how far each trigger got. It compares and swaps whole entries: an entry is what it was as long as its owner and
// its state are the same.
type Ledger interface {
	// Load returns the entry under key as the last successful Store left it, and false if there is none or it has expired.
	Load(ctx context.Context, key string) (Entry, bool, error)
	// Store replaces prev by next, where a zero prev means that there must be no entry yet. If something else is there, it stores
	// nothing and returns that, and false. Storing the same next again succeeds: an answer that got lost is no other owner.
	Store(ctx context.Context, prev, next Entry) (Entry, bool, error)
}

// Outbox renders and publishes the outcome events.
type Outbox interface {
	// Detail renders the event of a report. The result is recorded and published byte for byte.
	Detail(Report) ([]byte, error)
	// Publish sends the events and returns an error for each, nil for those that were taken.
	Publish(ctx context.Context, events []Event) []error
}

// Policy is what the operator decides about every trigger.
type Policy struct {
	MaxTriggerAge time.Duration // a trigger that happened longer ago is refused
	BookingLead   time.Duration // a booking's window opens this long before it starts
	BookingGrace  time.Duration // and closes this long after it ends
	DryRun        bool          // propose and publish, but claim and end nothing

	// FinalCredentials says that refused credentials end a trigger as failed, because a caller waits for the answer. Queues and
	// buses leave it false: they deliver again once the credentials are mended.
	FinalCredentials bool

	// Patient says that a call that VideoSDK throttles is repeated as long as there is time, instead of three times. It is for a queue
	// whose batches at once are bounded: while they wait, the queue hands on nothing that would be throttled too.
	Patient bool
}

// Clock is time as the use case sees it.
type Clock struct {
	Now func() time.Time
	// Sleep waits for d, or returns the context's error as soon as that ends.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Config is what a Service is made of. Only Observe may be nil.
type Config struct {
	Reader SessionReader
	Ender  SessionEnder
	Ledger Ledger
	Outbox Outbox
	Policy Policy
	Clock  Clock
	// Token returns a new unguessable owner token for the ledger.
	Token func() string
	// Jitter returns a random number in [0, 1).
	Jitter func() float64
	// Observe is told of every result once, when its trigger has left the use case.
	Observe func(context.Context, Result)
}

// Service runs the use case. Its methods may be called concurrently.
type Service struct {
	with Config
}

// New returns a Service, or an error that names everything that the configuration lacks.
func New(c Config) (*Service, error) {
	var problems []error
	missing := func(is bool, what string) {
		if is {
			problems = append(problems, errors.New("endsession: no "+what))
		}
	}
	missing(c.Reader == nil, "session reader")
	missing(c.Ender == nil, "session ender")
	missing(c.Ledger == nil, "ledger")
	missing(c.Outbox == nil, "outbox")
	missing(c.Policy.MaxTriggerAge <= 0, "maximum trigger age")
	missing(c.Clock.Now == nil || c.Clock.Sleep == nil, "clock")
	missing(c.Token == nil, "source of owner tokens")
	missing(c.Jitter == nil, "source of jitter")
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	if c.Observe == nil {
		c.Observe = func(context.Context, Result) {}
	}
	return &Service{with: c}, nil
}
