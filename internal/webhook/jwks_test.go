package webhook

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"videosdk-end-session/internal/endsession"
)

var (
	rfcSet    = keySetOf(jwkOf("rfc", &rfcKey.PublicKey))
	rfcToken  = bodied(token(rfcKey, rfcHeader, event))
	lostToken = bodied(token(rfcKey, `{"alg":"RS256","kid":"lost"}`, event))
)

// mustFail checks that a delivery is neither accepted nor refused, because the keys are out of reach.
func mustFail(t testing.TB, v verifier, d Delivery, cause string) {
	t.Helper()
	mustFailIn(t.Context(), t, v, d, cause)
}

func mustFailIn(ctx context.Context, t testing.TB, v verifier, d Delivery, cause string) {
	t.Helper()
	got, err := v.verify(ctx, d)
	var e *endsession.Error
	if !errors.As(err, &e) || e.Code != endsession.CodeWebhookKeysUnavailable || e.Class != endsession.Transient || e.Message == "" {
		t.Fatalf("got %v, want %s", err, endsession.CodeWebhookKeysUnavailable)
	}
	if !strings.Contains(err.Error(), cause) {
		t.Errorf("got %v, want the cause %q", err, cause)
	}
	if got.payload != nil {
		t.Errorf("failed, and vouched for %q", got.payload)
	}
}

func TestAKeySetIsKeptForAnHour(t *testing.T) {
	server := newKeyServer(t, rfcSet)
	now := &clock{now: morning}
	v := server.verifier(t, now)
	for _, step := range []struct {
		wait time.Duration
		want int
	}{{0, 1}, {0, 1}, {30 * time.Minute, 1}, {30*time.Minute - 1, 1}, {1, 2}, {time.Hour - 1, 2}, {24 * time.Hour, 3}} {
		now.advance(step.wait)
		mustAccept(t, v, rfcToken, "")
		if got := server.count(); got != step.want {
			t.Errorf("after %s: fetched %d times, want %d", now.Now().Sub(morning), got, step.want)
		}
	}
}

// TestAKeyThatIsGoneIsForgotten takes a key out of the set, which counts when the set is fetched again.
func TestAKeyThatIsGoneIsForgotten(t *testing.T) {
	server := newKeyServer(t, rfcSet)
	now := &clock{now: morning}
	v := server.verifier(t, now)
	mustAccept(t, v, rfcToken, "")
	server.says(http.StatusOK, keySetOf(jwkOf("other", &otherKey().PublicKey)))
	now.advance(time.Hour - 1)
	mustAccept(t, v, rfcToken, "")
	now.advance(1)
	mustRefuse(t, v, rfcToken, signatureMismatch)
}

func TestAnUnknownKeyIsLookedForOnceIn30Seconds(t *testing.T) {
	server := newKeyServer(t, rfcSet)
	now := &clock{now: morning}
	v := server.verifier(t, now)
	mustAccept(t, v, rfcToken, "")
	for _, step := range []struct {
		wait time.Duration
		want int
	}{{0, 1}, {30*time.Second - 1, 1}, {1, 2}, {0, 2}, {29 * time.Second, 2}, {time.Second, 3}} {
		now.advance(step.wait)
		for range 20 {
			mustRefuse(t, v, lostToken, signatureMismatch)
		}
		mustAccept(t, v, rfcToken, "")
		if got := server.count(); got != step.want {
			t.Errorf("after %s: fetched %d times, want %d", now.Now().Sub(morning), got, step.want)
		}
	}
	// The key that Canvas rotates to is found at once, and without another fetch from then on.
	server.says(http.StatusOK, keySetOf(jwkOf("rfc", &rfcKey.PublicKey), jwkOf("lost", &rfcKey.PublicKey)))
	now.advance(30 * time.Second)
	for range 20 {
		mustAccept(t, v, lostToken, "")
	}
	if got := server.count(); got != 4 {
		t.Errorf("fetched %d times, want 4", got)
	}
}

func TestManyAtOnceCauseOneFetch(t *testing.T) {
	server := newKeyServer(t, rfcSet)
	now := &clock{now: morning}
	v := server.verifier(t, now)
	for want := 1; want <= 3; want++ {
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				if i%2 == 0 {
					mustAccept(t, v, rfcToken, "")
				} else {
					mustRefuse(t, v, lostToken, signatureMismatch)
				}
			})
		}
		all.Wait()
		if got := server.count(); got != want {
			t.Errorf("fetched %d times, want %d", got, want)
		}
		now.advance(30 * time.Second)
	}
}

