package webhook

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
)

// mustDecide returns whether a delivery is accepted, and checks that it is refused in the proper way if it is not.
func mustDecide(t *testing.T, v verifier, d Delivery) (verified, bool) {
	t.Helper()
	got, err := v.verify(t.Context(), d)
	if err == nil {
		return got, true
	}
	var r *refusal
	if !errors.As(err, &r) || !slices.Contains([]reason{signatureMissing, signatureMalformed, signatureStale, signatureMismatch}, r.reason) {
		t.Fatalf("neither accepted nor refused: %v", err)
	}
	if strings.ContainsFunc(r.Error(), unicode.IsControl) || len(r.Error()) > 200 {
		t.Errorf("the refusal %q", r.Error())
	}
	mustNotQuote(t, err, string(d.Body))
	return got, false
}

// mustNotFit checks that the signature of an accepted delivery fits none of the bodies next to its own.
func mustNotFit(t *testing.T, v verifier, d Delivery) {
	t.Helper()
	for i := range d.Body {
		if i >= 8 && i < len(d.Body)-8 && i%61 != 0 {
			continue // of a long body the ends and some bytes between them
		}
		changed := d.clone()
		changed.Body[i] ^= 1 << (i % 8)
		if _, accepted := mustDecide(t, v, changed); accepted {
			t.Fatalf("also accepted with another byte %d", i)
		}
	}
	changed := d.clone()
	changed.Body = append(changed.Body, 'x')
	if _, accepted := mustDecide(t, v, changed); accepted {
		t.Error("also accepted with a byte more")
	}
}

var timestampElement = regexp.MustCompile(`(?:^|,) *t=([^,]*)`)

// FuzzHMAC delivers what a sender has signed, amid what a stranger adds to it: before and after the signature, as the timestamp, and as
// the id. With genuine false there is no signature but what the stranger makes up.
func FuzzHMAC(f *testing.F) {
	for i := range senders {
		for _, genuine := range []bool{true, false} {
			f.Add(uint8(i), genuine, rawSecret, sent.timestamp, sent.id, "", "", []byte(booking), int64(0))
			f.Add(uint8(i), genuine, rawSecret, sent.timestamp, sent.id, "v1,AAAA v1=00,", ",v1= v1,", []byte(booking), int64(-301))
			f.Add(uint8(i), genuine, "\n"+rawSecret, "+"+sent.timestamp, "", "t=1,", ",t=1", []byte(nil), int64(300))
			f.Add(uint8(i), genuine, "whsec_", "0"+sent.timestamp, "\x00", strings.Repeat(",", 40), strings.Repeat(" ", 40), []byte("\x00"), int64(181))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, genuine bool, secret, timestamp, id, before, after string, body []byte, late int64) {
		s := senders[int(which)%len(senders)]
		configured := secret
		if s.signsID {
			configured = "whsec_" + base64.StdEncoding.EncodeToString([]byte(secret))
		}
		v, err := newVerifier(s.scheme, s.settings(configured), parts{})
		trimmed := strings.TrimSpace(configured)
		if empty := trimmed == "" || trimmed == "whsec_"; (err != nil) != empty {
			t.Fatalf("with the secret %q: %v", configured, err)
		} else if empty {
			return
		}

		m := message{id: id, timestamp: timestamp, body: string(body)}
		mac := s.mac(s.key(trimmed), m)
		signature := before + after
		if genuine {
			signature = before + s.encode(mac) + after
		}
		d := s.claiming(m, signature)
		late %= 1_000_000
		d.Received = morning.Add(time.Duration(late) * time.Second)
		got, accepted := mustDecide(t, v, d)
		if !accepted {
			written := s.window == 0 || timestamp == sent.timestamp && time.Duration(max(late, -late)) <= s.window/time.Second
			identified := !s.signsID || strings.Trim(id, " \t") != ""
			if genuine && before+after == "" && written && identified && len(id) <= maxHeader {
				t.Error("refused, though it is genuine")
			}
			return
		}
		if !bytes.Equal(got.payload, body) || got.secret.Reveal() != trimmed || s.id != "" && got.id != d.Header.Get(s.id) && strings.Trim(id, " \t") != "" {
			t.Errorf("vouched for %q with the id %q", got.payload, got.id)
		}

		// What was accepted must have a signature of exactly this, computed here and not there.
		if s.window > 0 && s.timestamp == "" {
			elements := timestampElement.FindAllStringSubmatch(d.Header.Get(s.signature), -1)
			if len(elements) != 1 {
				t.Fatalf("accepted with %d timestamps", len(elements))
			}
			m.timestamp = elements[0][1]
		}
		mac = s.mac(s.key(trimmed), m)
		if want := s.encode(mac); !strings.Contains(strings.ToLower(d.Header.Get(s.signature)), strings.ToLower(want)) {
			t.Fatalf("accepted without the signature %s", want)
		}
		if s.window > 0 {
			at, err := strconv.ParseInt(m.timestamp, 10, 64)
			if age := d.Received.Unix() - at; err != nil || age > int64(s.window/time.Second) || -age > int64(s.window/time.Second) {
				t.Errorf("accepted with the timestamp %q at %d", m.timestamp, d.Received.Unix())
			}
		}
		mustNotFit(t, v, d)
	})
}

