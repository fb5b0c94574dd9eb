package standin

import (
	"net/http"
	"slices"
	"time"
)

// Operation is what a request asks of VideoSDK.
type Operation string

// The operations. Whatever is none of the first four is OpOther, and is answered with 404.
const (
	OpListSessions Operation = "ListSessions" // GET /v2/sessions
	OpGetSession   Operation = "GetSession"   // GET /v2/sessions/{sessionId}
	OpEndSession   Operation = "EndSession"   // POST /v2/sessions/end
	OpGetRoom      Operation = "GetRoom"      // GET /v2/rooms/{roomId or customRoomId}
	OpOther        Operation = "Other"
)

// Call is one request to VideoSDK. It holds no header and no body, so no token either.
type Call struct {
	// At is when the request had arrived, by Options.Now.
	At        time.Time `json:"at"`
	Operation Operation `json:"operation"`
	// Method and URI are as sent, the URI with its query.
	Method string `json:"method"`
	URI    string `json:"uri"`
	// RoomID, CustomRoomID and SessionID are what the request named. RoomID is a customRoomId where an end call or a room look-up gave
	// one.
	RoomID       string `json:"roomId,omitempty"`
	CustomRoomID string `json:"customRoomId,omitempty"`
	SessionID    string `json:"sessionId,omitempty"`
	// RequestID is the x-request-id of the answer.
	RequestID string `json:"requestId"`
	// Status is the HTTP status of the answer, 0 while there is none and where none was ever sent.
	Status int `json:"status"`
	// Assumptions name what the answer rests on that nobody outside VideoSDK knows.
	Assumptions []string `json:"assumptions,omitempty"`
	// Fault is the misbehaviour that the request met, if any.
	Fault Misbehaviour `json:"fault,omitempty"`
	// Acted is set if this request was an end call that ended a live session, whether or not its answer arrived. ActedOn is that
	// session's id.
	Acted   bool   `json:"acted"`
	ActedOn string `json:"actedOn,omitempty"`
}

// Calls returns every request to VideoSDK so far, in the order of arrival. Requests to the control paths are not among them.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := make([]Call, len(s.calls))
	for i, call := range s.calls {
		calls[i] = *call
		calls[i].Assumptions = slices.Clone(call.Assumptions)
	}
	return calls
}

// arrival is a request that has been recorded, with what is going to happen to it.
type arrival struct {
	call      *Call // guarded by Server.mu, as are all of its fields
	requestID string
	delay     time.Duration
	fault     Fault // does nothing if its Do is empty
}

// arrive records a request and takes the fault that it meets.
func (s *Server) arrive(q *request, r *http.Request) arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	call := &Call{
		At:           s.options.Now(),
		Operation:    q.operation,
		Method:       r.Method,
		URI:          r.URL.RequestURI(),
		RoomID:       q.roomID,
		CustomRoomID: q.customRoomID,
		SessionID:    q.sessionID,
		RequestID:    requestID(len(s.calls) + 1),
	}
	fault := s.takeFault(call)
	call.Fault = fault.Do
	s.calls = append(s.calls, call)
	return arrival{call: call, requestID: call.RequestID, delay: s.delay, fault: fault}
}

// sending records an answer that is about to be sent.
func (s *Server) sending(call *Call, a *answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	call.Status = a.status
	call.Assumptions = a.assumptions
}
