package endsession

import "time"

// State is how far the ledger has seen a trigger get.
type State string

// The states, in their only order.
const (
	Claimed   State = "claimed"   // somebody is ending the pinned session, or died doing so
	Recorded  State = "recorded"  // the outcome is settled and waits to be published: the outbox
	Published State = "published" // the outcome was published at least once
)

// Entry is what the ledger holds of one trigger.
type Entry struct {
	Key        string
	State      State
	Owner      string    // token of the invocation that wrote the state
	LeaseUntil time.Time // Claimed: until then the owner is presumed alive; zero once it has given up
	Target     Target    // what the trigger named
	Pin        Pin       // Claimed: the one session that this trigger may end
	Outcome    Outcome   // from Recorded on
	Code       Code      // from Recorded on; empty without an error
	Detail     []byte    // from Recorded on: the exact bytes of the event's detail
	RecordedAt time.Time // from Recorded on
	ExpiresAt  time.Time // after which the entry counts as absent
}

// Pin is the one session that a trigger may end.
type Pin struct {
	RoomID    string
	SessionID string
}
