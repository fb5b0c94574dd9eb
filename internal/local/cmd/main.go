// Command cmd runs the application on this machine, with a local AWS. It is what `make run` and `make serve` call.
//
//	cmd run                  send every sample of the folder events through its door; exit 1 if one does not end as expected
//	cmd serve                keep the application up and say how to call it
//	cmd webhook SOURCE FILE  sign a payload as its source does, send it to what serve keeps up, and show what becomes of it
//
// With VIDEOSDK_API_KEY and VIDEOSDK_SECRET set, it talks to VideoSDK itself, or to VIDEOSDK_API_ENDPOINT.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"

	"videosdk-end-session/internal/local/deliveries"
	"videosdk-end-session/internal/local/lambdahost"
	"videosdk-end-session/internal/local/samples"
	"videosdk-end-session/internal/local/stack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "local:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string, out io.Writer) (err error) {
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	root := flags.String("root", ".", "folder of template.yaml and events")
	binaries := flags.String("binaries", "dist/local", "folder with <function>/bootstrap for this machine")
	logFile := flags.String("log", "dist/local/log.jsonl", "file for what the functions and the local AWS print")
	served := flags.String("served", "dist/local/serve.url", "file in which serve says where it takes webhooks")
	own := flags.String("sources", "", "file with sources of your own, in the form of the webhook secret; serve reads it again for each webhook")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.Arg(0) == "webhook" {
		return sendFile(ctx, *served, flags.Args()[1:], out)
	}
	webhooks, err := deliveries.Load(filepath.Join(*root, "events", samples.Webhooks))
	if err != nil {
		return err
	}
	parameters, err := samples.EventSources(webhooks)
	if err != nil {
		return err
	}
	task, known := map[string]func(context.Context, *stack.Stack, io.Writer) error{
		"run": sendSamples(*root, webhooks), "serve": serve(*served, *own),
	}[flags.Arg(0)]
	if !known || flags.NArg() != 1 {
		return errors.New("expected one of the words run, serve and webhook")
	}
	if flags.Arg(0) == "serve" {
		parameters["SecretTtl"] = "1s" // so that a change of a source is seen at once
	}
	account, err := accountOf(os.Getenv)
	if err != nil {
		return err
	}
	log, err := os.Create(*logFile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	lines := &lines{w: log}

	fmt.Fprintln(out, "Starting a local AWS (moto) and the functions of template.yaml …")
	local, err := stack.Start(ctx, stack.Config{
		Root: *root, Binaries: *binaries, VideoSDK: account, AWSLog: lines, Webhooks: samples.Entries(webhooks), Parameters: parameters,
		Log:    func(function, line string) { lines.print(function + " " + line) },
		Report: func(r lambdahost.Report) { lines.print(r.Function + " " + r.String()) },
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, local.Close()) }()
	describe(local, account, out)
	if err := task(ctx, local, out); err != nil {
		return err
	}
	fmt.Fprintf(out, "The functions' log, with a REPORT line for each invocation: %s\n", filepath.Clean(*logFile))
	return nil
}

// accountOf returns the VideoSDK account that the environment names, or nil. The names are the vendor's own.
func accountOf(getenv func(string) string) (*stack.VideoSDK, error) {
	account := stack.VideoSDK{APIKey: getenv("VIDEOSDK_API_KEY"), Secret: getenv("VIDEOSDK_SECRET"), Endpoint: getenv("VIDEOSDK_API_ENDPOINT")}
	switch {
	case account.APIKey == "" && account.Secret == "":
		return nil, nil
	case account.APIKey == "" || account.Secret == "":
		return nil, errors.New("VIDEOSDK_API_KEY and VIDEOSDK_SECRET must be set together")
	default:
		return &account, nil
	}
}

func describe(local *stack.Stack, account *stack.VideoSDK, out io.Writer) {
	fmt.Fprintf(out, "  AWS       %s (moto)\n  HTTP API  %s\n", local.AWS.URL(), local.URL)
	switch {
	case account == nil:
		fmt.Fprintf(out, "  VideoSDK  %s (a stand-in)\n\n", local.Standin.URL())
	default:
		fmt.Fprintf(out, "  VideoSDK  %s, with your account\n\n", local.Template.Parameters["VideoSdkApiEndpoint"])
	}
}

// lines writes whole lines from many goroutines.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lines) print(line string) { fmt.Fprintln(l, line) }

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
