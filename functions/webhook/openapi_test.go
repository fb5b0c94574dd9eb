package main

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"testing"

	"videosdk-end-session/internal/doortest"
	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/gateway"
	"videosdk-end-session/internal/local/openapi"
)

// atThisDoor are the classes that errors of each code have here; other codes do not occur.
var atThisDoor = map[endsession.Code]endsession.Class{
	endsession.CodeWebhookRefused:         endsession.Permanent,
	endsession.CodeWebhookSourceUnknown:   endsession.Permanent,
	endsession.CodeBodyTooLarge:           endsession.Permanent,
	endsession.CodeInvalidJSON:            endsession.Permanent,
	endsession.CodeInvalidRequest:         endsession.Permanent,
	endsession.CodeWebhookSourceInvalid:   endsession.Transient,
	endsession.CodeWebhookKeysUnavailable: endsession.Transient,
	endsession.CodeSecretUnavailable:      endsession.Credentials,
	endsession.CodeSecretInvalid:          endsession.Credentials,
	endsession.CodeQueueUnavailable:       endsession.Transient,
	endsession.CodeInternal:               endsession.Transient,
}

// handshakes are the codes of those that a question for permission can have: it is not verified, mapped or put on the queue.
var handshakes = []endsession.Code{
	endsession.CodeWebhookSourceUnknown, endsession.CodeWebhookSourceInvalid, endsession.CodeSecretUnavailable, endsession.CodeSecretInvalid,
	endsession.CodeInternal,
}

// TestEveryCodeIsInTheDescriptionAndTheReverse answers with every code, holds the answers to docs/openapi.yaml, and looks for codes in it
// that no answer has.
func TestEveryCodeIsInTheDescriptionAndTheReverse(t *testing.T) {
	described, err := openapi.Read("../..")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	const path = "/v1/webhooks/calcom"
	got := map[int][]string{}
	for code, class := range atThisDoor {
		if !regexp.MustCompile("(?m)^\\| `" + string(code) + "` \\|").Match(page) {
			t.Errorf("the page of errors has no %s", code)
		}
		answer := refused(&endsession.Error{Code: code, Class: class, Message: "because", Problems: []string{"because"}})
		if code != endsession.CodeWebhookRefused { // of which senders are not told
			got[answer.StatusCode] = append(got[answer.StatusCode], string(code))
		}
		if err := described.Check(http.MethodPost, path, doortest.Received(answer)); err != nil {
			t.Errorf("%s: %v", code, err)
		}
		if slices.Contains(handshakes, code) {
			if err := described.Check(http.MethodOptions, path, doortest.Received(answer)); err != nil {
				t.Errorf("%s: %v", code, err)
			}
		}
	}
	doortest.WantCodes(t, described, http.MethodPost, path, got)
}

func TestAnswersThatAreNoRefusalAreAsDescribed(t *testing.T) {
	described, err := openapi.Read("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, method string
		answer       gateway.Answer
	}{
		{"accepted", http.MethodPost, receipt{Status: "accepted", ID: "1", Delay: 300}.answer(http.StatusAccepted)},
		{"accepted, for Zoom", http.MethodPost, receipt{Status: "accepted", ID: "1"}.answer(http.StatusOK)},
		{"ignored", http.MethodPost, ignored("one_seat")},
		{"a challenge", http.MethodPost, answer(http.StatusOK, []byte(`{"plainToken":"a","encryptedToken":"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"}`))},
		{"allowed", http.MethodOptions, allowed("events.example.com", true)},
		{"not allowed", http.MethodOptions, notAllowed()},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := described.Check(test.method, "/v1/webhooks/zoom", doortest.Received(test.answer)); err != nil {
				t.Error(err)
			}
		})
	}
}
