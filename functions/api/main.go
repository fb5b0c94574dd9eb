// Command api ends a session for a caller who waits for the answer: over HTTP, or by direct invocation of the function.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"videosdk-end-session/internal/config"
	"videosdk-end-session/internal/telemetry"
	"videosdk-end-session/internal/wiring"
)

func main() {
	if err := run(context.Background()); err != nil {
		telemetry.Setup(os.Stdout, slog.LevelInfo).Error("start.failed", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	c, err := config.Parse(os.Getenv, config.API)
	if err != nil {
		return err
	}
	parts, err := wiring.Build(ctx, c, wiring.Door{Function: config.API, Waiting: true}, telemetry.Setup(os.Stdout, c.LogLevel))
	if err != nil {
		return err
	}
	lambda.StartWithOptions(handler{service: parts.Service, triggers: parts.Triggers, now: parts.Now}, lambda.WithContext(ctx))
	return nil
}
