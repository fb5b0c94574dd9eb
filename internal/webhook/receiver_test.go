package webhook

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/credentials"
	"videosdk-end-session/internal/endsession"
)

// vault is a webhook secret that is kept as credentials.Cache keeps it, without a time to live, on a clock that tests move.
type vault struct {
	clock   clock
	text    string // what a fetch finds
	err     error  // of a fetch
	fetches int

	cached  *Sources
	fetched time.Time
}

func (v *vault) Get(context.Context) (*Sources, error) {
	if v.cached == nil {
		return v.fetch()
	}
	return v.cached, nil
}

func (v *vault) Refresh(_ context.Context, after time.Time) (*Sources, error) {
	if v.fetched.After(after) {
		return v.cached, nil
	}
	return v.fetch()
}

func (v *vault) fetch() (*Sources, error) {
	v.fetches++
	if v.err != nil {
		return nil, v.err
	}
	sources, err := parse([]byte(v.text), parts{Transport: http.DefaultTransport, Now: v.clock.Now})
	if err == nil {
		v.cached, v.fetched = sources, v.clock.Now()
	}
	return sources, err
}

// receiving is a receiver with the secret. No expression may fail.
func receiving(t testing.TB, secret Secret) *Receiver {
	t.Helper()
	failed := func(_ context.Context, source string, fields []string) {
		t.Errorf("expressions of %s failed: %q", source, fields)
	}
	return &Receiver{Secret: secret, BookingLead: 15 * time.Minute, BookingGrace: time.Hour, Failed: failed}
}

// stored is a secret that was fetched in the morning.
func stored(t testing.TB, text string) *vault {
	t.Helper()
	v := &vault{clock: clock{now: morning}, text: text}
	if _, err := v.Get(t.Context()); err != nil {
		t.Fatal(err)
	}
	return v
}

// senderOf returns the sender of a name, which signs.
func senderOf(t testing.TB, name string) sender {
	t.Helper()
	for _, s := range senders {
		if s.name == name {
			return s
		}
	}
	t.Fatalf("no sender %s", name)
	return sender{}
}

// cancelled is a booking that was cancelled while it takes place.
const cancelled = `{"triggerEvent":"BOOKING_CANCELLED","createdAt":"2026-11-23T09:59:00Z",` +
	`"payload":{"uid":"u1","startTime":"2026-11-23T09:40:00Z","endTime":"2026-11-23T10:10:00Z"}}`

// fromCalcom is a webhook of Cal.com that comes in so long after the morning.
func fromCalcom(t testing.TB, body, secret string, later time.Duration) Delivery {
	t.Helper()
	d := senderOf(t, "calcom").deliver(message{body: body}, secret)
	d.Received = morning.Add(later)
	return d
}

