package telemetry_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/telemetry"
)

func TestWebhooks(t *testing.T) {
	long := strings.Repeat("x", 256<<10)
	cut := strings.Repeat("x", 511) + "…"
	tests := []struct {
		name  string
		write func(context.Context, telemetry.Webhooks)
		want  map[string]any // with what stands in every line
	}{
		{
			name: "accepted",
			write: func(ctx context.Context, w telemetry.Webhooks) {
				w.Accepted(ctx, "calcom", result(nil).Request, 5*time.Minute)
			},
			want: map[string]any{
				"level": "INFO", "message": "webhook.accepted", "triggerId": "BOOKING_CANCELLED:u1", "eventId": result(nil).Request.Key(),
				"occurredAt": "2026-11-23T10:00:00Z", "customRoomId": "booking-4711", "reason": "booking cancelled", "delaySeconds": 300.0,
				"traceId": "Root=1-x",
			},
		},
		{
			name:  "ignored",
			write: func(ctx context.Context, w telemetry.Webhooks) { w.Ignored(ctx, "calcom", "one_seat") },
			want:  map[string]any{"level": "INFO", "message": "webhook.ignored", "reason": "one_seat"},
		},
		{
			name:  "refused",
			write: func(ctx context.Context, w telemetry.Webhooks) { w.Refused(ctx, "calcom", "stale") },
			want:  map[string]any{"level": "WARN", "message": "webhook.refused", "reason": "stale"},
		},
		{
			name:  "refused, with a URL of any length",
			write: func(ctx context.Context, w telemetry.Webhooks) { w.Refused(ctx, long, "unknown_source") },
			want:  map[string]any{"level": "WARN", "message": "webhook.refused", "source": cut, "reason": "unknown_source"},
		},
		{
			name: "malformed",
			write: func(ctx context.Context, w telemetry.Webhooks) {
				w.Failed(ctx, "calcom", &endsession.Error{Code: endsession.CodeInvalidJSON, Class: endsession.Permanent, Message: "m"})
			},
			want: map[string]any{"level": "WARN", "message": "webhook.failed", "code": "invalid_json", "error": "invalid_json: m"},
		},
		{
			name: "not queued",
			write: func(ctx context.Context, w telemetry.Webhooks) {
				w.Failed(ctx, "calcom", &endsession.Error{Code: endsession.CodeQueueUnavailable, Message: "m", Err: errors.New("away")})
			},
			want: map[string]any{"level": "ERROR", "message": "webhook.failed", "code": "queue_unavailable", "error": "queue_unavailable: m: away"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			log, out := setup(t, slog.LevelInfo)
			tt.write(invocation(t, "r1"), telemetry.Webhooks{Log: log, Door: "webhook"})
			want := map[string]any{"timestamp": "now", "requestId": "r1", "coldStart": true, "door": "webhook", "source": "calcom"}
			for name, value := range tt.want {
				want[name] = value
			}
			wantLine(t, out, want)
		})
	}
}
