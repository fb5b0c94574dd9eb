// Command eventbridge ends sessions for the events of a bus. What fails for now it hands on to the trigger queue.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

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
	c, err := config.Parse(os.Getenv, config.EventBridge)
	if err != nil {
		return err
	}
	parts, err := wiring.Build(ctx, c, wiring.Door{Function: config.EventBridge}, telemetry.Setup(os.Stdout, c.LogLevel))
	if err != nil {
		return err
	}
	queue := triggerQueue{queue: sqs.NewFromConfig(parts.AWS), url: c.QueueURL}
	lambda.StartWithOptions(handler{service: parts.Service, queue: queue, triggers: parts.Triggers, now: parts.Now}, lambda.WithContext(ctx))
	return nil
}
