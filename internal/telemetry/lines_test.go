package telemetry_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/telemetry"
	"videosdk-end-session/internal/telemetry/telemetrytest"
)

var update = flag.Bool("update", false, "write testdata/lines.golden anew")

const (
	key   = "a1942755e00efdba50d52f92ae66c87077927ac6adc58ad865e945c82233c225"
	name  = "Ada Lovelace"
	trace = "Root=1-62429766-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1"
)

// result is a trigger that was delivered and is done, with everything that the use case says of it.
func result(change func(*endsession.Result)) endsession.Result {
	r := endsession.Result{
		Request: endsession.Request{
			Target: endsession.Target{CustomRoomID: "booking-4711"},
			Source: "calcom", ID: "BOOKING_CANCELLED:u1", Reason: "booking cancelled",
			OccurredAt: time.Date(2026, 11, 23, 11, 0, 0, 0, time.FixedZone("CET", 60*60)), Trace: trace, Queued: 1500 * time.Millisecond,
		},
		Key: key, Outcome: endsession.Ended, Detail: []byte(`{"session":{"participants":[{"name":"` + name + `"}]}}`),
		SessionID: "62429766903bdf001299cac5", RoomID: "abcd-efgh-ijkl", EndCalls: 1, Reads: 1, Published: true,
		Durations: endsession.Durations{
			Propose: 12345 * time.Microsecond, Claim: 2 * time.Millisecond, End: 250 * time.Millisecond, Record: 3 * time.Millisecond,
			Publish: 4500 * time.Microsecond, Total: 271_845_999 * time.Nanosecond, Whole: 4 * time.Second,
		},
	}
	if change != nil {
		change(&r)
	}
	return r
}

