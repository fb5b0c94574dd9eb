// Package webhooks builds what the functions know of sources: it reads the webhook secret, which has the secrets and profiles of all.
package webhooks

import (
	"context"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"videosdk-end-session/internal/credentials"
	"videosdk-end-session/internal/start"
	"videosdk-end-session/internal/trigger"
	"videosdk-end-session/internal/webhook"
)

// Secret returns the webhook secret, cached. What is wrong with its sources is logged whenever it is fetched.
func Secret(p start.Process) (*credentials.Cache[*webhook.Sources], error) {
	about := p.Secret(p.Config.WebhookSecretID)
	parse := webhook.Parser(http.DefaultTransport, p.Now)
	return credentials.New(credentials.Config[*webhook.Sources]{
		Secrets: secretsmanager.NewFromConfig(p.AWS), SecretID: p.Config.WebhookSecretID, TTL: p.Config.SecretTTL, Now: p.Now,
		Stale: about.Stale, Fetched: about.Fetched,
		Parse: func(secret []byte) (*webhook.Sources, error) {
			sources, err := parse(secret)
			if err == nil {
				p.Webhooks.Misconfigured(context.Background(), sources.Mistakes())
			}
			return sources, err
		},
	})
}

// Reader returns the reader of a function that takes events from a queue or a bus. Without a webhook secret it knows Canvas Live Events
// and our own documents.
func Reader(p start.Process) (trigger.Reader, error) {
	events := webhook.Events{Failed: p.Webhooks.ExpressionsFailed}
	if p.Config.WebhookSecretID != "" {
		secret, err := Secret(p)
		if err != nil {
			return trigger.Reader{}, err
		}
		events.Secret = secret
	}
	return trigger.Reader{Profiles: events}, nil
}