func TestWhoWouldBeTurnedAwayByAnOldSecretIsDecidedAnew(t *testing.T) {
	const before, after = `{"calcom":{"secrets":["old"]},"broken":{"secrets":["new"]},"lms":{"profiles":[{"room":"a"}]}}`,
		`{"calcom":{"secrets":["new","newer"]},"broken":{"scheme":"calcom","secrets":["new"],"profiles":[{"customRoom":"payload.uid"}]},` +
			`"late":{"scheme":"calcom","secrets":["new"],"profiles":[{"customRoom":"payload.uid"}]},"lms":{"scheme":"calcom","secrets":["new"],"profiles":[{"customRoom":"payload.uid"}]}}`
	tests := []struct {
		name, source, secret string
		age                  time.Duration
		want                 endsession.Code
		fetches              int
	}{
		{name: "a rotated secret", source: "calcom", secret: "new", age: 31 * time.Second, fetches: 1},
		{name: "a rotated secret after exactly 30 s", source: "calcom", secret: "new", age: 30 * time.Second, fetches: 1},
		{name: "a rotated secret too soon", source: "calcom", secret: "new", age: 29 * time.Second, want: endsession.CodeWebhookRefused},
		{name: "a forgery", source: "calcom", secret: "forged", age: time.Hour, want: endsession.CodeWebhookRefused, fetches: 1},
		{name: "a secret that is not valid any more", source: "calcom", secret: "old", age: time.Hour},
		{name: "a source that has come since", source: "late", secret: "new", age: 31 * time.Second, fetches: 1},
		{name: "a source that has come since, too soon", source: "late", secret: "new", age: 29 * time.Second, want: endsession.CodeWebhookSourceUnknown},
		{name: "a source that never comes", source: "never", secret: "new", age: time.Hour, want: endsession.CodeWebhookSourceUnknown, fetches: 1},
		{name: "a source that was mended", source: "broken", secret: "new", age: 31 * time.Second, fetches: 1},
		{name: "a source that was mended, too soon", source: "broken", secret: "new", age: 29 * time.Second, want: endsession.CodeWebhookSourceInvalid},
		{name: "a source of a bus that has got a scheme", source: "lms", secret: "new", age: 31 * time.Second, fetches: 1},
		{name: "a source of a bus that has got a scheme, too soon", source: "lms", secret: "new", age: 29 * time.Second, want: endsession.CodeWebhookSourceUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := stored(t, before)
			v.text = after
			v.clock.advance(tt.age)
			got, err := receiving(t, v).Receive(t.Context(), tt.source, fromCalcom(t, cancelled, tt.secret, tt.age), "")
			if code := codeOf(err); code != tt.want || tt.want == "" && got.Request.CustomRoomID != "u1" {
				t.Errorf("verdict %+v with code %q, want %q", got, code, tt.want)
			}
			if v.fetches-1 != tt.fetches {
				t.Errorf("%d fetches, want %d", v.fetches-1, tt.fetches)
			}
		})
	}
}

func codeOf(err *endsession.Error) endsession.Code {
	if err == nil {
		return ""
	}
	return err.Code
}

// TestARotatedSecretLetsTheRetryIn is the day of a rotation, from the sender's side.
func TestARotatedSecretLetsTheRetryIn(t *testing.T) {
	v := stored(t, `{"calcom":{"secrets":["old"]}}`)
	r := receiving(t, v)
	v.text = `{"calcom":{"secrets":["new"]}}`
	for _, step := range []struct {
		after  time.Duration
		secret string
		want   endsession.Code
	}{
		{5 * time.Second, "old", ""}, {10 * time.Second, "new", endsession.CodeWebhookRefused}, {40 * time.Second, "new", ""},
		{41 * time.Second, "old", endsession.CodeWebhookRefused}, {42 * time.Second, "new", ""},
	} {
		v.clock.advance(morning.Add(step.after).Sub(v.clock.Now()))
		if _, err := r.Receive(t.Context(), "calcom", fromCalcom(t, cancelled, step.secret, step.after), ""); codeOf(err) != step.want {
			t.Errorf("after %s with the %s secret: %v, want %q", step.after, step.secret, err, step.want)
		}
	}
	if v.fetches != 2 {
		t.Errorf("%d fetches, want 2", v.fetches)
	}
}

func TestWhatCannotBeDecidedForNowIsNotRefused(t *testing.T) {
	away := &endsession.Error{Code: endsession.CodeSecretUnavailable, Message: "away"}
	malformed := &endsession.Error{Code: endsession.CodeSecretInvalid, Class: endsession.Credentials, Message: "no object"}
	for _, fault := range []*endsession.Error{away, malformed} {
		for _, source := range []string{"calcom", "never", "broken"} {
			v := stored(t, `{"calcom":{"secrets":["s"]},"broken":7}`)
			v.err = fault
			v.clock.advance(time.Minute)
			r := receiving(t, v)
			_, err := r.Receive(t.Context(), source, fromCalcom(t, cancelled, "forged", time.Minute), "")
			if codeOf(err) != fault.Code || err.Class == endsession.Permanent {
				t.Errorf("%s while the secret is away: %v", source, err)
			}
			if source == "calcom" { // the secret that is there does for everybody else
				if _, err := r.Receive(t.Context(), source, fromCalcom(t, cancelled, "s", time.Minute), ""); err != nil {
					t.Errorf("a genuine webhook while the secret is away: %v", err)
				}
			}
		}
		v := &vault{clock: clock{now: morning}, err: fault}
		if _, err := receiving(t, v).Receive(t.Context(), "calcom", fromCalcom(t, cancelled, "s", 0), ""); codeOf(err) != fault.Code || v.fetches != 1 {
			t.Errorf("without any secret: %v after %d fetches", err, v.fetches)
		}
	}
}

