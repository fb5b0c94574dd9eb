// Command eventbridge ends sessions for the events of a bus. What fails for now it hands on to the trigger queue.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"videosdk-end-session/internal/config"
	"videosdk-end-session/internal/queue"
	"videosdk-end-session/internal/start"
	"videosdk-end-session/internal/wiring"
	"videosdk-end-session/internal/wiring/webhooks"
)

func main() {
	err := start.Run(os.Getenv, os.Stdout, config.EventBridge, func(p start.Process) (lambda.Handler, error) {
		service, err := wiring.Service(p)
		if err != nil {
			return nil, err
		}
		reader, err := webhooks.Reader(p)
		triggers := queue.New(sqs.NewFromConfig(p.AWS), p.Config.QueueURL)
		return handler{service: service, queue: triggers, reader: reader, triggers: p.Triggers, webhooks: p.Webhooks, now: p.Now}, err
	})
	if err != nil {
		os.Exit(1)
	}
}
