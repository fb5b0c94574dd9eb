// Package ledger keeps what became of each trigger: in DynamoDB, and in memory for tests and simulations. Both pass the suite of
// package ledgertest.
package ledger

import (
	"time"

	"videosdk-end-session/internal/endsession"
)

// live reports whether an entry is still in force. DynamoDB deletes expired items hours or days late, so it is checked in code.
func live(e endsession.Entry, now time.Time) bool {
	return e.Key != "" && now.Before(e.ExpiresAt)
}

// replaces reports whether next may be stored where held is, by a caller who last saw prev: because held is prev, or because held is
// next already and only the answer was lost.
func replaces(held, prev, next endsession.Entry) bool {
	return same(held, prev) || same(held, next)
}

// same compares what identifies an entry's version: who wrote which state.
func same(a, b endsession.Entry) bool {
	return a.Key == b.Key && a.Owner == b.Owner && a.State == b.State
}