// slowSecrets is a Secrets Manager that takes a second.
type slowSecrets struct {
	mu      sync.Mutex
	text    string
	fetches int
}

func (s *slowSecrets) GetSecretValue(
	context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options),
) (*secretsmanager.GetSecretValueOutput, error) {
	time.Sleep(time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetches++
	text := s.text
	return &secretsmanager.GetSecretValueOutput{SecretString: &text}, nil
}

func TestManyForgeriesAtOnceCauseOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		secrets := &slowSecrets{text: `{"calcom":{"secrets":["s"]}}`}
		cache, err := credentials.New(credentials.Config[*Sources]{
			Secrets: secrets, SecretID: "webhooks", TTL: 5 * time.Minute, Parse: Parser(http.DefaultTransport, time.Now), Now: time.Now,
			Stale: func(context.Context, error) {},
		})
		if err != nil {
			t.Fatal(err)
		}
		r := receiving(t, cache)
		for _, fetches := range []int{1, 1, 2} { // fresh, fresh still, and old enough
			var senders sync.WaitGroup
			for i := range 60 {
				senders.Go(func() {
					source, secret := "calcom", "s"
					want := endsession.Code("")
					switch i % 3 {
					case 0:
						secret, want = "forged", endsession.CodeWebhookRefused
					case 1:
						source, want = "never", endsession.CodeWebhookSourceUnknown
					}
					d := fromCalcom(t, cancelled, secret, 0)
					d.Received = time.Now()
					if _, err := r.Receive(t.Context(), source, d, ""); codeOf(err) != want {
						t.Errorf("%s with the secret %s: %v, want %q", source, secret, err, want)
					}
				})
			}
			senders.Wait()
			if secrets.fetches != fetches {
				t.Errorf("%d fetches, want %d", secrets.fetches, fetches)
			}
			time.Sleep(20 * time.Second)
		}
	})
}

// validation is the webhook by which Zoom asks whether the endpoint knows the secret.
const validation = `{"event":"endpoint.url_validation","event_ts":1795428000000,"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}}`

const zoom = `{"zoom":{"secrets":["first","second"],"profiles":[{"when":"event == 'meeting.ended'","customRoom":"payload.object.id"}]}}`

func TestAChallengeIsAnsweredWithTheSecretThatVerified(t *testing.T) {
	for _, secret := range []string{"first", "second"} {
		d := senderOf(t, "zoom").deliver(message{body: validation}.at(morning), secret)
		got, err := receiving(t, stored(t, zoom)).Receive(t.Context(), "zoom", d, "")
		if err != nil {
			t.Fatal(err)
		}
		want := `{"encryptedToken":"` + hex.EncodeToString(sum([]byte(secret), "qgg8vlvZRS6UYooatFL8Aw")) + `","plainToken":"qgg8vlvZRS6UYooatFL8Aw"}`
		if diff := cmp.Diff(Verdict{Challenge: []byte(want)}, got); diff != "" {
			t.Errorf("verdict (-want +got):\n%s", diff)
		}
	}
}

