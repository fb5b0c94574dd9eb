package webhook

import (
	"net/http"
	"testing"
	"time"

	"videosdk-end-session/internal/redacted"
)

// TestPublishedVectors verifies what the vendors have published, each cited by its page.
func TestPublishedVectors(t *testing.T) {
	tests := []struct {
		name, scheme, secret, url, body string
		header                          map[string]string
		received                        int64
	}{
		{
			name: "Standard Webhooks, github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md", scheme: "standard-webhooks",
			secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", body: `{"test": 2432232314}`, received: 1614265330,
			header: map[string]string{
				"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
				"webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
			},
		},
		{
			name: "Square", scheme: "square", secret: "asdf1234", url: "https://example.com/webhook", body: `{"hello":"world"}`,
			header: map[string]string{"x-square-hmacsha256-signature": "2kRE5qRU2tR+tBGlDwMEw2avJ7QM4ikPYD/PJ3bd9Og="},
		},
		{
			name: "GitHub, docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries", scheme: "github",
			secret: "It's a Secret to Everybody", body: "Hello, World!",
			header: map[string]string{"X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := newVerifier(tt.scheme, settings{Secrets: []redacted.String{redacted.New(tt.secret)}, URL: tt.url}, parts{})
			if err != nil {
				t.Fatal(err)
			}
			d := Delivery{Header: http.Header{}, Body: []byte(tt.body), Received: time.Unix(tt.received, 0)}
			for name, value := range tt.header {
				d.Header.Set(name, value)
			}
			got, err := v.verify(t.Context(), d)
			if err != nil {
				t.Fatal(err)
			}
			if string(got.payload) != tt.body || got.secret.Reveal() != tt.secret || got.id != tt.header["webhook-id"] {
				t.Errorf("verified %+v", got)
			}
			d.Body[0] ^= 1
			if _, err := v.verify(t.Context(), d); err == nil {
				t.Error("a changed body is verified")
			}
		})
	}
}
