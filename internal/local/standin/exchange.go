package standin

import (
	"context"
	"maps"
	"net/http"
	"time"
)

// exchange is one request with the way back to its client.
type exchange struct {
	server *Server
	arrival
	w http.ResponseWriter
	r *http.Request
}

// send records and sends an answer, which is JSON unless a header says otherwise. It records first, so that whoever has an answer finds
// it among the calls.
func (x *exchange) send(a *answer) {
	x.server.sending(x.call, a)
	header := x.w.Header()
	if header.Get("Content-Type") == "" && len(a.body) > 0 {
		header.Set("Content-Type", "application/json; charset=utf-8")
	}
	for _, assumption := range a.assumptions {
		header.Add(assumptionHeader, assumption)
	}
	maps.Copy(header, x.fault.Header)
	x.w.WriteHeader(a.status)
	_, _ = x.w.Write(a.body) // a client that has gone away is no error of the stand-in's
}

// wait lets time pass. If the client goes away or the Server stops meanwhile, the exchange ends there.
func (x *exchange) wait(d time.Duration) {
	if !sleep(x.r.Context(), d) {
		drop()
	}
}

// drop closes the connection of the current request without an answer: net/http does that, in silence, for this one panic.
func drop() { panic(http.ErrAbortHandler) }

// sleep reports whether it could wait for d before the context ended.
func sleep(ctx context.Context, d time.Duration) bool {
	if ctx.Err() != nil || d == 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