// TestAnUnverifiedChallengeIsNotAnswered asks for the hash of what Zoom would sign for a forged event. Whoever got it would have the
// signature: an endpoint that answers challenges of strangers signs whatever they like.
func TestAnUnverifiedChallengeIsNotAnswered(t *testing.T) {
	s := senderOf(t, "zoom")
	forged := message{body: `{"event":"meeting.ended","payload":{"object":{"id":"somebody-elses"}}}`}.at(morning)
	ask := message{body: `{"event":"endpoint.url_validation","payload":{"plainToken":` + quoted("v0:"+forged.timestamp+":"+forged.body) + `}}`}.at(morning)
	r := receiving(t, stored(t, zoom))
	unsigned := s.claiming(ask)
	unsigned.Header.Del(s.signature)
	stale := s.deliver(ask.at(morning.Add(-6*time.Minute)), "first")
	for name, d := range map[string]Delivery{"not signed": unsigned, "signed by somebody": s.deliver(ask, "forged"), "signed long ago": stale} {
		if got, err := r.Receive(t.Context(), "zoom", d, ""); codeOf(err) != endsession.CodeWebhookRefused || got.Challenge != nil {
			t.Errorf("%s: %s, %v", name, got.Challenge, err)
		}
	}
	// This is what it is for.
	got, err := r.Receive(t.Context(), "zoom", s.deliver(ask, "first"), "")
	var answer struct{ EncryptedToken string }
	if err != nil || json.Unmarshal(got.Challenge, &answer) != nil {
		t.Fatalf("%s, %v", got.Challenge, err)
	}
	if _, err := r.Receive(t.Context(), "zoom", s.claiming(forged, "v0="+answer.EncryptedToken), ""); err != nil {
		t.Errorf("the answer to a challenge is no signature, and this test proves nothing: %v", err)
	}
}

func TestWebhooksOfVideoSDKAreNeverTriggers(t *testing.T) {
	const ended = `{"webhookType":"session-ended","data":{"meetingId":"abcd-efgh-ijkl","roomId":"abcd-efgh-ijkl","sessionId":"62429766903bdf001299cac5"}}`
	for name, entry := range map[string]string{
		"videosdk": `{"secrets":[` + quoted(publicPEM) + `]}`, "mine": `{"scheme":"videosdk-rsa","secrets":[` + quoted(publicPEM) + `],"trustCustomerFields":true}`,
	} {
		r := receiving(t, stored(t, `{`+quoted(name)+`:`+entry+`}`))
		for _, body := range []string{ended, strings.Replace(ended, "session-ended", "session-started", 1), `{}`} {
			got, err := r.Receive(t.Context(), name, signedBy(rfcKey, body), "")
			if err != nil || got.Ignored != "not_relevant" {
				t.Errorf("%s: %s: %+v, %v", name, body, got, err)
			}
		}
	}
}

func TestTheWindowIsJudgedWhenTheTriggerIsDue(t *testing.T) {
	const source = `{"lms":{"scheme":"token","header":"x-token","secrets":["s"],"profiles":[{"session":"'s'","startsAt":"s","endsAt":"e","delay":%d}]}}`
	tests := []struct {
		name       string
		delay      string
		start, end time.Duration // from the morning; 0 for none
		want       string
	}{
		{name: "no times", delay: "0"},
		{name: "within it", delay: "0", start: -20 * time.Minute, end: 10 * time.Minute},
		{name: "the first moment of the lead", delay: "0", start: 15 * time.Minute, end: time.Hour},
		{name: "before the lead", delay: "0", start: 15*time.Minute + time.Second, end: time.Hour, want: "before_window"},
		{name: "before the lead, and due within it", delay: "1", start: 15*time.Minute + time.Second, end: time.Hour},
		{name: "the last moment of the grace", delay: "0", start: -2 * time.Hour, end: -time.Hour},
		{name: "after the grace", delay: "0", start: -2 * time.Hour, end: -time.Hour - time.Second, want: "after_window"},
		{name: "within the grace, and due after it", delay: "1", start: -2 * time.Hour, end: -time.Hour, want: "after_window"},
		{name: "a start alone, long ago", delay: "900", start: -100 * time.Hour},
		{name: "a start alone, to come", delay: "0", start: 24 * time.Hour, want: "before_window"},
		{name: "an end alone, to come", delay: "0", end: 24 * time.Hour},
		{name: "an end alone, long ago", delay: "0", end: -24 * time.Hour, want: "after_window"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := map[string]any{}
			for name, offset := range map[string]time.Duration{"s": tt.start, "e": tt.end} {
				if offset != 0 {
					body[name] = morning.Add(offset).Unix()
				}
			}
			text, _ := json.Marshal(body)
			d := Delivery{Header: http.Header{"X-Token": {"s"}}, Body: text, Received: morning}
			got, err := receiving(t, stored(t, strings.Replace(source, "%d", tt.delay, 1))).Receive(t.Context(), "lms", d, "")
			if err != nil || got.Ignored != tt.want {
				t.Errorf("ignored for %q, %v; want %q", got.Ignored, err, tt.want)
			}
			if tt.want == "" && (got.Request.SessionID != "s" || got.Status != http.StatusAccepted) {
				t.Errorf("verdict %+v", got)
			}
		})
	}
}

