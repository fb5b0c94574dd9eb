// Package start starts a function: it reads the configuration, sets up the log and the AWS SDK, and serves invocations. It is where the
// clock of the process comes from, and the luck by which an invocation is logged in full.
package start

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"

	"videosdk-end-session/internal/ahead"
	"videosdk-end-session/internal/awsenv"
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

	// Dial is set in a rehearsal, where everything outside is on a stage, and unset otherwise.
	Dial ahead.Dial

	ahead *[]preparation
}

// Run reads the configuration of a function, builds its handler, and serves invocations with it. It returns only if the function cannot
// start, after it has logged why.
func Run(getenv func(string) string, log io.Writer, function config.Function, build func(Process) (lambda.Handler, error)) error {
	setCollector(getenv)
	c, err := config.Parse(getenv, function)
	logger := telemetry.Setup(log, telemetry.Options{Level: c.LogLevel, Stack: c.StackName})
	var handler lambda.Handler
	if err == nil {
		handler, err = prepare(getenv, Process{Function: function, Config: c, Log: logger}, build)
	}
	if err != nil {
		logger.Error("start.failed", "error", err)
		return err
	}
	setProcessors(getenv)
	lambda.Start(sampled{Handler: handler, rate: c.LogSampleRate, luck: rand.Float64})
	return nil
}

// prepare builds the handler, and has done ahead what its first event would wait for.
func prepare(getenv func(string) string, p Process, build func(Process) (lambda.Handler, error)) (lambda.Handler, error) {
	var err error
	if p.AWS, err = awsenv.Config(getenv); err != nil {
		return nil, fmt.Errorf("load the AWS configuration: %w", err)
	}
	p.AWS.Logger = sdkLog{p.Log, context.Background()}
	p.Triggers = telemetry.Triggers{Log: p.Log, Door: string(p.Function)}
	p.Webhooks = telemetry.Webhooks{Log: p.Log, Door: string(p.Function)}
	p.Now = time.Now
	p.ahead = &[]preparation{}
	handler, err := build(p)
	if err == nil {
		p.getAhead(func(ctx context.Context) error { return rehearse(ctx, p, build) })
	}
	return handler, err
}

// Secret returns what writes of a cached secret, by its name or ARN.
func (p Process) Secret(id string) telemetry.Secrets {
	return telemetry.Secrets{Log: p.Log, Door: string(p.Function), ID: id}
}

// sampled is a handler that, for a share of its invocations, writes all lines of one, whatever their level. So a few triggers are in the
// log from end to end.
type sampled struct {
	lambda.Handler
	rate float64        // of invocations, from 0 to 1
	luck func() float64 // in [0, 1)
}

// Invoke implements lambda.Handler.
func (s sampled) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	if s.luck() < s.rate {
		ctx = telemetry.Sampled(ctx)
	}
	return s.Handler.Invoke(ctx, payload)
}
