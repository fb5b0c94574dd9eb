package telemetry_test

import (
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/telemetry"
)

func TestCallsAreWrittenInSampledInvocationsOnly(t *testing.T) {
	log, out := setup(t, slog.LevelInfo)
	looks := 0
	calls := telemetry.Calls{Log: log, Now: func() time.Time { looks++; return time.Time{} }}
	answer := &http.Response{StatusCode: http.StatusOK}
	transport := calls.VideoSDK(roundTripper(func(*http.Request) (*http.Response, error) { return answer, nil }))
	held, away := endsession.Entry{Key: key, State: endsession.Recorded}, errors.New("away")
	ledger := calls.Ledger(scripted{held: held, is: true, err: away})

	ctx := invocation(t, "r1")
	for _, want := range []int{0, 3} {
		looks = 0
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.videosdk.live/v2/sessions/s", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := transport.RoundTrip(request); got != answer || err != nil {
			t.Errorf("RoundTrip() = %v, %v", got, err)
		}
		if got, found, err := ledger.Load(ctx, key); !cmp.Equal(got, held) || !found || !errors.Is(err, away) {
			t.Errorf("Load() = %v, %t, %v", got, found, err)
		}
		if got, won, err := ledger.Store(ctx, held, held); !cmp.Equal(got, held) || !won || !errors.Is(err, away) {
			t.Errorf("Store() = %v, %t, %v", got, won, err)
		}
		if got := out.lines(t); len(got) != want {
			t.Errorf("%d lines, want %d: %q", len(got), want, got)
		}
		if want == 0 && looks != 0 {
			t.Errorf("%d looks at the clock for nothing", looks)
		}
		ctx = telemetry.Sampled(ctx)
	}
}
