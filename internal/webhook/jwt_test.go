package webhook

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

// event is what Canvas sends.
const event = `{"metadata":{"event_name":"course_updated","event_time":"2026-11-23T09:59:58.123Z"},"body":{"course_id":"21070000000000565"}}`

var segment = base64.RawURLEncoding.EncodeToString

// token writes a JWT by hand, whatever its header says.
func token(key *rsa.PrivateKey, header, claims string) string {
	signed := segment([]byte(header)) + "." + segment([]byte(claims))
	hash := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, hash[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + segment(signature)
}

const rfcHeader = `{"typ":"JWT","alg":"RS256","kid":"rfc"}`

// jwkOf writes a key as a key set has it.
func jwkOf(id string, key *rsa.PublicKey) string {
	e := key.E
	return fmt.Sprintf(`{"kty":"RSA","use":"sig","alg":"RS256","kid":%q,"n":%q,"e":%q}`, id, segment(key.N.Bytes()), segment([]byte{byte(e >> 16), byte(e >> 8), byte(e)}))
}

func keySetOf(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }

// keyServer serves a key set over HTTP, and counts how often.
type keyServer struct {
	*httptest.Server
	mu    sync.Mutex
	calls int
	serve http.HandlerFunc
}

func newKeyServer(t testing.TB, body string) *keyServer {
	t.Helper()
	c := &keyServer{}
	c.says(http.StatusOK, body)
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.calls++
		serve := c.serve
		c.mu.Unlock()
		serve(w, r)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *keyServer) does(serve http.HandlerFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serve = serve
}

func (c *keyServer) says(status int, body string) {
	c.does(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

func (c *keyServer) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls
}

// verifier returns a verifier that fetches from the server, by the given clock.
func (c *keyServer) verifier(t testing.TB, now *clock) verifier {
	t.Helper()
	return mustVerifier(t, schemeCanvas, settings{JWKS: c.URL + "/jwks"}, parts{Transport: c.Client().Transport, Now: now.Now})
}

func TestAJWTIsVerified(t *testing.T) {
	server := newKeyServer(t, keySetOf(jwkOf("other", &otherKey().PublicKey), jwkOf("rfc", &rfcKey.PublicKey)))
	v := server.verifier(t, &clock{now: morning})
	for _, body := range []string{token(rfcKey, rfcHeader, event), "\r\n \t" + token(rfcKey, rfcHeader, event) + "\n\n"} {
		if got := mustAccept(t, v, bodied(body), ""); string(got.payload) != event || got.id != "" {
			t.Errorf("verified %q with the id %q", got.payload, got.id)
		}
	}
	mustAccept(t, v, bodied(token(otherKey(), `{"alg":"RS256","kid":"other"}`, event)), "")
	if got := server.count(); got != 1 {
		t.Errorf("fetched %d times", got)
	}
}

// TestTheRFCsKeyIsRead verifies the signature of RFC 7515, appendix A.2, with its key as a key set has it.
func TestTheRFCsKeyIsRead(t *testing.T) {
	keys, err := parseKeys([]byte(keySetOf(`{"kty":"RSA","kid":"rfc","n":"` + rfcModulus + `","e":"` + rfcExponent + `"}`)))
	if err != nil {
		t.Fatal(err)
	}
	if err := jwt.SigningMethodRS256.Verify(rfcSigned, number(rfcSignature).Bytes(), keys["rfc"]); err != nil {
		t.Error(err)
	}
}

func TestTimesOfAJWT(t *testing.T) {
	server := newKeyServer(t, keySetOf(jwkOf("rfc", &rfcKey.PublicKey)))
	v := server.verifier(t, &clock{now: morning})
	now := morning.Unix()
	for claims, want := range map[string]reason{
		`{}`:                                   "",
		fmt.Sprintf(`{"iat":%d}`, now):         "",
		fmt.Sprintf(`{"iat":%d}`, now-86400):   "", // its age is the ledger's and the use case's to judge
		fmt.Sprintf(`{"iat":%d}`, now+300):     "",
		fmt.Sprintf(`{"iat":%d}`, now+301):     signatureStale,
		fmt.Sprintf(`{"iat":%d000}`, now):      signatureStale, // milliseconds
		fmt.Sprintf(`{"nbf":%d}`, now+300):     "",
		fmt.Sprintf(`{"nbf":%d}`, now+301):     signatureStale,
		fmt.Sprintf(`{"exp":%d}`, now+1):       "",
		fmt.Sprintf(`{"exp":%d}`, now):         signatureStale,
		fmt.Sprintf(`{"exp":%d}`, now-1):       signatureStale,
		`{"exp":0}`:                            signatureStale,
		`{"exp":-1}`:                           signatureStale,
		`{"exp":1e3}`:                          signatureStale,
		`{"iat":null,"exp":null,"nbf":null}`:   "",
		fmt.Sprintf(`{"exp":"%d"}`, now):       signatureStale,
		`{"exp":"tomorrow"}`:                   signatureMalformed,
		`{"iat":{}}`:                           signatureMalformed,
		`{"iat":true}`:                         signatureMalformed,
		`{"exp":1e999}`:                        signatureMalformed,
		`{"iss":1,"aud":{},"sub":[],"jti":{}}`: "", // a source's own fields
	} {
		d := bodied(token(rfcKey, rfcHeader, claims))
		if want != "" {
			mustRefuse(t, v, d, want)
			continue
		}
		if got := mustAccept(t, v, d, ""); string(got.payload) != claims {
			t.Errorf("verified %q, want %q", got.payload, claims)
		}
	}
	late := bodied(token(rfcKey, rfcHeader, fmt.Sprintf(`{"exp":%d}`, now+1)))
	late.Received = morning.Add(time.Second)
	mustRefuse(t, v, late, signatureStale)
}

func TestHostileJWTs(t *testing.T) {
	server := newKeyServer(t, keySetOf(jwkOf("rfc", &rfcKey.PublicKey), `{"kty":"oct","kid":"oct","k":"c2VjcmV0"}`, jwkOf("weak", &weakKey().PublicKey)))
	v := server.verifier(t, &clock{now: morning})
	right := token(rfcKey, rfcHeader, event)
	parts := strings.Split(right, ".")
	hs256 := func(key []byte) string {
		signed, err := (&jwt.Token{Method: jwt.SigningMethodHS256, Header: map[string]any{"alg": "HS256", "kid": "rfc"}, Claims: jwt.MapClaims{}}).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	sha512 := func(method jwt.SigningMethod) string {
		signed, err := (&jwt.Token{Method: method, Header: map[string]any{"alg": method.Alg(), "kid": "rfc"}, Claims: jwt.MapClaims{}}).SignedString(rfcKey)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	none := segment([]byte(`{"alg":"none","kid":"rfc"}`)) + "." + parts[1] + "."
	for name, tt := range map[string]struct {
		body string
		want reason
	}{
		"nothing":                      {"", signatureMissing},
		"blanks":                       {" \r\n\t", signatureMissing},
		"2 MB":                         {token(rfcKey, rfcHeader, `{"x":"`+strings.Repeat("x", 2<<20)+`"}`), signatureMalformed},
		"2 MB of dots":                 {strings.Repeat(".", 2<<20), signatureMalformed},
		"200 KB of dots":               {strings.Repeat(".", 200_000), signatureMalformed},
		"200 KB around it":             {strings.Repeat(" ", 200_000) + right[:8], signatureMalformed},
		"200 KB of brackets":           {segment([]byte(strings.Repeat("[", 150_000))) + ".e30.", signatureMalformed},
		"the event itself":             {event, signatureMalformed},
		"a NUL":                        {"\x00", signatureMalformed},
		"with a NUL":                   {right + "\x00", signatureMalformed},
		"quoted":                       {`"` + right + `"`, signatureMalformed},
		"with Bearer":                  {"Bearer " + right, signatureMalformed},
		"two segments":                 {parts[0] + "." + parts[1], signatureMalformed},
		"four segments":                {right + "." + parts[2], signatureMalformed},
		"a line's end inside":          {parts[0] + "." + parts[1] + ".\r\n" + parts[2], signatureMalformed},
		"a blank inside":               {parts[0] + ". " + parts[1] + "." + parts[2], signatureMalformed},
		"padded":                       {right + "==", signatureMalformed},
		"standard base64":              {parts[0] + "." + parts[1] + "." + strings.NewReplacer("-", "+", "_", "/").Replace(parts[2]), signatureMalformed},
		"alg none":                     {none, signatureMalformed},
		"alg none with the signature":  {none + parts[2], signatureMalformed},
		"alg None":                     {token(rfcKey, `{"alg":"None","kid":"rfc"}`, event), signatureMalformed},
		"alg HS256 by the public PEM":  {hs256([]byte(publicPEM)), signatureMalformed},
		"alg HS256 by the trimmed PEM": {hs256([]byte(strings.TrimSpace(publicPEM))), signatureMalformed},
		"alg HS256 by the PKIX PEM":    {hs256([]byte(pkixOf(&rfcKey.PublicKey))), signatureMalformed},
		"alg HS256 by the modulus":     {hs256(rfcKey.N.Bytes()), signatureMalformed},
		"alg HS256 by a key of the set": {
			strings.Replace(hs256([]byte("secret")), segment([]byte(`"rfc"`)), segment([]byte(`"oct"`)), 1), signatureMalformed,
		},
		"alg RS512":             {sha512(jwt.SigningMethodRS512), signatureMalformed},
		"alg RS384":             {sha512(jwt.SigningMethodRS384), signatureMalformed},
		"alg PS256":             {sha512(jwt.SigningMethodPS256), signatureMalformed},
		"alg rs256":             {token(rfcKey, `{"alg":"rs256","kid":"rfc"}`, event), signatureMalformed},
		"alg as a list":         {token(rfcKey, `{"alg":["RS256"],"kid":"rfc"}`, event), signatureMalformed},
		"no alg":                {token(rfcKey, `{"kid":"rfc"}`, event), signatureMalformed},
		"no kid":                {token(rfcKey, `{"alg":"RS256"}`, event), signatureMalformed},
		"a blank kid":           {token(rfcKey, `{"alg":"RS256","kid":""}`, event), signatureMalformed},
		"a kid of null":         {token(rfcKey, `{"alg":"RS256","kid":null}`, event), signatureMalformed},
		"a kid that is a list":  {token(rfcKey, `{"alg":"RS256","kid":["rfc"]}`, event), signatureMalformed},
		"a kid of 100 KB":       {token(rfcKey, `{"alg":"RS256","kid":"`+strings.Repeat("k", 100_000)+`"}`, event), signatureMalformed},
		"a header of null":      {token(rfcKey, `null`, event), signatureMalformed},
		"a header that is text": {token(rfcKey, `"RS256"`, event), signatureMalformed},
		"critical extensions":   {token(rfcKey, `{"alg":"RS256","kid":"rfc","crit":["b64"],"b64":true}`, event), signatureMalformed},
		"claims that are text":  {token(rfcKey, rfcHeader, `metadata`), signatureMalformed},
		"an unknown kid":        {token(rfcKey, `{"alg":"RS256","kid":"who"}`, event), signatureMismatch},
		"a key that it brings":  {token(otherKey(), `{"alg":"RS256","kid":"who","jwk":`+jwkOf("who", &otherKey().PublicKey)+`}`, event), signatureMismatch},
		"a URL that it brings":  {token(otherKey(), `{"alg":"RS256","kid":"who","jku":"`+server.URL+`"}`, event), signatureMismatch},
		"a weak key":            {token(weakKey(), `{"alg":"RS256","kid":"weak"}`, event), signatureMismatch},
		"a key of another kind": {token(rfcKey, `{"alg":"RS256","kid":"oct"}`, event), signatureMismatch},
		"another's signature":   {token(otherKey(), rfcHeader, event), signatureMismatch},
		"no signature":          {parts[0] + "." + parts[1] + ".", signatureMismatch},
		"other claims":          {parts[0] + "." + segment([]byte(strings.Replace(event, "565", "566", 1))) + "." + parts[2], signatureMismatch},
		"another header":        {segment([]byte(`{"alg":"RS256","kid":"rfc"}`)) + "." + parts[1] + "." + parts[2], signatureMismatch},
	} {
		t.Run(name, func(t *testing.T) { mustRefuse(t, v, bodied(tt.body), tt.want) })
	}
	if got := server.count(); got != 1 {
		t.Errorf("fetched %d times", got)
	}
}

// TestAJWTHasOneForm changes each character of a token: what is still accepted has another body, and so another identity for whoever
// takes a hash of it.
func TestAJWTHasOneForm(t *testing.T) {
	server := newKeyServer(t, keySetOf(jwkOf("rfc", &rfcKey.PublicKey)))
	v := server.verifier(t, &clock{now: morning})
	right := token(rfcKey, rfcHeader, event)
	for i := range right {
		for _, c := range []byte{right[i] ^ 1, right[i] ^ 2, 'A', 'B', '=', '\n', '.'} {
			changed := []byte(right)
			changed[i] = c
			if _, err := v.verify(t.Context(), Delivery{Body: changed, Received: morning}); (err == nil) != (string(changed) == right) {
				t.Fatalf("accepted with %q instead of %q at %d: %t", c, right[i], i, err == nil)
			}
		}
	}
}

func TestTheKeySetOfCanvasIsTheDefault(t *testing.T) {
	var asked []string
	with := parts{Now: process.Now, Transport: transport(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.Method+" "+r.URL.String())
		w := httptest.NewRecorder()
		_, _ = w.WriteString(keySetOf(jwkOf("rfc", &rfcKey.PublicKey)))
		return w.Result(), nil
	})}
	for _, url := range []string{"", " \n", canvasKeys} {
		mustAccept(t, mustVerifier(t, schemeCanvas, settings{JWKS: url}, with), bodied(token(rfcKey, rfcHeader, event)), "")
	}
	want := "GET https://8axpcl50e4.execute-api.us-east-1.amazonaws.com/main/jwks"
	if diff := cmp.Diff([]string{want, want, want}, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

func TestKeysOfASet(t *testing.T) {
	n, e := segment(rfcKey.N.Bytes()), rfcExponent
	key := func(change ...string) string {
		fields := map[string]any{"kty": "RSA", "kid": "rfc", "n": n, "e": e}
		for i := 0; i < len(change); i += 2 {
			if fields[change[i]] = change[i+1]; change[i+1] == "-" {
				delete(fields, change[i])
			}
		}
		text, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for set, want := range map[string]bool{
		keySetOf(key()): true,
		keySetOf(key("use", "sig", "alg", "RS256")):                    true,
		keySetOf(`{"kty":"EC"}`, `1`, `null`, key()):                   true,
		keySetOf(`{"kty":"RSA","kid":7}`, key()):                       true,
		keySetOf(key("e", "AAEAAQ")):                                   true, // a zero before it
		keySetOf(key("e", "Aw")):                                       true,
		keySetOf(key("use", "enc")):                                    false,
		keySetOf(key("alg", "RS512")):                                  false,
		keySetOf(key("alg", "RSA-OAEP")):                               false,
		keySetOf(key("kty", "EC")):                                     false,
		keySetOf(key("kid", "-")):                                      false,
		keySetOf(key("kid", "")):                                       false,
		keySetOf(key("n", "-")):                                        false,
		keySetOf(key("n", "")):                                         false,
		keySetOf(key("n", "!")):                                        false,
		keySetOf(key("n", n+"==")):                                     false,
		keySetOf(key("n", segment(weakKey().N.Bytes()))):               false,
		keySetOf(key("n", segment(make([]byte, 300)))):                 false,
		keySetOf(key("n", strings.Repeat("_", 2000))):                  false, // 12,000 bits
		keySetOf(key("e", "-")):                                        false,
		keySetOf(key("e", "")):                                         false,
		keySetOf(key("e", "AQ")):                                       false, // 1: a signature would be its own padding
		keySetOf(key("e", "Ag")):                                       false,
		keySetOf(key("e", "AA")):                                       false,
		keySetOf(key("e", segment([]byte{0x80, 0, 0, 1}))):             false,
		keySetOf(key("e", segment([]byte{1, 0, 0, 0, 1}))):             false,
		keySetOf(key("e", segment([]byte{1, 0, 0, 0, 0, 0, 1, 0, 1}))): false, // 65537 in its lowest 64 bits
		`{"keys":[]}`:                                                  false,
		`{"keys":null}`:                                                false,
		`{"keys":{}}`:                                                  false,
		`{}`:                                                           false,
		`[]`:                                                           false,
		`null`:                                                         false,
		``:                                                             false,
		key():                                                          false,
		keySetOf(key()) + "x":                                          false,
	} {
		keys, err := parseKeys([]byte(set))
		if got := err == nil; got != want || got != (len(keys) == 1 && keys["rfc"].N.Cmp(rfcKey.N) == 0) {
			t.Errorf("%.200s is read: %t, with %d keys", set, got, len(keys))
		}
	}
}
