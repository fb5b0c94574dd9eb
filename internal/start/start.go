// Package start starts a function: it reads the configuration, sets up the log and the AWS SDK, and serves invocations. It is where the
// clock of the process comes from.
package start

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"videosdk-end-session/internal/config"
	"videosdk-end-session/internal/telemetry"
)

// Process is what every function is built from.
type Process struct {
	Function config.Function
	Config   config.Config
	Log      *slog.Logger
	Triggers telemetry.Triggers
	Webhooks telemetry.Webhooks
	AWS      aws.Config
	Now      func() time.Time
}

// Run reads the configuration of a function, builds its handler, and serves invocations with it. It returns only if the function cannot
// start, after it has logged why.
func Run(getenv func(string) string, log io.Writer, function config.Function, build func(Process) (lambda.Handler, error)) error {
	c, err := config.Parse(getenv, function)
	logger := telemetry.Setup(log, c.LogLevel)
	var handler lambda.Handler
	if err == nil {
		handler, err = prepare(context.Background(), Process{Function: function, Config: c, Log: logger}, build)
	}
	if err != nil {
		logger.Error("start.failed", "error", err)
		return err
	}
	lambda.Start(handler)
	return nil
}

// prepare builds the handler. It calls nothing outside the process.
func prepare(ctx context.Context, p Process, build func(Process) (lambda.Handler, error)) (lambda.Handler, error) {
	var err error
	if p.AWS, err = awsconfig.LoadDefaultConfig(ctx); err != nil {
		return nil, fmt.Errorf("load the AWS configuration: %w", err)
	}
	p.Triggers = telemetry.Triggers{Log: p.Log, Door: string(p.Function)}
	p.Webhooks = telemetry.Webhooks{Log: p.Log, Door: string(p.Function)}
	p.Now = time.Now
	return build(p)
}

// StaleSecret returns the warning that an old value of a secret is served because it cannot be fetched anew.
func (p Process) StaleSecret(id string) func(context.Context, error) {
	return func(ctx context.Context, err error) {
		p.Log.WarnContext(ctx, "secret.stale", "secretId", id, "error", err)
	}
}
