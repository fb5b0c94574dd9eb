package endsession

import "time"

// Outcome is what became of a trigger, for good.
type Outcome string

// The outcomes.
const (
	Ended        Outcome = "ended"         // VideoSDK has set the session's end
	Ending       Outcome = "ending"        // VideoSDK accepted the call; the end is not set yet
	AlreadyEnded Outcome = "already_ended" // the session had ended without this trigger
	NotActive    Outcome = "not_active"    // nobody is in the room
	Refused      Outcome = "refused"       // ending would have broken a promise
	Failed       Outcome = "failed"        // cannot succeed
	DryRun       Outcome = "dry_run"       // nothing was claimed or ended, as asked
)

// Report is everything that an outcome event may say.
type Report struct {
	ID      string // stable for the trigger
	Outcome Outcome
	Request Request
	Session Session // as far as it is known
	Err     *Error  // why, for Refused and Failed; what a dry run met
}

// Event is a recorded outcome on its way to the consumers.
type Event struct {
	Outcome Outcome
	Detail  []byte
	Time    time.Time // of recording
	Trace   string    // X-Ray trace header; empty for none
}

// Result is what one delivery of a trigger came to. Either Err is nil and the outcome was published, now or earlier, or Err says why
// the trigger must be delivered again.
type Result struct {
	Request     Request
	Key         string
	Outcome     Outcome
	Code        Code   // of the outcome, or of Err
	Detail      []byte // the published event's detail
	SessionID   string // the session it was about; empty if none was found
	RoomID      string
	Duplicate   bool   // the outcome was settled by an earlier delivery
	Published   bool   // this delivery published the outcome
	TakenOver   bool   // an earlier delivery had claimed the trigger and died or given up
	EndCalls    int    // calls to end a session made by this delivery
	Reads       int    // calls to read sessions and rooms made by this delivery
	Failure     *Error // behind Refused and Failed when settled by this delivery; for the log
	Err         *Error
	Uncompleted error // the outcome was published, but the ledger was not told; a duplicate will publish it again
	Durations   Durations
}

// Durations says how long each step of one delivery took; zero for steps that were not taken.
type Durations struct {
	Propose, Claim, End, Record, Publish, Total time.Duration
	// Whole is from when the trigger happened to its published outcome, all deliveries and waits included; zero if this delivery
	// published none.
	Whole time.Duration
}
