package telemetry

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"videosdk-end-session/internal/endsession"
)

// Calls writes single calls to the log, at level DEBUG.
type Calls struct {
	Log *slog.Logger
	Now func() time.Time
}

// VideoSDK returns the transport with a line for each call: what was asked, and the status or the failure. Tokens are in headers, which
// are not written.
func (c Calls) VideoSDK(next http.RoundTripper) http.RoundTripper { return videoSDKCalls{c, next} }

type videoSDKCalls struct {
	Calls
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (c videoSDKCalls) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if !c.wanted(ctx) {
		return c.next.RoundTrip(r)
	}
	began := c.Now()
	response, err := c.next.RoundTrip(r)
	line := fields{slog.String("method", r.Method), slog.String("path", r.URL.RequestURI())}
	if err == nil {
		line = append(line, slog.Int("videosdkStatus", response.StatusCode))
	}
	c.write(ctx, "videosdk.called", line, began, err)
	return response, err
}

// Ledger returns the ledger with a line for each look and each decision.
func (c Calls) Ledger(next endsession.Ledger) endsession.Ledger { return ledgerCalls{c, next} }

type ledgerCalls struct {
	Calls
	next endsession.Ledger
}

// Load implements endsession.Ledger.
func (c ledgerCalls) Load(ctx context.Context, key string) (endsession.Entry, bool, error) {
	if !c.wanted(ctx) {
		return c.next.Load(ctx, key)
	}
	began := c.Now()
	held, found, err := c.next.Load(ctx, key)
	line := fields{slog.String("eventId", key), slog.Bool("found", found)}
	line.text("held", string(held.State))
	c.write(ctx, "ledger.loaded", line, began, err)
	return held, found, err
}

// Store implements endsession.Ledger.
func (c ledgerCalls) Store(ctx context.Context, prev, next endsession.Entry) (endsession.Entry, bool, error) {
	if !c.wanted(ctx) {
		return c.next.Store(ctx, prev, next)
	}
	began := c.Now()
	held, won, err := c.next.Store(ctx, prev, next)
	line := fields{slog.String("eventId", next.Key), slog.String("to", string(next.State)), slog.Bool("won", won)}
	line.text("from", string(prev.State))
	line.text("outcome", string(next.Outcome))
	line.text("sessionId", next.Pin.SessionID)
	if !won {
		line.text("held", string(held.State))
	}
	c.write(ctx, "ledger.stored", line, began, err)
	return held, won, err
}

func (c Calls) wanted(ctx context.Context) bool { return c.Log.Enabled(ctx, slog.LevelDebug) }

func (c Calls) write(ctx context.Context, message string, line fields, began time.Time, err error) {
	line = append(line, slog.Float64("ms", milliseconds(c.Now().Sub(began))))
	if err != nil {
		line = append(line, slog.Any("error", err))
	}
	c.Log.LogAttrs(ctx, slog.LevelDebug, message, line...)
}