// bad are the ways in which a key set cannot be had.
var bad = []struct {
	name, cause string
	serve       http.HandlerFunc
}{
	{"error", "status 500", answer(http.StatusInternalServerError, rfcSet)},
	{"forbidden", "status 403", answer(http.StatusForbidden, `{"message":"Missing Authentication Token"}`)},
	{"no content", "status 204", answer(http.StatusNoContent, "")},
	{"nothing", "not a JSON document", answer(http.StatusOK, "")},
	{"garbage", "not a JSON document", answer(http.StatusOK, "<html>\x00")},
	{"no keys", "no RSA key", answer(http.StatusOK, `{"keys":[]}`)},
	{"only a weak key", "no RSA key", func(w http.ResponseWriter, r *http.Request) {
		answer(http.StatusOK, keySetOf(jwkOf("rfc", &weakKey().PublicKey)))(w, r)
	}},
	{"huge", "longer than 262144 bytes", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(rfcSet))
		for range 1000 {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	}},
	{"just too long", "longer than 262144 bytes", answer(http.StatusOK, rfcSet+strings.Repeat(" ", maxKeys+1-len(rfcSet)))},
	{"cut off", "unexpected EOF", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100000")
		_, _ = w.Write([]byte(rfcSet))
	}},
	{"hung up", "EOF", func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }},
	{"redirect", "", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			answer(http.StatusOK, rfcSet)(w, r)
			return
		}
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}},
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func TestWithoutAKeySetNothingIsDecided(t *testing.T) {
	for _, tt := range bad {
		t.Run(tt.name, func(t *testing.T) {
			server := newKeyServer(t, "")
			server.does(tt.serve)
			now := &clock{now: morning}
			v := server.verifier(t, now)
			mustFail(t, v, rfcToken, tt.cause)
			calls := server.count()
			for range 20 { // which must not hammer a server that is down
				mustFail(t, v, rfcToken, tt.cause)
				mustFail(t, v, lostToken, tt.cause)
			}
			now.advance(keysRetry - 1)
			mustFail(t, v, rfcToken, tt.cause)
			if got := server.count(); got != calls {
				t.Errorf("%d calls, want %d", got, calls)
			}
			now.advance(1)
			server.says(http.StatusOK, rfcSet)
			mustAccept(t, v, rfcToken, "")
			mustRefuse(t, v, lostToken, signatureMismatch)
		})
	}
}

func TestAKnownKeyWorksWhileTheSetIsOutOfReach(t *testing.T) {
	for _, tt := range bad {
		t.Run(tt.name, func(t *testing.T) {
			server := newKeyServer(t, rfcSet)
			now := &clock{now: morning}
			v := server.verifier(t, now)
			mustAccept(t, v, rfcToken, "")
			server.does(tt.serve)
			now.advance(24 * time.Hour)
			before := server.count()
			mustAccept(t, v, rfcToken, "")
			perFetch := server.count() - before
			for range 20 {
				mustAccept(t, v, rfcToken, "")
				mustFail(t, v, lostToken, tt.cause) // it may be the next key: nobody knows
			}
			mustRefuse(t, v, bodied(token(otherKey(), rfcHeader, event)), signatureMismatch)
			now.advance(keysPause - 1)
			mustAccept(t, v, rfcToken, "")
			if got := server.count() - before; got != perFetch || got == 0 {
				t.Errorf("%d calls, want %d", got, perFetch)
			}
			now.advance(1)
			server.says(http.StatusOK, rfcSet)
			mustRefuse(t, v, lostToken, signatureMismatch)
			mustAccept(t, v, rfcToken, "")
		})
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	elsewhere := newKeyServer(t, rfcSet)
	server := newKeyServer(t, "")
	server.does(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	v := mustVerifier(t, schemeCanvas, settings{JWKS: server.URL}, parts{Transport: http.DefaultTransport, Now: process.Now})
	mustFail(t, v, rfcToken, "status 307")
	if got := elsewhere.count(); got != 0 {
		t.Errorf("%d calls of where it leads to", got)
	}
}

func TestADeadServerIsAnOutage(t *testing.T) {
	server := newKeyServer(t, rfcSet)
	v := mustVerifier(t, schemeCanvas, settings{JWKS: server.URL + "/?apikey=s3cr3t-value"}, parts{Transport: server.Client().Transport, Now: process.Now})
	server.Close()
	_, err := v.verify(t.Context(), rfcToken)
	mustNotQuote(t, err, "s3cr3t-value")
	mustFail(t, v, rfcToken, "connection refused")
}

// TestASlowServerIsAnOutage has one answer that never comes. The first caller waits for two seconds, one with less time less.
func TestASlowServerIsAnOutage(t *testing.T) {
	server := newKeyServer(t, "")
	release := make(chan struct{})
	server.does(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-release:
		}
	})
	t.Cleanup(func() { close(release) })
	now := &clock{now: morning}
	v := server.verifier(t, now)

	began := time.Now()
	hasty, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	mustFailIn(hasty, t, v, rfcToken, "wait for the key set: context deadline exceeded")
	if took := time.Since(began); took > time.Second {
		t.Errorf("one with 50 ms waited for %s", took)
	}
	mustFail(t, v, rfcToken, "context deadline exceeded") // for the fetch that the hasty one began
	if took := time.Since(began); took < keysTimeout || took > keysTimeout+time.Second {
		t.Errorf("the fetch took %s, want %s", took, keysTimeout)
	}
	if got := server.count(); got != 1 {
		t.Errorf("%d calls, want 1", got)
	}
}

