package stack_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The operations of AWS that meet faults, as the header X-Amz-Target names them.
const (
	getItem        = "DynamoDB_20120810.GetItem"
	putItem        = "DynamoDB_20120810.PutItem"
	putEvents      = "AWSEvents.PutEvents"
	sendMessage    = "AmazonSQS.SendMessage"
	getSecretValue = "secretsmanager.GetSecretValue"
)

// Parts of the ledger's writes, by the step that writes them.
const (
	claiming   = `":nextState":{"S":"claimed"}`
	recording  = `":nextState":{"S":"recorded"}`
	completing = `":nextState":{"S":"published"}`

	overAClaim = `":prevState":{"S":"claimed"}` // in place of a claim
)

// awsFault is a misbehaviour of AWS that requests meet.
type awsFault struct {
	operation string
	holds     []string // all of these are in the request's body
	oneCall   bool     // only one call meets the fault, in each of its tries
	firstTry  bool     // only the first of the tries of a call meets it
	after     bool     // the request has its effect, and only the answer suffers
	times     int      // how many requests meet the fault; 0 for all until mended
	do        func(exchange)

	met map[string]int // requests that have met it, by the call that they are tries of
}

// callOf tells the calls from each other. The SDK's clients give each an id. Else all tries of a call have the same body, as only have
// calls that ask for the very same thing.
func callOf(r *http.Request, body []byte) string {
	return cmp.Or(r.Header.Get("Amz-Sdk-Invocation-Id"), string(body))
}

// isAbout reports whether a request is one of those that the fault is for.
func (f *awsFault) isAbout(r *http.Request, body []byte) bool {
	met := f.met[callOf(r, body)]
	return f.operation == r.Header.Get("X-Amz-Target") &&
		(!f.oneCall || len(f.met) == 0 || met > 0) && (!f.firstTry || met == 0) &&
		!slices.ContainsFunc(f.holds, func(part string) bool { return !bytes.Contains(body, []byte(part)) })
}

// exchange is a request that has met a fault.
type exchange struct {
	w    http.ResponseWriter
	r    *http.Request
	body []byte
	next http.Handler
	// about is what the request's faulty part holds.
	about []string
}

// awsFaults stands in front of the local AWS and lets requests meet faults.
type awsFaults struct {
	mu     sync.Mutex
	faults []*awsFault
}

// inject lets requests meet the fault from now on. What it returns is for met.
func (f *awsFaults) inject(fault awsFault) *awsFault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, &fault)
	return &fault
}

// met returns how many requests have met a fault.
func (f *awsFaults) met(fault *awsFault) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	requests := 0
	for _, n := range fault.met {
		requests += n
	}
	return requests
}

func (f *awsFaults) mend() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = nil
}

// take returns the fault that a request meets, if any.
func (f *awsFaults) take(r *http.Request, body []byte) (awsFault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.faults, func(fault *awsFault) bool { return fault.isAbout(r, body) })
	if i < 0 {
		return awsFault{}, false
	}
	fault := f.faults[i]
	if fault.met == nil {
		fault.met = map[string]int{}
	}
	fault.met[callOf(r, body)]++
	if fault.times > 0 {
		if fault.times--; fault.times == 0 {
			f.faults = slices.Delete(f.faults, i, i+1)
		}
	}
	return *fault, true
}

// intercept has the form of stack.Config.Intercept.
func (f *awsFaults) intercept(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client has gone away
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		fault, met := f.take(r, body)
		if !met {
			next.ServeHTTP(w, r)
			return
		}
		if fault.after {
			next.ServeHTTP(httptest.NewRecorder(), r)
		}
		fault.do(exchange{w: w, r: r, body: body, next: next, about: fault.holds})
	})
}

// answering answers with a body, and the checksum that DynamoDB gives.
func answering(status int, contentType, body string) func(exchange) {
	return func(x exchange) {
		x.w.Header().Set("Content-Type", contentType)
		x.w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(body))), 10))
		x.w.WriteHeader(status)
		_, _ = io.WriteString(x.w, body) // a client that has gone away needs no answer
	}
}

