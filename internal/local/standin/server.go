package standin

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Server is a stand-in for VideoSDK. It is an http.Handler, and with Start it listens by itself. All methods are safe for concurrent
// use.
type Server struct {
	options  Options
	listener listener

	mu     sync.Mutex // guards all below
	pair   pair
	delay  time.Duration
	rooms  rooms
	faults []*injected
	calls  []*Call
}

// New returns a Server without rooms. It refuses an empty key or secret and options that contradict each other, naming every problem.
func New(options Options) (*Server, error) {
	options, err := options.complete()
	if err != nil {
		return nil, fmt.Errorf("failed to make a VideoSDK stand-in: %w", err)
	}
	return &Server{
		options: options,
		pair:    pair{apiKey: options.APIKey, secret: options.Secret},
		rooms:   newRooms(),
	}, nil
}

// AddRoom adds a room without sessions. It refuses an empty id, and an id or customRoomId that another room has.
func (s *Server) AddRoom(room Room) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.rooms.addRoom(room, nil, s.options.Now())
	return err
}

// StartSession adds a session to a room, live unless it has an end, and returns its id. It refuses an unknown room, a session that
// makes no sense, and a second live one unless Session.Alongside allows it. A session that an end call was accepted for does not count
// as live here.
func (s *Server) StartSession(roomID string, session Session) (sessionID string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, exists := s.rooms.byID[roomID]
	if !exists {
		return "", fmt.Errorf("there is no room %q", roomID)
	}
	ids, err := s.rooms.addSessions(r, []Session{session}, s.options.Now())
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// EndSession ends a session now, as if everybody had left. One that has ended stays as it is. It refuses an unknown id.
func (s *Server) EndSession(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, exists := s.rooms.sessions[id]
	if !exists {
		return fmt.Errorf("there is no session %q", id)
	}
	if now := s.options.Now(); !known.ended(now) {
		known.endsAt = now
	}
	return nil
}

// Rotate replaces the key and secret: tokens of the old pair are refused from now on. An empty key or secret is refused.
func (s *Server) Rotate(apiKey, secret string) error {
	if err := checkPair(apiKey, secret); err != nil {
		return fmt.Errorf("failed to rotate the key: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pair = pair{apiKey: apiKey, secret: secret}
	return nil
}

// SetDelay sets how long every request is held, in real time, before it is looked at. A request whose client goes away meanwhile has
// no effect.
func (s *Server) SetDelay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = max(d, 0)
}

// ServeHTTP answers as VideoSDK does under /v2, and as package standin says under /_standin/. It needs a real connection: where a fault
// or the client's leaving forbids an answer it panics with http.ErrAbortHandler, as net/http wants it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, controlPrefix) {
		s.serveControl(w, r)
		return
	}
	q, err := readRequest(r)
	x := &exchange{server: s, arrival: s.arrive(q, r), w: w, r: r}
	if err != nil {
		drop()
	}
	w.Header().Set("X-Request-Id", x.requestID)
	x.wait(x.delay)
	if x.misbehave(BeforeEffect, sample) {
		return
	}
	truth := s.decide(q, x.call)
	if x.misbehave(AfterEffect, truth) {
		return
	}
	x.send(truth)
}

// requestID is the x-request-id of the nth answer.
func requestID(n int) string { return fmt.Sprintf("stand-in-%06d", n) }

// decide does what a request asks for and returns the true answer to it.
func (s *Server) decide(q *request, call *Call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	if q.operation == OpOther {
		return refused(http.StatusNotFound, "There is no "+call.Method+" "+call.URI+".", assumeUnknownEndpoint)
	}
	if refusal := s.pair.refusal(q.header, now); refusal != nil {
		return refusal
	}
	if q.tooLarge {
		return refused(http.StatusRequestEntityTooLarge, "The body is too large.", assumeInvalidRequest)
	}
	if len(q.problems) > 0 {
		return refused(http.StatusBadRequest, "Invalid request: "+strings.Join(q.problems, "; "), assumeInvalidRequest)
	}
	switch q.operation {
	case OpListSessions:
		return s.listSessions(q, now)
	case OpGetSession:
		return s.getSession(q, now)
	case OpEndSession:
		return s.endSession(q, call, now)
	default:
		return s.getRoom(q)
	}
}
