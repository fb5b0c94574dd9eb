package videosdk_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/local/standin"
	"videosdk-end-session/internal/videosdk"
)

// wantNoAnswer checks the error of a call that had no answer.
func wantNoAnswer(t *testing.T, err error, uncertain bool) {
	t.Helper()
	got := endsession.AsError(err)
	if got == nil || got.Code != endsession.CodeVideoSDKUnavailable || got.Class != endsession.Transient || got.HTTPStatus != 0 || got.Err == nil {
		t.Fatalf("got %+v, want %s", got, endsession.CodeVideoSDKUnavailable)
	}
	if got.Uncertain != uncertain {
		t.Errorf("uncertain %t, want %t: %v", got.Uncertain, uncertain, err)
	}
}

func TestConnectionRefused(t *testing.T) {
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			server := startLive(t, standin.Options{})
			server.Stop()
			wantNoAnswer(t, op.do(t.Context(), newClient(t, server.URL(), nil, nil)), false)
		})
	}
}

// TestConnectionReset loses the answer to an end call before and after its effect. The client cannot tell which.
func TestConnectionReset(t *testing.T) {
	for _, when := range []standin.When{standin.BeforeEffect, standin.AfterEffect} {
		t.Run(string(when), func(t *testing.T) {
			server := startLive(t, standin.Options{})
			inject(t, server, standin.Fault{On: standin.OpEndSession, When: when, Do: standin.Reset})
			_, err := newClient(t, server.URL(), nil, nil).End(t.Context(), roomID, sessionID, soon)
			wantNoAnswer(t, err, true)
			if calls := server.Calls(); len(calls) != 1 || calls[0].Acted != (when == standin.AfterEffect) {
				t.Errorf("called %+v, want once", calls)
			}
		})
	}
}

// TestResetOfAKeptConnection has an end call on a connection that served a call before. net/http must not repeat it by itself.
func TestResetOfAKeptConnection(t *testing.T) {
	server := startLive(t, standin.Options{})
	client := newClient(t, server.URL(), nil, nil)
	if _, err := client.Session(t.Context(), sessionID); err != nil {
		t.Fatal(err)
	}
	inject(t, server, standin.Fault{On: standin.OpEndSession, When: standin.AfterEffect, Do: standin.Reset, Times: 1})
	_, err := client.End(t.Context(), roomID, sessionID, soon)
	wantNoAnswer(t, err, true)
	if calls := server.Calls(); len(calls) != 2 {
		t.Errorf("called %d times, want one read and one end", len(calls))
	}
}

func TestCallerGivesUp(t *testing.T) {
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			server := startLive(t, standin.Options{})
			inject(t, server, standin.Fault{Do: standin.Hang})
			client := newClient(t, server.URL(), nil, nil)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error, 1)
			go func() { done <- op.do(ctx, client) }()
			for len(server.Calls()) == 0 {
				select {
				case err := <-done:
					t.Fatalf("the call did not wait for an answer: %v", err)
				case <-time.After(time.Millisecond):
				}
			}
			cancel()
			err := <-done
			wantNoAnswer(t, err, true)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%v does not say that the caller gave up", err)
			}
		})
	}
}

// pipeTo returns a client whose connections are pipes in memory, so that a test in a bubble has them without a network. The other end
// gets each request.
func pipeTo(t *testing.T, serve func(net.Conn, *http.Request)) *videosdk.Client {
	t.Helper()
	var servers sync.WaitGroup
	transport := videosdk.NewTransport()
	transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		servers.Go(func() {
			defer func() { _ = far.Close() }()
			request, err := http.ReadRequest(bufio.NewReader(far))
			if err != nil {
				t.Errorf("no request: %v", err)
				return
			}
			_, _ = io.Copy(io.Discard, request.Body)
			serve(far, request)
			_, _ = io.Copy(io.Discard, far) // until the client hangs up
		})
		return near, nil
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		servers.Wait()
	})
	return clientOver(t, transport)
}

func clientOver(t *testing.T, transport http.RoundTripper) *videosdk.Client {
	t.Helper()
	client, err := videosdk.New(videosdk.Config{Endpoint: "http://videosdk.example", Credentials: steady(good), Transport: transport, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// TestHangingServer has a server that never answers. The call takes 8 s, or less if its caller has less time.
func TestHangingServer(t *testing.T) {
	tests := []struct {
		name    string
		allowed time.Duration // 0 for no deadline
		want    time.Duration
	}{
		{name: "no deadline", want: 8 * time.Second},
		{name: "later deadline", allowed: time.Minute, want: 8 * time.Second},
		{name: "earlier deadline", allowed: 3 * time.Second, want: 3 * time.Second},
	}
	for _, tt := range tests {
		for _, op := range operations {
			t.Run(tt.name+", "+op.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					client := pipeTo(t, func(net.Conn, *http.Request) {})
					ctx, cancel := t.Context(), func() {}
					if tt.allowed > 0 {
						ctx, cancel = context.WithTimeout(ctx, tt.allowed)
					}
					defer cancel()
					began := time.Now()
					err := op.do(ctx, client)
					if took := time.Since(began); took != tt.want {
						t.Errorf("took %v, want %v", took, tt.want)
					}
					wantNoAnswer(t, err, true)
					if !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("%v does not say that time ran out", err)
					}
				})
			})
		}
	}
}

// hanging is a transport whose connections are never made.
func hanging(t *testing.T) *http.Transport {
	transport := videosdk.NewTransport()
	over := make(chan struct{})
	t.Cleanup(func() { close(over) }) // net/http lets a dial outlive the call that asked for it
	transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
		<-over
		return nil, net.ErrClosed
	}
	return transport
}

