package standin

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"strconv"
)

// bigBody is the size in bytes of the field that BigBody puts before the true answer.
const bigBody = 5 << 20

// sample stands for the true answer where a fault comes before there is one. It is VideoSDK's documented answer to an end call.
var sample = &answer{status: http.StatusOK, body: []byte(`{"start":"2022-03-29T05:21:42.829Z","end":null,"participants":[` +
	`{"_id":"62429767903bdf001299cacb","participantId":"demo-1","name":"John","timelog":[{"start":"2022-03-29T05:21:43.663Z","end":null}]}],` +
	`"id":"62429766903bdf001299cac5","roomId":"abcd-efgh-lmnop","status":"ongoing",` +
	`"links":{"get_room":"https://api.videosdk.live/v2/rooms/abcd-efgh-lmnop","get_session":"https://api.videosdk.live/v2/sessions/"}}`)}

// misbehave does what the request's fault wants, if its time is when. It reports whether the exchange is over.
func (x *exchange) misbehave(when When, truth *answer) (over bool) {
	if x.fault.When != when {
		return false
	}
	switch x.fault.Do {
	case Slow:
		x.wait(x.fault.Delay)
		return false
	case Hang:
		<-x.r.Context().Done()
		drop()
	case Reset:
		x.reset()
	case CutOff:
		x.cutOff(truth)
	case Answer:
		x.send(x.told())
	case Garbage:
		x.w.Header().Set("Content-Type", "text/html; charset=utf-8")
		x.send(&answer{status: http.StatusOK, body: []byte(page)})
	case NoContent:
		x.send(&answer{status: http.StatusNoContent})
	case Truncated:
		x.send(&answer{status: truth.status, body: truth.body[:len(truth.body)/2], assumptions: truth.assumptions})
	case BigBody:
		x.send(&answer{status: truth.status, body: padded(truth.body), assumptions: truth.assumptions})
	case Redirect:
		x.w.Header().Set("Location", "/v2/redirected")
		x.send(&answer{status: x.fault.Status})
	}
	return true
}

// page is what a proxy or a parked domain may answer in place of an API.
const page = "<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>\n"

// told is the answer that the fault brings with it.
func (x *exchange) told() *answer {
	if x.fault.Body == "" {
		return refused(x.fault.Status, http.StatusText(x.fault.Status), assumeInjectedBody)
	}
	if !json.Valid([]byte(x.fault.Body)) {
		x.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	return &answer{status: x.fault.Status, body: []byte(x.fault.Body)}
}

// reset closes the connection so that the kernel sends RST and not FIN.
func (x *exchange) reset() {
	conn, _, err := http.NewResponseController(x.w).Hijack()
	if err != nil {
		drop()
	}
	if tcp, isTCP := conn.(*net.TCPConn); isTCP {
		_ = tcp.SetLinger(0) // fails only on a connection that is closed already
	}
	_ = conn.Close()
}

// cutOff sends half of the answer under the length of the whole.
func (x *exchange) cutOff(truth *answer) {
	x.w.Header().Set("Content-Length", strconv.Itoa(len(truth.body)))
	x.send(&answer{status: truth.status, body: truth.body[:len(truth.body)/2], assumptions: truth.assumptions})
	_ = http.NewResponseController(x.w).Flush() // fails only if the client has gone away
	drop()
}

// padded puts a field of bigBody bytes before the others of a JSON object.
func padded(object []byte) []byte {
	var b bytes.Buffer
	b.WriteString(`{"padding":"`)
	b.Write(bytes.Repeat([]byte("x"), bigBody))
	b.WriteString(`",`)
	b.Write(object[1:])
	return b.Bytes()
}
