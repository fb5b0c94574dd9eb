package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// accessChecks are about who may do what.
var accessChecks = []check{
	{"a function has a role of its own", everyFunctionHasItsRole},
	{"a role allows what its function does", rolesAllowWhatTheFunctionsDo},
	{"a role is bounded", rolesAreBounded},
	{"a queue or topic lets in who sends to it", policiesLetInWhoSends},
}

func everyFunctionHasItsRole(p *project) (found problems) {
	roles := map[string]bool{}
	for _, f := range p.of(kindFunction) {
		role, _ := f.properties["Role"].(string)
		if roles[role] {
			found.addf("%s shares its role", f.logicalID)
		}
		roles[role] = true
	}
	for _, r := range p.of(kindRole) {
		if !roles[r.identity.arn()] {
			found.addf("%s is of no function", r.logicalID)
		}
		want := `{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"}}],"Version":"2012-10-17"}`
		if got := asJSON(r.properties["AssumeRolePolicyDocument"]); got != want {
			found.addf("%s may be assumed by %s", r.logicalID, got)
		}
		policies, _ := r.properties["Policies"].([]any)
		if len(policies) != 1 {
			found.addf("%s has %d policies", r.logicalID, len(policies))
			continue
		}
		policy, _ := policies[0].(map[string]any)
		if got := value(policy, "PolicyDocument", "Version"); got != "2012-10-17" {
			found.addf("%s has a policy of the version %v", r.logicalID, got)
		}
		if got := policy["PolicyName"]; got != strings.TrimSuffix(r.logicalID, "Role")+"Function" {
			found.addf("%s has a policy named %v", r.logicalID, got)
		}
	}
	return found
}

// byLambda is what Lambda itself does with a function's role, which no recorded
// call shows. X-Ray's actions have no resources to name.
func (p *project) byLambda(f Function) map[string][]string {
	log := p.arn(strings.TrimSuffix(f.LogicalID, "Function") + "LogGroup")
	allowed := map[string][]string{
		"logs:CreateLogStream":     {log},
		"logs:PutLogEvents":        {log},
		"xray:PutTraceSegments":    {"*"},
		"xray:PutTelemetryRecords": {"*"},
	}
	for _, source := range f.Queues {
		allowed["sqs:GetQueueAttributes"] = append(allowed["sqs:GetQueueAttributes"], p.arn(source.Queue))
	}
	if f.LogicalID == "ApiFunction" { // whose invocations that nobody waits for are not played here
		allowed["sqs:SendMessage"] = []string{p.arn(f.Async.DeadLetterQueue)}
	}
	return allowed
}

func rolesAllowWhatTheFunctionsDo(p *project) (found problems) {
	for _, f := range p.template.Functions {
		want := p.byLambda(f)
		services := map[string]bool{}
		for action, names := range p.calls[f.LogicalID] {
			service, _, _ := strings.Cut(action, ":")
			services[service] = true
			for _, name := range names {
				if arn := p.called(name); arn != "" {
					want[action] = append(want[action], arn)
				}
			}
		}
		for action := range want {
			if strings.HasPrefix(action, "sqs:") {
				services["sqs"] = true
			}
		}
		got := map[string][]string{}
		for _, s := range f.Allowed {
			for _, action := range s.Actions {
				if strings.HasPrefix(action, "kms:") {
					found = append(found, p.keyProblems(f, s, services)...)
					continue
				}
				got[action] = append(got[action], s.Resources...)
				if len(s.Condition) > 0 {
					found.addf("%s: %s has the condition %v", f.LogicalID, s.Sid, s.Condition)
				}
			}
			if s.Sid == "" {
				found.addf("%s has a statement without a name: %v", f.LogicalID, s)
			}
			if len(s.Resources) != 1 {
				found.addf("%s: %s names %d resources", f.LogicalID, s.Sid, len(s.Resources))
			}
		}
		actions := slices.Sorted(maps.Keys(got))
		if usesKey := slices.ContainsFunc(f.Allowed, func(s Statement) bool { return slices.Contains(s.Actions, "kms:Decrypt") }); usesKey != (p.parameters["KmsKeyArn"] != "") {
			found.addf("%s: it is %t that it may use the key", f.LogicalID, usesKey)
		}
		found.compare(f.LogicalID+" may do", actions, slices.Sorted(maps.Keys(want)))
		for _, action := range actions {
			found.compare(f.LogicalID+" may "+action+" on", got[action], want[action])
		}
	}
	return found
}

// called returns the ARN of what a recorded call was about, and nothing if the
// stack does not have it.
func (p *project) called(name string) string {
	switch name {
	case "VideoSdkSecretId", "WebhookSecretId":
		id := p.parameters[name]
		if id == "" || strings.HasPrefix(id, "arn:") {
			return id
		}
		// Secrets Manager adds a hyphen and six characters.
		return testStack.ARN("secretsmanager", "secret:"+id+"-??????")
	case "OutcomeBus":
		return testStack.ARN("events", "event-bus/"+p.outcomeBus())
	}
	return p.arn(name)
}

// keyProblems says what is wrong with a statement about the key: it may be used
// only by the services that encrypt with it what the function calls them for.
func (p *project) keyProblems(f Function, s Statement, services map[string]bool) (found problems) {
	found.compare(f.LogicalID+" may use the key for", s.Actions, []string{"kms:Decrypt", "kms:GenerateDataKey"})
	found.compare(f.LogicalID+" may use the key", s.Resources, []string{kmsKey})
	var want []string
	for _, service := range []string{"dynamodb", "secretsmanager", "sqs"} {
		if services[service] {
			want = append(want, service+"."+testStack.Region+".amazonaws.com")
		}
	}
	condition := map[string]any{"StringEquals": map[string]any{"kms:ViaService": want}}
	if got := asJSON(s.Condition); got != asJSON(condition) {
		found.addf("%s may use the key if %s, want %s", f.LogicalID, got, asJSON(condition))
	}
	return found
}

