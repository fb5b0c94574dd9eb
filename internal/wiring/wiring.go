// Package wiring builds the use case out of a function's configuration. It is the one place that knows all adapters, and where the
// clock and randomness of the process come from.
package wiring

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"videosdk-end-session/internal/config"
	"videosdk-end-session/internal/credentials"
	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/ledger"
	"videosdk-end-session/internal/publish"
	"videosdk-end-session/internal/telemetry"
	"videosdk-end-session/internal/videosdk"
)

// Parts is what a function that ends sessions is made of.
type Parts struct {
	Config   config.Config
	Service  *endsession.Service
	Triggers telemetry.Triggers
	AWS      aws.Config
	Now      func() time.Time
}

// Run reads the configuration of a function, builds its parts, and serves invocations with the handler made of them. It returns only
// if the function cannot start, after it has logged why.
func Run(getenv func(string) string, log io.Writer, function config.Function, handler func(Parts) lambda.Handler) error {
	c, err := config.Parse(getenv, function)
	logger := telemetry.Setup(log, c.LogLevel)
	var parts Parts
	if err == nil {
		parts, err = build(context.Background(), c, function, logger)
	}
	if err != nil {
		logger.Error("start.failed", "error", err)
		return err
	}
	lambda.Start(handler(parts))
	return nil
}

// build builds the parts. It calls nothing outside the process.
func build(ctx context.Context, c config.Config, function config.Function, log *slog.Logger) (Parts, error) {
	awsConfig, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return Parts{}, fmt.Errorf("load the AWS configuration: %w", err)
	}
	secret, err := credentials.New(credentials.Config[videosdk.Credentials]{
		Secrets: secretsmanager.NewFromConfig(awsConfig), SecretID: c.VideoSDKSecretID, TTL: c.SecretTTL, Parse: videosdk.ParseCredentials, Now: time.Now,
		Stale: func(ctx context.Context, err error) {
			log.WarnContext(ctx, "secret.stale", "secretId", c.VideoSDKSecretID, "error", err)
		},
	})
	if err != nil {
		return Parts{}, err
	}
	client, err := videosdk.New(videosdk.Config{
		Endpoint: c.VideoSDKAPIEndpoint, Credentials: secret, Transport: videosdk.NewTransport(), Now: time.Now,
	})
	if err != nil {
		return Parts{}, err
	}
	triggers := telemetry.Triggers{Log: log, Door: string(function)}
	service, err := endsession.New(endsession.Config{
		Reader: client,
		Ender:  client,
		Ledger: ledger.NewDynamoDB(dynamodb.NewFromConfig(awsConfig), c.LedgerTable, time.Now),
		Outbox: &publish.EventBridge{Events: eventbridge.NewFromConfig(awsConfig), Bus: c.EventBusName, Names: c.PublishParticipantNames},
		Policy: endsession.Policy{
			MaxTriggerAge: c.MaxTriggerAge, BookingLead: c.BookingLead, BookingGrace: c.BookingGrace,
			DryRun: c.DryRun, FinalCredentials: function == config.API, // its callers wait for an answer
		},
		Clock:   endsession.Clock{Now: time.Now, Sleep: sleep},
		Token:   rand.Text,
		Jitter:  mathrand.Float64,
		Observe: triggers.Attempted,
	})
	if err != nil {
		return Parts{}, err
	}
	return Parts{Config: c, Service: service, Triggers: triggers, AWS: awsConfig, Now: time.Now}, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