// refusing answers with an error of AWS's JSON protocol.
func refusing(status int, code, message string) func(exchange) {
	answer, _ := json.Marshal(map[string]string{"__type": code, "message": message}) // two strings always marshal
	return answering(status, "application/x-amz-json-1.0", string(answer))
}

// refusals are the errors that an operation gives.
type refusals struct{ throttled, broken func(exchange) }

// The errors as AWS gives them; see the "Common errors" and "Errors" of each operation in the API references of the services.
var (
	dynamoRefusals = refusals{
		throttled: refusing(http.StatusBadRequest, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
			"The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API."),
		broken: refusing(http.StatusInternalServerError, "com.amazonaws.dynamodb.v20120810#InternalServerError", "Internal server error"),
	}
	refusalsOf = map[string]refusals{
		getItem: dynamoRefusals,
		putItem: dynamoRefusals,
		putEvents: {
			throttled: refusing(http.StatusBadRequest, "ThrottlingException", "Rate exceeded"),
			broken:    refusing(http.StatusInternalServerError, "InternalException", "This exception occurs due to unexpected causes."),
		},
		sendMessage: {
			throttled: refusing(http.StatusBadRequest, "com.amazonaws.sqs#RequestThrottled", "The request was denied due to request throttling."),
			broken:    refusing(http.StatusInternalServerError, "InternalFailure", "The request processing has failed because of an unknown error."),
		},
		getSecretValue: {
			throttled: refusing(http.StatusBadRequest, "ThrottlingException", "Rate exceeded"),
			broken:    refusing(http.StatusInternalServerError, "InternalServiceError", "An error occurred on the server side."),
		},
	}
)

// The answers of something that is not AWS, or of AWS half awake.
var (
	garbage    = answering(http.StatusOK, "text/html", "<html><body>Sign in to this network</body></html>")
	emptyReply = answering(http.StatusOK, "application/x-amz-json-1.0", "{}")
)

// latency is longer than a look at a session counts, and shorter than anything waits for an answer.
const latency = 2500 * time.Millisecond

// delaying answers late.
func delaying(x exchange) {
	select {
	case <-time.After(latency):
		x.next.ServeHTTP(x.w, x.r)
	case <-x.r.Context().Done():
	}
}

// hanging gives no answer.
func hanging(x exchange) { <-x.r.Context().Done() }

// resetting closes the connection so that the kernel sends RST and not FIN.
func resetting(x exchange) {
	conn, _, err := http.NewResponseController(x.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, isTCP := conn.(*net.TCPConn); isTCP {
		_ = tcp.SetLinger(0) // fails only on a connection that is closed already
	}
	_ = conn.Close()
}

// failingEntries passes on the entries of a PutEvents call that the fault is not about, and fails the others, as EventBridge does.
func failingEntries(code string) func(exchange) {
	type result struct{ EventId, ErrorCode, ErrorMessage string }
	return func(x exchange) {
		var call struct{ Entries []json.RawMessage }
		if err := json.Unmarshal(x.body, &call); err != nil {
			panic(http.ErrAbortHandler)
		}
		fails := func(entry json.RawMessage) bool {
			return !slices.ContainsFunc(x.about, func(part string) bool { return !strings.Contains(string(entry), part) })
		}
		var taken struct{ Entries []result }
		if good := slices.DeleteFunc(slices.Clone(call.Entries), fails); len(good) > 0 {
			body, _ := json.Marshal(map[string]any{"Entries": good}) // what was JSON is JSON
			x.r.Body, x.r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			answer := httptest.NewRecorder()
			x.next.ServeHTTP(answer, x.r)
			if err := json.Unmarshal(answer.Body.Bytes(), &taken); err != nil || len(taken.Entries) != len(good) {
				panic(http.ErrAbortHandler)
			}
		}
		failed, results := 0, make([]map[string]string, len(call.Entries))
		for i, entry := range call.Entries {
			if fails(entry) {
				failed++
				results[i] = map[string]string{"ErrorCode": code, "ErrorMessage": "the entry was not taken"}
				continue
			}
			results[i], taken.Entries = map[string]string{"EventId": taken.Entries[0].EventId}, taken.Entries[1:]
		}
		x.w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(x.w).Encode(map[string]any{"FailedEntryCount": failed, "Entries": results})
	}
}
