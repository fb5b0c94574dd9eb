package ledger

import (
	"context"
	"slices"
	"sync"
	"time"

	"videosdk-end-session/internal/endsession"
)

// Memory is a ledger in memory. It forgets everything with the process.
type Memory struct {
	now func() time.Time

	mu      sync.Mutex
	entries map[string]endsession.Entry
}

// NewMemory returns an empty ledger that reads the time from now.
func NewMemory(now func() time.Time) *Memory {
	return &Memory{now: now, entries: map[string]endsession.Entry{}}
}

// Load implements endsession.Ledger.
func (m *Memory) Load(ctx context.Context, key string) (endsession.Entry, bool, error) {
	if err := ctx.Err(); err != nil {
		return endsession.Entry{}, false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	entry, ok := m.held(key)
	return entry, ok, nil
}

// Store implements endsession.Ledger.
func (m *Memory) Store(ctx context.Context, prev, next endsession.Entry) (endsession.Entry, bool, error) {
	if err := ctx.Err(); err != nil {
		return endsession.Entry{}, false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if held, _ := m.held(next.Key); !replaces(held, prev, next) {
		return held, false, nil
	}
	next.Detail = slices.Clone(next.Detail)
	m.entries[next.Key] = next
	return next, true, nil
}

func (m *Memory) held(key string) (endsession.Entry, bool) {
	entry := m.entries[key]
	if !live(entry, m.now()) {
		return endsession.Entry{}, false
	}
	entry.Detail = slices.Clone(entry.Detail)
	return entry, true
}
