package lambdahost

import (
	"encoding/json"
	"io"
	"net/http"
)

// serveRegister registers an internal extension. Only what aws-lambda-go's
// WithEnableSIGTERM needs is there: an extension that wants no events, whose
// one effect is that the process gets SIGTERM before SIGKILL.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
func (e *environment) serveRegister(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Lambda-Extension-Name") == "" {
		refuse(w, http.StatusBadRequest, fault{"Extension.InvalidExtensionName", "Empty extension name"})
		return
	}
	var registration struct {
		Events []string `json:"events"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<16)).Decode(&registration); err != nil {
		refuse(w, http.StatusBadRequest, fault{"InvalidRequestFormat", "Could not parse registration request body"})
		return
	}
	if len(registration.Events) > 0 {
		refuse(w, http.StatusNotImplemented, fault{"Extension.InvalidEventType",
			"This host gives extensions no events; AWS would give them INVOKE."})
		return
	}
	e.mu.Lock()
	e.extension = true
	e.mu.Unlock()
	w.Header().Set("Lambda-Extension-Identifier", newUUID())
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{
		"functionName":    e.function.Name,
		"functionVersion": "$LATEST",
		"handler":         "bootstrap",
	})
}

// serveExtensionNext holds the request for ever: there are no events.
func (e *environment) serveExtensionNext(_ http.ResponseWriter, r *http.Request) {
	select {
	case <-e.ended:
	case <-r.Context().Done():
	}
}
