package telemetry_test

import (
	"io"
	"log/slog"
	"testing"

	"videosdk-end-session/internal/telemetry"
)

func BenchmarkAttempted(b *testing.B) {
	for _, level := range []slog.Level{slog.LevelInfo, slog.LevelError} {
		b.Run(level.String(), func(b *testing.B) {
			triggers := telemetry.Triggers{Log: telemetry.Setup(io.Discard, telemetry.Options{Level: level}), Door: "sqs"}
			ctx, r := b.Context(), result(nil)
			b.ReportAllocs()
			for b.Loop() {
				triggers.Attempted(ctx, r)
			}
		})
	}
}