// FuzzToken shows a token in a header and in a body. It is accepted if and only if it is the secret.
func FuzzToken(f *testing.F) {
	for _, pair := range [][2]string{{rawSecret, rawSecret}, {" a ", "a"}, {"a", " a"}, {"", ""}, {"whsec_", "whsec_"}, {"a", ""}, {"\x00", "\x00"}, {"a,b", "a,b"}, {"é", "e\u0301"}} {
		f.Add(pair[0], pair[1], []byte(`{"token":"a"}`))
	}
	f.Fuzz(func(t *testing.T, secret, token string, body []byte) {
		v, err := newVerifier(schemeToken, settings{Secrets: secretsOf(secret), Header: "X-Token"}, parts{})
		inBody, bodyErr := newVerifier(schemeBodyToken, settings{Secrets: secretsOf(secret), Token: "token"}, parts{})
		trimmed := strings.TrimSpace(secret)
		if empty := trimmed == "" || trimmed == "whsec_"; (err != nil) != empty || (bodyErr != nil) != empty {
			t.Fatalf("with the secret %q: %v, %v", secret, err, bodyErr)
		} else if empty {
			return
		}
		d := headed("X-Token", token)
		d.Body = body
		if _, accepted := mustDecide(t, v, d); accepted != (token == trimmed && len(token) <= maxHeader) {
			t.Errorf("%q is accepted for %q: %t", token, trimmed, accepted)
		}

		// The body as it is, and one with the token.
		if _, accepted := mustDecide(t, inBody, Delivery{Body: body}); accepted {
			var document map[string]any
			d := json.NewDecoder(bytes.NewReader(body))
			d.UseNumber()
			if err := d.Decode(&document); err != nil || fmt.Sprint(document["token"]) != trimmed {
				t.Errorf("%q is accepted for %q", body, trimmed)
			}
		}
		document, err := json.Marshal(map[string]string{"token": token})
		if err != nil {
			t.Fatal(err)
		}
		if _, accepted := mustDecide(t, inBody, Delivery{Body: document}); accepted != (strings.ToValidUTF8(token, "\uFFFD") == trimmed) {
			t.Errorf("%q is accepted for %q: %t", document, trimmed, accepted)
		}
	})
}

// fits computes by hand whether a signature is the RSA-SHA256 (PKCS #1 v1.5, RFC 8017, section 8.2.2) of a message.
func fits(key *rsa.PublicKey, message, signature []byte) bool {
	const digestInfo = "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
	hash := sha256.Sum256(message)
	size := (key.N.BitLen() + 7) / 8
	padded := "\x00\x01" + strings.Repeat("\xff", size-3-len(digestInfo)-len(hash)) + "\x00" + digestInfo + string(hash[:])
	s := new(big.Int).SetBytes(signature)
	return len(signature) == size && s.Cmp(key.N) < 0 &&
		s.Exp(s, big.NewInt(int64(key.E)), key.N).Cmp(new(big.Int).SetBytes([]byte(padded))) == 0
}

