package stack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"videosdk-end-session/internal/local/stack"
)

// reply is what a caller is told.
type reply struct {
	text       string // as in the table
	again      bool   // the caller is to repeat
	retryAfter string
	id         string
	occurredAt string
	event      json.RawMessage // the published detail, if there is one
}

// checkRetryAfter checks that the answer says when to repeat, if and only if that is what the caller is to do.
func (s *sending) checkRetryAfter() {
	seconds, err := strconv.Atoi(s.told.retryAfter)
	switch {
	case !s.told.again:
		if s.told.retryAfter != "" {
			s.problem("a final answer has Retry-After %q", s.told.retryAfter)
		}
	case err != nil || seconds < 1:
		s.problem("%s has Retry-After %q", s.told.text, s.told.retryAfter)
	case s.retryAfter != "" && s.told.retryAfter != s.retryAfter:
		s.problem("Retry-After is %s, want %s", s.told.retryAfter, s.retryAfter)
	}
}

// call calls the function that answers.
func (s *sending) call(ctx context.Context) error {
	s.world.calls <- struct{}{}
	defer func() { <-s.world.calls }()
	switch s.way {
	case byDirect:
		return s.callDirectly(ctx)
	case byWebhook:
		return s.callByWebhook(ctx)
	}
	if s.trigger.gateway != nil {
		response, err := s.world.Invoke(ctx, "ApiFunction", s.trigger.gateway)
		if err != nil {
			return err
		}
		var answer struct {
			StatusCode int
			Headers    map[string]string
			Body       string
		}
		if err := json.Unmarshal(response.Payload, &answer); err != nil || response.FunctionError != "" {
			return fmt.Errorf("function error %q: %s", response.FunctionError, response.Payload)
		}
		return s.hear(answer.StatusCode, answer.Headers["retry-after"], []byte(answer.Body))
	}
	header := http.Header{"Content-Type": {"application/json"}}
	for name, value := range s.trigger.header {
		header.Set(name, value)
	}
	answer, err := s.world.Post(ctx, "/v1/sessions/end", header, s.trigger.document)
	if err != nil {
		return err
	}
	return s.hear(answer.Status, answer.Header.Get("Retry-After"), answer.Body)
}

// hear reads the answer to an HTTP call.
func (s *sending) hear(status int, retryAfter string, body []byte) error {
	s.told = reply{retryAfter: retryAfter, event: body}
	var problem struct {
		Status               int
		Code, ID, OccurredAt string
		Event                json.RawMessage
	}
	if status >= 300 {
		if err := json.Unmarshal(body, &problem); err != nil || problem.Status != status {
			// The gateway's own: the invocation was cut off, and nobody knows how far it got.
			s.told = reply{text: fmt.Sprint(status, " ", string(body)), again: status >= 500}
			return nil
		}
		s.told.event = problem.Event
		s.told.again = status == http.StatusServiceUnavailable || problem.Code == "in_progress"
	}
	text := problem.Code
	if s.told.event != nil {
		var err error
		if text, err = s.read(s.told.event); err != nil {
			return err
		}
	}
	if status >= 300 {
		s.told.id, s.told.occurredAt = problem.ID, problem.OccurredAt
	}
	s.told.text = fmt.Sprint(status, " ", text)
	s.checkNamed()
	return nil
}

// read takes the id and the time of the trigger from an event, and returns the outcome.
func (s *sending) read(event json.RawMessage) (string, error) {
	o := outcome{}
	var times struct{ Trigger struct{ OccurredAt string } }
	if err := json.Unmarshal(event, &o); err != nil {
		return "", err
	}
	if err := json.Unmarshal(event, &times); err != nil {
		return "", err
	}
	s.told.id, s.told.occurredAt = o.Trigger.ID, times.Trigger.OccurredAt
	return o.text(), nil
}

// checkNamed checks that the answer has what the caller needs to repeat the very trigger.
func (s *sending) checkNamed() {
	if _, err := time.Parse(time.RFC3339, s.told.occurredAt); s.told.id == "" || err != nil {
		s.problem("the answer %s has id %q and occurredAt %q", s.told.text, s.told.id, s.told.occurredAt)
	}
	if s.trigger.id != "" && s.told.text != "" && s.told.event != nil && s.told.id != s.trigger.id {
		s.problem("the answer %s is about %q, not %q", s.told.text, s.told.id, s.trigger.id)
	}
}

var repeatWith = regexp.MustCompile(`repeat with id ("(?:[^"\\]|\\.)*") and occurredAt ("[^"]*")`)

// callDirectly invokes the function as the console and the CLI do.
func (s *sending) callDirectly(ctx context.Context) error {
	response, err := s.world.Invoke(ctx, "ApiFunction", s.trigger.document)
	if err != nil {
		return err
	}
	if response.FunctionError == "" {
		s.told = reply{event: response.Payload}
		if s.told.text, err = s.read(response.Payload); err == nil {
			s.checkNamed()
		}
		return err
	}
	var failure struct{ ErrorType, ErrorMessage string }
	if err := json.Unmarshal(response.Payload, &failure); err != nil {
		return err
	}
	s.told = reply{text: "error " + failure.ErrorType}
	if strings.HasPrefix(failure.ErrorType, "Sandbox.") || strings.HasPrefix(failure.ErrorType, "Runtime.") {
		s.told.again = true // the invocation was cut off, and nobody knows how far it got
	} else if match := repeatWith.FindStringSubmatch(failure.ErrorMessage); match != nil {
		s.told.again = true
		var idErr, atErr error
		s.told.id, idErr = strconv.Unquote(match[1])
		s.told.occurredAt, atErr = strconv.Unquote(match[2])
		if idErr != nil || atErr != nil {
			return fmt.Errorf("unreadable: %s", failure.ErrorMessage)
		}
		s.checkNamed()
	}
	return nil
}

// callByWebhook sends the document as the webhook of a source.
func (s *sending) callByWebhook(ctx context.Context) error {
	answer, err := s.world.SendWebhook(ctx, stack.Webhook{Source: source, ID: "delivery-" + s.id, Payload: s.trigger.document})
	if err != nil {
		return err
	}
	s.told = reply{retryAfter: answer.Header.Get("Retry-After"), again: answer.Status >= 500}
	if answer.Status == http.StatusAccepted {
		var told struct{ Status, ID string }
		err = json.Unmarshal(answer.Body, &told)
		if told.ID != s.trigger.id {
			s.problem("the webhook's answer is about %q, not %q", told.ID, s.trigger.id)
		}
		s.told.text = fmt.Sprint(answer.Status, " ", told.Status)
		return err
	}
	var problem struct{ Code string }
	if json.Unmarshal(answer.Body, &problem) != nil || problem.Code == "" {
		problem.Code = string(answer.Body) // the gateway's own
	}
	s.told.text = fmt.Sprint(answer.Status, " ", problem.Code)
	return nil
}
