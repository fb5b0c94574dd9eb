package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"videosdk-end-session/internal/redacted"
)

// maxElements is the most elements of a signature's header that are looked at. A source has one signature for each of its secrets,
// which are two while it rotates them, and perhaps others of other kinds.
const maxElements = 32

// hmacVerifier verifies what a source signs with HMAC-SHA256.
type hmacVerifier struct {
	scheme
	keys []hmacKey
	url  string
}

type hmacKey struct{ secret, key redacted.String }

// newHMAC returns the verifier for a row. It adds what is wrong with the settings to the problems; an error is a defect of the row.
func newHMAC(signature json.RawMessage, s settings, p *problems) (verifier, error) {
	scheme, err := newScheme(signature)
	if err != nil {
		return nil, err
	}
	v := &hmacVerifier{scheme: scheme, url: strings.TrimSpace(s.URL)}
	p.secrets(s.Secrets, func(secret redacted.String) error {
		key, err := scheme.key(secret)
		v.keys = append(v.keys, hmacKey{secret, key})
		return err
	})
	if scheme.signs("url") {
		u, err := url.Parse(v.url)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			p.add("url", "expected the URL that is registered at the source, exactly as it is there, because the source signs it")
		}
	}
	return v, nil
}

// verify accepts a delivery if any of its signatures is any of the secrets'.
func (v *hmacVerifier) verify(_ context.Context, d Delivery) (verified, error) {
	claim, err := v.read(d)
	if err != nil {
		return verified{}, err
	}
	for _, k := range v.keys {
		want := v.sum(k.key, claim, d.Body)
		for _, signature := range claim.signatures {
			if hmac.Equal(signature, want) {
				return verified{payload: d.Body, id: claim.id, secret: k.secret}, nil
			}
		}
	}
	return verified{}, refuse(signatureMismatch, "made with none of the secrets, or over another body")
}

// claim is what the headers of a delivery say.
type claim struct {
	id, timestamp string
	signatures    [][]byte
}

func (v *hmacVerifier) read(d Delivery) (claim, error) {
	for _, f := range v.Headers {
		list, err := d.header(f.Signature)
		if err != nil {
			return claim{}, err
		}
		if list != "" {
			return v.readFamily(d, f, list)
		}
	}
	return claim{}, refuse(signatureMissing, "no header %s", v.Headers[0].Signature)
}

func (v *hmacVerifier) readFamily(d Delivery, f family, list string) (claim, error) {
	var c claim
	var err error
	if f.ID != "" {
		if c.id, err = d.header(f.ID); err != nil {
			return claim{}, err
		}
		if c.id == "" && v.signs("id") {
			return claim{}, refuse(signatureMissing, "no header %s", f.ID)
		}
	}
	if f.Timestamp != "" {
		if c.timestamp, err = d.header(f.Timestamp); err != nil {
			return claim{}, err
		}
		if c.timestamp == "" {
			return claim{}, refuse(signatureMissing, "no header %s", f.Timestamp)
		}
	}
	if err := v.readElements(f, list, &c); err != nil {
		return claim{}, err
	}
	if v.window > 0 {
		if err := v.checkTime(c.timestamp, d.Received); err != nil {
			return claim{}, err
		}
	}
	return c, nil
}

// readElements takes the signatures, and the timestamp if it is there, out of the elements of the signature's header.
func (v *hmacVerifier) readElements(f family, list string, c *claim) error {
	elements := []string{list}
	if v.Separator != "" {
		elements = strings.SplitN(list, v.Separator, maxElements+1)
	}
	if len(elements) > maxElements {
		return refuse(signatureMalformed, "%s has more than %d elements", f.Signature, maxElements)
	}
	for _, element := range elements {
		element = strings.Trim(element, " \t")
		if timestamp, ok := strings.CutPrefix(element, v.TimestampPrefix); ok && v.TimestampPrefix != "" {
			if c.timestamp != "" {
				return refuse(signatureMalformed, "%s has two timestamps", f.Signature)
			}
			c.timestamp = timestamp
			continue
		}
		encoded, ok := strings.CutPrefix(element, v.Prefix)
		if !ok {
			continue
		}
		if signature, err := v.decode(encoded); err == nil && len(signature) == sha256.Size {
			c.signatures = append(c.signatures, signature)
		}
	}
	if len(c.signatures) == 0 {
		return refuse(signatureMalformed, "%s has no %s of %d bytes%s", f.Signature, v.Encoding, sha256.Size, after(v.Prefix))
	}
	return nil
}

func after(prefix string) string {
	if prefix == "" {
		return ""
	}
	return " after " + prefix
}

func (v *hmacVerifier) checkTime(timestamp string, received time.Time) error {
	at, ok := unixSeconds(timestamp)
	if !ok {
		return refuse(signatureMalformed, "the timestamp is not Unix seconds")
	}
	if age := received.Sub(at); age > v.window || age < -v.window {
		return refuse(signatureStale, "the timestamp is more than %d s from now", v.WindowSeconds)
	}
	return nil
}

// unixSeconds reads a time in the one way in which it is written: digits without sign or leading zero. Eleven of them reach to the
// year 5138, and are far from what overflows.
func unixSeconds(text string) (time.Time, bool) {
	if len(text) > 11 || strings.Trim(text, "0123456789") != "" || strings.HasPrefix(text, "0") {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	return time.Unix(seconds, 0), err == nil
}

// sum is the HMAC of the signed bytes.
func (v *hmacVerifier) sum(key redacted.String, c claim, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	for _, p := range v.signed {
		switch p.variable {
		case "":
			_, _ = io.WriteString(mac, p.literal)
		case "id":
			_, _ = io.WriteString(mac, c.id)
		case "timestamp":
			_, _ = io.WriteString(mac, c.timestamp)
		case "url":
			_, _ = io.WriteString(mac, v.url)
		case "body":
			_, _ = mac.Write(body)
		}
	}
	return mac.Sum(nil)
}
