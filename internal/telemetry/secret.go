package telemetry

import (
	"context"
	"log/slog"
	"time"
)

// Secrets writes what becomes of a cached secret. Its methods have the forms of the hooks of credentials.Config.
type Secrets struct {
	Log  *slog.Logger
	Door string // the function's name
	ID   string // name or ARN of the secret
}

// Fetched writes that the secret was fetched, and how long that took.
func (s Secrets) Fetched(ctx context.Context, took time.Duration) {
	m := measured{door: s.Door}
	m.count(secretRefreshes)
	write(ctx, s.Log, slog.LevelDebug, "secret.fetched", fields{slog.String("secretId", s.ID), slog.Float64("ms", milliseconds(took))}, m)
}

// Stale warns that the old value of the secret is served because it cannot be fetched anew.
func (s Secrets) Stale(ctx context.Context, err error) {
	m := measured{door: s.Door}
	m.count(staleSecrets)
	write(ctx, s.Log, slog.LevelWarn, "secret.stale", fields{slog.String("secretId", s.ID), slog.Any("error", err)}, m)
}
