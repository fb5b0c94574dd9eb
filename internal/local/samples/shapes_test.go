package samples

import (
	"encoding/json"
	"fmt"
)

// The samples differ only in their shape, so they are made here, from one document for each outcome and one wrapping for each shape:
// `go test ./internal/local/samples -update` writes them. A shape's samples have rooms and sessions of their own.

// document is a request document, its fields in the order in which people read them.
type document struct {
	RoomID       string `json:"roomId,omitempty"`
	CustomRoomID string `json:"customRoomId,omitempty"`
	SessionID    any    `json:"sessionId,omitempty"` // a number in a document that is not valid
	ID           string `json:"id,omitempty"`
	Source       string `json:"source,omitempty"`
	Reason       string `json:"reason,omitempty"`
	OccurredAt   string `json:"occurredAt,omitempty"`
	StartsAt     string `json:"startsAt,omitempty"`
	EndsAt       string `json:"endsAt,omitempty"`
	DryRun       bool   `json:"dryRun,omitempty"`
}

// documents are the documents of a shape by the samples' names.
func documents(shape string, number int) map[string]document {
	return map[string]document{
		"ending":        {RoomID: shape + "-demo-room", Reason: "booking cancelled"},
		"ended":         {CustomRoomID: shape + "-booking-4711", Reason: "timer fired"},
		"already-ended": {SessionID: fmt.Sprintf("6a1b2c3d4e5f60718293a4%02x", number), Reason: "operator"},
		"not-active":    {RoomID: shape + "-quiet-room", Reason: "class deleted"},
		"refused":       {RoomID: shape + "-later-room", Reason: "booking cancelled", StartsAt: "2098-12-31T09:00:00Z", EndsAt: "2098-12-31T10:00:00Z"},
		"failed":        {SessionID: fmt.Sprintf("ffffffffffffffffffffff%02x", number)},
		"dry-run":       {RoomID: shape + "-test-room", Reason: "what would happen", DryRun: true},
		"invalid":       {RoomID: "no/room?", SessionID: 4711, StartsAt: "tomorrow"},
	}
}

// object is a JSON object; its fields are written in the order of their names.
type object = map[string]any

// wrappings make the payload of a shape from a document. The name keeps ids apart.
var wrappings = map[string]func(name string, d document) any{
	"direct": func(_ string, d document) any { return d },
	"http": func(name string, d document) any {
		return payload2("abcdefghij.execute-api.us-east-1.amazonaws.com", "sample-"+name, d)
	},
	"http-url": func(name string, d document) any {
		return payload2("abcdefghij.lambda-url.us-east-1.on.aws", "sample-url-"+name, d)
	},
	"http-rest": func(name string, d document) any {
		return object{
			"resource": "/v1/sessions/end", "path": "/v1/sessions/end", "httpMethod": "POST",
			"headers":           object{"Content-Type": "application/json", "Idempotency-Key": "sample-rest-" + name},
			"multiValueHeaders": object{"Content-Type": []string{"application/json"}, "Idempotency-Key": []string{"sample-rest-" + name}},
			"requestContext":    object{"requestId": "sample-rest-" + name, "httpMethod": "POST", "path": "/v1/sessions/end", "stage": "prod"},
			"body":              text(d), "isBase64Encoded": false,
		}
	},
	"sqs": func(name string, d document) any {
		if name != "invalid" {
			d.ID, d.Source, d.OccurredAt = "sample-"+name, "my-timer", Never
		}
		return batch(name, text(d))
	},
	"sqs-eventbridge":         func(name string, d document) any { return batch(name, text(sent(event("sqs-"+name, d)))) },
	"sqs-sns":                 func(name string, d document) any { return batch(name, text(notification(name, text(d)))) },
	"eventbridge":             func(name string, d document) any { return event(name, d) },
	"eventbridge-array":       func(name string, d document) any { return []any{event("array-"+name, d)} },
	"eventbridge-cloudevents": func(name string, d document) any { return event("cloud-"+name, cloudEvent(name, d)) },
}

func payload2(domain, key string, d document) object {
	return object{
		"version": "2.0", "routeKey": "POST /v1/sessions/end", "rawPath": "/v1/sessions/end", "rawQueryString": "",
		"headers": object{"content-type": "application/json", "idempotency-key": key},
		"requestContext": object{
			"accountId": "123456789012", "apiId": "abcdefghij", "domainName": domain, "requestId": key, "stage": "$default",
			"http": object{"method": "POST", "path": "/v1/sessions/end", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "sample"},
			"time": "23/Nov/2026:10:00:00 +0000", "timeEpoch": 1795428000000,
		},
		"body": text(d), "isBase64Encoded": false,
	}
}

func batch(name, body string) object {
	return object{"Records": []any{object{
		"messageId": "sample-message-" + name, "receiptHandle": "sample", "body": body, "md5OfBody": "",
		"attributes": object{"ApproximateReceiveCount": "1"}, "messageAttributes": object{},
		"eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:triggers", "awsRegion": "us-east-1",
	}}}
}

func event(id string, detail any) object {
	return object{
		"version": "0", "id": "sample-" + id, "detail-type": "End Session", "source": "videosdk.trigger", "account": "123456789012",
		"region": "us-east-1", "resources": []string{}, "detail": detail,
	}
}

// sent is an event as a bus sends it, with the time that a test event lacks.
func sent(event object) object {
	event["time"] = Never
	return event
}

func notification(name, message string) object {
	return object{
		"Type": "Notification", "MessageId": "sample-" + name, "TopicArn": "arn:aws:sns:us-east-1:123456789012:triggers", "Message": message,
		"Timestamp": Never, "SignatureVersion": "1", "Signature": "sample", "SigningCertURL": "sample", "UnsubscribeURL": "sample",
	}
}

func cloudEvent(name string, d document) object {
	return object{
		"specversion": "1.0", "id": "sample-" + name, "source": "/my/calendar", "type": "com.example.booking.cancelled",
		"datacontenttype": "application/json", "data": d,
	}
}

// text is a value as JSON on one line.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // of the types above, none can fail
	}
	return string(b)
}
