package endsession_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"videosdk-end-session/internal/endsession"
)

// The counts of outcomes rest on this: one delivery of a trigger publishes, also where another one has settled it.
func TestTheDeliveryThatPublishesSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.live(time.Hour)
		r := trigger()
		r.OccurredAt = time.Now().Add(-time.Minute)
		refuses := true
		w.onPublish = func(int, endsession.Event) error {
			time.Sleep(time.Second)
			if refuses {
				return errors.New("throttled")
			}
			return nil
		}
		for _, want := range []struct {
			name                 string
			duplicate, published bool
			whole                time.Duration
		}{
			{name: "settled, not published"},
			{name: "settled before, and published", duplicate: true, published: true, whole: 62 * time.Second},
			{name: "settled and published before", duplicate: true},
		} {
			got := w.deliver(r)
			if got.Duplicate != want.duplicate || got.Published != want.published || got.Durations.Whole != want.whole {
				t.Errorf("%s: duplicate = %t, published = %t after %s; want %+v", want.name, got.Duplicate, got.Published, got.Durations.Whole, want)
			}
			refuses = false
		}
		r.ID, r.OccurredAt = "ahead", time.Now().Add(time.Minute) // the sender's clock is fast
		if got := w.deliver(r); !got.Published || got.Durations.Whole != 0 {
			t.Errorf("published = %t after %s, want no time at all", got.Published, got.Durations.Whole)
		}
	})
}
