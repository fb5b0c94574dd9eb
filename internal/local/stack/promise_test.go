package stack_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"videosdk-end-session/internal/local/stack"
	"videosdk-end-session/internal/local/standin"
)

// Promise 1: never the wrong meeting.

func TestATriggerTenMinutesLateEndsNothingOfTheNextMeeting(t *testing.T) {
	s := start(t, standin.Options{}, nil)
	live(t, s, room, 5*time.Minute)
	send(t, s, "late", room, time.Now().Add(-10*time.Minute))
	got := await(t, s, "late")
	if got.Outcome != "refused" || got.Error == nil || got.Error.Code != "session_after_trigger" {
		t.Errorf("outcome = %s", got.raw)
	}
	wantEnds(t, s, 0, 0)
	wantIdle(t, s)
}

func TestAnIgnoredListFilterEndsNothing(t *testing.T) {
	s := start(t, standin.Options{IgnoreFilters: true}, nil)
	live(t, s, "some-body-else", time.Hour)
	if err := s.Standin.AddRoom(standin.Room{ID: room}); err != nil {
		t.Fatal(err)
	}
	send(t, s, "filter", room, time.Now())
	got := await(t, s, "filter")
	if got.Outcome != "refused" || got.Error == nil || got.Error.Code != "pin_mismatch" || got.Session.ID != nil {
		t.Errorf("outcome = %s", got.raw)
	}
	wantEnds(t, s, 0, 0)
}

// Promise 2: once.

func TestOneMessageDeliveredFiveTimesMakesOneEndCallAndOneEventIdentity(t *testing.T) {
	for _, tt := range []struct {
		name  string
		apart bool
	}{{"one after the other", true}, {"at once", false}} {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, standin.Options{}, within(8*time.Second, 10*time.Second))
			live(t, s, room, time.Hour)
			if !tt.apart {
				s.Standin.SetDelay(300 * time.Millisecond) // so that they meet
			}
			at := time.Now()
			for n := range 5 {
				send(t, s, "again", room, at)
				if tt.apart {
					eventually(t, "the delivery to be done", func() bool { return depth(t, s, "TriggerQueue") == 0 })
					if n == 0 {
						await(t, s, "again")
					}
				}
			}
			await(t, s, "again")
			wantIdle(t, s)
			wantEnds(t, s, 1, 1)
			wantOneIdentity(t, published(t, s)["again"])
		})
	}
}

func wantOneIdentity(t *testing.T, all []outcome) {
	t.Helper()
	for _, o := range all {
		if o.ID != all[0].ID || o.raw != all[0].raw {
			t.Errorf("published %s and %s", all[0].raw, o.raw)
		}
	}
}

func TestOneHTTPTriggerSentFiveTimesAtOnceMakesOneEndCall(t *testing.T) {
	s := start(t, standin.Options{}, nil)
	live(t, s, room, time.Hour)
	s.Standin.SetDelay(300 * time.Millisecond)
	header := http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {"key-1"}}
	body := []byte(`{"roomId":"` + room + `"}`)
	statuses := make([]int, 5)
	var wg sync.WaitGroup
	for i := range statuses {
		wg.Go(func() {
			answer, err := s.Post(t.Context(), "/v1/sessions/end", header, body)
			if err != nil {
				t.Error(err)
				return
			}
			statuses[i] = answer.Status
			if answer.Status == http.StatusConflict && answer.Header.Get("Retry-After") == "" {
				t.Errorf("409 without Retry-After: %s", answer.Body)
			}
		})
	}
	wg.Wait()
	for _, status := range statuses {
		if status != http.StatusAccepted && status != http.StatusConflict {
			t.Errorf("statuses = %v, want 202 and 409 in progress", statuses)
		}
	}
	wantEnds(t, s, 1, 1)
	if got := published(t, s)["key-1"]; len(got) != 1 {
		t.Errorf("published %d events, want 1", len(got))
	}
}

func TestKilledRightAfterTheEndCallItIsPublishedByTheNextDelivery(t *testing.T) {
	s := start(t, standin.Options{}, within(8*time.Second, 10*time.Second))
	session := live(t, s, room, time.Hour)
	hang := standin.Fault{On: standin.OpEndSession, When: standin.AfterEffect, Do: standin.Hang, Times: 1}
	if err := s.Standin.Inject(hang); err != nil {
		t.Fatal(err)
	}
	send(t, s, "killed", room, time.Now())
	eventually(t, "the end call to have its effect", func() bool { _, acted := ends(s); return acted == 1 })
	s.Kill("SqsFunction")
	live(t, s, room, 0) // the room's next meeting begins at once

	got := await(t, s, "killed")
	if got.Outcome != "already_ended" || got.Session.ID == nil || *got.Session.ID != session {
		t.Errorf("outcome = %s, want that of session %s", got.raw, session)
	}
	wantIdle(t, s)
	wantEnds(t, s, 1, 1)
	wantOneIdentity(t, published(t, s)["killed"])
}

// Promise 3: nothing lost.