func TestTheDocumentsDelayGoesBeforeTheEntrysAndThatBeforeTheProfiles(t *testing.T) {
	const profiles = `,"profiles":[{"session":"'s'","delay":300}]`
	tests := []struct {
		name, entry, body string
		want              time.Duration
	}{
		{"a profile's", profiles, `{}`, 300 * time.Second},
		{"the entry's", `,"delaySeconds":7` + profiles, `{}`, 7 * time.Second},
		{"the entry's, which is none", `,"delaySeconds":0` + profiles, `{}`, 0},
		{"a payload has no say where there is a profile", profiles, `{"delaySeconds":1}`, 300 * time.Second},
		{"none at all", ``, `{"sessionId":"s"}`, 0},
		{"the entry's, for a document", `,"delaySeconds":7`, `{"sessionId":"s"}`, 7 * time.Second},
		{"the entry's, for a document with null", `,"delaySeconds":7`, `{"sessionId":"s","delaySeconds":null}`, 7 * time.Second},
		{"the document's", `,"delaySeconds":7`, `{"sessionId":"s","delaySeconds":900}`, 900 * time.Second},
		{"the document's, which is none", `,"delaySeconds":7`, `{"sessionId":"s","delaySeconds":0}`, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := receiving(t, stored(t, `{"lms":{"scheme":"token","header":"x-token","secrets":["s"]`+tt.entry+`}}`))
			got, err := r.Receive(t.Context(), "lms", Delivery{Header: http.Header{"X-Token": {"s"}}, Body: []byte(tt.body), Received: morning}, "")
			if err != nil || got.Delay != tt.want || got.Request.SessionID != "s" {
				t.Errorf("verdict %+v, %v; want a delay of %s", got, err, tt.want)
			}
		})
	}
}

func TestASourceHasASayInWhoseDocumentsCount(t *testing.T) {
	r := receiving(t, stored(t, `{"lms":{"scheme":"token","header":"x-token","secrets":["s"],"when":"type == 'over'"}}`))
	for body, want := range map[string]string{
		`{"sessionId":"s","type":"over"}`: "", `{"sessionId":"s","type":"begun"}`: "not_relevant", `{"sessionId":"s"}`: "not_relevant",
		`{"type":"over","data":{"sessionId":"s"}}`: "", `{"type":"begun","data":{"sessionId":"s"}}`: "not_relevant",
	} {
		got, err := r.Receive(t.Context(), "lms", Delivery{Header: http.Header{"X-Token": {"s"}}, Body: []byte(body), Received: morning}, "")
		if err != nil || got.Ignored != want || want == "" && got.Request.SessionID != "s" {
			t.Errorf("%s: %+v, %v; want it ignored for %q", body, got, err, want)
		}
	}
}

func TestWhatIsMalformedAfterAValidSignatureIsFinal(t *testing.T) {
	r := receiving(t, stored(t, `{"calcom":{"secrets":["s"]},"acuity":{"secrets":["s"]},"svix":{"secrets":["`+standardSecret+`"]}}`))
	long := strings.Replace(cancelled, "u1", strings.Repeat("u", 600), 1)
	for _, tt := range []struct {
		name, source, secret, body string
		want                       endsession.Code
	}{
		{"no JSON", "calcom", "s", `{"triggerEvent":`, endsession.CodeInvalidJSON},
		{"no UTF-8", "calcom", "s", "{\"triggerEvent\":\"\xff\"}", endsession.CodeInvalidJSON},
		{"nothing", "calcom", "s", "", endsession.CodeInvalidJSON},
		{"an id that is too long", "calcom", "s", long, endsession.CodeInvalidRequest},
		{"an end before the start", "calcom", "s", strings.Replace(cancelled, "T10:10", "T08:10", 1), endsession.CodeInvalidRequest},
		{"a time that is none", "calcom", "s", strings.Replace(cancelled, "T10:10", "T10:99", 1), endsession.CodeInvalidRequest},
		{"a custom room that is none", "calcom", "s", strings.Replace(cancelled, "u1", "u/1", 1), endsession.CodeInvalidRequest},
		{"no form", "acuity", "s", "action=canceled&id=%zz", endsession.CodeInvalidJSON},
		{"a form that is no UTF-8", "acuity", "s", "action=canceled&id=%ff", endsession.CodeInvalidRequest},
		{"no document", "svix by svix", standardSecret, `[]`, endsession.CodeInvalidJSON},
		{"a document with problems", "svix by svix", standardSecret, `{}`, endsession.CodeInvalidRequest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := senderOf(t, tt.source)
			_, err := r.Receive(t.Context(), s.scheme, s.deliver(message{id: "m-1", body: tt.body}.at(morning), tt.secret), "")
			if codeOf(err) != tt.want || err.Class != endsession.Permanent || err.Message == "" {
				t.Errorf("error %v, want a permanent %s", err, tt.want)
			}
		})
	}
}

