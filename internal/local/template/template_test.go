package template

import (
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var testStack = Stack{Name: "demo", AccountID: "123456789012", Region: "eu-central-1", Endpoint: "http://127.0.0.1:4566"}

// projectTemplate is the file that is deployed.
var projectTemplate = filepath.Join("..", "..", "..", "template.yaml")

func readProject(t *testing.T, parameters map[string]string) *Template {
	t.Helper()
	given := map[string]string{"VideoSdkSecretId": "videosdk", "WebhookSecretId": "webhooks"}
	maps.Copy(given, parameters)
	read, err := Read(projectTemplate, testStack, given)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// asyncDefaults is what Lambda does with a function that says nothing of it.
var asyncDefaults = AsyncInvocation{Retries: 2, MaximumAge: 6 * time.Hour, RetryWait: time.Minute, ThrottleWait: time.Second}

func TestProjectFunctions(t *testing.T) {
	eventBridgeAsync := asyncDefaults
	eventBridgeAsync.DeadLetterQueue = "DeadLetterQueue"
	apiAsync := eventBridgeAsync
	apiAsync.Retries, apiAsync.MaximumAge = 0, time.Minute
	got := readProject(t, nil).Functions
	want := []Function{
		{
			LogicalID:    "ApiFunction",
			Name:         "demo-ApiFunction",
			ARN:          "arn:aws:lambda:eu-central-1:123456789012:function:demo-ApiFunction",
			Handler:      "bootstrap",
			Architecture: "arm64",
			Timeout:      25 * time.Second,
			MemoryMB:     128,
			Async:        apiAsync,
			Routes: []Route{
				{API: "HttpApi", Method: "POST", Path: "/v1/sessions/end", Authorizer: "AWS_IAM", PayloadVersion: "2.0"},
			},
			Environment: map[string]string{
				"VIDEOSDK_SECRET_ID":        "videosdk",
				"VIDEOSDK_API_ENDPOINT":     "https://api.videosdk.live",
				"LEDGER_TABLE":              "demo-LedgerTable",
				"EVENT_BUS_NAME":            "demo-outcomes",
				"MAX_TRIGGER_AGE":           "24h",
				"BOOKING_LEAD":              "15m",
				"BOOKING_GRACE":             "60m",
				"SECRET_TTL":                "5m",
				"DRY_RUN":                   "false",
				"PUBLISH_PARTICIPANT_NAMES": "false",
				"LOG_LEVEL":                 "INFO",
				"LOG_SAMPLE_RATE":           "0",
				"STACK_NAME":                "demo",
			},
		},
		{
			LogicalID:    "EventBridgeFunction",
			Name:         "demo-EventBridgeFunction",
			ARN:          "arn:aws:lambda:eu-central-1:123456789012:function:demo-EventBridgeFunction",
			Handler:      "bootstrap",
			Architecture: "arm64",
			Timeout:      25 * time.Second,
			MemoryMB:     128,
			Async:        eventBridgeAsync,
			Rules: []Rule{{
				LogicalID:       "TriggerRule",
				Name:            "demo-TriggerRule",
				ARN:             "arn:aws:events:eu-central-1:123456789012:rule/demo-TriggerRule",
				Bus:             "default",
				Pattern:         `{"detail-type":["End Session"],"source":["videosdk.trigger"]}`,
				Retry:           RetryPolicy{MaximumAge: 24 * time.Hour, Retries: 185},
				DeadLetterQueue: "DeadLetterQueue",
			}},
			Environment: map[string]string{
				"VIDEOSDK_SECRET_ID":        "videosdk",
				"VIDEOSDK_API_ENDPOINT":     "https://api.videosdk.live",
				"LEDGER_TABLE":              "demo-LedgerTable",
				"EVENT_BUS_NAME":            "demo-outcomes",
				"WEBHOOK_SECRET_ID":         "webhooks",
				"QUEUE_URL":                 "http://127.0.0.1:4566/123456789012/demo-TriggerQueue",
				"MAX_TRIGGER_AGE":           "24h",
				"BOOKING_LEAD":              "15m",
				"BOOKING_GRACE":             "60m",
				"SECRET_TTL":                "5m",
				"DRY_RUN":                   "false",
				"PUBLISH_PARTICIPANT_NAMES": "false",
				"LOG_LEVEL":                 "INFO",
				"LOG_SAMPLE_RATE":           "0",
				"STACK_NAME":                "demo",
			},
		},
		{
			LogicalID:    "SqsFunction",
			Name:         "demo-SqsFunction",
			ARN:          "arn:aws:lambda:eu-central-1:123456789012:function:demo-SqsFunction",
			Handler:      "bootstrap",
			Architecture: "arm64",
			Timeout:      25 * time.Second,
			MemoryMB:     128,
			Async:        asyncDefaults,
			Queues: []QueueSource{
				{Queue: "TriggerQueue", BatchSize: 10, MaximumConcurrency: 5, ReportBatchItemFailures: true},
			},
			Environment: map[string]string{
				"VIDEOSDK_SECRET_ID":        "videosdk",
				"VIDEOSDK_API_ENDPOINT":     "https://api.videosdk.live",
				"LEDGER_TABLE":              "demo-LedgerTable",
				"EVENT_BUS_NAME":            "demo-outcomes",
				"WEBHOOK_SECRET_ID":         "webhooks",
				"DEAD_LETTER_QUEUE_URL":     "http://127.0.0.1:4566/123456789012/demo-DeadLetterQueue",
				"MAX_TRIGGER_AGE":           "24h",
				"BOOKING_LEAD":              "15m",
				"BOOKING_GRACE":             "60m",
				"SECRET_TTL":                "5m",
				"DRY_RUN":                   "false",
				"PUBLISH_PARTICIPANT_NAMES": "false",
				"LOG_LEVEL":                 "INFO",
				"LOG_SAMPLE_RATE":           "0",
				"STACK_NAME":                "demo",
			},
		},
	}
	want = append(want, Function{
		LogicalID:    "WebhookFunction",
		Name:         "demo-WebhookFunction",
		ARN:          "arn:aws:lambda:eu-central-1:123456789012:function:demo-WebhookFunction",
		Handler:      "bootstrap",
		Architecture: "arm64",
		Timeout:      10 * time.Second,
		MemoryMB:     128,
		Async:        asyncDefaults,
		Routes: []Route{
			{API: "HttpApi", Method: "OPTIONS", Path: "/v1/webhooks/{source}", Authorizer: "NONE", PayloadVersion: "2.0"},
			{API: "HttpApi", Method: "POST", Path: "/v1/webhooks/{source}", Authorizer: "NONE", PayloadVersion: "2.0"},
		},
		Environment: map[string]string{
			"WEBHOOK_SECRET_ID": "webhooks",
			"QUEUE_URL":         "http://127.0.0.1:4566/123456789012/demo-TriggerQueue",
			"BOOKING_LEAD":      "15m",
			"BOOKING_GRACE":     "60m",
			"SECRET_TTL":        "5m",
			"LOG_LEVEL":         "INFO",
			"LOG_SAMPLE_RATE":   "0",
			"STACK_NAME":        "demo",
		},
	})
	// What they may do is compared with what they do.
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Function{}, "Allowed")); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
}

