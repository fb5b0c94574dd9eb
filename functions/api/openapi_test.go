package main

import (
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/doortest"
	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/local/openapi"
)

// atThisDoor is what comes of each code here.
var atThisDoor = map[endsession.Code][]fate{
	endsession.CodeTriggerTooOld:        {refused},
	endsession.CodeBeforeWindow:         {refused},
	endsession.CodeAfterWindow:          {refused},
	endsession.CodePinMismatch:          {refused},
	endsession.CodeSessionStartUnknown:  {refused},
	endsession.CodeSessionAfterTrigger:  {refused},
	endsession.CodeSessionOutsideWindow: {refused},

	endsession.CodeRoomNotFound:         {failed}, // of a call that ends; a look-up that finds no room is not_active
	endsession.CodeSessionNotFound:      {failed},
	endsession.CodeConflict:             {failed},
	endsession.CodeOtherSession:         {failed},
	endsession.CodeVideoSDKRejected:     {failed},
	endsession.CodeVideoSDKConflict:     {failed},
	endsession.CodeVideoSDKUnauthorized: {failed, passing}, // with a fresh secret too, or one could not be had for now
	endsession.CodeVideoSDKForbidden:    {failed},
	endsession.CodeSecretInvalid:        {failed},
	endsession.CodeSecretUnavailable:    {failed, passing}, // access denied, or Secrets Manager is away

	endsession.CodeVideoSDKThrottled:   {passing},
	endsession.CodeVideoSDKUnavailable: {passing},
	endsession.CodeVideoSDKUnreadable:  {passing},
	endsession.CodeLedgerUnavailable:   {passing},
	endsession.CodePublishFailed:       {passing},
	endsession.CodeInProgress:          {passing},
	endsession.CodeInternal:            {passing},

	endsession.CodeInvalidJSON:       {malformed},
	endsession.CodeInvalidRequest:    {malformed},
	endsession.CodeDelayNotSupported: {malformed},
	endsession.CodeBodyTooLarge:      {malformed},

	endsession.CodeQueueUnavailable:       nil, // nothing is put on the queue
	endsession.CodeWebhookSourceUnknown:   nil,
	endsession.CodeWebhookSourceInvalid:   nil,
	endsession.CodeWebhookRefused:         nil,
	endsession.CodeWebhookKeysUnavailable: nil,
	endsession.CodeOccurredAtMissing:      nil, // it is now by default
	endsession.CodeOccurredAtInFuture:     nil, // it counts as now
	endsession.CodeUnknownEvent:           nil, // what is no call is a direct invocation
	endsession.CodeOwnEvent:               nil,
	endsession.CodeIgnored:                nil,
}

// fate is a result with a code.
type fate func(code endsession.Code, event []byte) endsession.Result

func refused(code endsession.Code, event []byte) endsession.Result {
	return endsession.Result{Outcome: endsession.Refused, Code: code, Detail: event}
}

func failed(code endsession.Code, event []byte) endsession.Result {
	return endsession.Result{Outcome: endsession.Failed, Code: code, Detail: event}
}

func passing(code endsession.Code, _ []byte) endsession.Result {
	return endsession.Result{Code: code, Err: &endsession.Error{Code: code, Message: "for now"}}
}

func malformed(code endsession.Code, _ []byte) endsession.Result {
	return endsession.Result{Code: code, Err: &endsession.Error{Code: code, Class: endsession.Permanent, Message: "no", Problems: []string{"no"}}}
}

// TestEveryCodeIsInTheDescriptionAndTheReverse answers with every code, holds the answers to docs/openapi.yaml, and looks for codes in it
// that no answer has.
func TestEveryCodeIsInTheDescriptionAndTheReverse(t *testing.T) {
	described, err := openapi.Read("../..")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/errors.md") // which has every code
	if err != nil {
		t.Fatal(err)
	}
	var all []endsession.Code
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_0-9]+)` \\|").FindAllStringSubmatch(string(page), -1) {
		all = append(all, endsession.Code(row[1]))
	}
	slices.Sort(all)
	if diff := cmp.Diff(all, slices.Sorted(maps.Keys(atThisDoor))); diff != "" {
		t.Errorf("codes (-page +this test):\n%s", diff)
	}

	const path = "/v1/sessions/end"
	events := map[endsession.Outcome][]byte{}
	for _, outcome := range []endsession.Outcome{endsession.Refused, endsession.Failed} {
		if events[outcome], err = os.ReadFile("../../internal/publish/testdata/" + string(outcome) + ".golden.json"); err != nil {
			t.Fatal(err)
		}
	}
	got := map[int][]string{}
	for code, fates := range atThisDoor {
		for _, f := range fates {
			result := f(code, nil)
			result.Detail = events[result.Outcome]
			answer := httpAnswer(result)
			got[answer.StatusCode] = append(got[answer.StatusCode], string(code))
			if err := described.Check(http.MethodPost, path, doortest.Received(answer)); err != nil {
				t.Errorf("%s: %v", code, err)
			}
		}
	}
	doortest.WantCodes(t, described, http.MethodPost, path, got)
}