func TestExpressionsThatFailAreReportedByName(t *testing.T) {
	var reported []string
	r := receiving(t, stored(t, `{"lms":{"scheme":"calcom","secrets":["s"],"profiles":[{"name":"over","customRoom":"payload.uid","reason":"join(' ', payload.attendees)"},{"room":"a"}]}}`))
	r.Failed = func(_ context.Context, source string, fields []string) {
		reported = append(append(reported, source), fields...)
	}
	got, err := r.Receive(t.Context(), "lms", fromCalcom(t, `{"payload":{"uid":"u1","attendees":[{"name":"hunter2"}]}}`, "s", 0), "")
	if err != nil || got.Request.CustomRoomID != "u1" || got.Request.Reason != "" {
		t.Errorf("verdict %+v, %v", got, err)
	}
	want := []string{"lms", "profile over, field reason: a function was given a value of a type that it does not take"}
	if diff := cmp.Diff(want, reported); diff != "" {
		t.Errorf("reported (-want +got):\n%s", diff)
	}
}

func TestARefusalHasItsReasonAndNothingElse(t *testing.T) {
	r := receiving(t, stored(t, `{"calcom":{"secrets":["s"]}}`))
	unsigned := fromCalcom(t, cancelled, "s", 0)
	unsigned.Header = http.Header{}
	for want, d := range map[string]Delivery{
		string(signatureMissing): unsigned, string(signatureMismatch): fromCalcom(t, cancelled, "forged", 0),
		string(signatureMalformed): unsigned.with(map[string][]string{"X-Cal-Signature-256": {"no-secret-provided"}}),
	} {
		got, err := r.Receive(t.Context(), "calcom", d, "")
		if codeOf(err) != endsession.CodeWebhookRefused || err.Message != want || err.Class != endsession.Permanent {
			t.Errorf("error %v, want it refused for %s", err, want)
		}
		if diff := cmp.Diff(Verdict{}, got); diff != "" {
			t.Errorf("refused, and there is a verdict:\n%s", diff)
		}
	}
}

