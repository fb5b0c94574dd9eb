// Command floor is the least that a Lambda function in Go can be: it does nothing with its event. What it needs is what the runtime costs.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
)

// nothing implements lambda.Handler.
type nothing struct{}

// Invoke implements lambda.Handler.
func (nothing) Invoke(context.Context, []byte) ([]byte, error) { return []byte("{}"), nil }

func main() { lambda.Start(lambda.Handler(nothing{})) }