func TestVideoSDKKilledDuringABatchOfTenReturnsExactlyTheUnfinished(t *testing.T) {
	s := start(t, standin.Options{}, within(10*time.Second, 12*time.Second))
	for i := range 10 {
		live(t, s, fmt.Sprint("room-", i), time.Hour)
	}
	// Five of the ten sessions are ended before VideoSDK goes away; the calls for the others hang until then.
	for i := range 5 {
		hang := standin.Fault{On: standin.OpListSessions, About: fmt.Sprint("room-", i), Do: standin.Hang, Times: 1}
		if err := s.Standin.Inject(hang); err != nil {
			t.Fatal(err)
		}
	}
	address := s.Standin.URL()
	at := time.Now()
	payload := `{"Records":[`
	for i := range 10 {
		if i > 0 {
			payload += ","
		}
		body := fmt.Sprintf(`{"id":"batch-%d","source":"test","roomId":"room-%d","occurredAt":%q}`, i, i, at.UTC().Format(time.RFC3339Nano))
		payload += fmt.Sprintf(`{"messageId":"m-%d","body":%q,"eventSource":"aws:sqs"}`, i, body)
	}
	payload += "]}"
	answered := make(chan string, 1)
	go func() {
		response, err := s.Invoke(t.Context(), "SqsFunction", []byte(payload))
		if err != nil {
			t.Error(err)
		}
		answered <- string(response.Payload)
	}()
	eventually(t, "five sessions to end", func() bool { _, acted := ends(s); return acted == 5 })
	s.Standin.Stop()
	want := `{"batchItemFailures":[{"itemIdentifier":"m-0"},{"itemIdentifier":"m-1"},{"itemIdentifier":"m-2"},{"itemIdentifier":"m-3"},{"itemIdentifier":"m-4"}]}`
	if got := <-answered; got != want {
		t.Errorf("the batch's answer is %s, want %s", got, want)
	}
	if got := published(t, s); len(got) != 5 {
		t.Errorf("%d triggers have an outcome, want 5", len(got))
	}

	// The queue delivers the unfinished again, now through the real poller.
	failed := printed.count(`"code":"videosdk_unavailable"`)
	for i := range 5 {
		send(t, s, fmt.Sprint("batch-", i), fmt.Sprint("room-", i), at)
	}
	eventually(t, "deliveries to fail while VideoSDK is away", func() bool { return printed.count(`"code":"videosdk_unavailable"`) >= failed+5 })
	if err := s.Standin.Start(""); err != nil {
		t.Fatal(err)
	}
	if s.Standin.URL() != address {
		t.Fatalf("VideoSDK is back at %s, not at %s", s.Standin.URL(), address)
	}
	for i := range 10 {
		if got := await(t, s, fmt.Sprint("batch-", i)); got.Outcome != "ending" {
			t.Errorf("outcome = %s", got.raw)
		}
	}
	wantIdle(t, s)
	wantEnds(t, s, 10, 10)
}

func TestARotatedSecretIsFetchedOnARefusal(t *testing.T) {
	s := start(t, standin.Options{}, nil)
	live(t, s, room, time.Hour)
	send(t, s, "before", room, time.Now())
	await(t, s, "before")
	if err := s.Standin.Rotate(rotatedAPIKey, rotatedSecret); err != nil {
		t.Fatal(err)
	}
	if err := s.Cloud.PutSecret(t.Context(), `{"apiKey":"`+rotatedAPIKey+`","secret":"`+rotatedSecret+`"}`); err != nil {
		t.Fatal(err)
	}
	live(t, s, room, time.Minute)
	send(t, s, "after", room, time.Now())
	if got := await(t, s, "after"); got.Outcome != "ending" {
		t.Errorf("outcome = %s", got.raw)
	}
	wantEnds(t, s, 2, 2)
}

// Promise 4: nobody in who doesn't belong.

func TestAnUnsignedCallIsForbidden(t *testing.T) {
	s := start(t, standin.Options{}, nil)
	response, err := http.Post(s.URL+"/v1/sessions/end", "application/json", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("status = %d, want 403", response.StatusCode)
	}
}

// The account at VideoSDK.

func TestWithAnAccountTheCallsGoToItsEndpoint(t *testing.T) {
	account, err := standin.New(standin.Options{APIKey: rotatedAPIKey, Secret: rotatedSecret})
	if err != nil {
		t.Fatal(err)
	}
	if err := account.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(account.Stop)
	s := startWith(t, stack.Config{VideoSDK: &stack.VideoSDK{Endpoint: account.URL() + "/v2", APIKey: rotatedAPIKey, Secret: rotatedSecret}})
	send(t, s, "real", room, time.Now())
	if got := await(t, s, "real"); got.Outcome != "not_active" {
		t.Errorf("outcome = %s", got.raw)
	}
	if calls := account.Calls(); len(calls) != 1 || calls[0].Status != http.StatusOK {
		t.Errorf("the account's VideoSDK got %+v, want one accepted call", calls)
	}
}
