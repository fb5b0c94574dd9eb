package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"videosdk-end-session/internal/local/deliveries"
	"videosdk-end-session/internal/local/samples"
	"videosdk-end-session/internal/local/stack"
)

// sendSamples sends every sample below the folder events and shows what becomes of it. It fails if one does not end as expected.
func sendSamples(root string, webhooks []deliveries.File) func(context.Context, *stack.Stack, io.Writer) error {
	return func(ctx context.Context, local *stack.Stack, out io.Writer) error {
		all, err := samples.Load(filepath.Join(root, "events"))
		if err != nil {
			return err
		}
		var judged, unexpected int
		var shown samples.Sent
		for _, s := range all {
			if local.Standin != nil {
				if err := samples.Arrange(local.Standin, s); err != nil {
					return fmt.Errorf("sample %s: %w", s, err)
				}
			}
			sent, err := samples.Send(ctx, local, s)
			if err != nil {
				return fmt.Errorf("sample %s: %w", s, err)
			}
			show(out, s, sent)
			if sent.Event != nil && (shown.Event == nil || s.String() == "http/ending") {
				shown = sent
			}
			if local.Standin == nil && s.Expect.Outcome != "" {
				continue // what an account at VideoSDK has in its rooms is not known here
			}
			judged++
			for _, difference := range s.Differences(sent) {
				unexpected++
				fmt.Fprintf(out, "    NOT AS EXPECTED: %s\n", difference)
			}
		}
		sentWebhooks, different, err := sendWebhooks(ctx, local, webhooks, out)
		if err != nil {
			return err
		}
		unexpected += different
		if err := showEvent(out, shown); err != nil {
			return err
		}
		if unexpected > 0 {
			return fmt.Errorf("%d differences from what events says", unexpected)
		}
		if judged < len(all) {
			fmt.Fprintf(out, "%d samples sent; %d do not depend on your rooms, and ended as expected.\n", len(all), judged)
			return nil
		}
		fmt.Fprintf(out, "%d samples and %d webhooks sent, all ended as expected.\n", len(all), sentWebhooks)
		return nil
	}
}

// sendWebhooks sends the samples of every source, signed as it signs. It returns how many were sent, and the differences from what they
// should have become. With an account at VideoSDK none is sent: which meetings it has is not known here.
func sendWebhooks(ctx context.Context, local *stack.Stack, files []deliveries.File, out io.Writer) (sent, different int, err error) {
	if local.Standin == nil {
		return 0, 0, nil
	}
	for _, f := range files {
		for _, s := range f.Samples {
			if !samples.IsSent(s) {
				continue
			}
			if err := samples.ArrangeWebhook(local.Standin, s); err != nil {
				return sent, different, fmt.Errorf("webhook %s: %w", f.Of(s), err)
			}
			got, err := samples.SendWebhook(ctx, local, f.Source, s)
			if err != nil {
				return sent, different, fmt.Errorf("webhook %s: %w", f.Of(s), err)
			}
			sent++
			fmt.Fprintf(out, "%-20s %s\n", f.Source, s.Name)
			showSteps(out, got)
			for _, difference := range samples.WebhookDifferences(s, got) {
				different++
				fmt.Fprintf(out, "    NOT AS EXPECTED: %s\n", difference)
			}
		}
	}
	return sent, different, nil
}

// show shows a trigger, the answer that its caller got, and the event that was published.
func show(out io.Writer, s samples.Sample, sent samples.Sent) {
	var document bytes.Buffer
	_ = json.Compact(&document, s.Document) // it has been read as JSON before
	fmt.Fprintf(out, "%-20s %s\n", s, document.String())
	showSteps(out, sent)
}

func showSteps(out io.Writer, sent samples.Sent) {
	var steps []string
	if sent.Answer != "" {
		steps = append(steps, sent.Answer)
	}
	if sent.Outcome != "" {
		steps = append(steps, sent.Outcome)
	}
	if sent.Code != "" {
		steps = append(steps, sent.Code)
	}
	if sent.Ignored != "" {
		steps = append(steps, "ignored", sent.Ignored)
	}
	if sent.KeptBack > 0 {
		steps = append(steps, fmt.Sprintf("kept back for %s", sent.KeptBack))
	}
	switch {
	case sent.Event != nil:
		steps = append(steps, fmt.Sprintf("event %q", sent.Event.DetailType))
	case sent.DeadLetter != nil:
		steps = append(steps, "dead letter: "+sent.DeadLetter.Attributes["reason"])
	}
	fmt.Fprintf(out, "    → %s\n", strings.Join(steps, " → "))
}

// showEvent shows one published event in full.
func showEvent(out io.Writer, sent samples.Sent) error {
	if sent.Event == nil {
		return nil
	}
	pretty, err := json.MarshalIndent(sent.Event, "", "  ")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nOne of the published events, as a rule's target receives it:\n%s\n\n", pretty)
	return nil
}
