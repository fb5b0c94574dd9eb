package stack_test

import (
	"encoding/base64"
	"encoding/json"
)

// gatewayCalls are HTTP calls as gateways pass them on.
func gatewayCalls() []row {
	encoded := func(c *cell) string { return base64.StdEncoding.EncodeToString(c.named(nil).document) }
	plain := func(c *cell) string { return string(c.named(nil).document) }
	unnamed := func(c *cell) string { return string(c.named(map[string]any{"id": nil}).document) }
	call := func(more map[string]any, body func(*cell) string) []func(*cell) trigger {
		return oneTrigger(func(c *cell) trigger { return gatewayCall(c, more, body(c)) })
	}
	return []row{
		{name: "a base64 body", triggers: call(map[string]any{"isBase64Encoded": true}, encoded), want: settled("ending").only(byHTTP)},
		{
			name: "a plain body flagged as base64", want: rejected("invalid_json").only(byHTTP),
			triggers: call(map[string]any{"isBase64Encoded": true}, plain),
		},
		{
			name: "a base64 body not flagged", want: rejected("invalid_json").only(byHTTP),
			triggers: call(map[string]any{"isBase64Encoded": false}, encoded),
		},
		{name: "no headers", triggers: call(nil, unnamed), want: settled("ending").only(byHTTP)},
		{
			name: "headers null, body null", want: rejected("invalid_json").only(byHTTP),
			triggers: call(map[string]any{"headers": nil, "body": nil}, unnamed),
		},
		{
			name: "Idempotency-Key oddly cased", want: settled("ending").only(byHTTP),
			triggers: oneTrigger(func(c *cell) trigger {
				return gatewayCall(c, map[string]any{"requestContext": payload2("not-the-id"), "headers": map[string]any{"iDEMPOTENCY-kEY": c.id}}, unnamed(c))
			}),
		},
		{
			name: "Idempotency-Key in a REST API's call", want: settled("ending").only(byHTTP),
			triggers: oneTrigger(func(c *cell) trigger {
				return gatewayCall(c, map[string]any{
					"httpMethod": "POST", "requestContext": map[string]any{"requestId": "not-the-id"},
					"headers": nil, "multiValueHeaders": map[string]any{"idempotency-KEY": []string{c.id, "other"}},
				}, unnamed(c))
			}),
		},
		{
			name: "Idempotency-Key by the HTTP API", want: settled("ending").only(byHTTP),
			triggers: oneTrigger(func(c *cell) trigger {
				t := c.named(map[string]any{"id": nil})
				t.id, t.header = c.id, map[string]string{"Idempotency-Key": c.id}
				return t
			}),
		},
	}
}

// payload2 is the request context of payload format 2.0.
func payload2(requestID string) map[string]any {
	return map[string]any{"requestId": requestID, "http": map[string]any{"method": "POST", "path": "/v1/sessions/end"}}
}

// gatewayCall is a call whose id is the cell's, unless its fields say otherwise.
func gatewayCall(c *cell, more map[string]any, body string) trigger {
	call := map[string]any{"version": "2.0", "requestContext": payload2(c.id), "body": body}
	for name, value := range more {
		call[name] = value
	}
	payload, err := json.Marshal(call)
	if err != nil {
		panic(err) // a mistake in a row
	}
	return trigger{id: c.id, gateway: payload}
}
