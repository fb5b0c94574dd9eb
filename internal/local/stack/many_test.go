package stack_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"videosdk-end-session/internal/local/standin"
)

func TestTwoHundredDeliveriesByTwentyAtATimeMakeOneEndCallAndOneEventIdentity(t *testing.T) {
	s := start(t, standin.Options{}, within(8*time.Second, 10*time.Second))
	live(t, s, room, time.Hour)
	header := http.Header{"Content-Type": {"application/json"}}
	body := fmt.Appendf(nil, `{"id":"many","source":"test","roomId":%q,"occurredAt":%q}`, room, time.Now().UTC().Format(time.RFC3339Nano))
	var wg sync.WaitGroup
	slots := make(chan struct{}, 20)
	statuses := make(chan int, 200)
	for range 200 {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			answer, err := s.Post(t.Context(), "/v1/sessions/end", header, body)
			if err != nil {
				t.Error(err)
			}
			statuses <- answer.Status
		})
	}
	wg.Wait()
	close(statuses)
	answers := map[int]int{}
	for status := range statuses {
		answers[status]++
	}
	if answers[http.StatusAccepted] == 0 {
		t.Errorf("no delivery got the outcome: %v", answers)
	}
	// More than ten at once are throttled by the local Lambda, as by a reserved concurrency: 503, to be repeated.
	for status := range answers {
		if status != http.StatusAccepted && status != http.StatusConflict && status != http.StatusServiceUnavailable {
			t.Errorf("answers by status = %v", answers)
		}
	}
	wantEnds(t, s, 1, 1)
	wantOneIdentity(t, published(t, s)["many"])
}

func TestADuplicateOfAPublishedTriggerCostsOneLookAndAnswersAsBefore(t *testing.T) {
	s := start(t, standin.Options{}, nil)
	live(t, s, room, time.Hour)
	header := http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {"twice"}}
	first, err := s.Post(t.Context(), "/v1/sessions/end", header, []byte(`{"roomId":"`+room+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	live(t, s, room, 0) // the room's next meeting
	before := len(s.Standin.Calls())
	second, err := s.Post(t.Context(), "/v1/sessions/end", header, []byte(`{"roomId":"`+room+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	if second.Status != first.Status || string(second.Body) != string(first.Body) {
		t.Errorf("answered %d %s, want as before %d %s", second.Status, second.Body, first.Status, first.Body)
	}
	for _, call := range s.Standin.Calls()[before:] {
		if call.Method != http.MethodGet {
			t.Errorf("the duplicate called %s %s", call.Method, call.URI)
		}
	}
	if calls := len(s.Standin.Calls()) - before; calls > 1 {
		t.Errorf("the duplicate cost %d calls, want 1 at most", calls)
	}
	wantEnds(t, s, 1, 1)
}
