package deliveries

import (
	"cmp"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"time"

	"videosdk-end-session/internal/webhook/sources"
)

// Keys is what the samples are signed with. Everybody may know it: it is for stacks on this machine.
type Keys struct {
	// BaseURL is where the webhooks go: the HTTP API's.
	BaseURL string
	// KeySetURL is where Keys is served, for the sources whose public key is fetched.
	KeySetURL string

	private *rsa.PrivateKey
}

// NewKeys returns keys of their own.
func NewKeys() (*Keys, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return &Keys{private: private}, nil
}

const keyID = "local-2026-11"

// ServeHTTP serves the key set of canvas-jwt (RFC 7517).
func (k *Keys) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	public := k.private.PublicKey
	encode := base64.RawURLEncoding.EncodeToString
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "alg": "RS256", "use": "sig", "kid": keyID, "n": encode(public.N.Bytes()), "e": encode(big.NewInt(int64(public.E)).Bytes()),
	}}})
}

// token is the value of scheme token's header, and of scheme body-token's field.
func token(source string) string { return "local-" + source + "-secret" }

// Scheme returns the scheme of a source.
func Scheme(source string, entry map[string]json.RawMessage) string {
	var scheme string
	_ = json.Unmarshal(entry["scheme"], &scheme)
	var native struct{ Scheme string }
	if file, known := sources.File(source); known {
		_ = json.Unmarshal(file, &native)
	}
	return cmp.Or(scheme, native.Scheme, source)
}

// Entry returns a source's entry in the webhook secret with everything that its signatures need. An entry whose events come by a queue
// or a bus only, which has neither a scheme nor secrets, is left as it is.
func (k *Keys) Entry(source string, entries ...map[string]json.RawMessage) map[string]json.RawMessage {
	entry := map[string]json.RawMessage{}
	for _, e := range entries {
		maps.Copy(entry, e)
	}
	set := func(field string, value any) {
		if entry[field] == nil {
			entry[field], _ = json.Marshal(value)
		}
	}
	switch scheme := Scheme(source, entry); scheme {
	case "canvas-jwt":
		set("jwks", k.KeySetURL)
	case "videosdk-rsa":
		set("secrets", []string{string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&k.private.PublicKey)}))})
	case "standard-webhooks", "svix":
		set("secrets", []string{"whsec_" + base64.StdEncoding.EncodeToString([]byte(token(source)))})
	case "square":
		set("secrets", []string{token(source)})
		set("url", k.BaseURL+"/v1/webhooks/"+source)
	default:
		if _, known := signers[scheme]; known {
			set("secrets", []string{token(source)})
		}
	}
	return entry
}

// signer returns the headers that sign a body.
type signer func(key []byte, d delivery) map[string]string

// delivery is what is signed.
type delivery struct {
	url, id, timestamp string
	header             string // of scheme token
	body               []byte
}

func sum(key []byte, parts ...string) []byte {
	mac := hmac.New(sha256.New, key)
	for _, part := range parts {
		mac.Write([]byte(part))
	}
	return mac.Sum(nil)
}

// signers sign by scheme, each as its vendor says.
var signers = map[string]signer{
	"calcom":    bodyHex("X-Cal-Signature-256", ""),
	"github":    bodyHex("X-Hub-Signature-256", "sha256="),
	"thinkific": bodyHex("X-Thinkific-Hmac-Sha256", ""),
	"nylas":     bodyHex("X-Nylas-Signature", ""),
	"calendly":  stamped("Calendly-Webhook-Signature"),
	"stripe":    stamped("Stripe-Signature"),
	"acuity": func(key []byte, d delivery) map[string]string {
		return map[string]string{"X-Acuity-Signature": base64.StdEncoding.EncodeToString(sum(key, string(d.body)))}
	},
	"square": func(key []byte, d delivery) map[string]string {
		return map[string]string{"X-Square-HmacSha256-Signature": base64.StdEncoding.EncodeToString(sum(key, d.url, string(d.body)))}
	},
	"zoom": func(key []byte, d delivery) map[string]string {
		signature := "v0=" + hex.EncodeToString(sum(key, "v0:", d.timestamp, ":", string(d.body)))
		return map[string]string{"X-Zm-Signature": signature, "X-Zm-Request-Timestamp": d.timestamp}
	},
	"standard-webhooks": standard("Webhook-"),
	"svix":              standard("Svix-"),
	"token": func(key []byte, d delivery) map[string]string {
		return map[string]string{cmp.Or(d.header, "X-Token"): string(key)}
	},
	"body-token": func([]byte, delivery) map[string]string { return nil }, // it is in the body
}

