// Package config reads the environment of a function: the contract between template.yaml and the binaries.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Function is a function of the application. Each has its own required variables.
type Function string

// The functions.
const (
	API         Function = "api"
	Webhook     Function = "webhook"
	EventBridge Function = "eventbridge"
	SQS         Function = "sqs"
)

// The environment variables, named as the template names them.
const (
	VideoSDKSecretID        = "VIDEOSDK_SECRET_ID"
	VideoSDKAPIEndpoint     = "VIDEOSDK_API_ENDPOINT"
	LedgerTable             = "LEDGER_TABLE"
	EventBusName            = "EVENT_BUS_NAME"
	WebhookSecretID         = "WEBHOOK_SECRET_ID"
	QueueURL                = "QUEUE_URL"
	DeadLetterQueueURL      = "DEAD_LETTER_QUEUE_URL"
	MaxTriggerAge           = "MAX_TRIGGER_AGE"
	BookingLead             = "BOOKING_LEAD"
	BookingGrace            = "BOOKING_GRACE"
	SecretTTL               = "SECRET_TTL"
	DryRun                  = "DRY_RUN"
	PublishParticipantNames = "PUBLISH_PARTICIPANT_NAMES"
	LogLevel                = "LOG_LEVEL"
	LogSampleRate           = "LOG_SAMPLE_RATE"
	StackName               = "STACK_NAME"
)

// longestTriggerAge is less than the 15 days for which the ledger remembers a trigger.
const longestTriggerAge = 336 * time.Hour

// Config is what a function is told.
type Config struct {
	VideoSDKSecretID        string        // name or ARN of the secret with the API key and its secret
	VideoSDKAPIEndpoint     string        // base URL of VideoSDK, with or without /v2
	LedgerTable             string        // name of the DynamoDB table
	EventBusName            string        // name or ARN of the bus for outcomes
	WebhookSecretID         string        // name or ARN of the secret with the sources of webhooks; optional for EventBridge and SQS
	QueueURL                string        // the trigger queue; Webhook and EventBridge only
	DeadLetterQueueURL      string        // where undecodable messages go; SQS only
	MaxTriggerAge           time.Duration // a trigger that happened longer ago is refused
	BookingLead             time.Duration // a booking's window opens this long before its start
	BookingGrace            time.Duration // and closes this long after its end
	SecretTTL               time.Duration // age at which a cached secret is fetched again
	DryRun                  bool          // end and claim nothing
	PublishParticipantNames bool          // tell participants' names in outcomes
	LogLevel                slog.Level
	LogSampleRate           float64 // share of invocations, from 0 to 1, whose lines are all logged, whatever their level
	StackName               string  // the deployment, in metrics
}

// Parse reads the variables of a function. Its error names every variable that is missing or malformed, and what was expected.
func Parse(getenv func(string) string, function Function) (Config, error) {
	p := parser{getenv: getenv}
	c := Config{
		BookingLead:   p.duration(BookingLead, 15*time.Minute, 0, longestTriggerAge),
		BookingGrace:  p.duration(BookingGrace, time.Hour, 0, longestTriggerAge),
		SecretTTL:     p.duration(SecretTTL, 5*time.Minute, time.Second, longestTriggerAge),
		LogLevel:      p.level(LogLevel),
		LogSampleRate: p.share(LogSampleRate),
		StackName:     p.stack(StackName, "videosdk-end-session"),
	}
	if function != Webhook { // those that end sessions
		c.VideoSDKSecretID = p.required(VideoSDKSecretID, "the name or ARN of a secret in Secrets Manager")
		c.VideoSDKAPIEndpoint = p.endpoint(VideoSDKAPIEndpoint, "https://api.videosdk.live")
		c.LedgerTable = p.required(LedgerTable, "the name of a DynamoDB table")
		c.EventBusName = p.required(EventBusName, "the name or ARN of an event bus")
		c.MaxTriggerAge = p.duration(MaxTriggerAge, 24*time.Hour, time.Second, longestTriggerAge)
		c.DryRun = p.flag(DryRun)
		c.PublishParticipantNames = p.flag(PublishParticipantNames)
	}
	switch function {
	case Webhook:
		c.WebhookSecretID = p.required(WebhookSecretID, "the name or ARN of a secret in Secrets Manager")
		c.QueueURL = p.queue(QueueURL)
	case EventBridge:
		c.WebhookSecretID = p.get(WebhookSecretID)
		c.QueueURL = p.queue(QueueURL)
	case SQS:
		c.WebhookSecretID = p.get(WebhookSecretID)
		c.DeadLetterQueueURL = p.queue(DeadLetterQueueURL)
	}
	if len(p.problems) > 0 {
		return Config{}, errors.New("configuration: " + strings.Join(p.problems, "; "))
	}
	return c, nil
}

// parser reads single variables and collects what is wrong with them. Blank counts as missing. No message repeats a value, which may
// be a secret in the wrong place.
type parser struct {
	getenv   func(string) string
	problems []string
}

func (p *parser) get(name string) string { return strings.TrimSpace(p.getenv(name)) }

func (p *parser) expect(name, expected string) {
	p.problems = append(p.problems, fmt.Sprintf("%s must be %s", name, expected))
}

func (p *parser) required(name, expected string) string {
	value := p.get(name)
	if value == "" {
		p.expect(name, expected)
	}
	return value
}

func (p *parser) queue(name string) string {
	value := p.get(name)
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		p.expect(name, "the URL of an SQS queue")
	}
	return value
}

func (p *parser) duration(name string, fallback, least, most time.Duration) time.Duration {
	value := p.get(name)
	if value == "" {
		return fallback
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < least || d > most {
		p.expect(name, fmt.Sprintf("a duration such as %s, from %s to %s", fallback, least, most))
	}
	return d
}

func (p *parser) flag(name string) bool {
	value := p.get(name)
	if value == "" {
		return false
	}
	b, err := strconv.ParseBool(value)
	if err != nil {
		p.expect(name, "true or false")
	}
	return b
}

func (p *parser) level(name string) slog.Level {
	var level slog.Level // INFO
	if value := p.get(name); value != "" && level.UnmarshalText([]byte(value)) != nil {
		p.expect(name, "DEBUG, INFO, WARN or ERROR")
	}
	return level
}

func (p *parser) share(name string) float64 {
	value := p.get(name)
	if value == "" {
		return 0
	}
	share, err := strconv.ParseFloat(value, 64)
	if err != nil || !(share >= 0 && share <= 1) {
		p.expect(name, "a number from 0 to 1, such as 0.01")
	}
	return share
}

// stack reads the name of a stack, which CloudFormation makes of letters, digits and hyphens.
func (p *parser) stack(name, fallback string) string {
	value := p.get(name)
	if value == "" {
		return fallback
	}
	if len(value) > 128 || !stackName.MatchString(value) {
		p.expect(name, "the name of a CloudFormation stack")
	}
	return value
}

var stackName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*$`)

// endpoint reads a base URL. Tokens go there, so it is https unless it cannot leave the machine.
func (p *parser) endpoint(name, fallback string) string {
	value := p.get(name)
	if value == "" {
		return fallback
	}
	u, err := url.Parse(value)
	switch {
	case err != nil, u.Hostname() == "", u.User != nil, strings.ContainsAny(value, "?#"),
		strings.TrimSuffix(strings.TrimRight(u.EscapedPath(), "/"), "/v2") != "",
		u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())):
		p.expect(name, "an https URL such as "+fallback+", with or without /v2 (http only for a loopback address)")
	}
	return value
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
