// Command eventbridge ends sessions for the events of a bus. What fails for now it hands on to the trigger queue.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"videosdk-end-session/internal/config"
	"videosdk-end-session/internal/wiring"
)

func main() {
	err := wiring.Run(os.Getenv, os.Stdout, config.EventBridge, func(p wiring.Parts) lambda.Handler {
		queue := triggerQueue{queue: sqs.NewFromConfig(p.AWS), url: p.Config.QueueURL}
		return handler{service: p.Service, queue: queue, triggers: p.Triggers, now: p.Now}
	})
	if err != nil {
		os.Exit(1)
	}
}
