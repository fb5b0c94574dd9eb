package config_test

import (
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/config"
)

var fuzzedFunctions = []config.Function{config.API, config.EventBridge, config.SQS}

// mustBeExpected checks that an error is made of the known problems and nothing else, so that it cannot repeat a value.
func mustBeExpected(t *testing.T, err error) {
	t.Helper()
	rest, ok := strings.CutPrefix(err.Error(), "configuration: ")
	if !ok || rest == "" {
		t.Fatalf("got %q", err)
	}
	for problem := range strings.SplitSeq(rest, "; ") {
		if !slices.Contains(slices.Collect(maps.Values(expected)), problem) {
			t.Errorf("got the problem %q", problem)
		}
	}
}

// mustBeInBounds checks what every function may rely on.
func mustBeInBounds(t *testing.T, c config.Config) {
	t.Helper()
	for name, value := range map[string]string{"secret id": c.VideoSDKSecretID, "table": c.LedgerTable, "bus": c.EventBusName} {
		if value == "" || strings.TrimSpace(value) != value {
			t.Errorf("accepted with the %s %q", name, value)
		}
	}
	for name, d := range map[string]time.Duration{"age": c.MaxTriggerAge - 1, "lead": c.BookingLead, "grace": c.BookingGrace, "ttl": c.SecretTTL - 1} {
		if d < 0 || d > 336*time.Hour {
			t.Errorf("accepted with the %s %s", name, d)
		}
	}
	if !(c.LogSampleRate >= 0 && c.LogSampleRate <= 1) {
		t.Errorf("accepted with the sample rate %v", c.LogSampleRate)
	}
	if c.StackName == "" || strings.ContainsFunc(c.StackName, func(r rune) bool { return r <= ' ' || r > '~' }) {
		t.Errorf("accepted with the stack %q, which is no value of a dimension", c.StackName)
	}
	endpoint, err := url.Parse(c.VideoSDKAPIEndpoint)
	if err != nil {
		t.Fatal(err)
	}
	local := endpoint.Hostname() == "localhost" || net.ParseIP(endpoint.Hostname()).IsLoopback()
	if endpoint.Scheme != "https" && !(endpoint.Scheme == "http" && local) || endpoint.Host == "" || endpoint.User != nil || endpoint.RawQuery != "" {
		t.Errorf("tokens would go to %q", c.VideoSDKAPIEndpoint)
	}
}

// FuzzParse reads an environment. A configuration that is accepted says the same when it is written as an environment again.
func FuzzParse(f *testing.F) {
	add := func(change func(map[string]string)) {
		for i, function := range fuzzedFunctions {
			env := environment(function)
			change(env)
			queue := env["QUEUE_URL"] + env["DEAD_LETTER_QUEUE_URL"]
			f.Add(uint8(i), env["VIDEOSDK_SECRET_ID"], env["VIDEOSDK_API_ENDPOINT"], env["LEDGER_TABLE"], env["EVENT_BUS_NAME"], queue,
				env["MAX_TRIGGER_AGE"], env["BOOKING_LEAD"], env["SECRET_TTL"], env["DRY_RUN"], env["LOG_LEVEL"],
				env["LOG_SAMPLE_RATE"], env["STACK_NAME"])
		}
	}
	add(func(map[string]string) {})
	add(func(env map[string]string) { clear(env) })
	for name := range expected {
		for _, value := range []string{"hunter2", " \t", "\x00", "\xff", "-1s", "336h1ns", "NaN", "9223372036854775807h", "T", "INFO+3", "debug-9999999999999999999"} {
			add(func(env map[string]string) { env[name] = value })
		}
	}
	for _, endpoint := range []string{
		"https://api.videosdk.live/v2/", "HTTPS://API.videosdk.live//", "http://localhost:8080", "http://[::1]:1/v2", "http://127.1.2.3", "https://h/v2/v2",
		"http://api.videosdk.live", "http://localhost.example.com", "http://user:hunter2@localhost", "https://api.videosdk.live?x", "https://a b", "//h/v2",
		"https://%zz", "https:///v2", `https://h\@evil`, "https://h:port", "https://h/%76%32", "http://127.0.0.1#@evil", "ftp://localhost",
	} {
		add(func(env map[string]string) { env["VIDEOSDK_API_ENDPOINT"], env["QUEUE_URL"] = endpoint, endpoint })
	}
	f.Fuzz(func(t *testing.T, function uint8, secretID, endpoint, table, bus, queue, age, window, ttl, flag, level, rate, stack string) {
		env := map[string]string{
			"VIDEOSDK_SECRET_ID": secretID, "VIDEOSDK_API_ENDPOINT": endpoint, "LEDGER_TABLE": table, "EVENT_BUS_NAME": bus, "QUEUE_URL": queue,
			"DEAD_LETTER_QUEUE_URL": queue, "MAX_TRIGGER_AGE": age, "BOOKING_LEAD": window, "BOOKING_GRACE": window, "SECRET_TTL": ttl,
			"DRY_RUN": flag, "PUBLISH_PARTICIPANT_NAMES": flag, "LOG_LEVEL": level, "LOG_SAMPLE_RATE": rate, "STACK_NAME": stack,
		}
		of := fuzzedFunctions[int(function)%len(fuzzedFunctions)]
		c, err := parse(of, env)
		if err != nil {
			mustBeExpected(t, err)
			if diff := cmp.Diff(config.Config{}, c); diff != "" {
				t.Errorf("an error, and also a configuration (-want +got):\n%s", diff)
			}
			return
		}
		mustBeInBounds(t, c)
		again, err := parse(of, map[string]string{
			"VIDEOSDK_SECRET_ID": c.VideoSDKSecretID, "VIDEOSDK_API_ENDPOINT": c.VideoSDKAPIEndpoint, "LEDGER_TABLE": c.LedgerTable,
			"EVENT_BUS_NAME": c.EventBusName, "QUEUE_URL": c.QueueURL, "DEAD_LETTER_QUEUE_URL": c.DeadLetterQueueURL,
			"MAX_TRIGGER_AGE": c.MaxTriggerAge.String(), "BOOKING_LEAD": c.BookingLead.String(), "BOOKING_GRACE": c.BookingGrace.String(),
			"SECRET_TTL": c.SecretTTL.String(), "DRY_RUN": strconv.FormatBool(c.DryRun),
			"PUBLISH_PARTICIPANT_NAMES": strconv.FormatBool(c.PublishParticipantNames), "LOG_LEVEL": c.LogLevel.String(),
			"LOG_SAMPLE_RATE": strconv.FormatFloat(c.LogSampleRate, 'g', -1, 64), "STACK_NAME": c.StackName,
		})
		if err != nil {
			t.Fatalf("%+v is not read again: %v", c, err)
		}
		if diff := cmp.Diff(c, again); diff != "" {
			t.Errorf("read again (-first +second):\n%s", diff)
		}
	})
}
