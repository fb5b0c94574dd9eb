package stack_test

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"videosdk-end-session/internal/local/standin"
)

const (
	goodSecret = `{"apiKey":"` + apiKey + `","secret":"` + secret + `"}`
	nextSecret = `{"apiKey":"` + rotatedAPIKey + `","secret":"` + rotatedSecret + `"}`
)

// badSecrets are bad days of the secret, one after the other. A bad secret is put right after the first delivery of every trigger.
func badSecrets() setting {
	bad := func(name, code, value string) round {
		return round{
			rows:  []row{{name: name, want: credentials(code)}},
			begin: func(ctx context.Context, w *world) error { return w.freshWith(ctx, value) },
			mend:  func(ctx context.Context, w *world) error { return w.Cloud.PutSecret(ctx, goodSecret) },
		}
	}
	return setting{
		key: "secret", adjust: redelivering(4 * time.Second),
		rounds: []round{
			{rows: []row{{name: "the secret is missing", want: credentials("secret_unavailable")}}, begin: deleteSecret, mend: createSecret},
			bad("the secret is blank", "secret_invalid", " "),
			bad("the secret is empty: {}", "secret_invalid", "{}"),
			bad("the secret's values are empty", "secret_invalid", `{"apiKey":"","secret":""}`),
			bad("the secret is not JSON", "secret_invalid", "apiKey="+apiKey),
			{
				rows: []row{{name: "the secret has trailing newlines", want: settled("ending")}},
				begin: func(ctx context.Context, w *world) error {
					return w.freshWith(ctx, `{"apiKey":"`+apiKey+`\n","secret":"`+secret+`\n"}`+"\n")
				},
			},
			{
				rows: []row{{name: "the secret was rotated", want: settled("ending")}},
				begin: func(ctx context.Context, w *world) error { // the functions go on with the old one in their memory
					if err := w.Standin.Rotate(rotatedAPIKey, rotatedSecret); err != nil {
						return err
					}
					return w.Cloud.PutSecret(ctx, nextSecret)
				},
			},
			{
				rows:  []row{{name: "VideoSDK's key was rotated before the secret", want: credentials("videosdk_unauthorized")}},
				begin: func(_ context.Context, w *world) error { return w.Standin.Rotate(apiKey, secret) },
				mend:  func(ctx context.Context, w *world) error { return w.Cloud.PutSecret(ctx, goodSecret) },
			},
			{
				rows: []row{{
					name: "the secret is rotated while a session is being ended", want: settled("ending"),
					faults: with(standin.Fault{On: standin.OpEndSession, Do: standin.Slow, Delay: 2 * time.Second, Times: once}),
				}},
				during: rotateAtTheEnds,
			},
		},
	}
}

// rotateAtTheEnds rotates key and secret when a call that ends a session has arrived by each way, and is held up.
func rotateAtTheEnds(ctx context.Context, w *world) error {
	held := func() bool {
		n := 0
		for _, call := range w.Standin.Calls() {
			if call.Operation == standin.OpEndSession && call.Fault == standin.Slow {
				n++
			}
		}
		return n == len(ways)
	}
	if err := w.until(ctx, "the calls that end a session", held); err != nil {
		return err
	}
	if err := w.Standin.Rotate(rotatedAPIKey, rotatedSecret); err != nil {
		return err
	}
	return w.Cloud.PutSecret(ctx, nextSecret)
}

// fresh forgets every function's memory, and the secret in it.
func (w *world) fresh() {
	for _, f := range w.Template.Functions {
		w.Kill(f.LogicalID)
	}
}

func (w *world) freshWith(ctx context.Context, value string) error {
	w.fresh()
	return w.Cloud.PutSecret(ctx, value)
}

func deleteSecret(ctx context.Context, w *world) error {
	w.fresh()
	_, err := secretsmanager.NewFromConfig(w.Cloud.SDKConfig()).DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{
		SecretId: aws.String(secretName), ForceDeleteWithoutRecovery: aws.Bool(true),
	})
	return err
}

func createSecret(ctx context.Context, w *world) error {
	_, err := secretsmanager.NewFromConfig(w.Cloud.SDKConfig()).CreateSecret(ctx, &secretsmanager.CreateSecretInput{
		Name: aws.String(secretName), SecretString: aws.String(goodSecret),
	})
	return err
}

// secretName is the name that the local stack gives to the secret.
const secretName = "videosdk"
