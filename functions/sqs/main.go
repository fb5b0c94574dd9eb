// Command sqs ends sessions for the messages of the trigger queue.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"videosdk-end-session/internal/config"
	"videosdk-end-session/internal/start"
	"videosdk-end-session/internal/wiring"
	"videosdk-end-session/internal/wiring/webhooks"
)

func main() {
	err := start.Run(os.Getenv, os.Stdout, config.SQS, func(p start.Process) (lambda.Handler, error) {
		service, err := wiring.Service(p)
		if err != nil {
			return nil, err
		}
		reader, err := webhooks.Reader(p)
		letters := deadLetters{queue: sqs.NewFromConfig(p.AWS), url: p.Config.DeadLetterQueueURL}
		return handler{service: service, letters: letters, reader: reader, triggers: p.Triggers, webhooks: p.Webhooks, now: p.Now}, err
	})
	if err != nil {
		os.Exit(1)
	}
}
