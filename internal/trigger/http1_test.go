package trigger_test

import (
	"testing"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/gateway"
	"videosdk-end-session/internal/trigger"
)

func TestARESTCallIsReadLikeAnHTTPCall(t *testing.T) {
	const context = `"httpMethod":"POST","requestContext":{"requestId":"` + gatewayID + `","httpMethod":"POST"}`
	tests := []struct {
		name    string
		payload string
		id      string
	}{
		{name: "plain", payload: `{` + context + `,"headers":null,"multiValueHeaders":null,"body":"{\"roomId\":\"r\"}"}`, id: gatewayID},
		{name: "a header", payload: `{` + context + `,"headers":{"IDEMPOTENCY-KEY":"k"},"body":"{\"roomId\":\"r\"}"}`, id: "k"},
		{
			name:    "a header only among those with several values",
			payload: `{` + context + `,"headers":null,"multiValueHeaders":{"Idempotency-key":["k","l"],"X":[]},"body":"{\"roomId\":\"r\"}"}`, id: "k",
		},
		{name: "base64", payload: `{` + context + `,"isBase64Encoded":true,"body":"eyJyb29tSWQiOiJyIn0="}`, id: gatewayID},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			call, ok := gateway.Parse([]byte(tt.payload))
			if !ok {
				t.Fatal("not taken as an HTTP call")
			}
			got, err := trigger.HTTP(call, trace, now)
			wantError(t, nil, err)
			wantRequest(t, called(func(r *endsession.Request) { r.RoomID, r.ID = "r", tt.id }), got)
		})
	}
}
