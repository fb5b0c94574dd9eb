package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"videosdk-end-session/internal/local/samples"
	"videosdk-end-session/internal/local/stack"
)

// sendSamples sends every sample below the folder events and shows what becomes of it. It fails if one does not end as expected.
func sendSamples(root string) func(context.Context, *stack.Stack, io.Writer) error {
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
		if err := showEvent(out, shown); err != nil {
			return err
		}
		if unexpected > 0 {
			return fmt.Errorf("%d differences from events/expected.json", unexpected)
		}
		if judged < len(all) {
			fmt.Fprintf(out, "%d samples sent; %d do not depend on your rooms, and ended as expected.\n", len(all), judged)
			return nil
		}
		fmt.Fprintf(out, "%d samples sent, all ended as expected.\n", len(all))
		return nil
	}
}

// show shows a trigger, the answer that its caller got, and the event that was published.
func show(out io.Writer, s samples.Sample, sent samples.Sent) {
	var document bytes.Buffer
	_ = json.Compact(&document, s.Document) // it has been read as JSON before
	fmt.Fprintf(out, "%-20s %s\n", s, document.String())
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
