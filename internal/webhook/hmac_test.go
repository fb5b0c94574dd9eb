package webhook

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"
)

// stripeEvent is the event that stripe-dotnet signs in its tests.
const stripeEvent = `{
  "id": "evt_123",
  "object": "event",
  "account": "acct_123",
  "api_version": "2017-05-25",
  "created": 1533204620,
  "data": {
    "object": {
      "id": "ii_123",
      "object": "invoiceitem",
      "amount": 1000,
      "currency": "usd",
      "customer": "cus_123",
      "date": 1533204620,
      "description": "Test Invoice Item",
      "discountable": false,
      "invoice": "in_123",
      "livemode": false,
      "metadata": {},
      "period": {
        "start": 1533204620,
        "end": 1533204620
      },
      "plan": null,
      "proration": false,
      "quantity": null,
      "subscription": null
    }
  },
  "livemode": false,
  "pending_webhooks": 1,
  "request": {
    "id": "req_123",
    "idempotency_key": "idempotency-key-123"
  },
  "type": "invoiceitem.created"
}
`

// TestPublishedVectors verifies what vendors have published. Zoom's page has a sample too (developers.zoom.us/docs/api/webhooks), which
// nothing can verify: it has no secret, and an s among its hexadecimal digits.
func TestPublishedVectors(t *testing.T) {
	tests := []struct {
		name, scheme, secret, url, body string
		header                          map[string]string
		received                        int64
		id                              string
	}{
		{
			name: "Standard Webhooks: github.com/standard-webhooks/standard-webhooks, libraries", scheme: "standard-webhooks",
			secret: standardSecret, body: `{"test": 2432232314}`, received: 1614265330, id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
			header: map[string]string{
				"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
				"webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
			},
		},
		{
			name: "Svix: docs.svix.com/receiving/verifying-payloads/how", scheme: "svix",
			secret: standardSecret, body: `{"test": 2432232314}`, received: 1614265330, id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
			header: map[string]string{
				"svix-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "svix-timestamp": "1614265330",
				"svix-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
			},
		},
		{
			name: "Square: developer.squareup.com/docs/webhooks/step3validate", scheme: "square",
			secret: "asdf1234", url: "https://example.com/webhook", body: `{"hello":"world"}`,
			header: map[string]string{"X-Square-HmacSha256-Signature": "2kRE5qRU2tR+tBGlDwMEw2avJ7QM4ikPYD/PJ3bd9Og="},
		},
		{
			name: "GitHub: docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries", scheme: "github",
			secret: "It's a Secret to Everybody", body: "Hello, World!",
			header: map[string]string{"X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
		},
		{
			name: "Stripe: github.com/stripe/stripe-dotnet, EventUtilityTest.cs", scheme: "stripe",
			secret: "webhook_secret", body: stripeEvent, received: 1533204620,
			header: map[string]string{"Stripe-Signature": "t=1533204620,v1=f0bdba6d4eacbd8ad8a3bbadd7248e633ec1477f7899c124c51b39405fa36613," +
				"v0=63f3a72374a733066c4be69ed7f8e5ac85c22c9f0a6a612ab9a025a9e4ee7eef"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := mustVerifier(t, tt.scheme, settings{Secrets: secretsOf(tt.secret), URL: tt.url}, parts{})
			d := Delivery{Header: http.Header{}, Body: []byte(tt.body), Received: time.Unix(tt.received, 0)}
			for name, value := range tt.header {
				d.Header.Set(name, value)
			}
			got := mustAccept(t, v, d, tt.secret)
			if string(got.payload) != tt.body || got.id != tt.id {
				t.Errorf("verified %q with the id %q", got.payload, got.id)
			}
			d.Body[len(d.Body)-1] ^= 1
			mustRefuse(t, v, d, signatureMismatch)
		})
	}
}

func TestEverySchemeVerifiesItsSender(t *testing.T) {
	for _, s := range senders {
		t.Run(s.name, func(t *testing.T) {
			v := mustVerifier(t, s.scheme, s.settings(s.secret), parts{})
			d := s.deliver(sent, s.secret)
			got := mustAccept(t, v, d, s.secret)
			wantID := ""
			if s.id != "" {
				wantID = sent.id
			}
			if string(got.payload) != booking || got.id != wantID {
				t.Errorf("verified %q with the id %q, want the id %q", got.payload, got.id, wantID)
			}

			mustRefuse(t, v, s.deliver(sent, otherSecret(s.secret)), signatureMismatch)
			empty := sent
			empty.body = ""
			mustAccept(t, v, s.deliver(empty, s.secret), s.secret)
			for i := range d.Body {
				changed := d.clone()
				changed.Body[i] ^= 1
				mustRefuse(t, v, changed, signatureMismatch)
			}
			for _, body := range []string{"", booking[1:], booking + " ", booking + "\n", " " + booking, booking + booking} {
				changed := d.clone()
				changed.Body = []byte(body)
				mustRefuse(t, v, changed, signatureMismatch)
			}
		})
	}
}

func TestEveryRowHasASender(t *testing.T) {
	sent := map[string]bool{}
	for _, s := range senders {
		sent[s.scheme] = true
	}
	for _, name := range hmacSchemes() {
		if !sent[name] {
			t.Errorf("no test sends by the scheme %s", name)
		}
	}
	if got := len(hmacSchemes()); got != 11 {
		t.Errorf("%d rows", got)
	}
}

func TestWhatIsSignedIsExactlyWhatWasSent(t *testing.T) {
	for _, s := range senders {
		v := mustVerifier(t, s.scheme, s.settings(s.secret), parts{})
		d := s.deliver(sent, s.secret)
		if s.signsID {
			mustRefuse(t, v, d.with(map[string][]string{s.id: {"msg_another"}}), signatureMismatch)
		}
		if s.timestamp != "" {
			mustRefuse(t, v, d.with(map[string][]string{s.timestamp: {sent.at(morning.Add(time.Second)).timestamp}}), signatureMismatch)
		}
		if s.url != "" {
			elsewhere := mustVerifier(t, s.scheme, settings{Secrets: secretsOf(s.secret), URL: s.url + "/"}, parts{})
			mustRefuse(t, elsewhere, d, signatureMismatch)
			hosted := d.with(map[string][]string{"Host": {"evil.example"}, "X-Forwarded-Host": {"evil.example"}})
			mustAccept(t, v, hosted, s.secret)
		}
	}
}

// TestAnIDThatIsNotSignedIsNone: with a new one, an old delivery would be a new trigger.
func TestAnIDThatIsNotSignedIsNone(t *testing.T) {
	v := mustVerifier(t, "github", settings{Secrets: secretsOf(rawSecret)}, parts{})
	var github sender
	for _, s := range senders {
		if s.name == "github" {
			github = s
		}
	}
	d := github.deliver(sent, rawSecret)
	if got := mustAccept(t, v, d.with(map[string][]string{"X-GitHub-Delivery": {"another"}}), rawSecret); got.id != "" {
		t.Errorf("id %q", got.id)
	}
}

// TestSecretsRotate verifies with two active secrets what was signed with either, or with both as some sources do.
func TestSecretsRotate(t *testing.T) {
	for _, s := range senders {
		t.Run(s.name, func(t *testing.T) {
			old, fresh := s.secret, otherSecret(s.secret)
			v := mustVerifier(t, s.scheme, s.settings(old, fresh), parts{})
			mustAccept(t, v, s.deliver(sent, old), old)
			mustAccept(t, v, s.deliver(sent, fresh), fresh)
			only := mustVerifier(t, s.scheme, s.settings(fresh), parts{})
			mustRefuse(t, only, s.deliver(sent, old), signatureMismatch)
			if s.list == nil {
				mustRefuse(t, only, s.deliver(sent, old, fresh), signatureMalformed)
				return
			}
			mustAccept(t, only, s.deliver(sent, old, fresh), fresh)
			mustAccept(t, only, s.deliver(sent, fresh, old), fresh)
			mustAccept(t, v, s.deliver(sent, fresh, old), old)

			// The last one that is looked at, and the first one that is not. A timestamp is an element too.
			right := s.encode(s.mac(s.key(fresh), sent))
			wrong := s.encode(make([]byte, 32))
			most := 32
			if s.timestamp == "" {
				most--
			}
			many := append(strings.Split(strings.Repeat(wrong+" ", most-1), " ")[:most-1], right)
			mustAccept(t, only, s.claiming(sent, many...), fresh)
			mustRefuse(t, only, s.claiming(sent, append([]string{wrong}, many...)...), signatureMalformed)
		})
	}
}

func TestTimestampsAreJudgedInBothDirections(t *testing.T) {
	for _, s := range senders {
		t.Run(s.name, func(t *testing.T) {
			v := mustVerifier(t, s.scheme, s.settings(s.secret), parts{})
			d := s.deliver(sent, s.secret)
			if s.window == 0 {
				for _, at := range []time.Time{{}, morning.AddDate(-20, 0, 0), morning.AddDate(200, 0, 0)} {
					d.Received = at
					mustAccept(t, v, d, s.secret)
				}
				return
			}
			for _, age := range []time.Duration{0, time.Second, -time.Second, s.window, -s.window, s.window - 1, 1 - s.window} {
				d.Received = morning.Add(age)
				mustAccept(t, v, d, s.secret)
			}
			for _, age := range []time.Duration{s.window + 1, -s.window - 1, s.window + time.Second, -s.window - time.Second, 1 << 62, -1 << 62} {
				d.Received = morning.Add(age)
				mustRefuse(t, v, d, signatureStale)
			}
			d.Received = time.Time{}
			mustRefuse(t, v, d, signatureStale)
		})
	}
}

// TestTimestampsAreWrittenInOneWay signs timestamps that some libraries would take for a time near now.
func TestTimestampsAreWrittenInOneWay(t *testing.T) {
	for _, s := range senders {
		if s.window == 0 {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			v := mustVerifier(t, s.scheme, s.settings(s.secret), parts{})
			now := sent.timestamp
			for _, timestamp := range []string{
				"+" + now, "-" + now, "-1", "0" + now, " " + now, now + " ", now + "\t", now + "\n", now + "\x00", "\x00", now + ".0", now + ".", now + "000",
				"1e9", "1.795428e9", "0x6B03D8A0", "0b1", "1_795_428_000", "NaN", "Inf", "١٧٩٥٤٢٨٠٠٠", "0",
				"99999999999999999999", "9223372036854775807", "9223372036854775808", "18446744075504979616", "-9223372036854775808",
				strings.Repeat("9", 4000), morning.Format(time.RFC3339), "now",
			} {
				m := sent
				m.timestamp = timestamp
				mustRefuse(t, v, s.deliver(m, s.secret), signatureMalformed)
			}
			for _, timestamp := range []string{"1", "99999999999", "9999999999"} {
				m := sent
				m.timestamp = timestamp
				mustRefuse(t, v, s.deliver(m, s.secret), signatureStale)
			}
		})
	}
}

