package credentials_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"videosdk-end-session/internal/credentials"
	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/local/moto"
	"videosdk-end-session/internal/local/moto/mototest"
	"videosdk-end-session/internal/videosdk"
)

// TestSecretsManager goes through the AWS SDK to a local Secrets Manager.
func TestSecretsManager(t *testing.T) {
	server := mototest.Start(t, moto.Config{})
	client := secretsmanager.NewFromConfig(aws.Config{
		Region:       "eu-central-1",
		BaseEndpoint: aws.String(server.URL()),
		Credentials:  awscredentials.NewStaticCredentialsProvider("local", "local", ""),
		HTTPClient:   awshttp.NewBuildableClient(),
	})
	create := func(in secretsmanager.CreateSecretInput) (arn string) {
		t.Helper()
		out, err := client.CreateSecret(t.Context(), &in)
		if err != nil {
			t.Fatal(err)
		}
		return *out.ARN
	}
	byName := create(secretsmanager.CreateSecretInput{Name: aws.String("prod/videosdk"), SecretString: aws.String(`{"apiKey":"key 1","secret":"secret 1"}`)})
	create(secretsmanager.CreateSecretInput{Name: aws.String("binary"), SecretBinary: []byte(`{"VIDEOSDK_API_KEY":"key 1","VIDEOSDK_SECRET":"secret 1"}`)})
	create(secretsmanager.CreateSecretInput{Name: aws.String("malformed"), SecretString: aws.String(`{"apiKey":"confidential"}`)})

	cached := func(id string) *credentials.Cache[videosdk.Credentials] {
		t.Helper()
		cache, err := credentials.New(credentials.Config[videosdk.Credentials]{
			Secrets: client, SecretID: id, TTL: time.Hour, Parse: videosdk.ParseCredentials, Now: time.Now,
			Stale: func(_ context.Context, err error) { t.Errorf("%s: refresh failed: %v", id, err) },
		})
		if err != nil {
			t.Fatal(err)
		}
		return cache
	}
	check := func(step string, got videosdk.Credentials, err error, number string) {
		t.Helper()
		if err != nil || got.APIKey != "key "+number || got.Secret.Reveal() != "secret "+number {
			t.Errorf("%s: got %q and %q, %v, want pair %s", step, got.APIKey, got.Secret.Reveal(), err, number)
		}
	}

	caches := map[string]*credentials.Cache[videosdk.Credentials]{"name": cached("prod/videosdk"), "ARN": cached(byName), "binary": cached("binary")}
	for by, cache := range caches {
		got, err := cache.Get(t.Context())
		check("first by "+by, got, err, "1")
	}

	used := time.Now()
	for id, value := range map[string]secretsmanager.PutSecretValueInput{
		"prod/videosdk": {SecretString: aws.String(`{"apiKey":"key 2","secret":"secret 2"}`)},
		"binary":        {SecretBinary: []byte(`{"apiKey":"key 2","secret":"secret 2"}`)},
	} {
		value.SecretId = &id
		if _, err := client.PutSecretValue(t.Context(), &value); err != nil {
			t.Fatal(err)
		}
	}
	for by, cache := range caches {
		got, err := cache.Get(t.Context())
		check("cached by "+by, got, err, "1")
		got, err = cache.Refresh(t.Context(), used)
		check("refreshed by "+by, got, err, "2")
		got, err = cache.Get(t.Context())
		check("kept by "+by, got, err, "2")
	}
	if n := server.Operations()["secretsmanager:GetSecretValue"]; n != 6 {
		t.Errorf("%d calls of GetSecretValue, want two for each cache", n)
	}

	_, err := cached("missing").Get(t.Context())
	if _, missing := errors.AsType[*types.ResourceNotFoundException](err); !missing {
		t.Errorf("missing secret: %v, want a ResourceNotFoundException", err)
	}
	if e := endsession.AsError(err); e.Code != endsession.CodeSecretUnavailable || e.Class != endsession.Credentials {
		t.Errorf("missing secret: %+v, want one that somebody must mend", e)
	}
	_, err = cached("malformed").Get(t.Context())
	if !errors.Is(err, videosdk.ErrInvalidCredentials) || strings.Contains(err.Error(), "confidential") {
		t.Errorf("malformed secret: %v", err)
	}
}