// FuzzRSA delivers a body with a signature: what VideoSDK's key has made of the body and a stranger has then changed, or the stranger's.
func FuzzRSA(f *testing.F) {
	v := mustVerifier(f, schemeVideoSDK, settings{Secrets: secretsOf(publicPEM)}, parts{})
	right := signedBy(rfcKey, booking).Header.Get(headerVideoSDK)
	f.Add([]byte(booking), right, true, uint16(0), uint8(0))
	f.Add([]byte(booking), right, false, uint16(0), uint8(0))
	f.Add([]byte(rfcSigned), base64.StdEncoding.EncodeToString(number(rfcSignature).Bytes()), false, uint16(0), uint8(0))
	f.Add([]byte(booking), right[:len(right)-3]+string(right[len(right)-3]+1)+"==", false, uint16(0), uint8(0)) // bits that belong to no byte
	f.Add([]byte(nil), "", false, uint16(255), uint8(1))
	f.Add([]byte("\x00"), "AA==\r\n", true, uint16(3), uint8(128))
	f.Fuzz(func(t *testing.T, body []byte, header string, genuine bool, at uint16, flip uint8) {
		d := signedBy(rfcKey, string(body))
		signature, err := base64.StdEncoding.DecodeString(d.Header.Get(headerVideoSDK))
		if err != nil {
			t.Fatal(err)
		}
		if genuine {
			signature[int(at)%len(signature)] ^= flip
			header = base64.StdEncoding.EncodeToString(signature)
		}
		d.Header.Set(headerVideoSDK, header)
		got, accepted := mustDecide(t, v, d)
		raw, err := base64.StdEncoding.DecodeString(header)
		want := err == nil && fits(&rfcKey.PublicKey, body, raw) && base64.StdEncoding.EncodeToString(raw) == header
		if accepted != want {
			t.Fatalf("accepted: %t, fits: %t", accepted, want)
		}
		if accepted {
			if !bytes.Equal(got.payload, body) {
				t.Errorf("vouched for %q", got.payload)
			}
			mustNotFit(t, v, d)
		}
	})
}

// FuzzJWT delivers bodies to Canvas's verifier: a token of the given header and claims, signed with the source's key, with a stranger's
// bytes in place of some of its own; or the stranger's bytes alone.
func FuzzJWT(f *testing.F) {
	server := newKeyServer(f, keySetOf(jwkOf("rfc", &rfcKey.PublicKey)))
	v := server.verifier(f, &clock{now: morning})
	right := token(rfcKey, rfcHeader, event)
	f.Add(rfcHeader, event, true, uint16(0), uint16(0), []byte(nil))
	f.Add(rfcHeader, `{"iat":1795428300,"exp":1795428001,"nbf":1795428000}`, true, uint16(0), uint16(0), []byte(" \r\n"))
	f.Add(`{"alg":"none","kid":"rfc"}`, event, true, uint16(0), uint16(0), []byte(nil))
	f.Add(`{"alg":"HS256","kid":"rfc"}`, event, true, uint16(len(right)), uint16(0), []byte("\n"))
	f.Add(`{"alg":"RS256","kid":"lost"}`, `null`, true, uint16(3), uint16(1), []byte("."))
	f.Add(`{"alg":"RS256","kid":"rfc","crit":[]}`, `[]`, true, uint16(1), uint16(2), []byte("=="))
	f.Add(rfcHeader, event, true, uint16(len(right)-1), uint16(1), []byte{right[len(right)-1] + 1}) // bits that belong to no byte
	f.Add("", "", false, uint16(0), uint16(0), []byte(right))
	f.Add("", "", false, uint16(0), uint16(0), []byte("eyJhbGciOiJSUzI1NiJ9.e30."))
	f.Add("", "", false, uint16(0), uint16(0), bytes.Repeat([]byte("."), 40))
	f.Fuzz(func(t *testing.T, header, claims string, genuine bool, at, drop uint16, insert []byte) {
		body := insert
		var signed string
		if genuine {
			signed = token(rfcKey, header, claims)
			from := int(at) % (len(signed) + 1)
			to := min(from+int(drop), len(signed))
			body = slices.Concat([]byte(signed[:from]), insert, []byte(signed[to:]))
		}
		got, accepted := mustDecide(t, v, Delivery{Body: body, Received: morning})
		if !accepted {
			return
		}
		text := string(bytes.TrimSpace(body))
		segments := strings.Split(text, ".")
		if len(segments) != 3 {
			t.Fatalf("accepted with %d segments", len(segments))
		}
		var decoded [3][]byte
		for i, s := range segments {
			var err error
			if decoded[i], err = base64.RawURLEncoding.DecodeString(s); err != nil || segment(decoded[i]) != s {
				t.Fatalf("accepted with the segment %q", s)
			}
		}
		if !fits(&rfcKey.PublicKey, []byte(segments[0]+"."+segments[1]), decoded[2]) {
			t.Fatal("accepted with another signature")
		}
		var head map[string]any
		if err := json.Unmarshal(decoded[0], &head); err != nil || head["alg"] != "RS256" || head["kid"] != "rfc" {
			t.Errorf("accepted with the header %q", decoded[0])
		}
		if !bytes.Equal(got.payload, bytes.Trim(decoded[1], " \t\r\n")) {
			t.Errorf("vouched for %q, and %q was signed", got.payload, decoded[1])
		}
		if genuine && text != signed {
			// The stranger has put together another token that was signed: only the one of RFC 7515 is public.
			t.Errorf("accepted in another form: %q", text)
		}
	})
}

