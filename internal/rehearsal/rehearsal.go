// Package rehearsal stands for everything outside of a function while this handles an event that means nothing, before its first real one.
//
// The first time that code runs it costs a multiple of what it costs later: its pages are mapped, types are looked into for JSON,
// stacks grow. A function starts with a whole processor and handles events with a share of one, so that is better done at the start. What
// is said here never leaves the process: connections are pipes in memory.
package rehearsal

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// Endpoint is where everything outside is. No such host exists (RFC 2606).
const Endpoint = "http://rehearsal.invalid"

// Stage is the outside of one rehearsal.
type Stage struct {
	now      time.Time
	function string
	serving  sync.WaitGroup

	mu     sync.Mutex
	ends   []net.Conn
	ended  bool
	played map[string]bool // operations of AWS, and the end of a session
}

// New returns a stage on which it is now, for the function of that name: api, eventbridge, sqs or webhook.
func New(now time.Time, function string) *Stage {
	return &Stage{now: now, function: function, played: map[string]bool{}}
}

// Dial returns a connection to the stage, whatever the address. It has the form of http.Transport.DialContext.
func (s *Stage) Dial(context.Context, string, string) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil, net.ErrClosed
	}
	near, far := net.Pipe()
	s.ends = append(s.ends, far)
	s.serving.Go(func() { s.serve(far) })
	return near, nil
}

// Close ends all connections.
func (s *Stage) Close() {
	s.mu.Lock()
	s.ended = true
	for _, far := range s.ends {
		_ = far.Close() // of a pipe, which cannot fail
	}
	s.mu.Unlock()
	s.serving.Wait()
}

// serve answers the requests of one connection.
func (s *Stage) serve(far net.Conn) {
	requests := bufio.NewReader(far)
	for {
		request, err := http.ReadRequest(requests)
		if err != nil {
			return
		}
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return
		}
		status, document := s.answer(request, body)
		_, err = fmt.Fprintf(far, "HTTP/1.1 %d -\r\nContent-Type: application/json\r\nX-Request-Id: rehearsal\r\nContent-Length: %d\r\n\r\n%s", status, len(document), document)
		if err != nil {
			return
		}
	}
}

// answer has the answers that a trigger meets on its way to an ended session, or a webhook on its way to the queue.
func (s *Stage) answer(request *http.Request, body []byte) (status int, document string) {
	_, operation, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
	if request.Method == http.MethodPost && request.URL.Path == "/v2/sessions/end" {
		operation = ending
	}
	s.mu.Lock()
	s.played[operation] = true
	s.mu.Unlock()
	switch {
	case operation == "GetSecretValue" && s.function == webhook:
		return http.StatusOK, fmt.Sprintf(`{"SecretString":%q}`, sources)
	case operation == "GetSecretValue":
		return http.StatusOK, `{"SecretString":"{\"apiKey\":\"rehearsal\",\"secret\":\"rehearsal\"}"}`
	case operation == "PutItem":
		return http.StatusOK, `{}`
	case operation == "PutEvents":
		return http.StatusOK, `{"FailedEntryCount":0,"Entries":[{"EventId":"rehearsal"}]}`
	case operation == "SendMessage":
		var sent struct{ MessageBody string }
		if err := json.Unmarshal(body, &sent); err != nil {
			return http.StatusBadRequest, `{}`
		}
		return http.StatusOK, fmt.Sprintf(`{"MessageId":"rehearsal","MD5OfMessageBody":"%x"}`, md5.Sum([]byte(sent.MessageBody)))
	case request.Method == http.MethodGet && request.URL.Path == "/v2/sessions":
		return http.StatusOK, `{"data":[` + s.session() + `]}`
	case operation == ending:
		return http.StatusOK, s.session()
	default:
		return http.StatusNotImplemented, `{}`
	}
}

func (s *Stage) session() string {
	return fmt.Sprintf(`{"id":"rehearsal","roomId":"rehearsal","customRoomId":"rehearsal","start":%q,"end":null,"status":"ongoing",
		"participants":[{"participantId":"rehearsal","name":"rehearsal","timelog":[{"start":%[1]q,"end":null}]}],
		"links":{"get_room":"rehearsal","get_session":"rehearsal"}}`, s.now.Add(-time.Hour).UTC().Format(time.RFC3339))
}

// ending is the call that ends a session.
const ending = "EndSession"

// Played returns an error if what was to be rehearsed has not come to its end: a session's and a published outcome, or for a webhook a message.
func (s *Stage) Played() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	want := []string{ending, "PutEvents"}
	if s.function == webhook {
		want = []string{"SendMessage"}
	}
	for _, operation := range want {
		if !s.played[operation] {
			return fmt.Errorf("it did not come to %s", operation)
		}
	}
	return nil
}

// webhook is the function for webhooks.
const webhook = "webhook"

// A source of webhooks that signs as many do, by an HMAC of the body, and the secret in which it stands. Its expressions make use of what those
// of the built-in sources do: a comparison, a function, and the search for a room in a URL.
const (
	source    = "rehearsal"
	signature = "X-Cal-Signature-256"
	secret    = "rehearsal"
	sources   = `{"` + source + `":{"secrets":["` + secret + `"],"scheme":"calcom","profiles":[{
		"when":"source == 'rehearsal'","room":"join('/', ['https:', roomId])","id":"id","occurredAt":"occurredAt","reason":"reason"}]}}`
)

// Event returns a trigger as the function is handed it.
func (s *Stage) Event() ([]byte, error) {
	at := s.now.UTC()
	trigger := map[string]string{
		"id": "rehearsal", "source": "rehearsal", "roomId": "rehearsal", "reason": "rehearsal", "occurredAt": at.Format(time.RFC3339Nano),
	}
	if s.function == webhook {
		trigger["roomId"] = "rehe-arsa-lroo"
	}
	document, err := json.Marshal(trigger)
	if err != nil {
		return nil, err
	}
	call := events.APIGatewayV2HTTPRequest{
		Version: "2.0", Body: string(document), Headers: map[string]string{"content-type": "application/json"},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RequestID: "rehearsal", HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: http.MethodPost},
		},
	}
	switch s.function {
	case "api":
		call.RouteKey, call.RawPath = "POST /v1/sessions/end", "/v1/sessions/end"
		return json.Marshal(call)
	case "eventbridge":
		return json.Marshal(events.EventBridgeEvent{
			Version: "0", ID: "rehearsal", DetailType: "End Session", Source: "rehearsal", Time: at, Detail: document,
		})
	case "sqs":
		return json.Marshal(events.SQSEvent{Records: []events.SQSMessage{{
			MessageId: "rehearsal", Body: string(document), EventSource: "aws:sqs", EventSourceARN: "arn:aws:sqs:us-east-1:000000000000:rehearsal",
			Attributes: map[string]string{"SentTimestamp": fmt.Sprint(at.UnixMilli()), "ApproximateReceiveCount": "1"},
		}}})
	case webhook:
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(document)
		call.RouteKey, call.RawPath = "POST /v1/webhooks/{source}", "/v1/webhooks/"+source
		call.PathParameters = map[string]string{"source": source}
		call.Headers[strings.ToLower(signature)] = hex.EncodeToString(mac.Sum(nil))
		return json.Marshal(call)
	default:
		return nil, fmt.Errorf("there is no function %q", s.function)
	}
}