// TestHangingConnection has a connection that is never made: nothing was sent.
func TestHangingConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := clientOver(t, hanging(t)).Session(t.Context(), sessionID)
		if took := time.Since(began); took != 8*time.Second {
			t.Errorf("took %v, want 8s", took)
		}
		wantNoAnswer(t, err, false)
	})
}

// retrying is a transport that finds its kept connection closed, waits, and has or makes another one.
type retrying struct {
	waits, dials time.Duration
	sent         *int
}

func (rt retrying) RoundTrip(r *http.Request) (*http.Response, error) {
	trace := httptrace.ContextClientTrace(r.Context())
	trace.GetConn("videosdk.example:443")
	trace.GotConn(httptrace.GotConnInfo{Reused: true})
	for range 2 {
		time.Sleep(rt.waits)
		trace.GetConn("videosdk.example:443")
		select {
		case <-time.After(rt.dials):
			trace.GotConn(httptrace.GotConnInfo{})
		case <-r.Context().Done():
		}
		if r.Context().Err() != nil {
			return nil, context.Cause(r.Context())
		}
		*rt.sent++
	}
	<-r.Context().Done()
	return nil, context.Cause(r.Context())
}

// TestAnEndWithoutAConnectionSoonIsNotSent holds the time between the look at a session and the call to end it.
func TestAnEndWithoutAConnectionSoonIsNotSent(t *testing.T) {
	var sent int
	tests := []struct {
		name      string
		transport func(*testing.T) http.RoundTripper
		took      time.Duration
		sent      int
		uncertain bool // something may have been sent on the first connection
	}{
		{"the connection is never made", func(t *testing.T) http.RoundTripper { return hanging(t) }, 1500 * time.Millisecond, 0, false},
		{
			"the kept one is closed, and the next never made", func(*testing.T) http.RoundTripper { return retrying{dials: time.Minute, sent: &sent} },
			1500 * time.Millisecond, 0, true,
		},
		{
			"it is repeated too late", func(*testing.T) http.RoundTripper { return retrying{waits: 1500 * time.Millisecond, sent: &sent} },
			1500 * time.Millisecond, 0, true,
		},
		{
			"it is repeated in time, and then too late", func(*testing.T) http.RoundTripper { return retrying{waits: time.Second, sent: &sent} },
			2 * time.Second, 1, true,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sent = 0
				began := time.Now()
				_, err := clientOver(t, tt.transport(t)).End(t.Context(), roomID, sessionID, began.Add(1500*time.Millisecond))
				if took := time.Since(began); took != tt.took || sent != tt.sent {
					t.Errorf("took %v and sent %d times, want %v and %d", took, sent, tt.took, tt.sent)
				}
				got := endsession.AsError(err)
				if got == nil || got.Code != endsession.CodeVideoSDKUnavailable || got.Class != endsession.Transient || got.Uncertain != tt.uncertain ||
					!strings.Contains(err.Error(), "after the look at the session") {
					t.Errorf("got %v, uncertain %t, want %t", err, got.Uncertain, tt.uncertain)
				}
			})
		})
	}
}

// TestAnEndOnceSentMayTakeItsTime has a connection in time and an answer after it.
func TestAnEndOnceSentMayTakeItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := pipeTo(t, func(conn net.Conn, _ *http.Request) {
			time.Sleep(5 * time.Second)
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"id\":\"x\"}")
		})
		got, err := client.End(t.Context(), roomID, sessionID, time.Now().Add(time.Second))
		if err != nil || got.ID != "x" {
			t.Errorf("End() = %+v, %v", got, err)
		}
	})
}

// TestHangingBody has an answer of 200 whose body never ends: an accepted end call, an unreadable read.
func TestHangingBody(t *testing.T) {
	half := func(conn net.Conn, _ *http.Request) {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":\"x\",")
	}
	synctest.Test(t, func(t *testing.T) {
		client := pipeTo(t, half)
		began := time.Now()
		got, err := client.End(t.Context(), roomID, sessionID, soon)
		if took := time.Since(began); took != 8*time.Second {
			t.Errorf("took %v, want 8s", took)
		}
		wantAccepted(t, got, err)
		_, err = client.Session(t.Context(), sessionID)
		wantUnreadable(t, err, http.StatusOK)
		if took := time.Since(began); took != 16*time.Second {
			t.Errorf("both took %v, want 16s", took)
		}
	})
}

// TestConnectionsAreReused makes ten concurrent calls, and then again: the connections of a batch serve the next one.
func TestConnectionsAreReused(t *testing.T) {
	const batch = 10
	var arrived atomic.Int64
	var together [2]chan struct{} // closed when all calls of a batch have arrived
	for i := range together {
		together[i] = make(chan struct{})
	}
	server := record(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		n := arrived.Add(1)
		round := (n - 1) / batch
		if n == (round+1)*batch {
			close(together[round])
		}
		<-together[round]
		_, _ = w.Write([]byte(`{"id":"x"}`))
	})

	transport := videosdk.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	var dials atomic.Int64
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		dials.Add(1)
		return dial(ctx, network, address)
	}
	client, err := videosdk.New(videosdk.Config{Endpoint: server.URL, Credentials: steady(good), Transport: transport, Now: newClock().Now})
	if err != nil {
		t.Fatal(err)
	}
	for range together {
		var calls sync.WaitGroup
		for range batch {
			calls.Go(func() {
				if _, err := client.End(t.Context(), roomID, sessionID, soon); err != nil {
					t.Error(err)
				}
			})
		}
		calls.Wait()
	}
	if got := dials.Load(); got != batch {
		t.Errorf("dialled %d times for twice %d concurrent calls, want %d", got, batch, batch)
	}
}
