// Command api ends a session for a caller who waits for the answer: over HTTP, or by direct invocation of the function.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"videosdk-end-session/internal/config"
	"videosdk-end-session/internal/wiring"
)

func main() {
	err := wiring.Run(os.Getenv, os.Stdout, config.API, func(p wiring.Parts) lambda.Handler {
		return handler{service: p.Service, triggers: p.Triggers, now: p.Now}
	})
	if err != nil {
		os.Exit(1)
	}
}
