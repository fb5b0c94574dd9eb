package door

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"videosdk-end-session/internal/local/lambdahost"
)

const (
	// gatewayTimeout is the longest that an HTTP API waits for a function:
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
	gatewayTimeout = 30 * time.Second

	// maxBodyBytes is the largest request body of an HTTP API (same page).
	maxBodyBytes = 10 << 20
)

// HTTPConfig describes an HTTP API. Only Routes is required.
type HTTPConfig struct {
	Routes []Route

	// Timeout after which a function that has not answered becomes a 503. 0
	// means 30 s, the limit on AWS.
	Timeout time.Duration

	// Clock tells the time of a request; nil means time.Now.
	Clock func() time.Time
}

// HTTP is an http.Handler that behaves as an API Gateway HTTP API with Lambda
// proxy integrations of payload format 2.0, stage $default. It answers for
// itself, with {"message":…}:
//
//   - 404 when no route matches, 403 when a signed route gets an unsigned
//     request (see Route.Signed), 413 above 10 MB or above what Lambda takes;
//   - 500 after a function error or a malformed answer, 503 when the function is
//     throttled or too slow.
type HTTP struct {
	routes  routeTable
	timeout time.Duration
	clock   func() time.Time
}

// NewHTTP returns the handler, or an error that names every problem of the
// routes.
func NewHTTP(config HTTPConfig) (*HTTP, error) {
	routes, err := newRouteTable(config.Routes)
	if err != nil {
		return nil, err
	}
	h := &HTTP{routes: routes, timeout: config.Timeout, clock: config.Clock}
	if h.timeout <= 0 {
		h.timeout = gatewayTimeout
	}
	if h.clock == nil {
		h.clock = time.Now
	}
	return h, nil
}

// ServeHTTP sends one request to its function.
func (h *HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	requestID := rand.Text()
	w.Header().Set("Apigw-Requestid", requestID)

	route, parameters := h.routes.find(r.Method, r.URL.EscapedPath())
	if route == nil {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	if route.Signed && !isSigned(r) {
		refuse(w, http.StatusForbidden, "Forbidden")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			refuse(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
			return
		}
		refuse(w, http.StatusBadRequest, "Bad Request")
		return
	}
	now := h.clock()
	a := arrival{
		request:    r,
		body:       body,
		route:      route,
		parameters: parameters,
		requestID:  requestID,
		traceID:    traceID(r, now),
		time:       now,
		accountID:  lambdahost.AccountID,
	}
	h.invoke(w, a)
}

// invoke runs the function and answers with what became of it.
func (h *HTTP) invoke(w http.ResponseWriter, a arrival) {
	event, err := a.event()
	if err != nil {
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	ctx, cancel := context.WithTimeout(a.request.Context(), h.timeout)
	defer cancel()
	response, err := a.route.Function.Invoke(ctx, lambdahost.Invocation{Payload: event, TraceID: a.traceID})
	switch {
	case errors.Is(err, lambdahost.ErrThrottled), errors.Is(err, context.DeadlineExceeded):
		refuse(w, http.StatusServiceUnavailable, "Service Unavailable")
		return
	case errors.Is(err, lambdahost.ErrPayloadTooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	case err != nil, response.FunctionError != "":
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	answer, err := decodeAnswer(response.Payload)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	answer.write(w)
}

// traceID is the caller's trace, or one that begins here and is not sampled.
func traceID(r *http.Request, now time.Time) string {
	if id := r.Header.Get("X-Amzn-Trace-Id"); id != "" {
		return id
	}
	var b [12]byte
	rand.Read(b[:]) // never fails
	return fmt.Sprintf("Root=1-%08x-%s", now.Unix(), hex.EncodeToString(b[:]))
}