func TestWithoutOneOfItsHeadersADeliveryIsRefused(t *testing.T) {
	for _, s := range senders {
		t.Run(s.name, func(t *testing.T) {
			v := mustVerifier(t, s.scheme, s.settings(s.secret), parts{})
			d := s.deliver(sent, s.secret)
			names := []string{s.signature}
			if s.timestamp != "" {
				names = append(names, s.timestamp)
			}
			if s.signsID {
				names = append(names, s.id)
			}
			for _, name := range names {
				for _, values := range [][]string{nil, {}, {""}, {" "}, {"\t \t"}} {
					mustRefuse(t, v, d.with(map[string][]string{name: values}), signatureMissing)
				}
			}
			mustRefuse(t, v, Delivery{Body: d.Body, Received: morning}, signatureMissing)
			mustRefuse(t, v, Delivery{}, signatureMissing)
		})
	}
}

// TestHostileSignaturesAreMalformed sends what is no signature at all.
func TestHostileSignaturesAreMalformed(t *testing.T) {
	for _, s := range senders {
		t.Run(s.name, func(t *testing.T) {
			v := mustVerifier(t, s.scheme, s.settings(s.secret), parts{})
			mac := s.mac(s.key(s.secret), sent)
			right := s.encode(mac)
			prefix := strings.TrimSuffix(s.encode(nil), "=")
			if prefix != "" && !strings.HasSuffix(prefix, ",") {
				prefix += "="
			}
			digits := strings.TrimPrefix(right, prefix)
			for name, signature := range map[string]string{
				"no secret at Cal.com":   "no-secret-provided",
				"only the prefix":        prefix + " ",
				"a NUL":                  "\x00",
				"with a NUL":             right + "\x00",
				"with a line's end":      right + "\n",
				"a line's end inside":    right[:len(right)-8] + "\r\n" + right[len(right)-8:],
				"cut off":                right[:len(right)-2],
				"of 31 bytes":            s.encode(mac[:31]),
				"of 33 bytes":            s.encode(append(append([]byte{}, mac...), 0)),
				"twice in one":           right + digits,
				"of no bytes":            s.encode(nil) + " ",
				"with another prefix":    "v9" + right,
				"behind a second prefix": prefix + "x" + right,
				"not ASCII":              prefix + strings.Repeat("é", 32),
				"not UTF-8":              prefix + strings.Repeat("\xff", 32),
				"no digits":              prefix + strings.Repeat("!", 64),
				"URL-safe base64":        prefix + base64.URLEncoding.EncodeToString(append(mac[:31:31], 0xff)) + "-_",
				"the other encoding":     prefix + hex.EncodeToString([]byte(digits)),
				"1 MB":                   prefix + strings.Repeat("A", 1<<20),
				"1 MB of blanks":         strings.Repeat(" ", 1<<20) + right,
				"10,000 prefixes":        strings.Repeat(prefix+",", 10_000),
				"1,000 commas":           strings.Repeat(",", 1000) + right,
				"10,000 commas":          strings.Repeat(",", 10_000) + right,
				"1,000 blanks":           strings.Repeat(" ", 1000) + "\t" + right,
			} {
				d := s.claiming(sent, signature)
				if strings.Trim(d.Header.Get(s.signature), " ") == "" {
					mustRefuse(t, v, d, signatureMissing)
					continue
				}
				if _, err := v.verify(t.Context(), d); err == nil {
					t.Errorf("%s is accepted", name)
				}
				mustRefuse(t, v, d, signatureMalformed)
			}
		})
	}
}

