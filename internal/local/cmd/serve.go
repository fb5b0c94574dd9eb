package main

import (
	"context"
	"fmt"
	"io"

	"videosdk-end-session/internal/local/stack"
)

// serve keeps the application up until it is interrupted, and says how to use it.
func serve(served, sources string) func(context.Context, *stack.Stack, io.Writer) error {
	return func(ctx context.Context, local *stack.Stack, out io.Writer) error {
		if err := putSources(ctx, local, sources); err != nil {
			return err
		}
		stop, err := takeWebhooks(local, served, sources)
		if err != nil {
			return err
		}
		defer stop()
		explain(local, out)
		return watch(ctx, local, out)
	}
}

func explain(local *stack.Stack, out io.Writer) {
	if local.Standin != nil {
		fmt.Fprintf(out, `Begin a meeting at the stand-in:
  curl -s %s/_standin/rooms -d '{"roomId":"abcd-efgh-ijkl","sessions":[{"participants":[{"participantId":"demo-1","name":"Jane"}]}]}'

`, local.Standin.URL())
	}
	fmt.Fprintf(out, `End it (curl signs the request; the local API does not verify the signature):
  curl -s --aws-sigv4 aws:amz:us-east-1:execute-api --user local:local \
    -H 'content-type: application/json' %s/v1/sessions/end -d '{"roomId":"abcd-efgh-ijkl","reason":"over"}'

Or by the queue, with any AWS client and the endpoint %s:
  %s

Or by a webhook, signed as its source signs:
  make webhook SOURCE=calcom FILE=payload.json

Published outcomes appear below. Stop with Ctrl-C.
`, local.URL, local.AWS.URL(), local.Template.Outputs["TriggerQueueUrl"])
}