// TestAFetchOutlivesWhoBeganIt cancels the first caller; the second gets the keys of its fetch.
func TestAFetchOutlivesWhoBeganIt(t *testing.T) {
	server := newKeyServer(t, "")
	arrived, release := make(chan struct{}), make(chan struct{})
	server.does(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-release
		answer(http.StatusOK, rfcSet)(w, r)
	})
	v := server.verifier(t, &clock{now: morning})
	impatient, cancel := context.WithCancel(t.Context())
	var first sync.WaitGroup
	first.Go(func() { mustFailIn(impatient, t, v, rfcToken, "context canceled") })
	<-arrived
	cancel()
	first.Wait()
	close(release)
	mustAccept(t, v, rfcToken, "")
	if got := server.count(); got != 1 {
		t.Errorf("%d calls, want 1", got)
	}
}

// TestVerifiersShareTheKeysOfTheProcess makes a new verifier, as is done when settings are read again.
func TestVerifiersShareTheKeysOfTheProcess(t *testing.T) {
	server, other := newKeyServer(t, rfcSet), newKeyServer(t, keySetOf(jwkOf("rfc", &otherKey().PublicKey)))
	with := parts{Transport: server.Client().Transport, Now: process.Now, Keys: &keySets{}}
	for range 3 {
		mustAccept(t, mustVerifier(t, schemeCanvas, settings{JWKS: server.URL}, with), rfcToken, "")
		mustRefuse(t, mustVerifier(t, schemeCanvas, settings{JWKS: other.URL}, with), rfcToken, signatureMismatch)
	}
	if server.count() != 1 || other.count() != 1 {
		t.Errorf("fetched %d and %d times", server.count(), other.count())
	}
}

// TestKeysAreKeptWhenTheSecretIsReadAgain reads it as often as strangers can make it be read.
func TestKeysAreKeptWhenTheSecretIsReadAgain(t *testing.T) {
	server := newKeyServer(t, rfcSet)
	parse := Parser(server.Client().Transport, process.Now)
	for range 20 {
		sources, err := parse([]byte(`{"canvas":{"jwks":"` + server.URL + `"}}`))
		if err != nil || sources.Mistakes() != nil {
			t.Fatal(err, sources.Mistakes())
		}
		if _, _, refused := sources.authenticate(t.Context(), "canvas", rfcToken); refused != nil {
			t.Fatal(refused)
		}
		if _, _, refused := sources.authenticate(t.Context(), "canvas", lostToken); refused == nil || refused.Code != endsession.CodeWebhookRefused {
			t.Fatal(refused)
		}
	}
	if got := server.count(); got != 1 {
		t.Errorf("fetched %d times, want 1", got)
	}
}

// TestAKeySetOutlivesNoFreeze takes a clock whose monotonic reading stands still while the wall clock goes on, as in a function that was
// frozen between two invocations. Such a time cannot be made but by writing into one: its first word counts nanoseconds in its lowest 30
// bits, and the seconds of the wall clock above them.
func TestAKeySetOutlivesNoFreeze(t *testing.T) {
	server := newKeyServer(t, rfcSet)
	frozen := time.Now()
	thawed := frozen
	*(*uint64)(unsafe.Pointer(&thawed)) += uint64(2*time.Hour/time.Second) << 30
	if thawed.Sub(frozen) != 0 || thawed.Round(0).Sub(frozen.Round(0)) != 2*time.Hour {
		t.Fatalf("%v and %v are no such times", frozen, thawed)
	}
	now := &clock{now: frozen}
	v := server.verifier(t, now)
	mustAccept(t, v, rfcToken, "")
	now.mu.Lock()
	now.now = thawed
	now.mu.Unlock()
	mustAccept(t, v, rfcToken, "")
	if got := server.count(); got != 2 {
		t.Errorf("fetched %d times, want 2", got)
	}
}