func TestSignaturesAreComparedAsBytes(t *testing.T) {
	for _, s := range senders {
		v := mustVerifier(t, s.scheme, s.settings(s.secret), parts{})
		right := s.encode(s.mac(s.key(s.secret), sent))
		if strings.HasSuffix(right, "=") { // base64, in which only one text has these bytes
			for _, last := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
				text := right[:len(right)-2] + string(last) + "="
				d := s.claiming(sent, text)
				if _, err := v.verify(t.Context(), d); (err == nil) != (text == right) {
					t.Errorf("%s: %q is accepted: %t", s.name, last, err == nil)
				}
			}
			mustRefuse(t, v, s.claiming(sent, strings.TrimSuffix(right, "=")), signatureMalformed)
			continue
		}
		prefix := strings.TrimRight(right, "0123456789abcdef")
		mustAccept(t, v, s.claiming(sent, prefix+strings.ToUpper(strings.TrimPrefix(right, prefix))), s.secret)
	}
}

// TestRepeatedHeadersAreOneJoinedByCommas sends as two what HTTP APIs make one, and as one what a REST API would keep as two.
func TestRepeatedHeadersAreOneJoinedByCommas(t *testing.T) {
	for _, s := range senders {
		t.Run(s.name, func(t *testing.T) {
			v := mustVerifier(t, s.scheme, s.settings(s.secret), parts{})
			d := s.deliver(sent, s.secret)
			right := d.Header.Get(s.signature)
			mustAccept(t, v, d.with(map[string][]string{s.signature: {right}}), s.secret)
			mustRefuse(t, v, d.with(map[string][]string{s.signature: {right, right}}), signatureMalformed)
			mustRefuse(t, v, d.with(map[string][]string{s.signature: {right + "," + right}}), signatureMalformed)
			mustRefuse(t, v, d.with(map[string][]string{s.signature: make([]string, 10_000)}), signatureMalformed)
			if s.timestamp != "" {
				mustRefuse(t, v, d.with(map[string][]string{s.timestamp: {sent.timestamp, sent.timestamp}}), signatureMalformed)
			}
			if s.signsID {
				mustRefuse(t, v, d.with(map[string][]string{s.id: {sent.id, sent.id}}), signatureMismatch)
				mustRefuse(t, v, d.with(map[string][]string{s.id: {strings.Repeat("a", 1<<20)}}), signatureMalformed)
			}
			if s.timestamp == "" && s.list != nil { // then the two halves of the header are good in either form
				stamp, signature, _ := strings.Cut(right, ",")
				for _, values := range [][]string{{stamp, signature}, {signature, stamp}, {signature + ", " + stamp}, {stamp + ",", "," + signature}} {
					mustAccept(t, v, d.with(map[string][]string{s.signature: values}), s.secret)
				}
				mustRefuse(t, v, d.with(map[string][]string{s.signature: {signature}}), signatureMalformed)
				mustRefuse(t, v, d.with(map[string][]string{s.signature: {stamp}}), signatureMalformed)
				mustRefuse(t, v, d.with(map[string][]string{s.signature: {stamp, stamp, signature}}), signatureMalformed)
			}
		})
	}
}

