// Package ahead opens connections before they are needed, and sends nothing on them.
//
// A function starts with a whole processor and handles events with a share of one, so a TLS handshake costs ten times as much in an
// event as before it. The connections are made by net/http itself, and wait in its pool: what the other side closes in the meantime,
// for instance while the function is frozen, is dropped from there as any idle connection is.
package ahead

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
)

// Dial is the form of http.Transport.DialContext.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Dialing returns the dial function that a transport must have for Open to work with it.
func Dialing(dial Dial) Dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		o, ok := ctx.Value(key{}).(*opening)
		if !ok {
			return dial(ctx, network, address)
		}
		o.meet()
		conn, err := dial(ctx, network, address)
		if err != nil || o.plain {
			o.ready <- err
		}
		return conn, err
	}
}

// opening is one Open. net/http finishes a connection for its pool if the request that it was for is given up meanwhile. So requests are
// begun, and given up when the connections of all are about to be dialled: any earlier, one might be handed the connection of another.
type opening struct {
	plain   bool // without TLS
	ready   chan error
	giveUp  context.CancelFunc
	given   sync.WaitGroup // for all requests to be given up
	mu      sync.Mutex
	missing int           // connections that are not about to be dialled yet
	all     chan struct{} // closed when none is missing, or Open waits no longer
}

// key is that of an opening in the context of its dials.
type key struct{}

// meet is called where a connection is about to be dialled, and returns when all are and their requests have been given up.
func (o *opening) meet() {
	o.mu.Lock()
	if o.missing--; o.missing == 0 {
		close(o.all)
	}
	o.mu.Unlock()
	<-o.all
	o.giveUp()
	o.given.Wait()
}

// leave lets go who waits for others.
func (o *opening) leave() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.missing > 0 {
		o.missing = -1
		close(o.all)
	}
}

// unsendable returns a request that fails before its first byte is written, should it be handed a connection after all: its body is
// shorter than it says, and net/http writes small requests in one piece.
func unsendable(ctx context.Context, url string) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, nil)
	if err != nil {
		return nil, err
	}
	request.Body, request.ContentLength = io.NopCloser(strings.NewReader("")), 1
	return request, nil
}

// Open opens n connections to the host of a URL, into the pool behind do, whose transport has a dial function of Dialing. It returns when
// they are ready, or with an error when one cannot be made or the context ends; the others may still become ready then.
func Open(ctx context.Context, do func(*http.Request) (*http.Response, error), url string, n int) error {
	requests, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	o := &opening{
		plain: strings.HasPrefix(url, "http:"), ready: make(chan error, 3*n), giveUp: giveUp, missing: n, all: make(chan struct{}),
	}
	defer o.leave()
	traced := httptrace.WithClientTrace(context.WithValue(requests, key{}, o), &httptrace.ClientTrace{
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) { o.ready <- err },
	})
	o.given.Add(n)
	for range n {
		go func() {
			defer o.given.Done()
			request, err := unsendable(traced, url)
			if err == nil {
				var response *http.Response
				if response, err = do(request); err == nil {
					_ = response.Body.Close()
				}
			}
			if !errors.Is(err, context.Canceled) {
				o.ready <- err
			}
		}()
	}
	for range n {
		select {
		case err := <-o.ready:
			if err != nil {
				return fmt.Errorf("connect: %w", err)
			}
		case <-ctx.Done():
			return fmt.Errorf("connect: %w", context.Cause(ctx))
		}
	}
	return nil
}
