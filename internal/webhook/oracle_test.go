package webhook

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	oracle "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// differs says why the library of Standard Webhooks accepts what is refused here, and "" where it must not.
func differs(secret, id, timestamp, signature string) string {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	switch {
	case err != nil:
		return ""
	case len(key) == 0:
		return "it takes an empty key, which the whole world knows"
	case strings.ContainsAny(secret, "\r\n"):
		return "it skips line ends in a secret"
	case !regexp.MustCompile(`^[1-9][0-9]{0,10}$`).MatchString(timestamp):
		return "it takes a timestamp with a sign or leading zeros, and signs it without"
	case strings.Trim(id, " \t") == "":
		return "it takes a blank id"
	case len(id) > maxHeader || len(signature) > maxHeader:
		return "it has no limit for the length of a header"
	case strings.Count(signature, " ") >= maxElements:
		return "it has no limit for the number of signatures"
	case regexp.MustCompile(`(^| )v1,[^ ,]+,`).MatchString(signature):
		return "it takes a signature with a comma and anything behind it"
	}
	return ""
}

// FuzzStandardWebhooks compares verdicts with the library of Standard Webhooks, v0.0.1, on webhooks that the library has signed and a
// stranger has then changed. What the library refuses is refused; what it accepts is accepted but for the differences above.
func FuzzStandardWebhooks(f *testing.F) {
	for _, secret := range []string{standardSecret, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "", "whsec_AA==", "whsec_AB==", "whsec_MfKQ\n9r8G"} {
		f.Add(secret, sent.id, "", "", "", []byte(booking), int64(0), int64(0))
	}
	for _, offset := range []int64{-302, -299, 0, 299, 302} {
		f.Add(standardSecret, sent.id, "", "", "", []byte(booking), offset, int64(0))
		f.Add(standardSecret, sent.id, "+", "", "", []byte(booking), offset, offset)
	}
	f.Add(standardSecret, "", "0", "v1,", "", []byte(nil), int64(0), int64(0))
	f.Add(standardSecret, " ", "", "v1a,AAAA ", " v2,BBBB", []byte("\x00"), int64(0), int64(0))
	f.Add(standardSecret, "a.1", "", strings.Repeat("v1,AAAA ", 31), "", []byte("1.x"), int64(0), int64(1))
	f.Add(standardSecret, "a", "", strings.Repeat(" ", 32), ",x", []byte("x"), int64(0), int64(0))
	f.Add(standardSecret, "a", "-", "v1", "=", []byte("x"), int64(0), int64(0))
	f.Fuzz(func(t *testing.T, secret, id, sign, before, after string, body []byte, offset, shift int64) {
		now := time.Now() // the library's clock is this one, so the seconds next to the ends of the window are left out
		if offset > 299 && offset < 302 || offset < -299 && offset > -302 || offset > 1e12 || offset < -1e12 {
			return
		}
		secret = strings.TrimSpace(secret) // or the library would refuse it, white space around it or not
		library, libraryErr := oracle.NewWebhook(secret)
		v, err := newVerifier("standard-webhooks", settings{Secrets: secretsOf(secret)}, parts{})
		if libraryErr != nil {
			if err == nil {
				t.Errorf("took the secret %q, and the library says: %v", secret, libraryErr)
			}
			return
		}

		signedAt := now.Add(time.Duration(offset) * time.Second)
		signature, signErr := library.Sign(id, signedAt, body)
		if signErr != nil {
			t.Fatal(signErr)
		}
		timestamp := sign + strconv.FormatInt(signedAt.Unix()+shift, 10)
		d := Delivery{Header: http.Header{}, Body: body, Received: now}
		d.Header.Set("webhook-id", id)
		d.Header.Set("webhook-timestamp", timestamp)
		d.Header.Set("webhook-signature", before+signature+after)
		verdict := library.Verify(body, d.Header)
		accepted := err == nil
		if accepted {
			_, accepted = mustDecide(t, v, d)
		}
		switch {
		case accepted && verdict != nil:
			t.Errorf("accepted, and the library says: %v", verdict)
		case !accepted && verdict == nil && differs(secret, id, timestamp, before+signature+after) == "":
			t.Errorf("refused (%v), and the library accepts it", err)
		}
	})
}

// TestEveryDifferenceFromTheLibraryIsOne has an example of each, so that none is listed for nothing.
func TestEveryDifferenceFromTheLibraryIsOne(t *testing.T) {
	now := time.Now()
	timestamp := strconv.FormatInt(now.Unix(), 10)
	for _, tt := range []struct{ secret, id, timestamp, before, after string }{
		{secret: "whsec_", id: "a", timestamp: timestamp},
		{secret: "", id: "a", timestamp: timestamp},
		{secret: "whsec_MfKQ\n9r8G", id: "a", timestamp: timestamp},
		{secret: standardSecret, id: "a", timestamp: "+" + timestamp},
		{secret: standardSecret, id: "a", timestamp: "0" + timestamp},
		{secret: standardSecret, id: " ", timestamp: timestamp},
		{secret: standardSecret, id: strings.Repeat("a", maxHeader+1), timestamp: timestamp},
		{secret: standardSecret, id: "a", timestamp: timestamp, before: "v0," + strings.Repeat("A", maxHeader) + " "},
		{secret: standardSecret, id: "a", timestamp: timestamp, before: strings.Repeat("v1,AAAA ", maxElements)},
		{secret: standardSecret, id: "a", timestamp: timestamp, after: ",AAAA"},
	} {
		library, err := oracle.NewWebhook(tt.secret)
		if err != nil {
			t.Fatal(err)
		}
		signature, err := library.Sign(tt.id, now, []byte(booking))
		if err != nil {
			t.Fatal(err)
		}
		signature = tt.before + signature + tt.after
		d := Delivery{Header: http.Header{}, Body: []byte(booking), Received: now}
		d.Header.Set("webhook-id", tt.id)
		d.Header.Set("webhook-timestamp", tt.timestamp)
		d.Header.Set("webhook-signature", signature)
		if err := library.Verify(d.Body, d.Header); err != nil {
			t.Errorf("%.100q: the library says: %v", tt, err)
		}
		if differs(tt.secret, tt.id, tt.timestamp, signature) == "" {
			t.Errorf("%.100q is listed nowhere", tt)
		}
		v, err := newVerifier("standard-webhooks", settings{Secrets: secretsOf(tt.secret)}, parts{})
		if err != nil {
			continue
		}
		if _, accepted := mustDecide(t, v, d); accepted {
			t.Errorf("%.100q is accepted", tt)
		}
	}
}
