package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"videosdk-end-session/internal/redacted"
)

// morning is when everything in the tests happens.
var morning = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// booking is a body to sign.
const booking = `{"triggerEvent":"BOOKING_CANCELLED","payload":{"uid":"u1"}}`

// message is what a sender is asked to sign.
type message struct {
	id, timestamp, body string
}

func (m message) at(t time.Time) message {
	m.timestamp = strconv.FormatInt(t.Unix(), 10)
	return m
}

// sender signs as a source does. It is written out for each, and shares nothing with the rows under test.
type sender struct {
	name, scheme string
	secret       string // as it is configured
	url          string
	window       time.Duration
	signature    string // the header with the signature
	timestamp    string // the header with the timestamp, if it has one of its own
	id           string // the header with the id
	signsID      bool
	// list joins signatures, as the source would with several secrets; nil if it can send only one.
	list func(timestamp string, signatures ...string) string
	mac  func(key []byte, m message) []byte
	// encode writes a signature as it stands in the header, without the timestamp.
	encode func(mac []byte) string
}

func sum(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func ofBody(key []byte, m message) []byte { return sum(key, m.body) }

func ofTimeAndBody(key []byte, m message) []byte { return sum(key, m.timestamp+"."+m.body) }

func ofIDTimeAndBody(key []byte, m message) []byte { return sum(key, m.id+"."+m.timestamp+"."+m.body) }

func stamped(timestamp string, signatures ...string) string {
	return "t=" + timestamp + "," + strings.Join(signatures, ",")
}

func spaced(_ string, signatures ...string) string { return strings.Join(signatures, " ") }

func hexAfter(prefix string) func([]byte) string {
	return func(mac []byte) string { return prefix + hex.EncodeToString(mac) }
}

func base64After(prefix string) func([]byte) string {
	return func(mac []byte) string { return prefix + base64.StdEncoding.EncodeToString(mac) }
}

const (
	rawSecret      = "It's a Secret to Everybody"
	standardSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	squareURL      = "https://abc.execute-api.eu-central-1.amazonaws.com/v1/webhooks/square"
)

// senders has every source that signs with HMAC, and both families of headers of those that have two.
var senders = []sender{
	{name: "calcom", scheme: "calcom", secret: rawSecret, signature: "X-Cal-Signature-256", mac: ofBody, encode: hexAfter("")},
	{
		name: "calendly", scheme: "calendly", secret: rawSecret, window: 3 * time.Minute, signature: "Calendly-Webhook-Signature",
		mac: ofTimeAndBody, encode: hexAfter("v1="), list: stamped,
	},
	{name: "acuity", scheme: "acuity", secret: rawSecret, signature: "X-Acuity-Signature", mac: ofBody, encode: base64After("")},
	{
		name: "square", scheme: "square", secret: rawSecret, url: squareURL, signature: "X-Square-HmacSha256-Signature",
		mac: func(key []byte, m message) []byte { return sum(key, squareURL+m.body) }, encode: base64After(""),
	},
	{
		name: "zoom", scheme: "zoom", secret: rawSecret, window: 5 * time.Minute, signature: "x-zm-signature", timestamp: "x-zm-request-timestamp",
		mac: func(key []byte, m message) []byte { return sum(key, "v0:"+m.timestamp+":"+m.body) }, encode: hexAfter("v0="),
	},
	standard("standard-webhooks", "webhook"), standard("standard-webhooks", "svix"), standard("svix", "svix"), standard("svix", "webhook"),
	{
		name: "stripe", scheme: "stripe", secret: "whsec_webhook_secret", window: 5 * time.Minute, signature: "Stripe-Signature",
		mac: ofTimeAndBody, encode: hexAfter("v1="), list: stamped,
	},
	{
		name: "github", scheme: "github", secret: rawSecret, signature: "X-Hub-Signature-256",
		mac: ofBody, encode: hexAfter("sha256="),
	},
	{name: "thinkific", scheme: "thinkific", secret: rawSecret, signature: "X-Thinkific-Hmac-Sha256", mac: ofBody, encode: hexAfter("")},
	{name: "nylas", scheme: "nylas", secret: rawSecret, signature: "X-Nylas-Signature", mac: ofBody, encode: hexAfter("")},
}

func standard(scheme, family string) sender {
	return sender{
		name: scheme + " by " + family, scheme: scheme, secret: standardSecret, window: 5 * time.Minute,
		signature: family + "-signature", timestamp: family + "-timestamp", id: family + "-id", signsID: true,
		mac: ofIDTimeAndBody, encode: base64After("v1,"), list: spaced,
	}
}

// key is what a sender signs with.
func (s sender) key(secret string) []byte {
	if !s.signsID {
		return []byte(secret)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		panic(err)
	}
	return key
}

// deliver signs a message with each of the secrets.
func (s sender) deliver(m message, secrets ...string) Delivery {
	var signatures []string
	for _, secret := range secrets {
		signatures = append(signatures, s.encode(s.mac(s.key(secret), m)))
	}
	return s.claiming(m, signatures...)
}

// claiming is a delivery with the given signatures, right or wrong.
func (s sender) claiming(m message, signatures ...string) Delivery {
	d := Delivery{Header: http.Header{}, Body: []byte(m.body), Received: morning}
	value := strings.Join(signatures, ",")
	if s.list != nil {
		value = s.list(m.timestamp, signatures...)
	}
	d.Header.Set(s.signature, value)
	if s.timestamp != "" {
		d.Header.Set(s.timestamp, m.timestamp)
	}
	if s.id != "" {
		d.Header.Set(s.id, m.id)
	}
	return d
}

func (s sender) settings(secrets ...string) settings {
	return settings{Secrets: secretsOf(secrets...), URL: s.url}
}

// sent is a message that all senders can sign.
var sent = message{id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: booking}.at(morning)

// otherSecret is another one, in the form of the first.
func otherSecret(first string) string {
	if strings.HasPrefix(first, "whsec_M") {
		return "whsec_" + base64.StdEncoding.EncodeToString([]byte("another secret, of 32 characters"))
	}
	return "another secret"
}

func secretsOf(values ...string) []redacted.String {
	var secrets []redacted.String
	for _, v := range values {
		secrets = append(secrets, redacted.New(v))
	}
	return secrets
}

func mustVerifier(t testing.TB, scheme string, s settings, with parts) verifier {
	t.Helper()
	v, err := newVerifier(scheme, s, with)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// mustAccept checks that a delivery is verified, and by which secret.
func mustAccept(t testing.TB, v verifier, d Delivery, secret string) verified {
	t.Helper()
	got, err := v.verify(t.Context(), d)
	if err != nil {
		t.Fatalf("refused: %v", err)
	}
	if got.secret.Reveal() != secret {
		t.Errorf("verified by another secret")
	}
	return got
}

// mustRefuse checks that a delivery is refused for a reason, that nothing is vouched for, and that the error quotes nothing.
func mustRefuse(t testing.TB, v verifier, d Delivery, because reason) {
	t.Helper()
	got, err := v.verify(t.Context(), d)
	var r *refusal
	if !errors.As(err, &r) || r.reason != because {
		t.Errorf("got %v, want %s", err, because)
	}
	if got.payload != nil || got.id != "" || got.secret != (redacted.String{}) {
		t.Errorf("refused, and vouched for %+v", got)
	}
	mustNotQuote(t, err, string(d.Body))
	for _, values := range d.Header {
		mustNotQuote(t, err, values...)
	}
}

// mustNotQuote checks that an error has none of the texts that are long enough to be told from its own words.
func mustNotQuote(t testing.TB, err error, private ...string) {
	t.Helper()
	for _, text := range private {
		if err != nil && len(text) >= 12 && strings.Contains(err.Error(), text) {
			t.Errorf("the error quotes what it must not: %v", err)
		}
	}
}

func (d Delivery) clone() Delivery {
	return Delivery{Header: d.Header.Clone(), Body: append([]byte{}, d.Body...), Received: d.Received}
}

// with returns the delivery with other headers.
func (d Delivery) with(headers map[string][]string) Delivery {
	d = d.clone()
	for name, values := range maps.All(headers) {
		d.Header[http.CanonicalHeaderKey(name)] = values
	}
	return d
}

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}