// lines are all lines that the package writes, each in all that it can say.
var lines = []struct {
	name  string
	level slog.Level // of the log
	write func(context.Context, *slog.Logger)
}{
	{name: "attempted, ended", write: attempted(nil)},
	{name: "attempted, ending", write: attempted(func(r *endsession.Result) { r.Outcome = endsession.Ending })},
	{
		name: "attempted, already ended, found by the delivery after one that died",
		write: attempted(func(r *endsession.Result) {
			r.Outcome, r.TakenOver, r.EndCalls, r.Reads = endsession.AlreadyEnded, true, 0, 2
		}),
	},
	{
		name: "attempted, settled and published by an earlier delivery",
		write: attempted(func(r *endsession.Result) {
			r.Outcome, r.Code, r.Duplicate, r.Published, r.EndCalls = endsession.Failed, endsession.CodeVideoSDKRejected, true, false, 0
			r.Durations = endsession.Durations{Propose: time.Millisecond, Total: 2 * time.Millisecond}
		}),
	},
	{
		name:  "attempted, settled by an earlier delivery, and published by this one",
		write: attempted(func(r *endsession.Result) { r.Duplicate, r.EndCalls = true, 0 }),
	},
	{
		name: "attempted, nobody in the room",
		write: attempted(func(r *endsession.Result) {
			r.Outcome, r.SessionID, r.RoomID, r.EndCalls = endsession.NotActive, "", "", 0
			r.Request.Target = endsession.Target{RoomID: "named-room"}
		}),
	},
	{
		name: "attempted, no such room",
		write: attempted(func(r *endsession.Result) {
			r.Outcome, r.Code, r.SessionID, r.RoomID, r.EndCalls = endsession.NotActive, endsession.CodeRoomNotFound, "", "", 0
			r.Failure = &endsession.Error{Code: endsession.CodeRoomNotFound, Message: "VideoSDK answered 404", HTTPStatus: 404, RequestID: "v-1"}
		}),
	},
	{
		name: "attempted, refused",
		write: attempted(func(r *endsession.Result) {
			r.Outcome, r.Code, r.SessionID, r.RoomID, r.EndCalls = endsession.Refused, endsession.CodePinMismatch, "", "", 0
			r.Request.Target = endsession.Target{SessionID: "named-session"}
			r.Failure = &endsession.Error{Code: endsession.CodePinMismatch, Message: "another session"}
		}),
	},
	{
		name: "attempted, failed, with everything that VideoSDK said and a token that the line must not have",
		write: attempted(func(r *endsession.Result) {
			r.Outcome, r.Code = endsession.Failed, endsession.CodeVideoSDKForbidden
			r.Failure = &endsession.Error{
				Code: endsession.CodeVideoSDKForbidden, Class: endsession.Credentials, Message: "VideoSDK answered 403", HTTPStatus: 403,
				VendorCode: "E7", RequestID: "v-1", Err: errors.New("with " + token),
			}
		}),
	},
	{
		name: "attempted, a dry run",
		write: attempted(func(r *endsession.Result) {
			r.Outcome, r.Key, r.EndCalls, r.Request.Force = endsession.DryRun, key+":dry-run", 0, "nonce"
		}),
	},
	{
		name: "attempted, to be delivered again",
		write: attempted(func(r *endsession.Result) {
			r.Outcome, r.Detail, r.Published, r.Code = "", nil, false, endsession.CodeVideoSDKUnavailable
			r.Err = &endsession.Error{Code: endsession.CodeVideoSDKUnavailable, Message: "VideoSDK answered 503", HTTPStatus: 503, Err: errors.New("cause")}
			r.Durations.Publish = 0
		}),
	},
	{
		name: "attempted, to be delivered again when the credentials are mended",
		write: attempted(func(r *endsession.Result) {
			r.Outcome, r.Detail, r.Published, r.Code = "", nil, false, endsession.CodeVideoSDKUnauthorized
			r.Err = &endsession.Error{Code: r.Code, Class: endsession.Credentials, Message: "VideoSDK answered 401", HTTPStatus: 401}
			r.Durations.Publish = 0
		}),
	},
	{
		name: "attempted, failed, and to be delivered again because the outcome was not published",
		write: attempted(func(r *endsession.Result) {
			r.Outcome, r.Detail, r.Published, r.Code = "", nil, false, endsession.CodePublishFailed
			r.Failure = &endsession.Error{Code: endsession.CodeVideoSDKRejected, Message: "VideoSDK answered 400", HTTPStatus: 400}
			r.Err = &endsession.Error{Code: endsession.CodePublishFailed, Message: "not yet", Err: errors.New("throttled")}
		}),
	},
	{
		name:  "attempted, published, and the ledger was not told",
		write: attempted(func(r *endsession.Result) { r.Uncompleted = errors.New("throttled") }),
	},
	{
		name: "attempted, failed, and the ledger was not told",
		write: attempted(func(r *endsession.Result) {
			r.Outcome, r.Code, r.Uncompleted = endsession.Failed, endsession.CodeConflict, errors.New("throttled")
		}),
	},
	{
		name: "attempted, the least that there can be",
		write: attempted(func(r *endsession.Result) {
			r.Request = endsession.Request{Target: endsession.Target{RoomID: "r"}, Source: "s", ID: "i", OccurredAt: r.Request.OccurredAt}
			r.SessionID, r.RoomID, r.Reads, r.EndCalls, r.Durations.Publish = "", "", 0, 0, 0
		}),
	},
	{name: "attempted, below the level", level: slog.LevelError, write: attempted(nil)},

	{
		name: "rejected, a readable request",
		write: rejected(
			result(nil).Request, endsession.Error{Code: endsession.CodeInvalidRequest, Class: endsession.Permanent, Message: "roomId must be a string"}),
	},
	{
		name: "rejected, until the profiles of its source are in reach",
		write: rejected(
			endsession.Request{Source: "my-lms", ID: "i", Queued: 31 * time.Minute}, endsession.Error{Code: endsession.CodeSecretUnavailable, Class: endsession.Transient, Message: "m"}),
	},
	{
		name: "rejected, until the profiles of its source are mended",
		write: rejected(
			endsession.Request{Source: "my-lms", ID: "i"}, endsession.Error{Code: endsession.CodeSecretInvalid, Class: endsession.Credentials, Message: "m"}),
	},
	{name: "rejected, nothing readable", write: rejected(endsession.Request{}, endsession.Error{Code: endsession.CodeInvalidJSON, Class: endsession.Permanent, Message: "m"})},
	{
		name:  "rejected, a request of any length",
		write: rejected(endsession.Request{Source: anyLength, ID: anyLength}, endsession.Error{Code: endsession.CodeInvalidRequest, Class: endsession.Permanent, Message: "m"}),
	},
	{
		name:  "rejected, a token for an id",
		write: rejected(endsession.Request{Source: "s", ID: token}, endsession.Error{Code: endsession.CodeInvalidRequest, Class: endsession.Permanent, Message: "m"}),
	},

	{
		name: "webhook accepted",
		write: webhook(func(ctx context.Context, w telemetry.Webhooks) {
			w.Accepted(ctx, "calcom", result(nil).Request, 5*time.Minute)
		}),
	},
	{
		name: "webhook accepted, of a source that its owner has named",
		write: webhook(func(ctx context.Context, w telemetry.Webhooks) {
			w.Accepted(ctx, "my-lms", endsession.Request{
				Target: endsession.Target{RoomID: "r", SessionID: "s"}, Source: "my-lms", ID: "i", Force: "nonce", OccurredAt: result(nil).Request.OccurredAt,
			}, 0)
		}),
	},
	{
		name:  "webhook ignored",
		write: webhook(func(ctx context.Context, w telemetry.Webhooks) { w.Ignored(ctx, "calcom", "one_seat") }),
	},
	{
		name:  "webhook ignored, in a profile's own words",
		write: webhook(func(ctx context.Context, w telemetry.Webhooks) { w.Ignored(ctx, "my-lms", anyLength) }),
	},
	{
		name:  "webhook refused",
		write: webhook(func(ctx context.Context, w telemetry.Webhooks) { w.Refused(ctx, "calcom", unsigned("signature_stale")) }),
	},
	{
		name: "webhook refused, with a URL of any length",
		write: webhook(func(ctx context.Context, w telemetry.Webhooks) {
			w.Refused(ctx, anyLength, unsigned("signature_missing"))
		}),
	},
	{
		name: "webhook failed, with a URL that names no source",
		write: webhook(func(ctx context.Context, w telemetry.Webhooks) {
			w.Failed(ctx, anyLength, &endsession.Error{Code: endsession.CodeWebhookSourceUnknown, Class: endsession.Permanent, Message: "m"})
		}),
	},
	{
		name: "webhook failed, malformed",
		write: webhook(func(ctx context.Context, w telemetry.Webhooks) {
			w.Failed(ctx, "calcom", &endsession.Error{Code: endsession.CodeInvalidJSON, Class: endsession.Permanent, Message: "m"})
		}),
	},
	{
		name: "webhook failed, not queued",
		write: webhook(func(ctx context.Context, w telemetry.Webhooks) {
			w.Failed(ctx, "calcom", &endsession.Error{Code: endsession.CodeQueueUnavailable, Message: "m", Err: errors.New("away")})
		}),
	},
	{
		name: "webhook failed, its secret not allowed",
		write: webhook(func(ctx context.Context, w telemetry.Webhooks) {
			w.Failed(ctx, "calcom", &endsession.Error{Code: endsession.CodeSecretUnavailable, Class: endsession.Credentials, Message: "m"})
		}),
	},

	{
		name: "webhook expressions failed",
		write: webhook(func(ctx context.Context, w telemetry.Webhooks) {
			w.ExpressionsFailed(ctx, "my-lms", []string{"profiles[0].room", "profiles[0].id"})
		}),
	},
	{
		name: "webhook sources invalid",
		write: webhook(func(ctx context.Context, w telemetry.Webhooks) {
			w.Misconfigured(ctx, []string{"my-lms: scheme: expected one of …"})
		}),
	},

	{
		name: "secret fetched", level: slog.LevelDebug,
		write: func(ctx context.Context, log *slog.Logger) { secret(log).Fetched(ctx, 12345*time.Microsecond) },
	},
	{name: "secret fetched, below the level", write: func(ctx context.Context, log *slog.Logger) { secret(log).Fetched(ctx, time.Millisecond) }},
	{name: "secret stale", write: func(ctx context.Context, log *slog.Logger) { secret(log).Stale(ctx, errors.New("no such host")) }},

	{
		name: "VideoSDK called", level: slog.LevelDebug,
		write: call(func(w http.ResponseWriter) { w.WriteHeader(http.StatusTeapot) }),
	},
	{name: "VideoSDK called in vain", level: slog.LevelDebug, write: call(nil)},
	{
		name: "ledger loaded", level: slog.LevelDebug,
		write: ledger(scripted{held: endsession.Entry{State: endsession.Recorded}, is: true}, func(ctx context.Context, l endsession.Ledger) {
			_, _, _ = l.Load(ctx, key)
		}),
	},
	{
		name: "ledger loaded, nothing there", level: slog.LevelDebug,
		write: ledger(scripted{}, func(ctx context.Context, l endsession.Ledger) { _, _, _ = l.Load(ctx, key) }),
	},
	{
		name: "ledger loaded in vain", level: slog.LevelDebug,
		write: ledger(scripted{err: errors.New("throttled")}, func(ctx context.Context, l endsession.Ledger) { _, _, _ = l.Load(ctx, key) }),
	},
	{
		name: "ledger stored", level: slog.LevelDebug,
		write: ledger(scripted{is: true}, func(ctx context.Context, l endsession.Ledger) {
			claimed := endsession.Entry{Key: key, State: endsession.Claimed, Owner: "o", Pin: endsession.Pin{RoomID: "r", SessionID: "s"}}
			recorded := claimed
			recorded.State, recorded.Outcome, recorded.Detail = endsession.Recorded, endsession.Ended, []byte(name)
			_, _, _ = l.Store(ctx, claimed, recorded)
		}),
	},
	{
		name: "ledger stored, something else is there", level: slog.LevelDebug,
		write: ledger(scripted{held: endsession.Entry{State: endsession.Published}}, func(ctx context.Context, l endsession.Ledger) {
			_, _, _ = l.Store(ctx, endsession.Entry{}, endsession.Entry{Key: key, State: endsession.Claimed})
		}),
	},
	{
		name: "ledger stored in vain", level: slog.LevelDebug,
		write: ledger(scripted{err: errors.New("throttled")}, func(ctx context.Context, l endsession.Ledger) {
			_, _, _ = l.Store(ctx, endsession.Entry{}, endsession.Entry{Key: key, State: endsession.Claimed})
		}),
	},
}

