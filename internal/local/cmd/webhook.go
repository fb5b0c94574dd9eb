package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"videosdk-end-session/internal/local/cloud"
	"videosdk-end-session/internal/local/deliveries"
	"videosdk-end-session/internal/local/stack"
	"videosdk-end-session/internal/webhook"
)

// patience is how long an outcome is waited for once its trigger is due.
const patience = 30 * time.Second

// putSources puts the sources of a file into the webhook secret. Its error has every mistake in them. No file, no sources.
func putSources(ctx context.Context, local *stack.Stack, file string) error {
	if file == "" {
		return nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read the sources: %w", err)
	}
	var entries map[string]stack.Entry
	if err := json.Unmarshal(content, &entries); err != nil {
		return fmt.Errorf("read the sources in %s, which must be a JSON object by name: %w", file, err)
	}
	if err := local.PutWebhooks(ctx, entries); err != nil {
		return err
	}
	secret, err := json.Marshal(local.Webhooks)
	if err != nil {
		return err
	}
	parsed, err := webhook.Parser(http.DefaultTransport, time.Now)(secret)
	if err != nil {
		return err
	}
	if mistakes := parsed.Mistakes(); len(mistakes) > 0 {
		return fmt.Errorf("mend these first:\n%s", strings.Join(mistakes, "\n"))
	}
	return nil
}

// takeWebhooks takes payloads to be signed and sent, and writes to a file where it does so.
func takeWebhooks(local *stack.Stack, served, sources string) (stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		payload, err := io.ReadAll(r.Body)
		if err == nil {
			err = putSources(r.Context(), local, sources)
		}
		if err == nil {
			err = tell(r.Context(), local, strings.Trim(r.URL.Path, "/"), payload, w)
		}
		if err != nil {
			fmt.Fprintln(w, "error:", err)
		}
	})}
	go func() { _ = server.Serve(listener) }()
	if err := os.WriteFile(served, []byte("http://"+listener.Addr().String()), 0o600); err != nil {
		_ = server.Close()
		return nil, err
	}
	return func() { _, _ = server.Close(), os.Remove(served) }, nil
}

// tell sends a payload as its source does, and tells what becomes of it, down to the published event.
func tell(ctx context.Context, local *stack.Stack, source string, payload []byte, out io.Writer) error {
	if _, ok := local.Webhooks[source]; !ok {
		return fmt.Errorf("no source is named %q here", source)
	}
	body, err := deliveries.Body(payload, time.Now())
	if err != nil {
		return err
	}
	id := fmt.Sprintf("msg_%d", time.Now().UnixNano())
	answer, err := local.SendWebhook(ctx, stack.Webhook{Source: source, ID: id, Payload: body})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "→ %d %s\n", answer.Status, answer.Body)
	var accepted struct {
		Status, ID   string
		DelaySeconds int
	}
	if answer.Status >= 300 || json.Unmarshal(answer.Body, &accepted) != nil || accepted.Status != "accepted" {
		return nil
	}
	_ = http.NewResponseController(out.(http.ResponseWriter)).Flush()
	delay := time.Duration(accepted.DelaySeconds) * time.Second
	if delay > patience {
		fmt.Fprintf(out, "→ kept back on the queue for %s; its outcome will appear where make serve runs\n", delay)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, delay+patience)
	defer cancel()
	event, err := outcomeOf(ctx, local, source, accepted.ID)
	if err != nil {
		return err
	}
	pretty, err := json.MarshalIndent(event, "", "  ")
	fmt.Fprintf(out, "→ published\n%s\n", pretty)
	return err
}

// outcomeOf waits for the outcome of a trigger. That of one that was settled before is there already.
func outcomeOf(ctx context.Context, local *stack.Stack, source, id string) (cloud.Envelope, error) {
	for {
		published, err := local.Published(ctx)
		if err != nil {
			return cloud.Envelope{}, err
		}
		// Also what was published before counts: the same webhook sent again is the same trigger.
		for _, event := range published {
			var detail struct{ Trigger struct{ Source, ID string } }
			if json.Unmarshal(event.Detail, &detail) == nil && detail.Trigger.Source == source && detail.Trigger.ID == id {
				return event, nil
			}
		}
		select {
		case <-ctx.Done():
			return cloud.Envelope{}, fmt.Errorf("no outcome after %s; see the functions' log", patience)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// sendFile hands a payload to what serve keeps up.
func sendFile(ctx context.Context, served string, arguments []string, out io.Writer) error {
	if len(arguments) != 2 || arguments[0] == "" || arguments[1] == "" {
		return errors.New("name a source and a file, as in: make webhook SOURCE=calcom FILE=payload.json")
	}
	payload, err := os.ReadFile(arguments[1])
	if err != nil {
		return fmt.Errorf("read the payload: %w", err)
	}
	url, err := os.ReadFile(served)
	if err != nil {
		return errors.New("nothing is up to send it to: run make serve in another terminal")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, string(url)+"/"+arguments[0], bytes.NewReader(payload))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("nothing is up to send it to: run make serve in another terminal: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	_, err = io.Copy(out, response.Body)
	return err
}
