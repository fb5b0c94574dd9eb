// Package awsjson makes the calls of AWS's JSON protocols that every trigger needs: those of DynamoDB and EventBridge.
//
// The SDK has a client for each service, and the functions use those of the services that they rarely call. For these two it was
// measured what the client costs beside this package, which needs a third of the instructions of a call, and what a start with its tables
// costs (3,838 and 2,580 allocations); see docs/performance.md. Signing, credentials, the HTTP client and the rules of what is tried again
// are the SDK's own.
package awsjson

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// maxAnswer is the most bytes of an answer that are read. A ledger's item has at most 400 KB.
const maxAnswer = 4 << 20

// Service is a service of AWS that speaks one of the JSON protocols.
type Service struct {
	id      string // in the variables that configure an endpoint, blanks and all
	name    string // in host names and signatures
	target  string // before the operation
	content string
	// validated says that in GovCloud the endpoints with IPv6 are those with validated cryptography. Those without are so for both services.
	validated bool
}

// The services.
var (
	DynamoDB    = Service{id: "DynamoDB", name: "dynamodb", target: "DynamoDB_20120810", content: "application/x-amz-json-1.0"}
	EventBridge = Service{id: "EventBridge", name: "events", target: "AWSEvents", content: "application/x-amz-json-1.1", validated: true}
)

// Client calls one service. It is safe for concurrent use.
type Client struct {
	service     Service
	region      string
	endpoint    string
	http        aws.HTTPClient
	credentials aws.CredentialsProvider
	signer      *v4.Signer
	retryer     aws.RetryerV2
	now         func() time.Time
	sleep       func(context.Context, time.Duration) error
}

// Clock is time as a Client sees it. Sleep waits, or returns the context's error as soon as that ends.
type Clock struct {
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
}

// New returns a client that is configured as the SDK's own clients are, or an error if the configuration lacks something.
func New(service Service, c aws.Config, clock Clock) (*Client, error) {
	endpoint, err := endpointOf(service, c)
	if err != nil {
		return nil, err
	}
	if c.Credentials == nil || c.Region == "" || clock.Now == nil || clock.Sleep == nil {
		return nil, fmt.Errorf("%s: credentials, region and clock are required", service.id)
	}
	if c.HTTPClient == nil {
		c.HTTPClient = awshttp.NewBuildableClient()
	}
	return &Client{
		service: service, region: c.Region, endpoint: endpoint, http: c.HTTPClient, credentials: c.Credentials, signer: v4.NewSigner(),
		retryer: retryerOf(c), now: clock.Now, sleep: clock.Sleep,
	}, nil
}

// retryerOf returns the SDK's own judge of what is tried again, and when.
func retryerOf(c aws.Config) aws.RetryerV2 {
	standard := func(o *retry.StandardOptions) { o.MaxAttempts = cmp.Or(c.RetryMaxAttempts, retry.DefaultMaxAttempts) }
	if c.RetryMode == aws.RetryModeAdaptive {
		return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) { o.StandardOptions = append(o.StandardOptions, standard) })
	}
	return retry.NewStandard(standard)
}

// Endpoint returns the URL that the client calls.
func (c *Client) Endpoint() string { return c.endpoint }

// Call makes a call with the input as a JSON document, and reads the answer's document into out. With out nil nothing of it is wanted, but
// it must be one. Call tries again what the SDK's rules say may succeed then. An error is an *Error if the service has answered.
func (c *Client) Call(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("%s %s: %w", c.service.id, operation, err)
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	var answer []byte
	release := func(error) error { return nil }
	for made := 1; ; made++ {
		done, tokenErr := c.retryer.GetAttemptToken(ctx)
		if tokenErr != nil {
			return fmt.Errorf("%s %s: %w", c.service.id, operation, errors.Join(tokenErr, err))
		}
		answer, err = c.attempt(ctx, operation, body, hash)
		_, _ = done(err), release(err) // they fail never, and only give back what they took
		if err == nil {
			break
		}
		if ctx.Err() != nil || made >= c.retryer.MaxAttempts() || !c.retryer.IsErrorRetryable(err) {
			return fmt.Errorf("%s %s, attempt %d: %w", c.service.id, operation, made, err)
		}
		if release, err = c.again(ctx, made, err); err != nil {
			return fmt.Errorf("%s %s, attempt %d: %w", c.service.id, operation, made, err)
		}
	}
	if out == nil {
		out = &struct{}{} // whoever answers with anything else is not the service, and has not done what was asked
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s %s: the answer cannot be read: %w", c.service.id, operation, err)
	}
	return nil
}