// FuzzKeys reads key sets. A key that is taken is one of those in the set, and strong.
func FuzzKeys(f *testing.F) {
	f.Add([]byte(keySetOf(jwkOf("rfc", &rfcKey.PublicKey), `{"kty":"EC"}`)))
	f.Add([]byte(keySetOf(`{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"}`)))
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"a","n":"","e":""},null,1,[]]}`))
	f.Add([]byte(`{"Keys":{}}`))
	f.Fuzz(func(t *testing.T, set []byte) {
		keys, err := parseKeys(set)
		if (err == nil) != (len(keys) > 0) {
			t.Fatalf("%d keys and %v", len(keys), err)
		}
		if err != nil {
			mustNotQuote(t, err, string(set))
		}
		for id, key := range keys {
			if id == "" || key.N.BitLen() < 2048 || key.N.BitLen() > 8192 || key.E < 3 || key.E%2 == 0 {
				t.Errorf("the key %q of %d bits with the exponent %d", id, key.N.BitLen(), key.E)
			}
			hash := sha256.Sum256(set)
			_ = rsa.VerifyPKCS1v15(key, 5, hash[:], make([]byte, key.Size())) // whatever the modulus is: without a panic
		}
	})
}

// FuzzSettings makes verifiers of any settings. None is made without a secret, and no problem quotes one.
func FuzzSettings(f *testing.F) {
	all := schemes()
	for i, scheme := range all {
		for _, secret := range []string{"", " \n", "whsec_", standardSecret, rawSecret, publicPEM, pkixOf(&rfcKey.PublicKey), "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----"} {
			s := good()[scheme]
			f.Add(uint8(i), secret, s.URL, s.Header, s.Token, s.JWKS)
		}
		f.Add(uint8(i), rawSecret, "https://%zz", "a b", "merge(", "http://[::1")
	}
	f.Fuzz(func(t *testing.T, which uint8, secret, url, header, expression, jwks string) {
		scheme := all[int(which)%len(all)]
		s := settings{Secrets: secretsOf(secret), URL: url, Header: header, Token: expression, JWKS: jwks}
		if scheme == schemeCanvas && secret == "" {
			s.Secrets = nil
		}
		got := problemsOf(t, scheme, s) // which checks that nothing is quoted
		for _, problem := range got {
			field, what, found := strings.Cut(problem, ": ")
			if !found || what == "" || !slices.Contains([]string{"secrets", "url", "header", "token", "jwks"}, field) {
				t.Errorf("the problem %q", problem)
			}
		}
		if got == nil && strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(secret), "whsec_")) == "" && scheme != schemeCanvas {
			t.Errorf("%s takes the secret %q", scheme, secret)
		}
	})
}
