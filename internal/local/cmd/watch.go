package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"videosdk-end-session/internal/local/stack"
)

// watch prints each published event until the context ends.
func watch(ctx context.Context, local *stack.Stack, out io.Writer) error {
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for printed := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		published, err := local.Published(ctx)
		if err != nil && ctx.Err() == nil {
			return err
		}
		for _, event := range published[printed:] {
			fmt.Fprintf(out, "%s  %s\n", event.DetailType, event.Detail)
		}
		printed = len(published)
	}
}