func rolesAreBounded(p *project) (found problems) {
	for _, r := range p.of(kindRole) {
		if got := r.properties["PermissionsBoundary"]; p.parameters["PermissionsBoundaryArn"] != text(orEmpty(got)) {
			found.addf("%s has the boundary %v", r.logicalID, got)
		}
	}
	return found
}

func orEmpty(value any) any {
	if value == nil {
		return ""
	}
	return value
}

// policiesLetInWhoSends compares the policies of queues and topics with the
// rules that send to them, the dead letters of rules, and the senders of the
// parameters. Functions send with their roles.
func policiesLetInWhoSends(p *project) (found problems) {
	want := map[string][]string{} // statements by the queue's or topic's reference
	deny := func(arn, action string) string {
		return asJSON(map[string]any{
			"Sid": "DenyInsecureTransport", "Effect": "Deny", "Principal": "*", "Action": action, "Resource": arn,
			"Condition": map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
		})
	}
	allow := func(sid string, principal any, action, arn string, condition any) string {
		s := map[string]any{"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": action, "Resource": arn}
		if condition != nil {
			s["Condition"] = condition
		}
		return asJSON(s)
	}
	from := func(arns any) any { return map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": arns}} }
	eventBridge := map[string]any{"Service": "events.amazonaws.com"}

	for _, q := range p.template.Queues {
		want[q.URL] = []string{deny(q.ARN, "sqs:*")}
	}
	for _, topic := range p.of(kindTopic) {
		// EventBridge tells SNS nothing that a condition could compare.
		want[topic.identity.ref] = []string{
			deny(topic.identity.ref, "sns:Publish"), allow("TakeOutcomes", eventBridge, "sns:Publish", topic.identity.ref, nil),
		}
	}
	rule := p.arn("TriggerRule")
	want[p.ref("DeadLetterQueue")] = append(want[p.ref("DeadLetterQueue")],
		allow("PutAsideUndeliverableEvents", eventBridge, "sqs:SendMessage", p.arn("DeadLetterQueue"), from(rule)))
	var outcomeRules []string
	for _, logicalID := range []string{"OutcomeTopicRule", "OutcomeQueueRule"} {
		if arn := p.arn(logicalID); arn != "" {
			outcomeRules = append(outcomeRules, arn)
		}
	}
	if len(outcomeRules) > 0 {
		want[p.ref("OutcomeDeadLetterQueue")] = append(want[p.ref("OutcomeDeadLetterQueue")],
			allow("PutAsideUndeliverableOutcomes", eventBridge, "sqs:SendMessage", p.arn("OutcomeDeadLetterQueue"), from(outcomeRules)))
	}
	if p.ref("OutcomeQueue") != "" {
		want[p.ref("OutcomeQueue")] = append(want[p.ref("OutcomeQueue")],
			allow("TakeOutcomes", eventBridge, "sqs:SendMessage", p.arn("OutcomeQueue"), from(p.arn("OutcomeQueueRule"))))
	}
	if senders := p.parameters["TriggerQueueSenders"]; senders != "" {
		services := map[string]any{"Service": []string{"events.amazonaws.com", "sns.amazonaws.com"}}
		want[p.ref("TriggerQueue")] = append(want[p.ref("TriggerQueue")],
			allow("TakeTriggers", services, "sqs:SendMessage", p.arn("TriggerQueue"), from(strings.Split(senders, ","))))
	}
	if p.ref("CanvasQueue") != "" {
		want[p.ref("CanvasQueue")] = append(want[p.ref("CanvasQueue")],
			allow("TakeLiveEvents", map[string]any{"AWS": "636161780776"}, "sqs:SendMessage", p.arn("CanvasQueue"), nil))
	}

	got := map[string][]string{}
	for _, policy := range slices.Concat(p.of(kindQueuePolicy), p.of(kindTopicPolicy)) {
		statements, _ := value(policy.properties, "PolicyDocument", "Statement").([]any)
		if version := value(policy.properties, "PolicyDocument", "Version"); version != "2012-10-17" {
			found.addf("%s has the version %v", policy.logicalID, version)
		}
		on := append(listOf(policy.properties["Queues"]), listOf(policy.properties["Topics"])...)
		for _, target := range on {
			for _, s := range statements {
				got[target] = append(got[target], asJSON(s))
			}
		}
	}
	for _, target := range slices.Sorted(maps.Keys(want)) {
		found.compare("policy of "+target, got[target], want[target])
	}
	found.compare("policies", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	return found
}

func asJSON(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(err)
	}
	return string(encoded)
}

// A wildcard is only where AWS has no other way, and says so.
func TestEveryWildcardOfARoleHasItsReason(t *testing.T) {
	source, err := os.ReadFile(projectTemplate)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(source), "\n")
	found := 0
	for i, line := range lines {
		if !strings.Contains(line, `Resource: "*"`) && !strings.Contains(line, "-??????") {
			continue
		}
		found++
		// The resource may be the last of the three lines of an !If.
		if !slices.ContainsFunc(lines[i-4:i], func(l string) bool { return strings.HasPrefix(strings.TrimSpace(l), "# ") }) {
			t.Errorf("line %d has no reason: %s", i+1, line)
		}
	}
	if found < 8 {
		t.Errorf("only %d wildcards were found", found)
	}
}
