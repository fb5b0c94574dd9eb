package stack_test

import (
	"bytes"
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
)

// The operations of AWS that meet faults, as the header X-Amz-Target names them.
const (
	putItem     = "DynamoDB_20120810.PutItem"
	putEvents   = "AWSEvents.PutEvents"
	sendMessage = "AmazonSQS.SendMessage"
)

// Parts of the ledger's writes, by the step that writes them.
const (
	claiming   = `":nextState":{"S":"claimed"}`
	recording  = `":nextState":{"S":"recorded"}`
	completing = `":nextState":{"S":"published"}`
)

// awsFault is a misbehaviour of AWS that requests meet.
type awsFault struct {
	operation string
	holds     []string // all of these are in the request's body
	after     bool     // the request has its effect, and only the answer suffers
	times     int      // how many requests meet the fault; 0 for all until mended
	do        func(exchange)
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

func (f *awsFaults) inject(fault awsFault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, &fault)
}

func (f *awsFaults) mend() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = nil
}

// take returns the fault that a request meets, if any.
func (f *awsFaults) take(operation string, body []byte) (awsFault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.faults, func(fault *awsFault) bool {
		return fault.operation == operation && !slices.ContainsFunc(fault.holds, func(part string) bool { return !bytes.Contains(body, []byte(part)) })
	})
	if i < 0 {
		return awsFault{}, false
	}
	fault := f.faults[i]
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
		fault, met := f.take(r.Header.Get("X-Amz-Target"), body)
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

// refusing answers with an error of AWS's JSON protocol, and the checksum that DynamoDB gives.
func refusing(status int, kind, message string) func(exchange) {
	return func(x exchange) {
		answer, _ := json.Marshal(map[string]string{"__type": kind, "message": message}) // two strings always marshal
		x.w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		x.w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(answer)), 10))
		x.w.WriteHeader(status)
		_, _ = x.w.Write(answer) // a client that has gone away needs no answer
	}
}

// The errors as AWS gives them; see the "Common errors" and "Errors" of each operation in the API references of the services.
var (
	dynamoThrottles = refusing(http.StatusBadRequest, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
		"The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.")
	dynamoAway     = refusing(http.StatusInternalServerError, "com.amazonaws.dynamodb.v20120810#InternalServerError", "Internal server error")
	eventsThrottle = refusing(http.StatusBadRequest, "ThrottlingException", "Rate exceeded")
	queueThrottles = refusing(http.StatusBadRequest, "com.amazonaws.sqs#RequestThrottled", "The request was denied due to request throttling.")
)

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
