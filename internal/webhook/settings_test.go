package webhook

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/redacted"
)

// good has settings for each scheme that are accepted.
func good() map[string]settings {
	all := map[string]settings{
		schemeCanvas:    {},
		schemeVideoSDK:  {Secrets: secretsOf(publicPEM)},
		schemeToken:     {Secrets: secretsOf(rawSecret), Header: "X-Moodle-Token"},
		schemeBodyToken: {Secrets: secretsOf(rawSecret), Token: "token"},
	}
	for _, s := range senders {
		all[s.scheme] = s.settings(s.secret)
	}
	return all
}

// process is parts that call nothing.
var process = parts{Transport: http.DefaultTransport, Now: func() time.Time { return morning }}

func problemsOf(t *testing.T, scheme string, s settings) []string {
	t.Helper()
	v, err := newVerifier(scheme, s, process)
	if err == nil {
		return nil
	}
	var p problems
	if !errors.As(err, &p) || v != nil {
		t.Fatalf("got %v and %v, want problems and no verifier", v, err)
	}
	for _, secret := range s.Secrets {
		mustNotQuote(t, err, secret.Reveal())
	}
	mustNotQuote(t, err, s.URL, s.Header, s.Token, s.JWKS)
	return p
}

func TestEverySchemeTakesGoodSettings(t *testing.T) {
	all := good()
	want := "acuity, body-token, calcom, calendly, canvas-jwt, github, nylas, square, standard-webhooks, stripe, svix, thinkific, token, videosdk-rsa, zoom"
	if got := strings.Join(schemes(), ", "); got != want {
		t.Errorf("schemes %s, want %s", got, want)
	}
	for _, scheme := range schemes() {
		if got := problemsOf(t, scheme, all[scheme]); got != nil {
			t.Errorf("%s: %v", scheme, got)
		}
	}
	for _, scheme := range []string{"", "calcom.json", "../sources/calcom", "calcom/../stripe", "CALCOM", "canvas", "sources", ".", "hmac-s3cr3t-value"} {
		if diff := cmp.Diff([]string{"scheme: expected one of " + want}, problemsOf(t, scheme, settings{})); diff != "" {
			t.Errorf("scheme %q (-want +got):\n%s", scheme, diff)
		}
	}
}

func TestAnEmptySecretIsRefused(t *testing.T) {
	for _, scheme := range schemes() {
		if scheme == schemeCanvas {
			continue
		}
		for _, tt := range []struct {
			secrets []string
			want    []string
		}{
			{nil, []string{"secrets: expected at least one"}},
			{[]string{""}, []string{"secrets: number 1 is blank"}},
			{[]string{" \t\r\n\u00a0"}, []string{"secrets: number 1 is blank"}},
			{[]string{"whsec_"}, []string{"secrets: number 1 has no key after its prefix"}},
			{[]string{" whsec_\n"}, []string{"secrets: number 1 has no key after its prefix"}},
			{[]string{"", "whsec_"}, []string{"secrets: number 1 is blank", "secrets: number 2 has no key after its prefix"}},
		} {
			s := good()[scheme]
			s.Secrets = secretsOf(tt.secrets...)
			if diff := cmp.Diff(tt.want, problemsOf(t, scheme, s)); diff != "" {
				t.Errorf("%s with %q (-want +got):\n%s", scheme, tt.secrets, diff)
			}
			// One that is good does not excuse one that is not.
			s = good()[scheme]
			s.Secrets = append(s.Secrets, redacted.New("\n"))
			if diff := cmp.Diff([]string{"secrets: number 2 is blank"}, problemsOf(t, scheme, s)); diff != "" {
				t.Errorf("%s with a second one (-want +got):\n%s", scheme, diff)
			}
		}
	}
}

// TestTheEmptyKeyForgesNothing makes the forgery that released libraries of Standard Webhooks and Svix accept.
func TestTheEmptyKeyForgesNothing(t *testing.T) {
	for _, s := range senders {
		v := mustVerifier(t, s.scheme, s.settings(s.secret), parts{})
		mustRefuse(t, v, s.claiming(sent, s.encode(s.mac(nil, sent))), signatureMismatch)
		mustRefuse(t, v, s.claiming(sent, s.encode(s.mac([]byte("whsec_"), sent))), signatureMismatch)
		mustRefuse(t, v, s.claiming(sent, s.encode(s.mac([]byte("no-secret-provided"), sent))), signatureMismatch)
	}
}

