package config_test

import (
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/config"
)

// environment is a complete and valid one of the function, with the least that it needs.
func environment(f config.Function) map[string]string {
	if f == config.Webhook {
		return map[string]string{
			"WEBHOOK_SECRET_ID": "videosdk/webhooks", "QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/end-session",
		}
	}
	env := map[string]string{
		"VIDEOSDK_SECRET_ID": "videosdk/production",
		"LEDGER_TABLE":       "end-session-ledger",
		"EVENT_BUS_NAME":     "end-session-outcomes",
	}
	switch f {
	case config.EventBridge:
		env["QUEUE_URL"] = "https://sqs.eu-central-1.amazonaws.com/123456789012/end-session"
	case config.SQS:
		env["DEAD_LETTER_QUEUE_URL"] = "https://sqs.eu-central-1.amazonaws.com/123456789012/end-session-dlq"
	}
	return env
}

// defaults is what Parse makes of environment.
func defaults(f config.Function) config.Config {
	if f == config.Webhook {
		return config.Config{
			WebhookSecretID: "videosdk/webhooks",
			QueueURL:        "https://sqs.eu-central-1.amazonaws.com/123456789012/end-session",
			BookingLead:     15 * time.Minute,
			BookingGrace:    60 * time.Minute,
			SecretTTL:       5 * time.Minute,
			LogLevel:        slog.LevelInfo,
			StackName:       "videosdk-end-session",
		}
	}
	c := config.Config{
		VideoSDKSecretID:    "videosdk/production",
		VideoSDKAPIEndpoint: "https://api.videosdk.live",
		LedgerTable:         "end-session-ledger",
		EventBusName:        "end-session-outcomes",
		MaxTriggerAge:       24 * time.Hour,
		BookingLead:         15 * time.Minute,
		BookingGrace:        60 * time.Minute,
		SecretTTL:           5 * time.Minute,
		LogLevel:            slog.LevelInfo,
		StackName:           "videosdk-end-session",
	}
	switch f {
	case config.EventBridge:
		c.QueueURL = "https://sqs.eu-central-1.amazonaws.com/123456789012/end-session"
	case config.SQS:
		c.DeadLetterQueueURL = "https://sqs.eu-central-1.amazonaws.com/123456789012/end-session-dlq"
	}
	return c
}

func parse(f config.Function, env map[string]string) (config.Config, error) {
	return config.Parse(func(name string) string { return env[name] }, f)
}

// The problems of each variable, as Parse words them.
var expected = map[string]string{
	"VIDEOSDK_SECRET_ID":        "VIDEOSDK_SECRET_ID must be the name or ARN of a secret in Secrets Manager",
	"VIDEOSDK_API_ENDPOINT":     "VIDEOSDK_API_ENDPOINT must be an https URL such as https://api.videosdk.live, with or without /v2 (http only for a loopback address)",
	"LEDGER_TABLE":              "LEDGER_TABLE must be the name of a DynamoDB table",
	"WEBHOOK_SECRET_ID":         "WEBHOOK_SECRET_ID must be the name or ARN of a secret in Secrets Manager",
	"EVENT_BUS_NAME":            "EVENT_BUS_NAME must be the name or ARN of an event bus",
	"QUEUE_URL":                 "QUEUE_URL must be the URL of an SQS queue",
	"DEAD_LETTER_QUEUE_URL":     "DEAD_LETTER_QUEUE_URL must be the URL of an SQS queue",
	"MAX_TRIGGER_AGE":           "MAX_TRIGGER_AGE must be a duration such as 24h0m0s, from 1s to 336h0m0s",
	"BOOKING_LEAD":              "BOOKING_LEAD must be a duration such as 15m0s, from 0s to 336h0m0s",
	"BOOKING_GRACE":             "BOOKING_GRACE must be a duration such as 1h0m0s, from 0s to 336h0m0s",
	"SECRET_TTL":                "SECRET_TTL must be a duration such as 5m0s, from 1s to 336h0m0s",
	"DRY_RUN":                   "DRY_RUN must be true or false",
	"PUBLISH_PARTICIPANT_NAMES": "PUBLISH_PARTICIPANT_NAMES must be true or false",
	"LOG_LEVEL":                 "LOG_LEVEL must be DEBUG, INFO, WARN or ERROR",
	"LOG_SAMPLE_RATE":           "LOG_SAMPLE_RATE must be a number from 0 to 1, such as 0.01",
	"STACK_NAME":                "STACK_NAME must be the name of a CloudFormation stack",
}

