// Package wiring builds the use case out of what a function has started with. It is the one place that knows all adapters of the use
// case, and where its randomness comes from.
package wiring

import (
	"context"
	"crypto/rand"
	mathrand "math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"videosdk-end-session/internal/ahead"
	"videosdk-end-session/internal/awsjson"
	"videosdk-end-session/internal/config"
	"videosdk-end-session/internal/credentials"
	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/ledger"
	"videosdk-end-session/internal/publish"
	"videosdk-end-session/internal/start"
	"videosdk-end-session/internal/telemetry"
	"videosdk-end-session/internal/videosdk"
)

// Service builds the use case. It calls nothing outside the process, but has done ahead what the first trigger needs.
func Service(p start.Process) (*endsession.Service, error) {
	c := p.Config
	about, calls := p.Secret(c.VideoSDKSecretID), telemetry.Calls{Log: p.Log, Now: p.Now}
	secret, err := credentials.New(credentials.Config[videosdk.Credentials]{
		Secrets: secretsmanager.NewFromConfig(p.AWS), SecretID: c.VideoSDKSecretID, TTL: c.SecretTTL, Parse: videosdk.ParseCredentials, Now: p.Now,
		Stale: about.Stale, Fetched: about.Fetched,
	})
	if err != nil {
		return nil, err
	}
	transport := videosdk.NewTransport()
	if p.Dial != nil {
		transport.DialContext, transport.Proxy = p.Dial, nil
	}
	client, err := videosdk.New(videosdk.Config{
		Endpoint: c.VideoSDKAPIEndpoint, Credentials: secret, Transport: calls.VideoSDK(transport), Now: p.Now,
	})
	if err != nil {
		return nil, err
	}
	clock := awsjson.Clock{Now: p.Now, Sleep: sleep}
	items, err := awsjson.New(awsjson.DynamoDB, p.AWS, clock)
	if err != nil {
		return nil, err
	}
	events, err := awsjson.New(awsjson.EventBridge, p.AWS, clock)
	if err != nil {
		return nil, err
	}
	// One each: more would spare a first batch some handshakes, but few functions start with a full batch, and all would wait for them.
	p.Ahead("connection to VideoSDK", func(ctx context.Context) error {
		return ahead.Open(ctx, transport.RoundTrip, c.VideoSDKAPIEndpoint)
	})
	p.Ahead("connection to DynamoDB", func(ctx context.Context) error {
		return ahead.Open(ctx, p.AWS.HTTPClient.Do, items.Endpoint())
	})
	if events.Endpoint() != items.Endpoint() {
		p.Ahead("connection to EventBridge", func(ctx context.Context) error {
			return ahead.Open(ctx, p.AWS.HTTPClient.Do, events.Endpoint())
		})
	}
	p.Ahead("secret and token", client.Prepare)
	return endsession.New(endsession.Config{
		Reader: client,
		Ender:  client,
		Ledger: calls.Ledger(ledger.NewDynamoDB(items, c.LedgerTable, p.Now)),
		Outbox: &publish.EventBridge{Events: events, Bus: c.EventBusName, Names: c.PublishParticipantNames},
		Policy: endsession.Policy{
			MaxTriggerAge: c.MaxTriggerAge, BookingLead: c.BookingLead, BookingGrace: c.BookingGrace,
			DryRun:           c.DryRun,
			FinalCredentials: p.Function == config.API, // its callers wait for an answer
			Patient:          p.Function == config.SQS, // MaximumConcurrency bounds its batches
		},
		Clock:   endsession.Clock{Now: p.Now, Sleep: sleep},
		Token:   rand.Text,
		Jitter:  mathrand.Float64,
		Observe: p.Triggers.Attempted,
	})
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