func TestSecretsAreTrimmedAtTheirEndsOnly(t *testing.T) {
	for _, s := range senders {
		v := mustVerifier(t, s.scheme, s.settings("\r\n "+s.secret+" \t\n"), parts{})
		mustAccept(t, v, s.deliver(sent, s.secret), s.secret)
		if s.signsID {
			bare := mustVerifier(t, s.scheme, s.settings(strings.TrimPrefix(s.secret, "whsec_")), parts{})
			mustAccept(t, bare, s.deliver(sent, s.secret), strings.TrimPrefix(s.secret, "whsec_"))
			continue
		}
		inner := mustVerifier(t, s.scheme, s.settings("two  words\nand a line\n"), parts{})
		mustAccept(t, inner, s.deliver(sent, "two  words\nand a line"), "two  words\nand a line")
		mustRefuse(t, inner, s.deliver(sent, "two words and a line"), signatureMismatch)
	}
}

func TestStandardSecretsAreBase64(t *testing.T) {
	for _, scheme := range []string{"standard-webhooks", "svix"} {
		for _, secret := range []string{
			"whsec_secret", "whsec_!!!!", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "whsec_MfKQ-_8GKYqrTwjUPD8ILPZIo2LaLaSw",
			"whsec_MfKQ9r8GKYqr\nTwjUPD8ILPZIo2LaLaSw", "whsec_whsec_MfKQ", "whsec_====", "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ 9r8G",
		} {
			if diff := cmp.Diff([]string{"secrets: number 1 is not base64"}, problemsOf(t, scheme, settings{Secrets: secretsOf(secret)})); diff != "" {
				t.Errorf("%s with %q (-want +got):\n%s", scheme, secret, diff)
			}
		}
	}
}

func TestEveryProblemIsNamed(t *testing.T) {
	url := "url: expected the URL that is registered at the source, exactly as it is there, because the source signs it"
	header := "header: expected the name of the header that has the token, of letters, digits and hyphens"
	expression := "token: expected a JMESPath expression that finds the token in the body"
	jwks := "jwks: expected an https URL (http only for a loopback address) of a key set, without user or fragment"
	pem := "secrets: number 1 is not one PEM block with its lines, expected BEGIN RSA PUBLIC KEY or BEGIN PUBLIC KEY"
	tests := []struct {
		name, scheme string
		change       func(*settings)
		want         []string
	}{
		{"Square without a URL", "square", func(s *settings) { s.URL = "" }, []string{url}},
		{"Square with a blank URL", "square", func(s *settings) { s.URL = " \n" }, []string{url}},
		{"Square with a path", "square", func(s *settings) { s.URL = "/v1/webhooks/square" }, []string{url}},
		{"Square with a host", "square", func(s *settings) { s.URL = "example.com/webhook" }, []string{url}},
		{"Square without a host", "square", func(s *settings) { s.URL = "https:///v1/webhooks/square" }, []string{url}},
		{"Square with another protocol", "square", func(s *settings) { s.URL = "ftp://example.com/webhook" }, []string{url}},
		{"Square with nothing", "square", func(s *settings) { *s = settings{} }, []string{"secrets: expected at least one", url}},
		{"Square with a line's end after its URL", "square", func(s *settings) { s.URL += "\n" }, nil},
		{"a token without a header", schemeToken, func(s *settings) { s.Header = "" }, []string{header}},
		{"a token with a value for a header", schemeToken, func(s *settings) { s.Header = "X-Token: s3cr3t-value" }, []string{header}},
		{"a token with a header of two lines", schemeToken, func(s *settings) { s.Header = "X-Token\r\nX-Other" }, []string{header}},
		{"a token with a blank around its header", schemeToken, func(s *settings) { s.Header = " x-token\n" }, nil},
		{"a token in the body without an expression", schemeBodyToken, func(s *settings) { s.Token = "" }, []string{expression}},
		{"a token in the body with the token itself", schemeBodyToken, func(s *settings) { s.Token = "s3cr3t/value+of=it" }, []string{expression}},
		{"a token in the body and half an expression", schemeBodyToken, func(s *settings) { s.Token = "data[?token" }, []string{expression}},
		{"Canvas with a key set over http", schemeCanvas, func(s *settings) { s.JWKS = "http://canvas.example/jwks" }, []string{jwks}},
		{"Canvas with a key set on a lookalike of localhost", schemeCanvas, func(s *settings) { s.JWKS = "http://localhost.example.com/" }, []string{jwks}},
		{"Canvas with a user", schemeCanvas, func(s *settings) { s.JWKS = "https://user:s3cr3t-value@canvas.example/jwks" }, []string{jwks}},
		{"Canvas with a fragment", schemeCanvas, func(s *settings) { s.JWKS = "https://canvas.example/jwks#x" }, []string{jwks}},
		{"Canvas with a file", schemeCanvas, func(s *settings) { s.JWKS = "file:///etc/passwd" }, []string{jwks}},
		{"Canvas without a host", schemeCanvas, func(s *settings) { s.JWKS = "https:///jwks" }, []string{jwks}},
		{"Canvas with its own key set", schemeCanvas, func(s *settings) { s.JWKS = canvasKeys + "\n" }, nil},
		{"Canvas with a key set on this machine", schemeCanvas, func(s *settings) { s.JWKS = "http://[::1]:8080/jwks?tenant=1" }, nil},
		{"Canvas with a secret", schemeCanvas, func(s *settings) { s.Secrets = secretsOf("x") }, []string{"secrets: the scheme canvas-jwt takes none"}},
		{"VideoSDK with a text", schemeVideoSDK, func(s *settings) { s.Secrets = secretsOf(rawSecret) }, []string{pem}},
		{
			"what the scheme does not take", "calcom", func(s *settings) { s.URL, s.Header, s.Token, s.JWKS = "u", "h", "t", "j" },
			[]string{"url: the scheme calcom takes none", "header: the scheme calcom takes none", "token: the scheme calcom takes none", "jwks: the scheme calcom takes none"},
		},
		{
			"what belongs to each other's", schemeToken, func(s *settings) { s.Header, s.Token, s.Secrets = "", "token", nil },
			[]string{"secrets: expected at least one", header, "token: the scheme token takes none"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := good()[tt.scheme]
			tt.change(&s)
			got := problemsOf(t, tt.scheme, s)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if got != nil && problems(got).Error() != strings.Join(got, "; ") {
				t.Errorf("error %q", problems(got).Error())
			}
		})
	}
}

