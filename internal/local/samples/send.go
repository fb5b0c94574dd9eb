package samples

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"videosdk-end-session/internal/local/cloud"
	"videosdk-end-session/internal/local/stack"
	"videosdk-end-session/internal/local/standin"
)

// patience is how long a sent sample may take to show an effect.
const patience = 30 * time.Second

// ParticipantName is the name of a participant of every live session, to be looked for where it must not be.
const ParticipantName = "Jane Roe, who must not be told"

// Sent is what became of a sample.
type Sent struct {
	Answer     string            // the caller's: an HTTP status, an error type; empty where nobody waits
	Event      *cloud.Envelope   // the published event
	Outcome    string            // of the event
	Code       string            // of the event's error, the answer or the dead letter
	DeadLetter *cloud.DeadLetter // the message that could not be decoded
	Ignored    string            // why a webhook was left alone
	KeptBack   time.Duration     // how long a trigger stays on the queue first, if that is too long to wait for
}

// Arrange puts VideoSDK's stand-in into the state that the sample starts from.
func Arrange(videosdk *standin.Server, s Sample) error {
	var names struct{ RoomID, CustomRoomID, SessionID any }
	if err := json.Unmarshal(s.Document, &names); err != nil {
		return err
	}
	text := func(v any, otherwise string) string {
		if t, ok := v.(string); ok {
			return t
		}
		return otherwise
	}
	room := standin.Room{ID: text(names.RoomID, "room-of-"+s.Shape+"-"+s.Name), CustomID: text(names.CustomRoomID, "")}
	if s.Expect.Given == Nothing {
		return nil
	}
	if err := videosdk.AddRoom(room); err != nil {
		return err
	}
	session := standin.Session{
		ID: text(names.SessionID, ""), Start: time.Now().Add(-30 * time.Minute),
		Participants: []standin.Participant{{ID: "demo-1", Name: ParticipantName}, {ID: "demo-2", Name: "John Doe"}},
	}
	switch s.Expect.Given {
	case Empty:
		return nil
	case Ended:
		session.End = time.Now().Add(-time.Minute)
	case LiveAnswerLost:
		fault := standin.Fault{On: standin.OpEndSession, When: standin.AfterEffect, Do: standin.Reset, About: room.ID, Times: 1}
		if err := videosdk.Inject(fault); err != nil {
			return err
		}
	case Live:
	default:
		return fmt.Errorf("sample %s: unknown state %q", s, s.Expect.Given)
	}
	_, err := videosdk.StartSession(room.ID, session)
	return err
}

// Send sends the sample through its door and waits for what becomes of it.
func Send(ctx context.Context, on *stack.Stack, s Sample) (Sent, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	before, err := on.Published(ctx)
	if err != nil {
		return Sent{}, err
	}
	sent, published, err := knock(ctx, on, s)
	if err != nil || !published {
		return sent, err
	}
	return sent, sent.await(ctx, on, len(before), s.Function() != "ApiFunction")
}

// knock delivers the sample and reports whether something is to follow. What no door of the local stack makes (the payloads of a REST
// API and of a function URL, an array of events) is handed to the function as it is.
func knock(ctx context.Context, on *stack.Stack, s Sample) (Sent, bool, error) {
	var payload struct {
		Headers    map[string]string
		Records    []struct{ Body string }
		Source     string
		DetailType string `json:"detail-type"`
		Detail     json.RawMessage
	}
	if s.Shape != "eventbridge-array" {
		if err := json.Unmarshal(s.Payload, &payload); err != nil {
			return Sent{}, false, err
		}
	}
	switch {
	case s.Shape == "http":
		header := http.Header{}
		for name, value := range payload.Headers {
			header.Set(name, value)
		}
		answer, err := on.Post(ctx, "/v1/sessions/end", header, s.Document)
		if err != nil {
			return Sent{}, false, err
		}
		return answered(answer.Status, answer.Body)
	case s.Shape == "eventbridge", s.Shape == "eventbridge-cloudevents":
		_, err := on.PutEvent(ctx, payload.Source, payload.DetailType, payload.Detail)
		return Sent{}, true, err
	case s.Function() == "SqsFunction":
		body := strings.ReplaceAll(payload.Records[0].Body, Never, time.Now().UTC().Format(time.RFC3339))
		_, err := on.Cloud.Send(ctx, cloud.Message{Queue: "TriggerQueue", Body: body})
		return Sent{}, true, err
	default:
		return invoke(ctx, on, s)
	}
}

// invoke hands the payload to its function.
func invoke(ctx context.Context, on *stack.Stack, s Sample) (Sent, bool, error) {
	response, err := on.Invoke(ctx, s.Function(), s.Payload)
	if err != nil {
		return Sent{}, false, err
	}
	var result struct {
		ErrorType  string
		StatusCode int
		Body       string
	}
	if err := json.Unmarshal(response.Payload, &result); err != nil {
		return Sent{}, false, err
	}
	switch {
	case response.FunctionError != "":
		return Sent{Answer: "error", Code: result.ErrorType}, false, nil
	case result.StatusCode != 0:
		return answered(result.StatusCode, []byte(result.Body))
	default:
		return Sent{Answer: "result"}, true, nil
	}
}

// answered reads the answer to an HTTP call. An event follows if the answer is one, or tells of one.
func answered(status int, body []byte) (Sent, bool, error) {
	var problem struct {
		Code  string
		Event json.RawMessage
	}
	if err := json.Unmarshal(body, &problem); err != nil {
		return Sent{}, false, fmt.Errorf("the answer %d is not JSON: %w", status, err)
	}
	return Sent{Answer: fmt.Sprint(status), Code: problem.Code}, status < 300 || problem.Event != nil, nil
}

// await waits for the next published event, or for a dead letter where there may be one.
func (s *Sent) await(ctx context.Context, on *stack.Stack, seen int, mayDie bool) error {
	for {
		published, err := on.Published(ctx)
		if err != nil {
			return fmt.Errorf("wait for the outcome: %w", err)
		}
		if len(published) > seen {
			return s.take(published[seen])
		}
		if mayDie {
			letters, err := on.Cloud.DeadLetters(ctx, "DeadLetterQueue")
			if err != nil {
				return err
			}
			if len(letters) > 0 {
				s.DeadLetter, s.Code = &letters[0], letters[0].Attributes["code"]
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the outcome: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *Sent) take(event cloud.Envelope) error {
	var detail struct {
		Outcome string
		Error   *struct{ Code string }
	}
	if err := json.Unmarshal(event.Detail, &detail); err != nil {
		return fmt.Errorf("read the published event: %w", err)
	}
	s.Event, s.Outcome, s.Code = &event, detail.Outcome, ""
	if detail.Error != nil {
		s.Code = detail.Error.Code
	}
	return nil
}

// Differences says in what way the sample's fate is not the expected one.
func (s Sample) Differences(got Sent) []string {
	var differences []string
	differ := func(what string, got, want any) {
		if got != want {
			differences = append(differences, fmt.Sprintf("%s is %q, expected %q", what, got, want))
		}
	}
	differ("the outcome", got.Outcome, s.Expect.Outcome)
	differ("the code", got.Code, s.Expect.Code)
	if strings.HasPrefix(s.Shape, "http") {
		differ("the HTTP status", got.Answer, fmt.Sprint(s.Expect.HTTPStatus))
	}
	return differences
}