func TestWithoutAWebhookSecretNobodyUnsignedGetsIn(t *testing.T) {
	read := readProject(t, map[string]string{"WebhookSecretId": ""})
	for _, function := range read.Functions {
		for _, route := range function.Routes {
			if route.Authorizer != "AWS_IAM" {
				t.Errorf("%s %s is open to %s", route.Method, route.Path, route.Authorizer)
			}
		}
		if function.LogicalID == "WebhookFunction" || function.Environment["WEBHOOK_SECRET_ID"] != "" {
			t.Errorf("%s is there for webhooks", function.LogicalID)
		}
	}
	if url, ok := read.Outputs["WebhookUrl"]; ok {
		t.Errorf("webhooks are promised at %s", url)
	}
}

func TestProjectResources(t *testing.T) {
	read := readProject(t, nil)
	wantQueues := []Queue{
		{
			LogicalID:  "DeadLetterQueue",
			Name:       "demo-DeadLetterQueue",
			URL:        "http://127.0.0.1:4566/123456789012/demo-DeadLetterQueue",
			ARN:        "arn:aws:sqs:eu-central-1:123456789012:demo-DeadLetterQueue",
			Visibility: 30 * time.Second,
			Retention:  14 * 24 * time.Hour,
		},
		{
			LogicalID:  "TriggerQueue",
			Name:       "demo-TriggerQueue",
			URL:        "http://127.0.0.1:4566/123456789012/demo-TriggerQueue",
			ARN:        "arn:aws:sqs:eu-central-1:123456789012:demo-TriggerQueue",
			Visibility: 180 * time.Second,
			Retention:  4 * 24 * time.Hour,
			Redrive: &Redrive{
				DeadLetterQueue: "DeadLetterQueue",
				DeadLetterARN:   "arn:aws:sqs:eu-central-1:123456789012:demo-DeadLetterQueue",
				MaxReceiveCount: 20,
			},
		},
	}
	if diff := cmp.Diff(wantQueues, read.Queues); diff != "" {
		t.Errorf("queues (-want +got):\n%s", diff)
	}
	wantTables := []Table{{
		LogicalID:    "LedgerTable",
		Name:         "demo-LedgerTable",
		ARN:          "arn:aws:dynamodb:eu-central-1:123456789012:table/demo-LedgerTable",
		Keys:         []Key{{Attribute: "pk", Role: "HASH", Type: "S"}},
		TTLAttribute: "expiresAt",
	}}
	if diff := cmp.Diff(wantTables, read.Tables); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
	wantBuses := []Bus{{LogicalID: "OutcomeBus", Name: "demo-outcomes", ARN: "arn:aws:events:eu-central-1:123456789012:event-bus/demo-outcomes"}}
	if diff := cmp.Diff(wantBuses, read.Buses); diff != "" {
		t.Errorf("buses (-want +got):\n%s", diff)
	}
}

func TestProjectParametersReachTheFunctions(t *testing.T) {
	read := readProject(t, map[string]string{
		"VideoSdkApiEndpoint": "http://127.0.0.1:9000",
		"MemorySize":          "512",
		"MaximumConcurrency":  "2",
		"Architecture":        "x86_64",
		"DryRun":              "true",
	})
	function, ok := read.Function("SqsFunction")
	if !ok {
		t.Fatal("SqsFunction is missing")
	}
	if got, want := function.Environment["VIDEOSDK_API_ENDPOINT"], "http://127.0.0.1:9000"; got != want {
		t.Errorf("VIDEOSDK_API_ENDPOINT = %q, want %q", got, want)
	}
	if got, want := function.Environment["DRY_RUN"], "true"; got != want {
		t.Errorf("DRY_RUN = %q, want %q", got, want)
	}
	if function.MemoryMB != 512 || function.Architecture != "x86_64" || function.Queues[0].MaximumConcurrency != 2 {
		t.Errorf("parameters did not reach the function: %+v", function)
	}
	if got, want := read.Parameters["MemorySize"], "512"; got != want {
		t.Errorf("parameter MemorySize = %q, want %q", got, want)
	}
}
