package standin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// listener owns the address of a Server and what listens there at the moment.
type listener struct {
	mu      sync.Mutex
	address string // as host:port, empty before the first Start
	current *service
}

// service is the time between a Start and its Stop.
type service struct {
	server *http.Server
	cancel context.CancelFunc // ends the contexts of all requests
	served chan struct{}      // closed when the accept loop has returned

	mu       sync.Mutex
	stopped  bool
	handlers sync.WaitGroup
}

// rebindAttempts, rebindInterval apart, is how often Start tries to get back the address that it had: the port may be lent to an
// outgoing connection for a moment, even to one of a client that keeps knocking.
const (
	rebindAttempts = 500
	rebindInterval = 10 * time.Millisecond
)

// Start listens on a loopback address like 127.0.0.1:8080, or 127.0.0.1:0 for a free port. An empty address is the one of the last
// Start, which it may take 5 s to get back, and at first a free port. It refuses an address that others can reach, as the control
// paths know no authentication, and a Server that listens already. Stop must be called to give the address back.
func (s *Server) Start(address string) error {
	l := &s.listener
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current != nil {
		return fmt.Errorf("the VideoSDK stand-in listens on %s already", l.address)
	}
	if address == "" {
		address = l.address
	}
	if address == "" {
		address = "127.0.0.1:0"
	}
	if err := checkLoopback(address); err != nil {
		return err
	}
	attempts := 1
	if address == l.address {
		attempts = rebindAttempts
	}
	socket, err := listen(address, attempts)
	if err != nil {
		return fmt.Errorf("failed to listen for the VideoSDK stand-in: %w", err)
	}
	l.address = socket.Addr().String()
	l.current = serve(socket, s)
	return nil
}

// URL returns the base URL, without a trailing slash and without /v2, or nothing before the first Start. It stays the same while the
// Server is stopped.
func (s *Server) URL() string {
	s.listener.mu.Lock()
	defer s.listener.mu.Unlock()
	if s.listener.address == "" {
		return ""
	}
	return "http://" + s.listener.address
}

// Stop cuts all connections, as if VideoSDK had been killed, and returns when no request is being handled any more: what has not taken
// effect by then never will. Rooms, sessions, faults and calls stay, and Start brings the Server back. Without a Start it does nothing.
func (s *Server) Stop() {
	l := &s.listener
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current != nil {
		l.current.stop()
		l.current = nil
	}
}

// checkLoopback refuses an address that is not of this machine alone.
func checkLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("address %q of the VideoSDK stand-in is not host:port: %w", address, err)
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return fmt.Errorf("address %q of the VideoSDK stand-in is not a loopback address like 127.0.0.1:8080", address)
	}
	return nil
}

// listen tries that often while the address is taken.
func listen(address string, attempts int) (net.Listener, error) {
	for {
		socket, err := net.Listen("tcp", address)
		if attempts--; attempts == 0 || !errors.Is(err, syscall.EADDRINUSE) {
			return socket, err
		}
		time.Sleep(rebindInterval)
	}
}

// serve handles the connections of a socket until stop.
func serve(socket net.Listener, handler http.Handler) *service {
	ctx, cancel := context.WithCancel(context.Background())
	s := &service{cancel: cancel, served: make(chan struct{})}
	s.server = &http.Server{
		Handler:           s.counting(handler),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	go func() {
		defer close(s.served)
		_ = s.server.Serve(socket) // returns when stop closes the socket, which is no error
	}()
	return s
}

// counting lets stop wait for the requests that are being handled, and refuses those that come too late.
func (s *service) counting(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.enter() {
			drop()
		}
		defer s.handlers.Done()
		handler.ServeHTTP(w, r)
	})
}

func (s *service) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	s.handlers.Add(1)
	return true
}

func (s *service) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
}

// stop cuts the connections before it ends the contexts, so that no handler woken by the end of its context can still answer. The
// contexts have to be ended, as net/http notices no lost connection while a part of the body is unread.
func (s *service) stop() {
	s.close()
	_ = s.server.Close() // reports what a closed listener reports, and there is nothing left to be done about it
	s.cancel()
	<-s.served
	s.handlers.Wait()
}
