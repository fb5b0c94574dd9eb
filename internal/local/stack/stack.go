// Package stack runs the whole application on this machine: the functions' own binaries behind the doors of template.yaml, moto as AWS,
// and a stand-in for VideoSDK, or VideoSDK itself.
//
// Everything listens on loopback, and everything ends with Close.
package stack

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"videosdk-end-session/internal/local/cloud"
	"videosdk-end-session/internal/local/deliveries"
	"videosdk-end-session/internal/local/door"
	"videosdk-end-session/internal/local/lambdahost"
	"videosdk-end-session/internal/local/moto"
	"videosdk-end-session/internal/local/standin"
	"videosdk-end-session/internal/local/template"
)

// The names that things have in every local stack.
const (
	Name   = "local"
	Region = "us-east-1"
	secret = "videosdk"

	webhookSecret = "webhooks"
)

// VideoSDK is an account at VideoSDK, or at something that stands for it elsewhere.
type VideoSDK struct {
	Endpoint string // empty for VideoSDK's own
	APIKey   string
	Secret   string
}

// Config says what to run.
type Config struct {
	Root       string // folder of template.yaml
	Binaries   string // folder with <function>/bootstrap
	MotoServer string // executable; by default .venv/bin/moto_server in Root
	// VideoSDK is the account to use. Without one, a stand-in is started with the options of Standin.
	VideoSDK *VideoSDK
	Standin  standin.Options
	// Webhooks are the entries of the webhook secret, by source. What their
	// signatures need is added. Without any there is no function for webhooks.
	Webhooks map[string]Entry
	// Parameters replace defaults of the template's parameters.
	Parameters map[string]string
	// Adjust may change the template that was read, for example to shorten its times.
	Adjust func(*template.Template)
	// Intercept wraps the local AWS, for faults.
	Intercept func(http.Handler) http.Handler
	// Log receives every line that a function prints, and Report every invocation's report. Both may be nil.
	Log    func(function, line string)
	Report func(lambdahost.Report)
	// Answered receives every answer of the HTTP API to this stack's own calls; it may be nil.
	Answered func(method, path string, a Answer)
	// AWSLog receives the lines of the local AWS; it may be nil.
	AWSLog io.Writer
}

// Entry is the entry of a source in the webhook secret.
type Entry = map[string]json.RawMessage

// Stack is a running application.
type Stack struct {
	Template *template.Template
	Cloud    *cloud.Cloud
	Standin  *standin.Server // nil with a VideoSDK account
	AWS      *moto.Server
	URL      string           // of the HTTP API
	Keys     *deliveries.Keys // what webhooks are signed with
	Webhooks map[string]Entry // by source, with what their signatures need

	listener net.Listener                // of the HTTP API
	hosts    map[string]*lambdahost.Host // by logical id
	answered func(method, path string, a Answer)
	roles    roles
	close    []func() error

	mu        sync.Mutex
	published []cloud.Envelope
}

// Start starts everything, in the order in which it depends on each other. ctx bounds the start only. The caller closes the stack.
func Start(ctx context.Context, c Config) (_ *Stack, err error) {
	s := &Stack{hosts: map[string]*lambdahost.Host{}, Webhooks: map[string]Entry{}, answered: c.Answered}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	account, err := s.startVideoSDK(c)
	if err != nil {
		return nil, err
	}
	s.AWS, err = moto.Start(ctx, moto.Config{
		Executable: cmp.Or(c.MotoServer, filepath.Join(c.Root, ".venv", "bin", "moto_server")), Log: c.AWSLog,
		Intercept: func(next http.Handler) http.Handler {
			if c.Intercept != nil {
				next = c.Intercept(next)
			}
			return s.roles.enforce(next)
		},
	})
	if err != nil {
		return nil, err
	}
	s.onClose(s.AWS.Close)
	// The address is known before anything is served there: senders sign it.
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	s.onClose(func() error { _ = s.listener.Close(); return nil }) // again, if it was served
	s.URL = "http://" + s.listener.Addr().String()

	parameters := map[string]string{"VideoSdkSecretId": secret}
	if account.Endpoint != "" {
		parameters["VideoSdkApiEndpoint"] = account.Endpoint
	}
	secrets := map[string]string{}
	if len(c.Webhooks) > 0 {
		if err := s.startKeys(); err != nil {
			return nil, err
		}
		parameters["WebhookSecretId"] = webhookSecret
		if secrets[webhookSecret], err = s.sign(c.Webhooks); err != nil {
			return nil, err
		}
	}
	maps.Copy(parameters, c.Parameters)
	s.Template, err = template.Read(filepath.Join(c.Root, "template.yaml"), template.Stack{
		Name: Name, AccountID: moto.AccountID, Region: Region, Endpoint: s.AWS.URL(),
	}, parameters)
	if err != nil {
		return nil, err
	}
	if c.Adjust != nil {
		c.Adjust(s.Template)
	}
	value, err := json.Marshal(map[string]string{"apiKey": account.APIKey, "secret": account.Secret})
	if err != nil {
		return nil, err
	}
	s.Cloud, err = cloud.Provision(ctx, cloud.Config{Template: s.Template, SecretName: secret, SecretValue: string(value), OtherSecrets: secrets})
	if err != nil {
		return nil, err
	}
	s.roles.assume(s.Template)
	if err := s.startFunctions(c); err != nil {
		return nil, err
	}
	if err := s.startQueues(); err != nil {
		return nil, err
	}
	if err := s.startRules(); err != nil {
		return nil, err
	}
	return s, s.startHTTP()
}

