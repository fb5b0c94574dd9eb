// Command sqs ends sessions for the messages of the trigger queue.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"videosdk-end-session/internal/config"
	"videosdk-end-session/internal/wiring"
)

func main() {
	err := wiring.Run(os.Getenv, os.Stdout, config.SQS, func(p wiring.Parts) lambda.Handler {
		letters := deadLetters{queue: sqs.NewFromConfig(p.AWS), url: p.Config.DeadLetterQueueURL}
		return handler{service: p.Service, letters: letters, triggers: p.Triggers, now: p.Now}
	})
	if err != nil {
		os.Exit(1)
	}
}