// keyOf returns what the first secret of an entry signs with.
func keyOf(scheme string, entry map[string]json.RawMessage) ([]byte, error) {
	var secrets []string
	if err := json.Unmarshal(entry["secrets"], &secrets); err != nil || len(secrets) == 0 {
		return nil, errors.New("no secrets to sign with")
	}
	if scheme == "standard-webhooks" || scheme == "svix" {
		return base64.StdEncoding.DecodeString(strings.TrimPrefix(secrets[0], "whsec_"))
	}
	return []byte(secrets[0]), nil
}

func bodyHex(header, prefix string) signer {
	return func(key []byte, d delivery) map[string]string {
		return map[string]string{header: prefix + hex.EncodeToString(sum(key, string(d.body)))}
	}
}

func stamped(header string) signer {
	return func(key []byte, d delivery) map[string]string {
		return map[string]string{header: "t=" + d.timestamp + ",v1=" + hex.EncodeToString(sum(key, d.timestamp, ".", string(d.body)))}
	}
}

func standard(prefix string) signer {
	return func(key []byte, d delivery) map[string]string {
		signature := "v1," + base64.StdEncoding.EncodeToString(sum(key, d.id, ".", d.timestamp, ".", string(d.body)))
		return map[string]string{prefix + "Id": d.id, prefix + "Timestamp": d.timestamp, prefix + "Signature": signature}
	}
}

// Sign returns the headers and the body with which a source sends a payload at a time. The id is the delivery's.
func (k *Keys) Sign(source string, entry map[string]json.RawMessage, payload []byte, id string, now time.Time) (http.Header, []byte, error) {
	header := http.Header{"Content-Type": {"application/json"}}
	set := func(all map[string]string) {
		for name, value := range all {
			header.Set(name, value)
		}
	}
	digest := sha256.Sum256(payload)
	switch scheme := Scheme(source, entry); scheme {
	case "canvas-jwt":
		encode := base64.RawURLEncoding.EncodeToString
		signed := encode([]byte(`{"typ":"JWT","alg":"RS256","kid":"`+keyID+`"}`)) + "." + encode(payload)
		digest = sha256.Sum256([]byte(signed))
		signature, err := rsa.SignPKCS1v15(nil, k.private, crypto.SHA256, digest[:])
		header.Set("Content-Type", "application/jwt")
		return header, []byte(signed + "." + encode(signature)), err
	case "videosdk-rsa":
		signature, err := rsa.SignPKCS1v15(nil, k.private, crypto.SHA256, digest[:])
		set(map[string]string{"Videosdk-Signature": base64.StdEncoding.EncodeToString(signature)})
		return header, payload, err
	default:
		sign, known := signers[scheme]
		if !known {
			return nil, nil, fmt.Errorf("source %s: nobody here signs by the scheme %q", source, scheme)
		}
		if scheme == "acuity" {
			header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		d := delivery{url: k.BaseURL + "/v1/webhooks/" + source, id: id, timestamp: strconv.FormatInt(now.Unix(), 10), body: payload}
		_ = json.Unmarshal(entry["header"], &d.header)
		_ = json.Unmarshal(entry["url"], &d.url)
		key, err := keyOf(scheme, entry)
		if err != nil {
			return nil, nil, fmt.Errorf("source %s: %w", source, err)
		}
		set(sign(key, d))
		return header, payload, nil
	}
}