// TestFamiliesOfHeadersAreNeverMixed takes a delivery of each family and gives it, one by one, what the other family says.
func TestFamiliesOfHeadersAreNeverMixed(t *testing.T) {
	for _, scheme := range []string{"standard-webhooks", "svix"} {
		own, other := standard(scheme, "webhook"), standard(scheme, "svix")
		if scheme == "svix" {
			own, other = other, own
		}
		v := mustVerifier(t, scheme, own.settings(standardSecret), parts{})
		right, forged := own.deliver(sent, standardSecret), other.deliver(message{id: "msg_2", timestamp: sent.timestamp, body: booking}, standardSecret)
		both := right.with(forged.Header)
		if got := mustAccept(t, v, both, standardSecret); got.id != sent.id {
			t.Errorf("%s: the id is %q, of the other family", scheme, got.id)
		}
		// The source's own family decides, and alone.
		wrong := own.deliver(sent, otherSecret(standardSecret))
		mustRefuse(t, v, wrong.with(other.deliver(sent, standardSecret).Header), signatureMismatch)
		mustAccept(t, v, right.with(other.deliver(sent, otherSecret(standardSecret)).Header), standardSecret)
		for _, name := range []string{own.id, own.timestamp} {
			mustRefuse(t, v, both.with(map[string][]string{name: nil}), signatureMissing)
		}
		for _, name := range []string{other.id, other.timestamp} {
			mustRefuse(t, v, forged.with(map[string][]string{name: nil}).with(map[string][]string{own.id: {"msg_2"}, own.timestamp: {sent.timestamp}}), signatureMissing)
		}
	}
}

// TestAMegabyteOfHeadersCostsNothing counts allocations, since it is a copy of the header for each element that would hurt.
func TestAMegabyteOfHeadersCostsNothing(t *testing.T) {
	for _, s := range senders {
		v := mustVerifier(t, s.scheme, s.settings(s.secret), parts{})
		d := s.deliver(sent, s.secret)
		for _, values := range [][]string{{strings.Repeat("v1,", 1<<20)}, make([]string, 1<<18), {strings.Repeat(",", 4000)}, {strings.Repeat(" v1=", 1000)}} {
			hostile := d.with(map[string][]string{s.signature: values})
			allocations := testing.AllocsPerRun(10, func() {
				if _, err := v.verify(t.Context(), hostile); err == nil {
					t.Error("accepted")
				}
			})
			if allocations > 20 {
				t.Errorf("%s: %v allocations for %d headers", s.name, allocations, len(values))
			}
		}
	}
}