func TestCanvasNeedsAClientAndAClock(t *testing.T) {
	for _, with := range []parts{{}, {Transport: http.DefaultTransport}, {Now: process.Now}} {
		v, err := newVerifier(schemeCanvas, settings{}, with)
		var p problems
		if v != nil || err == nil || errors.As(err, &p) {
			t.Errorf("got %v and %v, want a defect", v, err)
		}
	}
}

func TestDefectsOfARowAreFound(t *testing.T) {
	sound := `{"headers": [{"signature": "X", "timestamp": "T", "id": "I"}], "signed": "{id}.{timestamp}.{body}", "encoding": "hex", "secret": "raw", "windowSeconds": 60}`
	if _, err := newScheme(json.RawMessage(sound)); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{`{"headers"`, `{"window": 60, "headers"`}, {`{"headers"`, `["headers"`}, {`[{"signature": "X", "timestamp": "T", "id": "I"}]`, `[]`},
		{`"signature": "X"`, `"signature": ""`}, {`"timestamp": "T"`, `"timestamp": ""`}, {`"id": "I"`, `"id": ""`},
		{`{timestamp}.{body}`, `{body}`}, {`.{body}`, `.body`}, {`{body}"`, `{body"`}, {`{id}`, `{delivery}`}, {`{id}`, `{}`}, {`{timestamp}`, `{url}`},
		{`"hex"`, `"base32"`}, {`"hex"`, `""`}, {`"raw"`, `"pem"`}, {`60`, `0`}, {`60`, `-1`}, {`60`, `"60"`},
		{`"encoding"`, `"timestampPrefix": "t=", "encoding"`},
	} {
		row := strings.Replace(sound, change[0], change[1], 1)
		if row == sound {
			t.Fatalf("%q is not in the row", change[0])
		}
		if _, err := newScheme(json.RawMessage(row)); err == nil {
			t.Errorf("accepted: %s", row)
		}
	}
}
