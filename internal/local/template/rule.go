package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Rule is an EventBridge rule (AWS::Events::Rule).
type Rule struct {
	LogicalID string
	Name      string
	ARN       string
	// Bus is the name of the event bus, which need not be one of the template.
	Bus string
	// Pattern is the event pattern as JSON.
	Pattern string
	Retry   RetryPolicy
	// DeadLetterQueue is the logical id of the queue for events that EventBridge
	// cannot hand over; empty when they are dropped.
	DeadLetterQueue string

	// EventsAtOnce is the greatest number of events in one invocation of a
	// function. 0 means
	// one event, as an object; any other number means a list. A template cannot
	// say it: it is 0, and a field so that a local run can deliver lists.
	EventsAtOnce int
}

// Forward is a rule whose events go to a queue or a topic.
type Forward struct {
	Rule
	Queue string // logical id; empty for a topic
	Topic string // logical id; empty for a queue
}

// RetryPolicy says for how long EventBridge tries to hand an event over.
type RetryPolicy struct {
	MaximumAge time.Duration
	Retries    int
}

// defaultBus is the event bus that every account has.
const defaultBus = "default"

// identifyRule names a rule as part of its bus: one on the default bus has its
// plain name for a reference, one on another bus both names.
func identifyRule(s Stack, n naming) identity {
	bus := busName(n.owner)
	if bus == defaultBus {
		return identity{ref: n.name, attributes: map[string]string{"Arn": s.ARN("events", "rule/"+n.name)}}
	}
	return identity{ref: bus + "|" + n.name, attributes: map[string]string{"Arn": s.ARN("events", "rule/"+bus+"/"+n.name)}}
}

// busName returns the name of a bus that is given by name or ARN, or not at all.
func busName(given string) string {
	if given == "" {
		return defaultBus
	}
	if _, name, found := strings.Cut(given, ":event-bus/"); found {
		return name
	}
	return given
}

// ruleProperties names the properties known here.
type ruleProperties struct {
	Name         string
	Description  string
	EventBusName string
	EventPattern map[string]any
	Targets      []struct {
		Id               string
		Arn              string
		RetryPolicy      retryPolicy
		DeadLetterConfig struct{ Arn string }
	}
}

type retryPolicy struct {
	MaximumEventAgeInSeconds *int
	MaximumRetryAttempts     *int
}

// read fills in EventBridge's defaults:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
func (p retryPolicy) read() RetryPolicy {
	policy := RetryPolicy{MaximumAge: 24 * time.Hour, Retries: 185}
	if p.MaximumEventAgeInSeconds != nil {
		policy.MaximumAge = time.Duration(*p.MaximumEventAgeInSeconds) * time.Second
	}
	if p.MaximumRetryAttempts != nil {
		policy.Retries = *p.MaximumRetryAttempts
	}
	return policy
}

// addRules reads the rules and gives each to the function that it invokes; one
// whose target is a queue or a topic is a Forward.
func (t *Template) addRules(d *document, queues map[string]string) error {
	functions, topics := logicalIDs(kindFunction, d.resources), logicalIDs(kindTopic, d.resources)
	for _, r := range d.resources {
		if r.kind != kindRule {
			continue
		}
		rule, target, err := readRule(r, queues)
		if err != nil {
			return r.wrap(err)
		}
		if forward := (Forward{Rule: rule, Queue: queues[target], Topic: topics[target]}); forward.Queue+forward.Topic != "" {
			t.Forwards = append(t.Forwards, forward)
			continue
		}
		if err := t.addRule(rule, functions[target]); err != nil {
			return r.wrap(err)
		}
		if err := d.permits(rule, target); err != nil {
			return r.wrap(err)
		}
	}
	return nil
}

func (t *Template) addRule(rule Rule, function string) error {
	i := slices.IndexFunc(t.Functions, func(f Function) bool { return f.LogicalID == function })
	if i < 0 {
		return errors.New("the target is no function, queue or topic of the template")
	}
	t.Functions[i].Rules = append(t.Functions[i].Rules, rule)
	return nil
}

// readRule returns a rule and the ARN of its target.
func readRule(r resource, queues map[string]string) (Rule, string, error) {
	var properties ruleProperties
	if err := decode(r.properties, &properties); err != nil {
		return Rule{}, "", err
	}
	if len(properties.EventPattern) == 0 {
		return Rule{}, "", errors.New("a rule needs an event pattern here")
	}
	if len(properties.Targets) != 1 {
		return Rule{}, "", fmt.Errorf("a rule has one target here, not %d", len(properties.Targets))
	}
	pattern, err := json.Marshal(properties.EventPattern)
	if err != nil {
		return Rule{}, "", err
	}
	target := properties.Targets[0]
	rule := Rule{
		LogicalID: r.logicalID,
		Name:      r.identity.name,
		ARN:       r.identity.attributes["Arn"],
		Bus:       busName(r.identity.owner),
		Pattern:   string(pattern),
		Retry:     target.RetryPolicy.read(),
	}
	if arn := target.DeadLetterConfig.Arn; arn != "" {
		id, ok := queues[arn]
		if !ok {
			return Rule{}, "", fmt.Errorf("the dead-letter target %q is no queue of the template", arn)
		}
		rule.DeadLetterQueue = id
	}
	return rule, target.Arn, nil
}

// eventBridge is the name by which EventBridge is given permissions.
const eventBridge = "events.amazonaws.com"

// permits looks for the permission without which AWS would deliver none of a
// rule's events.
func (d *document) permits(rule Rule, function string) error {
	for _, r := range d.resources {
		if r.kind != kindPermission {
			continue
		}
		var permission struct{ Action, FunctionName, Principal, SourceArn string }
		if err := decode(r.properties, &permission); err != nil {
			return fmt.Errorf("permission %s: %w", r.logicalID, err)
		}
		named := permission.FunctionName == function || strings.HasSuffix(function, ":function:"+permission.FunctionName)
		if named && permission.Action == "lambda:InvokeFunction" && permission.Principal == eventBridge && permission.SourceArn == rule.ARN {
			return nil
		}
	}
	return fmt.Errorf("no %s lets the rule invoke its function", kindPermission)
}
