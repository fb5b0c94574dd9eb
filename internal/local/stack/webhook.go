package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"time"

	"videosdk-end-session/internal/local/deliveries"
)

// startKeys makes the keys that webhooks are signed with, and serves the public ones.
func (s *Stack) startKeys() error {
	var err error
	if s.Keys, err = deliveries.NewKeys(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.Keys.BaseURL, s.Keys.KeySetURL = s.URL, "http://"+listener.Addr().String()+"/jwks"
	s.serve(listener, s.Keys)
	return nil
}

// sign completes entries by what their signatures need, and returns the webhook secret with all sources.
func (s *Stack) sign(entries map[string]Entry) (string, error) {
	for source, entry := range entries {
		s.Webhooks[source] = s.Keys.Entry(source, entry)
	}
	secret, err := json.Marshal(s.Webhooks)
	return string(secret), err
}

// PutWebhooks adds or replaces sources in the webhook secret.
func (s *Stack) PutWebhooks(ctx context.Context, entries map[string]Entry) error {
	secret, err := s.sign(entries)
	if err != nil {
		return err
	}
	return s.Cloud.PutOtherSecret(ctx, webhookSecret, secret)
}

// Webhook is a webhook to be sent.
type Webhook struct {
	Source  string
	ID      string            // the delivery's, where its scheme has one
	Payload []byte            // what is signed
	Header  map[string]string // further headers
}

// SendWebhook signs a webhook as its source does and sends it.
func (s *Stack) SendWebhook(ctx context.Context, w Webhook) (Answer, error) {
	header, body, err := s.Keys.Sign(w.Source, s.Webhooks[w.Source], w.Payload, w.ID, time.Now())
	if err != nil {
		return Answer{}, err
	}
	for name, value := range w.Header {
		header.Set(name, value)
	}
	return s.Call(ctx, http.MethodPost, "/v1/webhooks/"+w.Source, header, body)
}

// Call calls the HTTP API as a stranger does, without a signature of AWS.
func (s *Stack) Call(ctx context.Context, method, path string, header http.Header, body []byte) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, s.URL+path, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	maps.Copy(request.Header, header)
	return s.do(request)
}

func (s *Stack) do(request *http.Request) (Answer, error) {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return Answer{}, fmt.Errorf("call the HTTP API: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	a := Answer{Status: response.StatusCode, Header: response.Header, Body: body}
	if err == nil && s.answered != nil {
		s.answered(request.Method, request.URL.Path, a)
	}
	return a, err
}
