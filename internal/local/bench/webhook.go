package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

const (
	webhookName   = "webhook"
	webhookSecret = "bench-webhook-secret" // of the source calcom
)

// cancelled returns a signed webhook of Cal.com about a booking that is under way, as the HTTP API hands it on.
func cancelled(n int) ([]byte, error) {
	now := time.Now().UTC()
	booking := map[string]any{
		"uid": fmt.Sprintf("booking-%06d", n), "startTime": now.Add(-time.Hour).Format(time.RFC3339), "endTime": now.Add(time.Hour).Format(time.RFC3339),
		"location": "https://school.example/rooms/abcd-efgh-ijkl",
	}
	body, err := json.Marshal(map[string]any{"triggerEvent": "BOOKING_CANCELLED", "createdAt": now.Format(time.RFC3339Nano), "payload": booking})
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, []byte(webhookSecret))
	mac.Write(body)
	return json.Marshal(events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "POST /v1/webhooks/{source}", RawPath: "/v1/webhooks/calcom", PathParameters: map[string]string{"source": "calcom"},
		Headers: map[string]string{"content-type": "application/json", "x-cal-signature-256": hex.EncodeToString(mac.Sum(nil))}, Body: string(body),
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RequestID: "bench", HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "POST", Path: "/v1/webhooks/calcom"},
		},
	})
}

// expectWebhooks puts the secret of Cal.com's webhooks where the function finds it.
func (w *world) expectWebhooks() {
	w.cloud.secret = fmt.Sprintf(`{"calcom":{"secrets":[%q]}}`, webhookSecret)
	w.environment["WEBHOOK_SECRET_ID"] = "webhooks"
}

// webhook tells what the function for webhooks takes: one environment, one webhook after the other.
func (b *bench) webhook(ctx context.Context) error {
	allocations, err := startAllocations(ctx, filepath.Join(b.binaries, webhookName, "bootstrap"))
	if err != nil {
		return err
	}
	b.table.add(row{
		what: "`webhook`: start-up allocations", budget: "≤ 4600", measured: fmt.Sprint(allocations), met: allocations <= 4600,
	})
	w, err := newWorld(distance{}, b.folder)
	if err != nil {
		return err
	}
	defer w.close()
	w.expectWebhooks()
	r, err := start(b.variants(webhookName)[0], w, 0)
	if err != nil {
		return err
	}
	defer r.close()
	var took []time.Duration
	var sum time.Duration
	var calls, sent int
	for n := range b.events + 10 {
		if n == 10 { // warm
			took, sum, calls, sent = nil, 0, w.cloud.all(), w.cloud.count("SendMessage")
		}
		payload, err := cancelled(n)
		if err != nil {
			return err
		}
		report, err := r.invoke(ctx, payload)
		if err != nil {
			return err
		}
		took, sum = append(took, report.Duration), sum+report.Duration
	}
	calls, sent = w.cloud.all()-calls, w.cloud.count("SendMessage")-sent
	if sent != len(took) {
		return fmt.Errorf("%d webhooks came to %d messages", len(took), sent)
	}
	slices.Sort(took)
	b.table.add(row{
		what: "`webhook`: network calls for each", budget: "1", measured: fmt.Sprintf("%.2f", float64(calls)/float64(len(took))), met: calls == len(took),
	})
	b.table.add(row{
		what:     "`webhook`: one after the other in one environment",
		measured: fmt.Sprintf("%.0f a second, median %s, p99 %s", float64(len(took))/sum.Seconds(), ms(took[len(took)/2]), ms(took[len(took)*99/100])),
	})
	return nil
}
