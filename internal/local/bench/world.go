package main

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"videosdk-end-session/internal/local/standin"
)

const (
	apiKey = "bench-key"
	secret = "bench-secret"
)

// distance says how far away the world outside of a function is, and whether talking to it is encrypted.
type distance struct {
	tls      bool
	videosdk time.Duration // a round trip to VideoSDK
	aws      time.Duration // a round trip to each service of AWS
}

// world is everything outside of a function: VideoSDK, and the services of AWS that it calls, each at an address of its own, as on AWS.
// Each variant has one of its own, so that its calls can be counted.
type world struct {
	videosdk *atomic.Pointer[standin.Server]
	cloud    *cloud
	delay    atomic.Int64 // nanoseconds that VideoSDK takes for each answer

	environment map[string]string
	accepted    atomic.Int64 // connections
	spent       atomic.Int64 // nanoseconds within the stand-ins
	made        int          // messages
	servers     []*http.Server
}

func newWorld(d distance, folder string) (_ *world, err error) {
	w := &world{
		videosdk: &atomic.Pointer[standin.Server]{},
		cloud:    newCloud(fmt.Sprintf(`{"apiKey":%q,"secret":%q}`, apiKey, secret), d.aws < soonest),
	}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if err := w.newAccount(); err != nil {
		return nil, err
	}
	w.environment = map[string]string{
		"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_SESSION_TOKEN": "bench",
		"VIDEOSDK_SECRET_ID": "videosdk", "LEDGER_TABLE": "ledger", "EVENT_BUS_NAME": "outcomes",
	}
	var certificate *tls.Certificate
	if d.tls {
		made, trusted, err := authority(folder)
		if err != nil {
			return nil, err
		}
		certificate = &made
		w.environment["SSL_CERT_FILE"], w.environment["SSL_CERT_DIR"] = trusted, filepath.Join(folder, "none") // one bundle, however many this machine has
	}
	account := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.videosdk.Load().ServeHTTP(rw, r) })
	if err := w.serve("VIDEOSDK_API_ENDPOINT", account, d.videosdk, certificate); err != nil {
		return nil, err
	}
	for _, service := range []string{"DYNAMODB", "EVENTBRIDGE", "SECRETS_MANAGER", "SQS"} {
		if err := w.serve("AWS_ENDPOINT_URL_"+service, w.cloud, d.aws, certificate); err != nil {
			return nil, err
		}
	}
	queues := w.environment["AWS_ENDPOINT_URL_SQS"] + "/123456789012/"
	w.environment["QUEUE_URL"], w.environment["DEAD_LETTER_QUEUE_URL"] = queues+"triggers", queues+"dead-letters"
	return w, nil
}

// serve listens for a service, and tells its address by a variable.
func (w *world) serve(variable string, handler http.Handler, roundTrip time.Duration, certificate *tls.Certificate) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := "http://" + listener.Addr().String()
	server := &http.Server{
		Handler: timed{handler, &w.spent}, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: log.New(io.Discard, "", 0), // a function that is killed cuts its connections
	}
	listener = far{listener, roundTrip, &w.accepted}
	if certificate != nil {
		address = strings.Replace(address, "http://", "https://", 1)
		// HTTP/2 as VideoSDK and AWS do or don't offer is not known or not so: HTTP/1.1 for all.
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{*certificate}, NextProtos: []string{"http/1.1"}})
	}
	w.environment[variable] = address
	w.servers = append(w.servers, server)
	go func() { _ = server.Serve(listener) }() // ends with close
	return nil
}

func (w *world) close() {
	for _, s := range w.servers {
		_ = s.Close()
	}
}

// newAccount starts VideoSDK anew, without rooms.
func (w *world) newAccount() error {
	s, err := standin.New(standin.Options{APIKey: apiKey, Secret: secret})
	if err != nil {
		return err
	}
	s.SetDelay(time.Duration(w.delay.Load()))
	w.videosdk.Store(s)
	return nil
}

// setDelay says how long VideoSDK takes for each answer.
func (w *world) setDelay(d time.Duration) {
	w.delay.Store(int64(d))
	w.videosdk.Load().SetDelay(d)
}

// trigger makes a room in which two people are, and returns a document that ends their session.
func (w *world) trigger(now time.Time) (map[string]string, error) {
	w.made++
	room := fmt.Sprintf("room-%04d-%04d", w.made/10_000, w.made%10_000)
	account := w.videosdk.Load()
	if err := account.AddRoom(standin.Room{ID: room, CustomID: "booking-" + room}); err != nil {
		return nil, err
	}
	_, err := account.StartSession(room, standin.Session{
		Start: now.Add(-time.Hour), Participants: []standin.Participant{{ID: "teacher", Name: "T"}, {ID: "pupil", Name: "P"}},
	})
	return map[string]string{
		"id": "trigger-" + room, "source": "bench", "roomId": room, "reason": "class is over", "occurredAt": now.UTC().Format(time.RFC3339Nano),
	}, err
}

// messages makes triggers and returns them as a batch of the queue.
func (w *world) messages(n int) ([]byte, error) {
	now := time.Now()
	var batch events.SQSEvent
	for range n {
		document, err := w.trigger(now)
		if err != nil {
			return nil, err
		}
		body, err := json.Marshal(document)
		if err != nil {
			return nil, err
		}
		batch.Records = append(batch.Records, events.SQSMessage{
			MessageId: "message-" + document["id"], ReceiptHandle: "receipt", Body: string(body), EventSource: "aws:sqs", AWSRegion: "us-east-1",
			EventSourceARN: "arn:aws:sqs:us-east-1:123456789012:triggers",
			Attributes: map[string]string{
				"SentTimestamp": fmt.Sprint(now.UnixMilli()), "ApproximateReceiveCount": "1", "AWSTraceHeader": "Root=1-5f0a1b2c-000000000000000000000001",
			},
		})
	}
	return json.Marshal(batch)
}

// variant is a program that is measured.
type variant struct {
	name        string
	bootstrap   string
	environment map[string]string
	slow        time.Duration // that a start may take; 0 for as long as on Lambda
}

// with returns the variables of a variant in a world.
func (v variant) with(w *world) map[string]string {
	all := maps.Clone(w.environment)
	maps.Copy(all, v.environment)
	return all
}

var errUnfinished = errors.New("the function did not finish every message")

// check refuses the answer to a batch in which anything failed, or to a webhook that was not accepted: what does not work is not to be
// measured.
func check(payload []byte, functionError string) error {
	var answer struct {
		events.SQSEventResponse
		StatusCode int `json:"statusCode"`
	}
	if functionError != "" || json.Unmarshal(payload, &answer) != nil || len(answer.BatchItemFailures) > 0 || answer.StatusCode/100 > 2 {
		return fmt.Errorf("%w: %s %s", errUnfinished, functionError, payload)
	}
	return nil
}
