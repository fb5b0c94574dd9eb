package standin

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// controlPrefix is where the paths begin that drive the stand-in from a command line.
const controlPrefix = "/_standin/"

// controlAnswer is the answer to a control request that succeeded.
type controlAnswer struct {
	status int
	body   any // none if nil
}

// controlError refuses a control request, with every problem that it has.
type controlError struct {
	status   int
	problems []string
}

func (e *controlError) Error() string { return strings.Join(e.problems, "; ") }

// serveControl answers the paths under /_standin/.
func (s *Server) serveControl(w http.ResponseWriter, r *http.Request) {
	reply, err := s.control(r)
	if err != nil {
		reply = controlAnswer{http.StatusBadRequest, refusalOnWire{Message: "The request was refused.", Problems: problemsOf(err)}}
		if refusal, isRefusal := errors.AsType[*controlError](err); isRefusal {
			reply.status = refusal.status
		}
	}
	if reply.body == nil {
		w.WriteHeader(reply.status)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(reply.status)
	_, _ = w.Write(append(encode(reply.body), '\n')) // a client that has gone away is no error of the stand-in's
}

type refusalOnWire struct {
	Message  string   `json:"message"`
	Problems []string `json:"problems"`
}

// problemsOf takes apart what errors.Join put together. No error has no problems.
func problemsOf(err error) []string {
	switch err := err.(type) {
	case nil:
		return nil
	case *controlError:
		return err.problems
	case interface{ Unwrap() []error }:
		var problems []string
		for _, part := range err.Unwrap() {
			problems = append(problems, problemsOf(part)...)
		}
		return problems
	default:
		return []string{err.Error()}
	}
}

// control does what a control request asks for.
func (s *Server) control(r *http.Request) (controlAnswer, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequestBody+1))
	if err != nil {
		drop()
	}
	if len(body) > maxRequestBody {
		return controlAnswer{}, &controlError{http.StatusRequestEntityTooLarge, []string{"the body is larger than 1 MiB"}}
	}
	path := segments(r.URL)
	switch request := r.Method + " " + strings.Join(path, "/"); {
	case request == "POST _standin/rooms":
		return s.controlRooms(body)
	case request == "POST _standin/faults":
		return s.controlFaults(body)
	case request == "DELETE _standin/faults":
		s.ClearFaults()
		return controlAnswer{status: http.StatusNoContent}, nil
	case request == "GET _standin/calls":
		return controlAnswer{http.StatusOK, callsOnWire{Calls: s.Calls()}}, nil
	case r.Method == http.MethodPost && len(path) == 4 && path[1] == "sessions" && path[3] == "end":
		if err := s.EndSession(path[2]); err != nil {
			return controlAnswer{}, &controlError{http.StatusNotFound, []string{err.Error()}}
		}
		return controlAnswer{status: http.StatusNoContent}, nil
	default:
		return controlAnswer{}, &controlError{http.StatusNotFound, []string{
			"there is no " + r.Method + " " + r.URL.Path + ", only POST /_standin/rooms, POST /_standin/sessions/{id}/end, " +
				"POST and DELETE /_standin/faults, and GET /_standin/calls",
		}}
	}
}

type callsOnWire struct {
	Calls []Call `json:"calls"`
}

// admitted says what was added.
type admitted struct {
	RoomID       string   `json:"roomId"`
	CustomRoomID string   `json:"customRoomId,omitempty"`
	SessionIDs   []string `json:"sessionIds"`
}

// controlRooms adds a room with sessions, or sessions to a room that exists. If anything is wrong, nothing is added.
func (s *Server) controlRooms(body []byte) (controlAnswer, error) {
	d := readDocument(body)
	if !d.has("roomId") {
		d.refuse("roomId", "is missing")
	}
	added := Room{ID: d.text("roomId"), CustomID: d.text("customRoomId")}
	var sessions []Session
	for _, object := range d.objects("sessions") {
		sessions = append(sessions, readSession(object))
	}
	d.close()
	if len(*d.problems) > 0 {
		return controlAnswer{}, &controlError{http.StatusBadRequest, *d.problems}
	}
	return s.admit(added, sessions)
}

// admit adds a room with sessions, or sessions to a room that exists.
func (s *Server) admit(added Room, sessions []Session) (controlAnswer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	r, exists := s.rooms.byID[added.ID]
	if !exists {
		ids, err := s.rooms.addRoom(added, sessions, now)
		return controlAnswer{http.StatusCreated, admitted{added.ID, added.CustomID, ids}}, err
	}
	if added.CustomID != "" && added.CustomID != r.CustomID {
		return controlAnswer{}, fmt.Errorf("room %q exists already, with another customRoomId", r.ID)
	}
	ids, err := s.rooms.addSessions(r, sessions, now)
	return controlAnswer{http.StatusOK, admitted{r.ID, r.CustomID, ids}}, err
}

func readSession(d *document) Session {
	session := Session{ID: d.text("id"), Start: d.time("start"), End: d.time("end"), Alongside: d.flag("alongside")}
	if d.has("rawStart") {
		session.RawStart = new(d.anyText("rawStart"))
	}
	for _, object := range d.objects("participants") {
		participant := Participant{ID: object.text("participantId"), Name: object.anyText("name")}
		for _, stay := range object.objects("timelog") {
			participant.Timelog = append(participant.Timelog, TimelogEntry{Start: stay.time("start"), End: stay.time("end")})
			stay.close()
		}
		object.close()
		session.Participants = append(session.Participants, participant)
	}
	d.close()
	return session
}

// controlFaults injects a fault.
func (s *Server) controlFaults(body []byte) (controlAnswer, error) {
	d := readDocument(body)
	fault := Fault{
		On:     Operation(d.text("on")),
		About:  d.text("about"),
		When:   When(d.text("when")),
		Do:     Misbehaviour(d.text("do")),
		Times:  d.number("times"),
		Status: d.number("status"),
		Body:   d.anyText("body"),
		Delay:  d.duration("delay"),
	}
	headers, _ := take[map[string]string](d, "headers", "an object of strings")
	for name, value := range headers {
		if fault.Header == nil {
			fault.Header = http.Header{}
		}
		fault.Header.Set(name, value)
	}
	d.close()

	fault, err := fault.complete()
	if problems := slices.Concat(*d.problems, problemsOf(err)); len(problems) > 0 {
		return controlAnswer{}, &controlError{http.StatusBadRequest, problems}
	}
	s.add(fault)
	return controlAnswer{status: http.StatusNoContent}, nil
}
