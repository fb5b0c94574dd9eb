package capacity

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"videosdk-end-session/internal/endsession"
)

// account is VideoSDK. In each room there is a session until that is ended. It lets a number of calls a second through and refuses the
// others with 429 and without Retry-After; that is an assumption, since VideoSDK publishes no rate limit.
type account struct {
	latency time.Duration // of a call
	limit   float64       // calls a second; 0 for any number
	away    func() bool   // nil for never

	mu      sync.Mutex
	tokens  float64 // calls that are let through at once: a second's
	at      time.Time
	ended   map[string]bool
	calls   map[int64]int // by second
	refused int
}

func newAccount(latency time.Duration, limit float64, away func() bool) *account {
	return &account{latency: latency, limit: limit, away: away, tokens: limit, at: time.Now(), ended: map[string]bool{}, calls: map[int64]int{}}
}

// call takes the time of a call, and does what it is for half-way.
func (a *account) call(ctx context.Context, room string, do func()) error {
	time.Sleep(apart(room)) // so that no two calls happen at the same instant, and every run is the same
	half := func() error {
		select {
		case <-ctx.Done():
			return &endsession.Error{Code: endsession.CodeVideoSDKUnavailable, Uncertain: true, Err: ctx.Err()}
		case <-time.After(a.latency / 2):
			return nil
		}
	}
	if err := half(); err != nil {
		return err
	}
	err := a.take(do)
	if late := half(); late != nil {
		return late
	}
	return err
}

func (a *account) take(do func()) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	a.calls[now.Unix()]++
	if a.away != nil && a.away() {
		return &endsession.Error{Code: endsession.CodeVideoSDKUnavailable, HTTPStatus: http.StatusServiceUnavailable, Uncertain: true}
	}
	if a.limit > 0 {
		a.tokens, a.at = min(a.limit, a.tokens+a.limit*now.Sub(a.at).Seconds()), now
		if a.tokens < 1 {
			a.refused++
			return &endsession.Error{Code: endsession.CodeVideoSDKThrottled, HTTPStatus: http.StatusTooManyRequests}
		}
		a.tokens--
	}
	do()
	return nil
}

func (a *account) session(room string) endsession.Session {
	s := endsession.Session{ID: "session-" + room, RoomID: room, Start: begun.Format(time.RFC3339), Status: "ongoing"}
	if a.ended[room] {
		s.Status, s.End = "ended", time.Now().UTC().Format(time.RFC3339)
	}
	return s
}

// Live implements endsession.SessionReader.
func (a *account) Live(ctx context.Context, room endsession.Target) (live []endsession.Session, err error) {
	err = a.call(ctx, room.RoomID, func() {
		if s := a.session(room.RoomID); s.End == "" {
			live = append(live, s)
		}
	})
	return live, err
}

// Session implements endsession.SessionReader.
func (a *account) Session(ctx context.Context, id string) (s endsession.Session, err error) {
	room := id[len("session-"):]
	err = a.call(ctx, room, func() { s = a.session(room) })
	return s, err
}

// Room implements endsession.SessionReader. No trigger of the simulation names a room by its customRoomId.
func (*account) Room(context.Context, string) (endsession.Target, error) {
	return endsession.Target{}, errors.New("asked for a room")
}

// End implements endsession.SessionEnder.
func (a *account) End(ctx context.Context, room, _ string, _ time.Time) (s endsession.Session, err error) {
	err = a.call(ctx, room, func() {
		a.ended[room] = true
		s = a.session(room)
	})
	return s, err
}

// busiest returns the most calls in a second.
func (a *account) busiest() int {
	var most int
	for _, n := range a.calls {
		most = max(most, n)
	}
	return most
}
