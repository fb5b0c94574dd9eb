// Command sqs ends sessions for the messages of the trigger queue.
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
	c, err := config.Parse(os.Getenv, config.SQS)
	if err != nil {
		return err
	}
	parts, err := wiring.Build(ctx, c, wiring.Door{Function: config.SQS}, telemetry.Setup(os.Stdout, c.LogLevel))
	if err != nil {
		return err
	}
	letters := deadLetters{queue: sqs.NewFromConfig(parts.AWS), url: c.DeadLetterQueueURL}
	lambda.StartWithOptions(handler{service: parts.Service, letters: letters, triggers: parts.Triggers, now: parts.Now}, lambda.WithContext(ctx))
	return nil
}