// Close ends everything in the reverse order.
func (s *Stack) Close() error {
	var problems []error
	for i := len(s.close) - 1; i >= 0; i-- {
		problems = append(problems, s.close[i]())
	}
	s.close = nil
	return errors.Join(problems...)
}

func (s *Stack) onClose(f func() error) { s.close = append(s.close, f) }

func (s *Stack) startVideoSDK(c Config) (VideoSDK, error) {
	if c.VideoSDK != nil {
		return *c.VideoSDK, nil
	}
	options := c.Standin
	options.APIKey = cmp.Or(options.APIKey, "local-api-key")
	options.Secret = cmp.Or(options.Secret, "local-secret")
	var err error
	if s.Standin, err = standin.New(options); err != nil {
		return VideoSDK{}, err
	}
	if err := s.Standin.Start("127.0.0.1:0"); err != nil {
		return VideoSDK{}, err
	}
	s.onClose(func() error { s.Standin.Stop(); return nil })
	return VideoSDK{Endpoint: s.Standin.URL(), APIKey: options.APIKey, Secret: options.Secret}, nil
}

// startFunctions hosts the functions of the template. The binary of ApiFunction is api/bootstrap, and so on.
func (s *Stack) startFunctions(c Config) error {
	for _, f := range s.Template.Functions {
		environment := s.Cloud.Environment(f.LogicalID)
		maps.Copy(environment, f.Environment)
		folder := strings.ToLower(strings.TrimSuffix(f.LogicalID, "Function"))
		host, err := lambdahost.New(lambdahost.Function{
			Name: f.Name, Bootstrap: filepath.Join(c.Binaries, folder, f.Handler), Environment: environment, Timeout: f.Timeout, MemoryMB: f.MemoryMB,
		}, lambdahost.Options{Log: c.Log, Report: c.Report})
		if err != nil {
			return fmt.Errorf("function %s: %w", f.LogicalID, err)
		}
		s.hosts[f.LogicalID] = host
		s.onClose(host.Close)
	}
	return nil
}

func (s *Stack) startQueues() error {
	for _, f := range s.Template.Functions {
		for _, source := range f.Queues {
			queue, ok := s.Template.Queue(source.Queue)
			if !ok {
				return fmt.Errorf("function %s: no queue %s", f.LogicalID, source.Queue)
			}
			poller, err := door.NewQueue(door.QueueConfig{
				Client: sqs.NewFromConfig(s.Cloud.SDKConfigOf(f.LogicalID)), URL: queue.URL, ARN: queue.ARN, Function: s.hosts[f.LogicalID],
				BatchSize: source.BatchSize, MaximumConcurrency: source.MaximumConcurrency, ReportBatchItemFailures: source.ReportBatchItemFailures,
				Patterns: source.Patterns,
			})
			if err != nil {
				return fmt.Errorf("queue %s: %w", source.Queue, err)
			}
			s.run(poller.Run)
		}
	}
	return nil
}

// run runs a door until Close.
func (s *Stack) run(door func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		door(ctx)
	}()
	s.onClose(func() error { cancel(); <-done; return nil })
}

func (s *Stack) startHTTP() error {
	var routes []door.Route
	for _, f := range s.Template.Functions {
		for _, r := range f.Routes {
			routes = append(routes, door.Route{Method: r.Method, Path: r.Path, Function: s.hosts[f.LogicalID], Signed: r.Authorizer == "AWS_IAM"})
		}
	}
	handler, err := door.NewHTTP(door.HTTPConfig{Routes: routes})
	if err != nil {
		return err
	}
	s.serve(s.listener, handler)
	return nil
}

// serve serves until Close.
func (s *Stack) serve(listener net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	s.onClose(func() error {
		closed := server.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			return errors.Join(closed, err)
		}
		return closed
	})
}