func TestDefaults(t *testing.T) {
	for _, f := range []config.Function{config.API, config.Webhook, config.EventBridge, config.SQS} {
		t.Run(string(f), func(t *testing.T) {
			got, err := parse(f, environment(f))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(defaults(f), got); diff != "" {
				t.Errorf("configuration (-want +got):\n%s", diff)
			}
		})
	}
}

func TestValidVariables(t *testing.T) {
	const arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:videosdk-AbCdEf"
	tests := []struct {
		variable, value string
		want            func(*config.Config)
	}{
		{"VIDEOSDK_SECRET_ID", arn, func(c *config.Config) { c.VideoSDKSecretID = arn }},
		{"VIDEOSDK_SECRET_ID", "  videosdk\n", func(c *config.Config) { c.VideoSDKSecretID = "videosdk" }},
		{"WEBHOOK_SECRET_ID", " webhooks ", func(c *config.Config) { c.WebhookSecretID = "webhooks" }},
		{"LEDGER_TABLE", "other", func(c *config.Config) { c.LedgerTable = "other" }},
		{"EVENT_BUS_NAME", "default", func(c *config.Config) { c.EventBusName = "default" }},
		{"DEAD_LETTER_QUEUE_URL", "http://127.0.0.1:5000/123456789012/dlq", func(c *config.Config) {
			c.DeadLetterQueueURL = "http://127.0.0.1:5000/123456789012/dlq"
		}},
		{"MAX_TRIGGER_AGE", "90m", func(c *config.Config) { c.MaxTriggerAge = 90 * time.Minute }},
		{"MAX_TRIGGER_AGE", "1s", func(c *config.Config) { c.MaxTriggerAge = time.Second }},
		{"MAX_TRIGGER_AGE", "336h", func(c *config.Config) { c.MaxTriggerAge = 336 * time.Hour }},
		{"MAX_TRIGGER_AGE", " ", func(*config.Config) {}},
		{"BOOKING_LEAD", "0s", func(c *config.Config) { c.BookingLead = 0 }},
		{"BOOKING_LEAD", " 1h30m ", func(c *config.Config) { c.BookingLead = 90 * time.Minute }},
		{"BOOKING_GRACE", "0", func(c *config.Config) { c.BookingGrace = 0 }},
		{"SECRET_TTL", "1s", func(c *config.Config) { c.SecretTTL = time.Second }},
		{"SECRET_TTL", "24h", func(c *config.Config) { c.SecretTTL = 24 * time.Hour }},
		{"DRY_RUN", "true", func(c *config.Config) { c.DryRun = true }},
		{"DRY_RUN", "false", func(*config.Config) {}},
		{"DRY_RUN", "\t", func(*config.Config) {}},
		{"PUBLISH_PARTICIPANT_NAMES", "true", func(c *config.Config) { c.PublishParticipantNames = true }},
		{"PUBLISH_PARTICIPANT_NAMES", "false", func(*config.Config) {}},
		{"LOG_LEVEL", "DEBUG", func(c *config.Config) { c.LogLevel = slog.LevelDebug }},
		{"LOG_LEVEL", "WARN", func(c *config.Config) { c.LogLevel = slog.LevelWarn }},
		{"LOG_LEVEL", "error", func(c *config.Config) { c.LogLevel = slog.LevelError }},
		{"LOG_SAMPLE_RATE", "0.01", func(c *config.Config) { c.LogSampleRate = 0.01 }},
		{"LOG_SAMPLE_RATE", "0", func(*config.Config) {}},
		{"LOG_SAMPLE_RATE", "1", func(c *config.Config) { c.LogSampleRate = 1 }},
		{"STACK_NAME", "meetings-test", func(c *config.Config) { c.StackName = "meetings-test" }},
		{"STACK_NAME", strings.Repeat("x", 128), func(c *config.Config) { c.StackName = strings.Repeat("x", 128) }},
		{"STACK_NAME", " ", func(*config.Config) {}},
	}
	for _, tt := range tests {
		t.Run(tt.variable+" "+tt.value, func(t *testing.T) {
			env := environment(config.SQS)
			env[tt.variable] = tt.value
			got, err := parse(config.SQS, env)
			if err != nil {
				t.Fatal(err)
			}
			want := defaults(config.SQS)
			tt.want(&want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("configuration (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEndpoints(t *testing.T) {
	tests := []struct {
		value string
		valid bool
	}{
		{"https://api.videosdk.live", true},
		{"https://api.videosdk.live/", true},
		{"https://api.videosdk.live/v2", true},
		{"https://api.videosdk.live/v2/", true},
		{"https://api.videosdk.live:8443/v2", true},
		{"https://127.0.0.1:8443", true},
		{"http://127.0.0.1:8080", true},
		{"http://127.9.8.7", true},
		{"http://[::1]:8080/v2", true},
		{"http://localhost:8080", true},

		{"http://api.videosdk.live", false},
		{"http://127.0.0.1.example.com", false},
		{"http://localhost.example.com", false},
		{"http://10.0.0.1", false},
		{"http://0.0.0.0:8080", false},
		{"http://[::]:8080", false},
		{"http://2130706433", false},
		{"ftp://localhost", false},
		{"//api.videosdk.live", false},
		{"api.videosdk.live", false},
		{"https:api.videosdk.live", false},
		{"https://", false},
		{"https://:443", false},
		{"https:///v2", false},
		{"https://api.videosdk.live:port", false},
		{"https://user@api.videosdk.live", false},
		{"https://user:hunter2@api.videosdk.live", false},
		{"http://localhost@api.videosdk.live", false},
		{"https://api.videosdk.live?token=hunter2", false},
		{"https://api.videosdk.live?", false},
		{"https://api.videosdk.live/v2#hunter2", false},
		{"https://api.videosdk.live#", false},
		{"https://api.videosdk.live/v1", false},
		{"https://api.videosdk.live/v2/sessions", false},
		{"https://api.videosdk.live/v2/v2", false},
		{"https://api.videosdk.live//v2", false},
		{"https://api.videosdk.live/v2%2F", false},
		{"https://api.videosdk.live/ v2", false},
		{"https://api.videosdk.live/\x7f", false},
	}
	for _, tt := range tests {
		t.Run(tt.value, func(t *testing.T) {
			env := environment(config.API)
			env["VIDEOSDK_API_ENDPOINT"] = tt.value
			got, err := parse(config.API, env)
			if !tt.valid {
				wantProblems(t, err, "VIDEOSDK_API_ENDPOINT")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.VideoSDKAPIEndpoint != tt.value {
				t.Errorf("endpoint %q, want %q", got.VideoSDKAPIEndpoint, tt.value)
			}
		})
	}
}

// wantProblems checks that the error names exactly these variables, in the order in which they are read.
func wantProblems(t *testing.T, err error, variables ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one that names %v", variables)
	}
	var problems []string
	for _, variable := range variables {
		problems = append(problems, expected[variable])
	}
	if diff := cmp.Diff("configuration: "+strings.Join(problems, "; "), err.Error()); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

func TestMissingVariables(t *testing.T) {
	for _, f := range []config.Function{config.API, config.Webhook, config.EventBridge, config.SQS} {
		for variable := range environment(f) {
			for name, value := range map[string]string{"unset": "", "blank": " \t\n"} {
				t.Run(string(f)+" "+variable+" "+name, func(t *testing.T) {
					env := environment(f)
					env[variable] = value
					_, err := parse(f, env)
					wantProblems(t, err, variable)
				})
			}
		}
	}
}

func TestMalformedVariables(t *testing.T) {
	tests := map[string][]string{
		"DEAD_LETTER_QUEUE_URL":     {"end-session-dlq", "arn:aws:sqs:eu-central-1:123456789012:dlq", "ftp://sqs/dlq", "https://", "https://a b/"},
		"MAX_TRIGGER_AGE":           {"24", "1d", "-1h", "0s", "999ms", "336h1ns", "soon", "24 h"},
		"BOOKING_LEAD":              {"15", "-1s", "337h", "x"},
		"BOOKING_GRACE":             {"15", "-1ns", "336h0m1s", "x"},
		"SECRET_TTL":                {"5", "0", "-5m", "337h", "x"},
		"DRY_RUN":                   {"yes", "on", "2", "tru"},
		"PUBLISH_PARTICIPANT_NAMES": {"yes", "on", "2", "falsch"},
		"LOG_LEVEL":                 {"TRACE", "WARNING", "5", "INFO,"},
		"LOG_SAMPLE_RATE":           {"1.1", "-0.1", "1%", "NaN", "Inf", "never"},
		"STACK_NAME":                {"1st", "a b", "a/b", "größe", "a\nb", strings.Repeat("x", 129)},
	}
	for variable, values := range tests {
		for _, value := range values {
			t.Run(variable+" "+value, func(t *testing.T) {
				env := environment(config.SQS)
				env[variable] = value
				got, err := parse(config.SQS, env)
				wantProblems(t, err, variable)
				if got != (config.Config{}) {
					t.Errorf("a configuration came with the error: %+v", got)
				}
			})
		}
	}
}

func TestAllProblemsAreNamedAtOnceAndNoValueIs(t *testing.T) {
	const misplaced = "hunter 2" // a secret in the wrong place
	required := []string{"VIDEOSDK_SECRET_ID", "WEBHOOK_SECRET_ID", "LEDGER_TABLE", "EVENT_BUS_NAME"}
	env := map[string]string{}
	for variable := range expected {
		env[variable] = misplaced
	}
	for _, variable := range required {
		env[variable] = ""
	}
	shared := []string{"BOOKING_LEAD", "BOOKING_GRACE", "SECRET_TTL", "LOG_LEVEL", "LOG_SAMPLE_RATE", "STACK_NAME"}
	ending := slices.Concat(shared, []string{
		"VIDEOSDK_SECRET_ID", "VIDEOSDK_API_ENDPOINT", "LEDGER_TABLE", "EVENT_BUS_NAME", "MAX_TRIGGER_AGE", "DRY_RUN", "PUBLISH_PARTICIPANT_NAMES",
	})
	for f, want := range map[config.Function][]string{
		config.API:         ending,
		config.Webhook:     slices.Concat(shared, []string{"WEBHOOK_SECRET_ID", "QUEUE_URL"}),
		config.EventBridge: slices.Concat(ending, []string{"QUEUE_URL"}),
		config.SQS:         slices.Concat(ending, []string{"DEAD_LETTER_QUEUE_URL"}),
	} {
		t.Run(string(f), func(t *testing.T) {
			_, err := parse(f, env)
			wantProblems(t, err, want...)
			if strings.Contains(err.Error(), misplaced) {
				t.Errorf("the error repeats a value: %v", err)
			}
		})
	}
}

func TestAQueueIsOfNoConcernToOtherFunctions(t *testing.T) {
	for f, others := range map[config.Function][]string{
		config.API: {"QUEUE_URL", "DEAD_LETTER_QUEUE_URL"}, config.EventBridge: {"DEAD_LETTER_QUEUE_URL"}, config.SQS: {"QUEUE_URL"},
	} {
		env := environment(f)
		for _, variable := range others {
			env[variable] = "no URL"
		}
		got, err := parse(f, env)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(defaults(f), got); diff != "" {
			t.Errorf("configuration of %s (-want +got):\n%s", f, diff)
		}
	}
}

func TestOnlyTheDocumentedVariablesAreRead(t *testing.T) {
	read := map[string]bool{}
	for _, f := range []config.Function{config.API, config.Webhook, config.EventBridge, config.SQS} {
		env := environment(f)
		if _, err := config.Parse(func(name string) string { read[name] = true; return env[name] }, f); err != nil {
			t.Fatal(err)
		}
	}
	want := slices.Sorted(maps.Keys(expected))
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(read))); diff != "" {
		t.Errorf("variables (-documented +read):\n%s", diff)
	}
}
