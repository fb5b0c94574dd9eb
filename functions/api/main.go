// Command api ends a session for a caller who waits for the answer: over HTTP, or by direct invocation of the function.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"videosdk-end-session/internal/config"
	"videosdk-end-session/internal/start"
	"videosdk-end-session/internal/wiring"
)

func main() {
	err := start.Run(os.Getenv, os.Stdout, config.API, func(p start.Process) (lambda.Handler, error) {
		service, err := wiring.Service(p)
		return handler{service: service, triggers: p.Triggers, now: p.Now}, err
	})
	if err != nil {
		os.Exit(1)
	}
}
