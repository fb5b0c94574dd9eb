package lambdahost

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
)

// Headers of the Runtime API. The two trailers are those by which a runtime
// reports an error after it has begun to stream its answer.
const (
	headerRequestID   = "Lambda-Runtime-Aws-Request-Id"
	headerDeadline    = "Lambda-Runtime-Deadline-Ms"
	headerFunctionARN = "Lambda-Runtime-Invoked-Function-Arn"
	headerTraceID     = "Lambda-Runtime-Trace-Id"
	headerErrorType   = "Lambda-Runtime-Function-Error-Type"
	trailerErrorBody  = "Lambda-Runtime-Function-Error-Body"
)

// routes is what a process can call.
func (e *environment) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", e.serveNext)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", e.serveResponse)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", e.serveError)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", e.serveInitError)
	mux.HandleFunc("POST /2020-01-01/extension/register", e.serveRegister)
	mux.HandleFunc("GET /2020-01-01/extension/event/next", e.serveExtensionNext)
	return mux
}

// serveNext gives the runtime its next event, and holds the request until there
// is one.
func (e *environment) serveNext(w http.ResponseWriter, r *http.Request) {
	e.measure()
	e.polled()
	select {
	case c := <-e.pending:
		e.deliver(w, c)
	case <-e.ended:
	case <-r.Context().Done():
	}
}

// polled notes that the runtime is there, and that the call it answered before
// is over. Pollers have no names; with several of them it is the oldest call.
func (e *environment) polled() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.initTook == 0 {
		// At least 1, so that 0 keeps its meaning on a coarse clock.
		e.initTook = max(e.clock().Sub(e.begun), 1)
		if e.command.Process != nil {
			e.onReady(e.command.Process.Pid)
		}
		close(e.ready)
	}
	if len(e.settling) > 0 {
		close(e.settling[0].settled)
		e.settling = slices.Delete(e.settling, 0, 1)
		e.free++
	}
}

func (e *environment) deliver(w http.ResponseWriter, c *call) {
	e.mu.Lock()
	e.delivered[c.requestID] = c
	e.mu.Unlock()

	header := w.Header()
	header.Set(headerRequestID, c.requestID)
	header.Set(headerDeadline, strconv.FormatInt(c.deadline.UnixMilli(), 10))
	header.Set(headerFunctionARN, e.function.arn())
	header.Set(headerTraceID, c.traceID)
	header.Set("Content-Type", "application/json")
	// A runtime that does not read its event any more has ended, which is seen
	// elsewhere.
	_, _ = w.Write(c.payload)
}

// serveResponse takes the answer of a call. Lambda's front end, not its Runtime
// API, looks into the answer: the runtime is not told that it is not JSON.
func (e *environment) serveResponse(w http.ResponseWriter, r *http.Request) {
	if !e.expects(r.PathValue("id")) {
		refuse(w, http.StatusBadRequest, fault{"InvalidRequestID", "Invalid request ID"})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxResponseBytes))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		e.settle(r.PathValue("id"), refused(responseSizeFault()))
		refuse(w, http.StatusRequestEntityTooLarge, fault{"RequestEntityTooLarge",
			fmt.Sprintf("Exceeded maximum allowed payload size (%d bytes).", MaxResponseBytes)})
	case err != nil:
		refuse(w, http.StatusBadRequest, fault{"TruncatedHTTPRequest", "HTTP request detected as truncated"})
	default:
		e.accept(w, r.PathValue("id"), judge(body, r.Trailer))
	}
}

// judge turns a posted body into an answer.
func judge(body []byte, trailer http.Header) answer {
	if kind := trailer.Get(headerErrorType); kind != "" {
		document, err := base64.StdEncoding.DecodeString(trailer.Get(trailerErrorBody))
		if err != nil {
			document = nil
		}
		return errorAnswer(document, kind)
	}
	if len(body) > 0 && !json.Valid(body) {
		return refused(fault{ErrorTypeInvalidResponse, "The function's response is not valid JSON."})
	}
	return answer{payload: body}
}

// serveError takes the error of a call. The process may go on or exit.
func (e *environment) serveError(w http.ResponseWriter, r *http.Request) {
	a, ok := readError(w, r)
	if !ok {
		return
	}
	e.accept(w, r.PathValue("id"), a)
}

// serveInitError takes the reason why a process will not ask for events. The
// process is expected to exit by itself.
func (e *environment) serveInitError(w http.ResponseWriter, r *http.Request) {
	a, ok := readError(w, r)
	if !ok {
		return
	}
	e.measure()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.initTook > 0 {
		refuse(w, http.StatusForbidden, fault{"InvalidStateTransition", "Transition from Ready to InitError is not allowed."})
		return
	}
	e.initError = &a
	accepted(w)
}

// readError reads a posted error, or refuses the request.
func readError(w http.ResponseWriter, r *http.Request) (answer, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxResponseBytes))
	if err != nil {
		refuse(w, http.StatusBadRequest, fault{"TruncatedHTTPRequest", "HTTP request detected as truncated"})
		return answer{}, false
	}
	return errorAnswer(body, r.Header.Get(headerErrorType)), true
}

// errorAnswer is a posted error document as the caller gets it. What is not
// JSON is put into a document of kind.
func errorAnswer(document []byte, kind string) answer {
	if json.Valid(document) {
		return answer{payload: document, failed: true}
	}
	if kind == "" {
		kind = ErrorTypeUnknown
	}
	return refused(fault{kind, string(document)})
}

// accept settles a call and tells the runtime, unless no such call waits.
func (e *environment) accept(w http.ResponseWriter, requestID string, a answer) {
	e.measure()
	if !e.settle(requestID, a) {
		refuse(w, http.StatusBadRequest, fault{"InvalidRequestID", "Invalid request ID"})
		return
	}
	accepted(w)
}

// expects says whether a call waits for its answer.
func (e *environment) expects(requestID string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.delivered[requestID] != nil
}

// settle keeps the answer of a call that waits for one; the first counts.
func (e *environment) settle(requestID string, a answer) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.delivered[requestID]
	if c == nil {
		return false
	}
	delete(e.delivered, requestID)
	e.answers[c] = a
	e.settling = append(e.settling, c)
	return true
}

// accepted is the Runtime API's "202 Accepted".
func accepted(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`+"\n")
}

// refuse answers with the Runtime API's error document.
func refuse(w http.ResponseWriter, status int, f fault) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(f.payload())
}
