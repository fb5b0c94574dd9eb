package ahead_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"videosdk-end-session/internal/ahead"
)

// host is a server that counts.
type host struct {
	*httptest.Server
	connections, requests atomic.Int64
}

func newHost(t *testing.T, secure, http2 bool) *host {
	t.Helper()
	h := &host{}
	h.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.requests.Add(1)
		_, _ = io.WriteString(w, r.Proto)
	}))
	h.Config.ErrorLog = log.New(io.Discard, "", 0)
	h.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			h.connections.Add(1)
		}
	}
	h.EnableHTTP2 = http2
	if secure {
		h.StartTLS()
	} else {
		h.Start()
	}
	t.Cleanup(h.Close)
	return h
}

// transport returns one that trusts the host.
func (h *host) transport(t *testing.T) *http.Transport {
	t.Helper()
	transport := h.Client().Transport.(*http.Transport).Clone()
	transport.DialContext = ahead.Dialing((&net.Dialer{}).DialContext)
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func (h *host) get(t *testing.T, transport *http.Transport) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer func() { _ = response.Body.Close() }()
	proto, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return string(proto)
}

func TestARequestFindsTheConnectionThatWasOpened(t *testing.T) {
	tests := []struct {
		name          string
		secure, http2 bool
	}{{"plain", false, false}, {"TLS", true, false}, {"HTTP/2", true, true}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 5 { // the order of things differs from time to time
				h := newHost(t, tt.secure, tt.http2)
				transport := h.transport(t)
				if err := ahead.Open(t.Context(), transport.RoundTrip, h.URL); err != nil {
					t.Fatal(err)
				}
				time.Sleep(2 * time.Millisecond) // from the handshake's end into the pool
				if got := h.requests.Load(); got != 0 {
					t.Fatalf("%d requests were sent", got)
				}
				if proto := h.get(t, transport); tt.http2 != (proto == "HTTP/2.0") {
					t.Errorf("answered over %s", proto)
				}
				if connections, requests := h.connections.Load(), h.requests.Load(); connections != 1 || requests != 1 {
					t.Fatalf("%d connections and %d requests, want one, over the connection opened ahead", connections, requests)
				}
				h.Close()
			}
		})
	}
}

func TestWhatCannotBeOpenedIsAnErrorAndTheTransportWorksOn(t *testing.T) {
	h := newHost(t, true, false)
	refusing := h.transport(t)
	refusing.TLSClientConfig.RootCAs = nil
	if err := ahead.Open(t.Context(), refusing.RoundTrip, h.URL); err == nil {
		t.Error("no error for a host that is not trusted")
	}
	transport := h.transport(t)
	if err := ahead.Open(t.Context(), transport.RoundTrip, "http://127.0.0.1:1"); err == nil {
		t.Error("no error where nobody listens")
	}
	if err := ahead.Open(t.Context(), transport.RoundTrip, "://"); err == nil {
		t.Error("no error for a URL that is none")
	}
	h.get(t, transport)
}

// TestOpenObeysItsContext has a host that is silent. Later, requests use what it answers then.
func TestOpenObeysItsContext(t *testing.T) {
	transport := &http.Transport{}
	dialled := make(chan struct{})
	var once sync.Once
	transport.DialContext = ahead.Dialing(func(ctx context.Context, _, _ string) (net.Conn, error) {
		once.Do(func() { close(dialled) })
		<-ctx.Done()
		return nil, ctx.Err()
	})
	stop := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { <-dialled; cancel(stop) }()
	if err := ahead.Open(ctx, transport.RoundTrip, "http://videosdk.example"); !errors.Is(err, stop) {
		t.Errorf("got %v, want the reason of the context", err)
	}
}

// TestNothingIsSentOnAConnectionThatWasThereBefore opens one to a host to which there is an idle one.
func TestNothingIsSentOnAConnectionThatWasThereBefore(t *testing.T) {
	h := newHost(t, false, false)
	transport := h.transport(t)
	h.get(t, transport)
	_ = ahead.Open(t.Context(), transport.RoundTrip, h.URL)
	h.get(t, transport)
	if got := h.requests.Load(); got != 2 {
		t.Errorf("%d requests, want the 2 that were made", got)
	}
}
