package stack_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"videosdk-end-session/internal/local/samples"
	"videosdk-end-session/internal/local/stack"
	"videosdk-end-session/internal/local/standin"
)

// row is a bad input or a bad day.
type row struct {
	name string
	// given prepares VideoSDK. By default the cell's room has a session that began an hour ago.
	given func(*cell) error
	// faults are those of VideoSDK. Each is about the cell's session or its room.
	faults func(*cell) []standin.Fault
	// aws are the faults of AWS. Each is about the requests that hold the cell's room.
	aws []awsFault
	// triggers are sent one after the other. By default there is one, for the cell's room.
	triggers []func(*cell) trigger
	// run takes the place of sending the triggers, for what is sent in another way.
	run func(context.Context, *cell) (string, error)

	// slow says that a delivery waits for its deadline, or that the next one has to wait for its lease.
	slow bool

	want wants
	// retryAfter is what an HTTP caller is told in the header of that name; empty for anything above 0.
	retryAfter string
	// ended says that the cell's session is ended also where the outcome does not say so.
	ended bool
	// retold says that the first delivery publishes the outcome and does not learn of it, so that where nobody waits it is told again.
	retold bool
	// call and kind are the AWS call that a fault is in, and the fault's kind, for the rows of steps.
	call, kind string
}

// cell is a row by one way.
type cell struct {
	row
	way  way
	want string
	// id is unique, and a part of everything that the cell names.
	id      string
	room    string
	session string   // the one that may be ended
	others  []string // sessions that are ended with it
	// unnamed leaves id and occurredAt of a call to the application, whose answer has to tell them.
	unnamed bool
	world   *world

	met []*awsFault // those that the cell's requests are to meet

	result   string
	problems []string
	pending  *sending // what failed for now
	sent     int      // triggers
	refused  int      // triggers that were refused to the caller's face
}

// world is a running stack with the cells that share it.
type world struct {
	*stack.Stack
	*farEnd
	awsFaults *awsFaults
	// calls and events bound what is under way at once, so that no function is throttled and a small machine is not flooded.
	calls, events chan struct{}
}

// trigger is what a cell sends: the document, and what a way takes in its place.
type trigger struct {
	id       string // of the trigger; empty where the door gives one
	document []byte
	header   map[string]string // of the HTTP call
	gateway  []byte            // what the gateway is to make of the HTTP call
	detail   []byte            // of the event
	event    []byte            // what the function is to be given as the event
	repeated bool              // it was sent before, and is delivered once more
}

// prepare puts VideoSDK and AWS into the state that the row starts from.
func (c *cell) prepare() error {
	given := c.given
	if given == nil {
		given = func(c *cell) error { return c.live(time.Hour) }
	}
	if err := given(c); err != nil {
		return err
	}
	if c.faults != nil {
		for _, fault := range c.faults(c) {
			fault.About = c.room
			if fault.On == standin.OpGetSession {
				fault.About = c.session
			}
			if err := c.world.Standin.Inject(fault); err != nil {
				return err
			}
		}
	}
	for _, fault := range c.aws {
		fault.holds = append([]string{c.room}, fault.holds...)
		c.meet(fault)
	}
	return nil
}

// meet injects a fault that requests for the cell are to meet.
func (c *cell) meet(fault awsFault) { c.met = append(c.met, c.world.awsFaults.inject(fault)) }

// checkMet checks that every fault of AWS was met: one that was not shows nothing.
func (c *cell) checkMet() {
	for _, fault := range c.met {
		if c.world.awsFaults.met(fault) == 0 {
			c.problem("no call of %s has met the fault", fault.operation)
		}
	}
}

// live begins a session in the cell's room, which is the one that may be ended.
func (c *cell) live(ago time.Duration) (err error) {
	c.session, err = c.begin(c.room, standin.Session{Start: time.Now().Add(-ago)})
	return err
}

// begin begins a session in a room, which is made if need be.
func (c *cell) begin(room string, session standin.Session) (string, error) {
	err := c.world.Standin.AddRoom(standin.Room{ID: room, CustomID: customOf(room)})
	if err != nil && !strings.Contains(err.Error(), "already") {
		return "", err
	}
	session.Participants = []standin.Participant{{ID: "demo-1", Name: samples.ParticipantName}}
	return c.world.Standin.StartSession(room, session)
}

// customOf is the customRoomId of a room.
func customOf(room string) string { return "booking-of-" + room }

// named is a trigger for the cell's room, with the given fields over its own. A field that is nil is left out.
func (c *cell) named(over map[string]any) trigger {
	document := map[string]any{"source": "matrix", "roomId": c.room}
	callers := c.way == byHTTP || c.way == byDirect
	if !c.unnamed || !callers {
		document["id"], document["occurredAt"] = c.id, time.Now().UTC().Format(time.RFC3339Nano)
	}
	return written(document, over)
}

// written is the trigger of a document with fields over its own.
func written(document, over map[string]any) trigger {
	maps.Copy(document, over)
	maps.DeleteFunc(document, func(_ string, value any) bool { return value == nil })
	body, err := json.Marshal(document)
	if err != nil {
		panic(err) // a mistake in a row
	}
	id, _ := document["id"].(string)
	return trigger{id: id, document: body, detail: body}
}

// with is the trigger with fields over those of its document.
func (t trigger) with(over map[string]any) trigger {
	var document map[string]any
	if err := json.Unmarshal(t.document, &document); err != nil {
		panic(err) // a mistake in a row
	}
	return written(document, over)
}

// raw is a trigger of exactly these bytes. EventBridge takes only objects, so there they are the data of a CloudEvent.
func (c *cell) raw(body []byte) trigger {
	detail, err := json.Marshal(map[string]any{
		"specversion": "1.0", "type": "end", "id": c.id, "source": "matrix", "time": time.Now().UTC().Format(time.RFC3339), "data_base64": body,
	})
	if err != nil {
		panic(err)
	}
	return trigger{id: c.id, document: body, detail: detail}
}

// deliver sends the triggers and takes down what the first delivery of each comes to. Only the last may fail for now.
func (c *cell) deliver(ctx context.Context) error {
	if c.run != nil {
		var err error
		c.result, err = c.run(ctx, c)
		return err
	}
	triggers := c.triggers
	if triggers == nil {
		triggers = []func(*cell) trigger{func(c *cell) trigger { return c.named(nil) }}
	}
	var results []string
	designed := strings.Split(c.want, "; ")
	for i, trigger := range triggers {
		s := c.sending(trigger(c))
		s.fails = strings.HasPrefix(designed[i], "again ")
		result, final, err := s.first(ctx)
		if err != nil {
			return err
		}
		if !final {
			if c.pending = s; i < len(triggers)-1 {
				return errors.New("a trigger that others follow failed for now: " + result)
			}
		}
		results = append(results, result)
	}
	c.result = strings.Join(results, "; ")
	return nil
}

// finish waits, or asks, for what becomes of a trigger that failed for now.
func (c *cell) finish(ctx context.Context) error {
	if c.pending == nil {
		return nil
	}
	result, err := c.pending.last(ctx)
	c.result += ", then " + result
	return err
}

// problem takes down what is wrong beside the result.
func (c *cell) problem(format string, values ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, values...))
}

// ends reports whether the cell's session is to be ended.
func (c *cell) ends() bool { return c.ended || endsASession(c.want) }
