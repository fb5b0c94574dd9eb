// Package moto runs a moto server, which stands for AWS on the developer's
// machine and in the tests, behind a reverse proxy of its own.
//
// The proxy makes moto behave like AWS where it does not: requests to DynamoDB
// are passed on one at a time, because moto's conditional writes race between
// its threads and two writers could win; their answers get the checksum that
// the SDK looks for; and no answer comes sooner than a network could bring it,
// because the SDK drops the connection of an answer that overtakes the request.
// It also counts the calls, and a test can put faults in front of moto.
//
// One thing stays as moto does it: a ReceiveMessage that waits goes on waiting
// when its caller has gone away, and then takes messages that nobody sees until
// their visibility timeout is over. Pollers that come and go must not wait long.
package moto

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// AccountID is the AWS account that moto answers for.
const AccountID = "123456789012"

// startLimit bounds the start. It usually takes less than a second; a busy
// machine that compiles moto's modules for the first time takes longer.
const startLimit = time.Minute

// Config says which moto server to run, and how.
type Config struct {
	// Executable is the path of moto_server.
	Executable string
	// Log receives what moto prints, one line for each request; nil discards
	// it.
	Log io.Writer
	// Intercept wraps the handler that passes requests on to moto, for faults.
	// What it answers itself is counted, and held, like an answer of moto. Nil
	// passes everything on.
	Intercept func(http.Handler) http.Handler
}

// Server is a running moto server. Close ends it; on Linux it also ends when
// the process that started it dies, however that dies.
type Server struct {
	url     string
	process *process
	proxy   *http.Server
	served  chan struct{} // closed when the proxy's goroutine is done
	calls   *calls
	close   func() error
}

// Start starts a moto server on a free loopback port and returns when it
// answers. ctx bounds the start only; the caller must Close the server.
func Start(ctx context.Context, config Config) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	started, err := launch(config.Executable, config.Log)
	if err != nil {
		return nil, err
	}
	server, err := serve(ctx, started, config.Intercept)
	if err != nil {
		started.kill()
		return nil, err
	}
	return server, nil
}

func serve(ctx context.Context, p *process, intercept func(http.Handler) http.Handler) (*Server, error) {
	address, err := p.awaitAnswer(ctx)
	if err != nil {
		return nil, fmt.Errorf("moto server did not start: %w", err)
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("failed to listen for the moto server: %w", err)
	}
	s := &Server{
		url:     "http://" + listener.Addr().String(),
		process: p,
		served:  make(chan struct{}),
		calls:   &calls{counts: make(map[string]int)},
	}
	upstream := &url.URL{Scheme: "http", Host: address}
	s.proxy = &http.Server{
		Handler:           front(passOn(upstream), s.calls, intercept),
		ReadHeaderTimeout: 10 * time.Second,
	}
	s.close = sync.OnceValue(s.shutDown)
	go func() {
		defer close(s.served)
		// Always http.ErrServerClosed: the listener is nobody else's.
		_ = s.proxy.Serve(listener)
	}()
	return s, nil
}

// URL returns the base URL of the AWS services, without a trailing slash.
func (s *Server) URL() string { return s.url }

// Operations returns how often each operation was called, named as an IAM
// policy names it, such as dynamodb:PutItem. It counts the calls of the JSON
// protocol, which DynamoDB, EventBridge, Secrets Manager and SQS speak.
func (s *Server) Operations() map[string]int { return s.calls.all() }

// Close ends the server and waits for its process to be gone. Further calls do
// nothing and return the same result.
func (s *Server) Close() error { return s.close() }

func (s *Server) shutDown() error {
	err := s.proxy.Close()
	s.process.kill()
	<-s.served
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("failed to close the proxy of the moto server: %w", err)
	}
	return nil
}
