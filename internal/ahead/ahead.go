// Package ahead opens a connection before it is needed, and sends nothing on it.
//
// A function starts with a whole processor and handles events with a share of one, so a TLS handshake costs ten times as much in an
// event as before it. The connection is made by net/http itself, and waits in its pool: if the other side closes it in the meantime,
// for instance while the function is frozen, it is dropped from there as any idle connection is.
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
		o.giveUp()
		<-o.given
		conn, err := dial(ctx, network, address)
		if err != nil || o.plain {
			o.ready <- err
		}
		return conn, err
	}
}

// opening is one Open. net/http finishes a connection for its pool if the request that it was for is given up meanwhile. So a request is
// begun, and given up when its connection is about to be dialled.
type opening struct {
	plain  bool // without TLS
	ready  chan error
	giveUp context.CancelFunc
	given  chan struct{} // closed when the request has been given up
}

// key is that of an opening in the context of its dial.
type key struct{}

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

// Open opens a connection to the host of a URL, into the pool behind do, whose transport has a dial function of Dialing. It returns when
// that is ready, or with an error when it cannot be made or the context ends; it may still become ready then.
func Open(ctx context.Context, do func(*http.Request) (*http.Response, error), url string) error {
	requests, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	o := &opening{plain: strings.HasPrefix(url, "http:"), ready: make(chan error, 3), giveUp: giveUp, given: make(chan struct{})}
	traced := httptrace.WithClientTrace(context.WithValue(requests, key{}, o), &httptrace.ClientTrace{
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) { o.ready <- err },
	})
	go func() {
		defer close(o.given)
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
	select {
	case err := <-o.ready:
		if err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("connect: %w", context.Cause(ctx))
	}
}
