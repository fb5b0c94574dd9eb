// Command webhook takes the webhooks of booking systems and LMSs: it verifies and maps them, and puts their triggers on the queue.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"videosdk-end-session/internal/ahead"
	"videosdk-end-session/internal/config"
	"videosdk-end-session/internal/queue"
	"videosdk-end-session/internal/start"
	"videosdk-end-session/internal/webhook"
	"videosdk-end-session/internal/wiring/webhooks"
)

func main() {
	err := start.Run(os.Getenv, os.Stdout, config.Webhook, func(p start.Process) (lambda.Handler, error) {
		secret, err := webhooks.Secret(p)
		if err != nil {
			return nil, err
		}
		receiver := &webhook.Receiver{
			Secret: secret, BookingLead: p.Config.BookingLead, BookingGrace: p.Config.BookingGrace, Failed: p.Webhooks.ExpressionsFailed,
		}
		triggers := queue.New(sqs.NewFromConfig(p.AWS), p.Config.QueueURL)
		p.Ahead("secret", func(ctx context.Context) error {
			_, err := secret.Get(ctx)
			return err
		})
		// On AWS the SDK calls the host of the queue's URL. Where it was told of another endpoint, this connection is not used.
		p.Ahead("connection to SQS", func(ctx context.Context) error {
			return ahead.Open(ctx, p.AWS.HTTPClient.Do, p.Config.QueueURL)
		})
		return handler{receiver: receiver, queue: triggers, log: p.Webhooks, now: p.Now}, nil
	})
	if err != nil {
		os.Exit(1)
	}
}