// again waits until a call that failed may be made again. It returns the failure if it may not.
func (c *Client) again(ctx context.Context, made int, failure error) (release func(error) error, err error) {
	release, err = c.retryer.GetRetryToken(ctx, failure)
	if err != nil {
		return nil, errors.Join(failure, err)
	}
	delay, err := c.retryer.RetryDelay(made, failure)
	if err != nil {
		return nil, errors.Join(failure, err)
	}
	if err := c.sleep(ctx, delay); err != nil {
		return nil, errors.Join(failure, err)
	}
	return release, nil
}

func (c *Client) attempt(ctx context.Context, operation string, body []byte, hash string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header["Content-Type"] = []string{c.service.content}
	request.Header["X-Amz-Target"] = []string{c.service.target + "." + operation}
	request.Header["Accept-Encoding"] = []string{"identity"} // answers are small
	credentials, err := c.credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("get credentials: %w", err)
	}
	if err := c.signer.SignHTTP(ctx, credentials, request, hash, c.service.name, c.region, c.now()); err != nil {
		return nil, fmt.Errorf("sign the call: %w", err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, &unanswered{err}
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, &unanswered{err}
	}
	if response.StatusCode/100 != 2 {
		return nil, refused(response, answer)
	}
	return answer, nil
}

// unanswered is a call that got no answer, which the retryer takes for a failure of the connection.
type unanswered struct{ err error }

// Error implements error.
func (u *unanswered) Error() string { return u.err.Error() }

// Unwrap returns the cause.
func (u *unanswered) Unwrap() error { return u.err }

// ConnectionError tells the retryer what it is.
func (u *unanswered) ConnectionError() bool { return true }

// Error is a service's refusal of a call. It implements smithy.APIError, as those of the SDK's clients do.
type Error struct {
	Status    int
	Code      string // such as ConditionalCheckFailedException
	Message   string
	RequestID string
	Document  []byte // the answer's body
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("answered %d %s: %s (request id %s)", e.Status, e.Code, e.Message, e.RequestID)
}

// ErrorCode implements smithy.APIError.
func (e *Error) ErrorCode() string { return e.Code }

// ErrorMessage implements smithy.APIError.
func (e *Error) ErrorMessage() string { return e.Message }

// ErrorFault implements smithy.APIError.
func (e *Error) ErrorFault() smithy.ErrorFault {
	if e.Status >= http.StatusInternalServerError {
		return smithy.FaultServer
	}
	return smithy.FaultClient
}

// Body returns the answer's document.
func (e *Error) Body() []byte { return e.Document }

// HTTPStatusCode tells the retryer which status was answered.
func (e *Error) HTTPStatusCode() int { return e.Status }

// refused reads an error. Its code stands in a header or in the document, perhaps behind a namespace and before an address:
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization
func refused(response *http.Response, document []byte) *Error {
	e := &Error{Status: response.StatusCode, RequestID: response.Header.Get("X-Amzn-Requestid"), Document: document}
	var said struct {
		Type    string `json:"__type"`
		Code    string `json:"code"`
		Message string `json:"message"` // also read as Message: the decoder does not mind the case
	}
	_ = json.Unmarshal(document, &said) // what is not JSON, a proxy's page, says nothing
	code := cmp.Or(response.Header.Get("X-Amzn-Errortype"), said.Type, said.Code)
	code, _, _ = strings.Cut(code, ":")
	e.Code = cmp.Or(code[strings.LastIndex(code, "#")+1:], "UnknownError")
	e.Message = said.Message
	return e
}
