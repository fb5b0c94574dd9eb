package stack

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"videosdk-end-session/internal/local/cloud"
	"videosdk-end-session/internal/local/door"
	"videosdk-end-session/internal/local/template"
)

// startRules delivers the events of the rules to their functions.
func (s *Stack) startRules() error {
	for _, f := range s.Template.Functions {
		deadLetters := "" // discarded, as on AWS
		if id := f.Async.DeadLetterQueue; id != "" {
			queue, ok := s.Template.Queue(id)
			if !ok {
				return fmt.Errorf("function %s: no queue %s", f.LogicalID, id)
			}
			deadLetters = queue.URL
		}
		for _, r := range f.Rules {
			rule, err := door.NewRule(door.RuleConfig{
				Client: s.eventQueue(f), URL: s.Cloud.RuleQueueURL(r.LogicalID), Function: s.hosts[f.LogicalID],
				EventsAtOnce: r.EventsAtOnce, Retries: f.Async.Retries, MaximumAge: f.Async.MaximumAge,
				RetryWait: f.Async.RetryWait, ThrottleWait: f.Async.ThrottleWait, DeadLetterURL: deadLetters,
			})
			if err != nil {
				return fmt.Errorf("rule %s: %w", r.LogicalID, err)
			}
			s.run(rule.Run)
		}
	}
	return nil
}

// eventQueue is the queue in which Lambda keeps the events for a function, which is Lambda's own. What Lambda gives up it puts aside with
// the function's role.
func (s *Stack) eventQueue(f template.Function) door.EventSQS {
	return eventQueue{Client: sqs.NewFromConfig(s.Cloud.SDKConfig()), letters: sqs.NewFromConfig(s.Cloud.SDKConfigOf(f.LogicalID))}
}

type eventQueue struct {
	*sqs.Client
	letters *sqs.Client
}

func (q eventQueue) SendMessage(ctx context.Context, input *sqs.SendMessageInput, options ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	return q.letters.SendMessage(ctx, input, options...)
}

// PutEvent puts an event on the bus of the template's rule, as whoever triggers does, and returns the id that EventBridge gave it.
// Whether the rule takes it is decided by its pattern. The detail is a JSON object. For an event of another time there is
// [cloud.Cloud.PutEvent].
func (s *Stack) PutEvent(ctx context.Context, source, detailType string, detail []byte) (string, error) {
	rule, err := s.rule()
	if err != nil {
		return "", err
	}
	return s.Cloud.PutEvent(ctx, cloud.Event{Bus: rule.Bus, Source: source, DetailType: detailType, Detail: detail})
}

// rule returns the only rule of the template.
func (s *Stack) rule() (template.Rule, error) {
	var rules []template.Rule
	for _, f := range s.Template.Functions {
		rules = append(rules, f.Rules...)
	}
	if len(rules) != 1 {
		return template.Rule{}, errors.New("the template has not one rule, so it does not say on which bus to put an event")
	}
	return rules[0], nil
}
