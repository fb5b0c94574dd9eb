// Package wiring builds the use case out of a function's configuration. It is the one place that knows all adapters, and where the
// clock and randomness of the process come from.
package wiring

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"time"

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
	Service  *endsession.Service
	Triggers telemetry.Triggers
	AWS      aws.Config
	Now      func() time.Time
}

// Door is what distinguishes the functions.
type Door struct {
	Function config.Function
	// Waiting says that a caller waits for the answer, so that refused credentials are an answer.
	Waiting bool
}

// Build builds the parts. It calls nothing outside the process.
func Build(ctx context.Context, c config.Config, door Door, log *slog.Logger) (Parts, error) {
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
	triggers := telemetry.Triggers{Log: log, Door: string(door.Function)}
	service, err := endsession.New(endsession.Config{
		Reader: client,
		Ender:  client,
		Ledger: ledger.NewDynamoDB(dynamodb.NewFromConfig(awsConfig), c.LedgerTable, time.Now),
		Outbox: &publish.EventBridge{Events: eventbridge.NewFromConfig(awsConfig), Bus: c.EventBusName, Names: c.PublishParticipantNames},
		Policy: endsession.Policy{
			MaxTriggerAge: c.MaxTriggerAge, BookingLead: c.BookingLead, BookingGrace: c.BookingGrace,
			DryRun: c.DryRun, FinalCredentials: door.Waiting,
		},
		Clock:   endsession.Clock{Now: time.Now, Sleep: sleep},
		Token:   rand.Text,
		Jitter:  mathrand.Float64,
		Observe: triggers.Attempted,
	})
	if err != nil {
		return Parts{}, err
	}
	return Parts{Service: service, Triggers: triggers, AWS: awsConfig, Now: time.Now}, nil
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
