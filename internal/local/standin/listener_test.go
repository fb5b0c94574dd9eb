package standin_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"videosdk-end-session/internal/local/standin"
)

// TestStopCutsEveryConnection kills and brings back a stand-in while ten end calls hang, half of them after their effect.
func TestStopCutsEveryConnection(t *testing.T) {
	b := newBench(t, standin.Options{EndDelay: time.Hour})
	id := b.room(standin.Room{ID: "room-a"}, standin.Session{})[0]
	for _, when := range []standin.When{standin.BeforeEffect, standin.AfterEffect} {
		if err := b.Inject(standin.Fault{On: standin.OpEndSession, When: when, Do: standin.Hang, Times: 5}); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for range 10 {
		r := b.request(t.Context(), http.MethodPost, "/v2/sessions/end", `{"roomId":"room-a"}`)
		wg.Go(func() {
			got, err := b.send(r)
			if err == nil {
				t.Errorf("got %d from a stand-in that was killed", got.status)
			} else if os.IsTimeout(err) {
				t.Errorf("the connection was not cut: %v", err)
			}
		})
	}
	eventually(t, "all end calls arrive and one acts", func() bool {
		calls := b.calls(standin.OpEndSession)
		acted := false
		for _, call := range calls {
			acted = acted || call.Acted
		}
		return len(calls) == 10 && acted
	})
	before := b.URL()
	b.Stop()
	wg.Wait()
	if _, err := b.send(b.request(t.Context(), http.MethodGet, "/v2/sessions", "")); err == nil {
		t.Error("a stopped stand-in answered")
	}
	b.Stop() // does nothing

	if err := b.Start(""); err != nil {
		t.Fatal(err)
	}
	if b.URL() != before {
		t.Errorf("it came back at %s, want %s", b.URL(), before)
	}
	if !b.isLive(id) || len(b.calls(standin.OpEndSession)) != 10 {
		t.Error("it did not remember its sessions and calls")
	}

	b.Stop()
	if err := b.Start(strings.TrimPrefix(before, "http://")); err != nil {
		t.Errorf("it did not come back at an address that was named: %v", err)
	}
	b.do(http.MethodGet, "/v2/sessions", "")
}

// TestStopEndsARequestWhoseBodyIsTooLarge has a body of which the stand-in reads only a part: net/http notices no lost connection then.
func TestStopEndsARequestWhoseBodyIsTooLarge(t *testing.T) {
	b := newBench(t, standin.Options{})
	if err := b.Inject(standin.Fault{Do: standin.Hang}); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	r := b.request(t.Context(), http.MethodPost, "/v2/sessions/end", strings.Repeat("x", 32<<20))
	go func() {
		_, err := b.send(r)
		done <- err
	}()
	eventually(t, "the end call arrives", func() bool { return len(b.Calls()) == 1 })
	b.Stop()
	if err := <-done; err == nil || os.IsTimeout(err) {
		t.Errorf("the connection was not cut: %v", err)
	}
}

func TestStopCutsIdleConnections(t *testing.T) {
	b := newBench(t, standin.Options{})
	address, err := url.Parse(b.URL())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", address.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("GET /v2/x HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Fatalf("no answer: %v", err)
	}
	b.Stop()
	for err == nil {
		_, err = conn.Read(make([]byte, 4096))
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection outlived the stand-in")
	}
}

func TestDelayHoldsEveryAnswer(t *testing.T) {
	b := seeded(t, standin.Options{})
	const delay = 30 * time.Millisecond
	b.SetDelay(delay)
	for _, path := range []string{"/v2/sessions", "/v2/rooms/abcd-efgh-ijkl", "/v2/nothing"} {
		began := time.Now()
		b.do(http.MethodGet, path, "")
		if took := time.Since(began); took < delay {
			t.Errorf("GET %s took %v, want at least %v", path, took, delay)
		}
	}
}

func TestDelayedRequestHasNoEffectOnceItsClientHasGone(t *testing.T) {
	b := seeded(t, standin.Options{})
	b.SetDelay(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	r := b.request(ctx, http.MethodPost, "/v2/sessions/end", endBody)
	go func() {
		_, err := b.send(r)
		done <- err
	}()
	eventually(t, "the end call arrives", func() bool { return len(b.calls(standin.OpEndSession)) == 1 })
	b.SetDelay(0)
	cancel()
	if err := <-done; err == nil {
		t.Error("it was answered")
	}
	b.Stop() // returns when the request has been given up
	if err := b.Start(""); err != nil {
		t.Fatal(err)
	}
	if call := b.calls(standin.OpEndSession)[0]; call.Acted || call.Status != 0 || !b.isLive("62429766903bdf001299cac5") {
		t.Errorf("it had an effect: %+v", call)
	}
}

func TestStartRefuses(t *testing.T) {
	b := newBench(t, standin.Options{})
	if err := b.Start(""); err == nil {
		t.Error("a second Start was accepted")
	}
	b.Stop()
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:80", "example.com:80", "127.0.0.1"} {
		if err := b.Start(address); err == nil {
			t.Errorf("address %q was accepted", address)
			b.Stop()
		}
	}

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if err := b.Start(taken.Addr().String()); err == nil {
		t.Error("an address that is taken was accepted")
	}
}

func TestStartWaitsForItsOldAddress(t *testing.T) {
	b := newBench(t, standin.Options{})
	address := strings.TrimPrefix(b.URL(), "http://")
	b.Stop()
	var lent net.Listener
	eventually(t, "somebody else takes the address", func() (taken bool) {
		var err error
		lent, err = net.Listen("tcp", address)
		return err == nil
	})
	started := make(chan error, 1)
	go func() { started <- b.Start("") }()
	select {
	case err := <-started:
		_ = lent.Close()
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(3 * 10 * time.Millisecond): // a few of its attempts
	}
	if err := lent.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-started; err != nil {
		t.Errorf("it did not get its address back: %v", err)
	}
}

func TestURLIsEmptyBeforeTheFirstStart(t *testing.T) {
	server, err := standin.New(standin.Options{APIKey: apiKey, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	server.Stop() // does nothing
	if server.URL() != "" {
		t.Errorf("URL %q", server.URL())
	}
}