var anyLength = strings.Repeat("x", 256<<10)

func attempted(change func(*endsession.Result)) func(context.Context, *slog.Logger) {
	return func(ctx context.Context, log *slog.Logger) {
		telemetry.Triggers{Log: log, Door: "sqs"}.Attempted(ctx, result(change))
	}
}

func rejected(r endsession.Request, err endsession.Error) func(context.Context, *slog.Logger) {
	return func(ctx context.Context, log *slog.Logger) {
		telemetry.Triggers{Log: log, Door: "sqs"}.Rejected(ctx, r, &err)
	}
}

func webhook(write func(context.Context, telemetry.Webhooks)) func(context.Context, *slog.Logger) {
	return func(ctx context.Context, log *slog.Logger) { write(ctx, telemetry.Webhooks{Log: log, Door: "webhook"}) }
}

func secret(log *slog.Logger) telemetry.Secrets {
	return telemetry.Secrets{Log: log, Door: "api", ID: "videosdk"}
}

// ticking is a clock on which every look takes a millisecond.
func ticking() func() time.Time {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	return func() time.Time {
		now = now.Add(time.Millisecond)
		return now
	}
}

// call makes a call of VideoSDK's, with a token. Without an answer nobody listens.
func call(answer func(http.ResponseWriter)) func(context.Context, *slog.Logger) {
	return func(ctx context.Context, log *slog.Logger) {
		transport := roundTripper(func(*http.Request) (*http.Response, error) {
			if answer == nil {
				return nil, errors.New("connection refused")
			}
			w := httptest.NewRecorder()
			answer(w)
			return w.Result(), nil
		})
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.videosdk.live/v2/sessions?perPage=2&roomId=r", http.NoBody)
		if err != nil {
			panic(err)
		}
		request.Header.Set("Authorization", token)
		response, err := telemetry.Calls{Log: log, Now: ticking()}.VideoSDK(transport).RoundTrip(request)
		if err == nil {
			_ = response.Body.Close()
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func ledger(inner endsession.Ledger, use func(context.Context, endsession.Ledger)) func(context.Context, *slog.Logger) {
	return func(ctx context.Context, log *slog.Logger) {
		use(ctx, telemetry.Calls{Log: log, Now: ticking()}.Ledger(inner))
	}
}

// scripted is a ledger that gives one answer.
type scripted struct {
	held endsession.Entry
	is   bool
	err  error
}

func (s scripted) Load(context.Context, string) (endsession.Entry, bool, error) {
	return s.held, s.is, s.err
}

func (s scripted) Store(context.Context, endsession.Entry, endsession.Entry) (endsession.Entry, bool, error) {
	return s.held, s.is, s.err
}

// written is the one line that a write makes.
func written(t *testing.T, level slog.Level, write func(context.Context, *slog.Logger)) string {
	t.Helper()
	log, out := setup(t, level)
	write(invocation(t, "r1"), log)
	got := out.lines(t)
	if len(got) != 1 {
		t.Fatalf("%d lines, want one wide one: %q", len(got), got)
	}
	return got[0]
}

var metricTime = regexp.MustCompile(`"Timestamp":(\d+)`)

func TestLinesAreGolden(t *testing.T) {
	const golden = "testdata/lines.golden"
	var all strings.Builder
	for _, l := range lines {
		line := written(t, l.level, l.write)
		if strings.Contains(line, name) || strings.Contains(line, token) {
			t.Errorf("%s tells what it must not: %s", l.name, line)
		}
		if stamp := metricTime.FindStringSubmatch(line); stamp != nil {
			line = strings.Replace(line, stamp[1], "0", 1)
		}
		if _, err := telemetrytest.Metrics([]byte(line)); err != nil {
			t.Errorf("%s: %v", l.name, err)
		}
		all.WriteString("-- " + l.name + " --\n")
		for _, m := range members(t, strings.ReplaceAll(line, anyLength[:511], "xxx")) {
			all.WriteString(m.name + ": " + string(m.value) + "\n")
		}
		all.WriteString("\n")
	}
	if *update {
		if err := os.WriteFile(golden, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), all.String()); diff != "" {
		t.Errorf("lines (-golden +got), see -update:\n%s", diff)
	}
}

// member is a field of a line.
type member struct {
	name  string
	value json.RawMessage
}

// members are the fields of a line, in their order. None stands twice, which a reader of JSON would not see.
func members(t *testing.T, line string) []member {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(line))
	var all []member
	seen := map[string]bool{}
	if _, err := decoder.Token(); err != nil {
		t.Fatal(err)
	}
	for decoder.More() {
		var m member
		token, err := decoder.Token()
		if err == nil {
			m.name = token.(string)
			err = decoder.Decode(&m.value)
		}
		if err != nil || seen[strings.ToLower(m.name)] {
			t.Fatalf("%v, or twice %s in %s", err, m.name, line)
		}
		seen[strings.ToLower(m.name)] = true
		all = append(all, m)
	}
	return all
}

// unsigned is the error of a webhook that is not known to be genuine.
func unsigned(reason string) *endsession.Error {
	return &endsession.Error{
		Code: endsession.CodeWebhookRefused, Class: endsession.Permanent, Message: reason, Err: errors.New("no header X-Cal-Signature-256"),
	}
}