func TestKeysThatAreOutOfReachAreNotTheSecretsFault(t *testing.T) {
	fails := roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("away") })
	sources, err := Parser(fails, process.Now)([]byte(`{"canvas":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	v := &vault{clock: clock{now: morning}, cached: sources, fetched: morning.Add(-time.Hour)}
	d := Delivery{Header: http.Header{}, Body: []byte("eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.e30.AAAA"), Received: morning}
	if _, err := receiving(t, v).Receive(t.Context(), "canvas", d, ""); codeOf(err) != endsession.CodeWebhookKeysUnavailable || err.Class != endsession.Transient {
		t.Errorf("error %v, want the keys unavailable", err)
	}
	if v.fetches != 0 {
		t.Errorf("the secret was fetched %d times", v.fetches)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestOnlyTheConfiguredSourceCounts(t *testing.T) {
	r := receiving(t, stored(t, `{"lms":{"scheme":"token","header":"x-token","secrets":["s"]}}`))
	for _, source := range []string{`"calcom"`, `7`, `{}`, `"\ud83d"`, quoted(strings.Repeat("x", 300)), `"\u0000"`} {
		d := Delivery{Header: http.Header{"X-Token": {"s"}}, Body: []byte(`{"sessionId":"s","source":` + source + `}`), Received: morning}
		if got, err := r.Receive(t.Context(), "lms", d, ""); err != nil || got.Request.Source != "lms" {
			t.Errorf("source %s: %+v, %v", source, got.Request, err)
		}
	}
}

func TestWhatHasNoIDIsKnownByWhatWasVouchedFor(t *testing.T) {
	hashOf := func(text string) string {
		digest := sha256.Sum256([]byte(text))
		return hex.EncodeToString(digest[:])
	}
	r := receiving(t, stored(t, `{"lms":{"scheme":"token","header":"x-token","secrets":["s"],"profiles":[{"session":"'s'","id":"id","occurredAt":"at"}]},`+
		`"github":{"secrets":["s"],"profiles":[{"session":"'s'"}]}}`))
	at := func(body string, received time.Time) string {
		got, err := r.Receive(t.Context(), "lms", Delivery{Header: http.Header{"X-Token": {"s"}}, Body: []byte(body), Received: received}, "")
		if err != nil {
			t.Fatal(err)
		}
		return got.Request.ID
	}
	evening := time.Date(2026, 11, 23, 23, 30, 0, 0, time.FixedZone("", -8*3600)) // the 24th in UTC
	for body, want := range map[string]string{
		`{}`: hashOf(`{}`) + ":2026-11-23", `{ }`: hashOf(`{ }`) + ":2026-11-23", `{"id":"i-1"}`: "i-1", `{"id":4711}`: "4711",
		`{"at":"2026-11-23T09:00:00Z"}`: hashOf(`{"at":"2026-11-23T09:00:00Z"}`),
	} {
		if got := at(body, morning); got != want {
			t.Errorf("%s has the id %s, want %s", body, got, want)
		}
	}
	if got, want := at(`{}`, evening), hashOf(`{}`)+":2026-11-24"; got != want {
		t.Errorf("the next day the id is %s, want %s", got, want)
	}
}

func TestOnlySourcesOfDocumentsTakeCloudEvents(t *testing.T) {
	v := stored(t, `{"calcom":{"secrets":["s"]},"cloudevents":{"secrets":["`+standardSecret+`"]},"lms":{"scheme":"token","header":"x","secrets":["s"]},`+
		`"bus":{"profiles":[{"room":"a"}]},"mapped":{"scheme":"token","header":"x","secrets":["s"],"profiles":[{"room":"a"}]},"broken":7}`)
	r := receiving(t, v)
	for source, want := range map[string]bool{"cloudevents": true, "lms": true, "calcom": false, "mapped": false} {
		if got, err := r.TakesCloudEvents(t.Context(), source, morning); err != nil || got != want {
			t.Errorf("%s: %t, %v; want %t", source, got, err, want)
		}
	}
	for source, want := range map[string]endsession.Code{
		"bus": endsession.CodeWebhookSourceUnknown, "never": endsession.CodeWebhookSourceUnknown, "broken": endsession.CodeWebhookSourceInvalid,
	} {
		if got, err := r.TakesCloudEvents(t.Context(), source, morning); codeOf(err) != want || got {
			t.Errorf("%s: %t, %v; want %s", source, got, err, want)
		}
	}
	if v.fetches != 1 {
		t.Errorf("%d fetches of a fresh secret", v.fetches)
	}
	// A source that has just been configured is asked for permission at once.
	v.text = `{"never":{"scheme":"token","header":"x","secrets":["s"]}}`
	v.clock.advance(time.Minute)
	if got, err := r.TakesCloudEvents(t.Context(), "never", v.clock.Now()); err != nil || !got {
		t.Errorf("a source that has come since: %t, %v", got, err)
	}
	v.err = &endsession.Error{Code: endsession.CodeSecretUnavailable}
	v.clock.advance(time.Minute)
	if _, err := r.TakesCloudEvents(t.Context(), "other", v.clock.Now()); codeOf(err) != endsession.CodeSecretUnavailable {
		t.Errorf("while the secret is away: %v", err)
	}
}
