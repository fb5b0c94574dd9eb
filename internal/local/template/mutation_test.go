package template

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v4"
)

// part is something that can be taken out of a template: an entry of a mapping,
// or an item of a list.
type part struct {
	path     string
	of       *yaml.Node
	from, to int // in the content of its node
}

// without takes the part out until the function that it returns is called.
func (p part) without() (putBack func()) {
	content := p.of.Content
	p.of.Content = slices.Concat(content[:p.from], content[p.to:])
	return func() { p.of.Content = content }
}

// partsOf returns every part below a node. What is an argument of an intrinsic
// function is none: without it there is no function.
func partsOf(node *yaml.Node, path string) []part {
	if strings.HasPrefix(node.Tag, "!") && !strings.HasPrefix(node.Tag, "!!") {
		return nil
	}
	var all []part
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			name := strings.TrimPrefix(path+"."+node.Content[i].Value, ".")
			all = append(all, part{name, node, i, i + 2})
			all = append(all, partsOf(node.Content[i+1], name)...)
		}
	case yaml.SequenceNode:
		for i, item := range node.Content {
			name := fmt.Sprintf("%s[%d]", path, i)
			all = append(all, part{name, node, i, i + 1})
			all = append(all, partsOf(item, name)...)
		}
	}
	return all
}

// spare are the parts without which the stack is the same, or what is left is as
// good, and why.
var spare = []struct{ path, why string }{
	{`Parameters\.LogRetentionDays\.AllowedValues\[([0-4689]|\d\d)\]`, "one choice fewer"},
	{`Resources\.EventBridgeFunction\.Properties\.EventInvokeConfig(\..+)?`, "Lambda's own defaults, which the comment explains"},
	{`Resources\.(TriggerQueue|CanvasQueue|OutcomeQueue)\.Properties\.MessageRetentionPeriod`, "SQS's own default, which the comment explains"},
	{`Resources\.(SqsFunction\.Properties\.Events\.Triggers|CanvasEventSource)\.Properties\.(Properties\.)?BatchSize`, "Lambda's own default"},
	{`Metadata\.AWS::ServerlessRepo::Application(\..+)?`, "what `sam publish` asks for"},
	{`Resources\.(CanvasQueue|LedgerTable)\.Metadata`, "what `make validate` would find then"},
	{`Resources\.\w+\.Metadata\.checkov(\.skip(\[\d+\])?)?`, "what `make validate` would find then"},
	{`Resources\.OutcomeTopic\.Properties\.DisplayName`, "what e-mails of the topic are sent as"},
}

func isSpare(path string) bool {
	return slices.ContainsFunc(spare, func(s struct{ path, why string }) bool {
		return regexp.MustCompile("^" + s.path + "$").MatchString(path)
	})
}

// isNoticed says whether a check finds something wrong with the template.
func (f files) isNoticed(root *yaml.Node) bool {
	for range f.problemsOf(root) {
		return true
	}
	return false
}

// TestTakingAnythingOutOfTheTemplateIsNoticed takes each part out, one at a
// time: actions of policies, variables, dead-letter queues, retentions, alarms,
// conditions, and all the rest.
func TestTakingAnythingOutOfTheTemplateIsNoticed(t *testing.T) {
	f := readFiles(t)
	source, err := os.ReadFile(projectTemplate)
	if err != nil {
		t.Fatal(err)
	}
	const workers = 2
	var taken sync.Map
	t.Run("", func(t *testing.T) {
		for worker := range workers {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				root := parseNode(t, source)
				for i, p := range partsOf(root.Content[0], "") {
					if i%workers != worker {
						continue
					}
					putBack := p.without()
					noticed := f.isNoticed(root)
					putBack()
					taken.Store(p.path, noticed)
					if noticed == isSpare(p.path) {
						t.Errorf("without %s: noticed is %t", p.path, noticed)
					}
				}
				if f.isNoticed(root) {
					t.Error("the parts were not put back")
				}
			})
		}
	})
	n := 0
	taken.Range(func(any, any) bool { n++; return true })
	if n < 1000 {
		t.Errorf("only %d parts were taken out", n)
	}
}

// TestTurningAnyConditionRoundIsNoticed makes each condition hold when it should
// not, and the reverse.
func TestTurningAnyConditionRoundIsNoticed(t *testing.T) {
	f := readFiles(t)
	root := parseProject(t)
	turned := 0
	for _, p := range partsOf(root.Content[0], "") {
		if !strings.HasPrefix(p.path, "Conditions.") {
			continue
		}
		turned++
		condition := p.of.Content[p.from+1]
		p.of.Content[p.from+1] = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!Not", Content: []*yaml.Node{condition}}
		if !f.isNoticed(root) {
			t.Errorf("%s turned round is not noticed", p.path)
		}
		p.of.Content[p.from+1] = condition
	}
	if turned < 10 {
		t.Errorf("only %d conditions were turned round", turned)
	}
}

// mutation is a change of a text: the first place behind a line, such as that of
// a resource, where one text stands, gets another one.
type mutation struct{ name, behind, old, new string }

func (m mutation) of(t *testing.T, source string) string {
	t.Helper()
	i := strings.Index(source, "\n"+m.behind+"\n")
	if i < 0 {
		t.Fatalf("no line is %q", m.behind)
	}
	j := strings.Index(source[i:], m.old)
	if j < 0 {
		t.Fatalf("%q does not stand behind %q", m.old, m.behind)
	}
	return source[:i+j] + m.new + source[i+j+len(m.old):]
}

func TestEachOfTheseChangesOfTheTemplateIsNoticed(t *testing.T) {
	tests := []mutation{
		// Access.
		{"a wildcard for an action", "  ApiRole:", "dynamodb:PutItem]", `"dynamodb:*"]`},
		{"one action more", "  ApiRole:", "dynamodb:PutItem]", "dynamodb:PutItem, dynamodb:DeleteItem]"},
		{"one action fewer", "  SqsRole:", "sqs:DeleteMessage, ", ""},
		{"any table", "  ApiRole:", "!GetAtt LedgerTable.Arn", `"*"`},
		{"any queue", "  WebhookRole:", "!GetAtt TriggerQueue.Arn", `"*"`},
		{"another queue", "  WebhookRole:", "!GetAtt TriggerQueue.Arn", "!GetAtt DeadLetterQueue.Arn"},
		{"secrets that begin alike", "  ApiRole:", "${VideoSdkSecretId}-??????", "${VideoSdkSecretId}*"},
		{"the other secret", "  WebhookRole:", "- !Ref WebhookSecretId", "- !Ref VideoSdkSecretId"},
		{"another log group", "  SqsRole:", "!GetAtt SqsLogGroup.Arn", "!GetAtt ApiLogGroup.Arn"},
		{"any use of the key", "  ApiRole:", "[kms:Decrypt, kms:GenerateDataKey]", `"kms:*"`},
		{"any key", "  ApiRole:", "!Ref KmsKeyArn", `"*"`},
		{"the key for another service", "  ApiRole:", "dynamodb.${AWS::Region}", "s3.${AWS::Region}"},
		{"a managed policy", "  ApiRole:", "      Policies:", "      ManagedPolicyArns: [arn:aws:iam::aws:policy/AdministratorAccess]\n      Policies:"},
		{"a denial", "  ApiRole:", "Effect: Allow\n                Action: events:PutEvents", "Effect: Deny\n                Action: events:PutEvents"},
		{"a role for everybody", "  ApiRole:", "{ Service: lambda.amazonaws.com }", `"*"`},
		{"a shared role", "  SqsFunction:", "!GetAtt SqsRole.Arn", "!GetAtt ApiRole.Arn"},
		{"a boundary only without one", "  SqsRole:", "!Ref PermissionsBoundaryArn, !Ref AWS::NoValue", "!Ref AWS::NoValue, !Ref PermissionsBoundaryArn"},
		{"a queue for plain HTTP", "  TriggerQueuePolicy:", "Effect: Deny", "Effect: Allow"},
		{"a queue for plain HTTP only", "  TriggerQueuePolicy:", `"false"`, `"true"`},
		{"a queue for everybody", "  DeadLetterQueuePolicy:", "{ Service: events.amazonaws.com }", `"*"`},
		{"dead letters of any rule", "  DeadLetterQueuePolicy:", "{ aws:SourceArn: !GetAtt TriggerRule.Arn }", `{ aws:SourceArn: "*" }`},
		{"a topic for everybody", "  OutcomeTopicPolicy:", "{ Service: events.amazonaws.com }", `"*"`},
		{"a condition that EventBridge never meets", "  OutcomeTopicPolicy:", "Action: sns:Publish\n            Resource: !Ref OutcomeTopic\n\n",
			"Action: sns:Publish\n            Resource: !Ref OutcomeTopic\n            Condition: { ArnEquals: { aws:SourceArn: !GetAtt OutcomeTopicRule.Arn } }\n\n"},
		{"Canvas from another account", "  CanvasQueuePolicy:", "636161780776", "636161780777"},
		{"an API for everybody", "  HttpApi:", "DefaultAuthorizer: AWS_IAM", "DefaultAuthorizer: NONE"},
		{"a route for everybody", "  ApiFunction:", "Path: /v1/sessions/end", "Path: /v1/sessions/end\n            Auth: { Authorizer: NONE }"},
		{"an API that a warning rolls back", "  HttpApi:", "      Auth:", "      FailOnWarnings: true\n      Auth:"},
		{"webhooks for IAM only", "  WebhookFunction:", "Auth: { Authorizer: NONE }", "Auth: { Authorizer: AWS_IAM }"},
		// Messages.
		{"too little time for a batch", "  TriggerQueue:", "VisibilityTimeout: 180", "VisibilityTimeout: 149"},
		{"too little time for a batch of Canvas", "  CanvasQueue:", "VisibilityTimeout: 180", "VisibilityTimeout: 30"},
		{"a function with more time than its queue", "  SqsFunction:", "Timeout: 25", "Timeout: 31"},
		{"few receives", "  TriggerQueue:", "maxReceiveCount: 20", "maxReceiveCount: 4"},
		{"dead letters for four days", "  DeadLetterQueue:", "1209600", "345600"},
		{"dead letters among themselves", "  DeadLetterQueue:", "      MessageRetentionPeriod",
			"      RedrivePolicy: { deadLetterTargetArn: !GetAtt TriggerQueue.Arn, maxReceiveCount: 5 }\n      MessageRetentionPeriod"},
		{"all messages of a batch fail together", "  SqsFunction:", "[ReportBatchItemFailures]", "[]"},
		{"batches without bound", "  CanvasEventSource:", "!Ref MaximumConcurrency", "1000"},
		{"outcomes among the triggers", "  OutcomeQueueRule:", "OutcomeDeadLetterQueue.Arn", "DeadLetterQueue.Arn"},
		{"triggers for outcomes", "  OutcomeQueueRule:", "[videosdk.end-session]", "[videosdk.trigger]"},
		{"an archive of triggers", "  OutcomeArchive:", "[videosdk.end-session]", "[videosdk.trigger]"},
		{"an archive for ever", "  OutcomeArchive:", "!Ref OutcomeArchiveDays", "0"},
		{"outcomes of the default bus", "  OutcomeTopicRule:", "!If [HasOwnOutcomeBus, !Ref OutcomeBus, !Ref OutcomeBusName]", "default"},
		{"triggers of the bus of outcomes", "  TriggerRule:", "!Ref TriggerBusName", "!If [HasOwnOutcomeBus, !Ref OutcomeBus, !Ref OutcomeBusName]"},
		{"late attempts without a time", "  ApiFunction:", "MaximumRetryAttempts: 0", "MaximumRetryAttempts: 2"},
		{"a rule that gives up soon", "  TriggerRule:", "MaximumRetryAttempts: 185", "MaximumRetryAttempts: 3"},
		{"events of every customer of Canvas", "  CanvasEventSource:", `"root_account_uuid":["${CanvasRootAccountUuid}"]`, `"producer":["canvas"]`},
		{"an event that there is no profile for", "  CanvasEventSource:", `"course_updated",`, `"course_updated","logged_in",`},
		{"a queue that Canvas does not send to", "  CanvasQueue:", "canvas-live-events-${AWS::StackName}", "${AWS::StackName}-canvas-live-events"},
		{"a queue in order", "  CanvasQueue:", "      VisibilityTimeout", "      FifoQueue: true\n      VisibilityTimeout"},
		{"Canvas's queue with a key it may not use", "  CanvasQueue:", "SqsManagedSseEnabled: true", "KmsMasterKeyId: !Ref KmsKeyArn"},
		{"a queue in the clear", "  TriggerQueue:", "!Ref AWS::NoValue, true]", "!Ref AWS::NoValue, false]"},
		{"a key that AWS manages for SNS", "  OutcomeTopic:", "!Ref KmsKeyArn, !Ref AWS::NoValue", "!Ref KmsKeyArn, alias/aws/sns"},
		{"a bus that loses what it has no key for", "  OutcomeBus:", "      Name:", "      KmsKeyIdentifier: !Ref KmsKeyArn\n      Name:"},
		{"an archive with a key that it may not use", "  OutcomeArchive:", "      RetentionDays:", "      KmsKeyIdentifier: !Ref KmsKeyArn\n      RetentionDays:"},
		{"a table with another key", "  LedgerTable:", "KMSMasterKeyId: !Ref KmsKeyArn", "KMSMasterKeyId: alias/aws/dynamodb"},
		{"a ledger that forgets by another attribute", "  LedgerTable:", "AttributeName: expiresAt", "AttributeName: expires"},
		{"a ledger that cannot be restored", "  LedgerTable:", "PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false"},
		{"a ledger deleted with the stack", "  LedgerTable:", "RetainExceptOnCreate", "Delete"},
		{"a queue in the way of the next stack", "  CanvasQueue:", "DeletionPolicy: Delete", "DeletionPolicy: Retain"},
		// Functions.
		{"a variable too much", "  ApiFunction:", "          DRY_RUN:", "          QUEUE_URL: !Ref TriggerQueue\n          DRY_RUN:"},
		{"a variable of another name", "  SqsFunction:", "DEAD_LETTER_QUEUE_URL:", "DLQ_URL:"},
		{"a variable of another value", "  EventBridgeFunction:", "QUEUE_URL: !Ref TriggerQueue", "QUEUE_URL: !Ref DeadLetterQueue"},
		{"a parameter that is not obeyed", "Globals:", "SECRET_TTL: !Ref SecretTtl", "SECRET_TTL: 5m"},
		{"another way to build", "  ApiFunction:", "BuildMethod: makefile", "BuildMethod: go1.x"},
		{"functions that are traced as nobody asked for", "Globals:", "Tracing: !Ref Tracing", "Tracing: Active"},
		{"logs that are no JSON", "Globals:", "LogFormat: JSON", "LogFormat: Text"},
		{"logs of another function", "  SqsFunction:", "!Ref SqsLogGroup", "!Ref ApiLogGroup"},
		{"logs for ever", "  SqsLogGroup:", "!Ref LogRetentionDays", "3653"},
		{"logs of what callers ask for", "  HttpApi:", "$context.path", "$context.path?$context.queryString"},
		{"logs of tokens", "  HttpApi:", "$context.identity.userArn", "$context.authorizer.token"},
		{"access logs that are no JSON", "  HttpApi:", `"$context.requestId",`, `"$context.requestId"`},
		{"any number of requests", "  HttpApi:", "!Ref RequestRate", "10000"},
		// Alarms and dashboard.
		{"an alarm for a metric that is not written", "  FailuresAlarm:", "MetricName: Failed", "MetricName: Failures"},
		{"an alarm for another namespace", "  FailuresAlarm:", "Namespace: VideoSDKEndSession", "Namespace: VideoSdkEndSession"},
		{"an alarm for dimensions that are not written", "  FailuresAlarm:", "{ Name: stack,", "{ Name: Stack,"},
		{"an alarm for every stack", "  CredentialsRefusedAlarm:", "!Ref AWS::StackName", "videosdk"},
		{"an alarm for another door", "  RepeatedTriggersAlarm:", "Value: sqs", "Value: api"},
		{"an alarm for seconds", "  RepeatedTriggersAlarm:", "1800000", "1800"},
		{"an alarm for another queue", "  DeadLettersAlarm:", "!GetAtt DeadLetterQueue.QueueName", "!GetAtt TriggerQueue.QueueName"},
		{"an alarm for another function", "  ThrottlesAlarm:", "!Ref EventBridgeFunction", "!Ref ApiFunction"},
		{"an alarm for a rule of any bus as on the default bus", "  OutcomesLostAlarm:", "OutcomesAreOnTheDefaultBus", "HasOutcomeTopic"},
		{"an alarm for the average", "  OldestTriggerAlarm:", "Stat: Maximum", "Stat: Average"},
		{"an alarm that is never over", "  FailuresAlarm:", "TreatMissingData: notBreaching", "TreatMissingData: missing"},
		{"an alarm that goes off late", "  DeadLettersAlarm:", "Threshold: 0", "Threshold: 100"},
		{"an alarm for what many count at once", "  StaleSecretsAlarm:", "DatapointsToAlarm: 3", "DatapointsToAlarm: 1"},
		{"an alarm below a number", "  DeadLettersAlarm:", "GreaterThanThreshold", "LessThanThreshold"},
		{"an alarm that does not obey", "  FailuresAlarm:", "!Ref AlarmFailures", "1"},
		{"an alarm that tells nobody", "  FailuresAlarm:", "AlarmActions: [!Ref AlarmTopicArn]", "AlarmActions: []"},
		{"an alarm without a page", "  FailuresAlarm:", "${RunbookUrl}#failures", "${RunbookUrl}#failed"},
		{"an alarm with a page where nobody reads it", "  FailuresAlarm:", "${RunbookUrl}#failures", "docs/operations.md#failures"},
		{"an alarm without an end", "  FailuresAlarm:", "OKActions: [!Ref AlarmTopicArn]", "OKActions: []"},
		{"an alarm for a webhook that there is not", "  WebhooksFailedAlarm:", "Condition: HasWebhookAlarms", "Condition: HasAlarms"},
		{"a filter for a number", "  WebhooksThrottledFilter:", `$.status = "429"`, "$.status = 429"},
		{"a filter for every answer", "  WebhooksThrottledFilter:", `($.status = "429") && `, ""},
		{"a filter for signed calls too", "  WebhooksThrottledFilter:", "POST /v1/sessions/end", "POST /v1/end"},
		{"a filter for a field that is not logged", "  WebhooksThrottledFilter:", "$.route ", "$.routeKey "},
		{"a filter that must know the route", "  WebhooksThrottledFilter:", `$.route != "POST /v1/sessions/end"`, `$.route = "POST /v1/webhooks/{source}"`},
		{"a filter of another log", "  WebhooksThrottledFilter:", "!Ref ApiAccessLogGroup", "!Ref WebhookLogGroup"},
		{"a metric of every stack", "  WebhooksThrottledFilter:", "Value: $.stack", "Value: $.requestId"},
		{"access logs without the stack", "  HttpApi:", `"stack":"${AWS::StackName}",`, ""},
		{"a metric that is not written", "  Dashboard:", `MetricName=\"Ended\"`, `MetricName=\"End\"`},
		{"a search in other dimensions", "  Dashboard:", "{VideoSDKEndSession,stack,door,sourceGroup}", "{VideoSDKEndSession,stack,source}"},
		{"a search that cannot be read", "  Dashboard:", "SUM(SEARCH(", "SUM(SEARCH"},
		{"a label of another dimension", "  Dashboard:", "PROP('Dim.door')", "PROP('Dim.code')"},
		{"a widget over another", "  Dashboard:", `"x": 12, "y": 1`, `"x": 11, "y": 1`},
		{"a dashboard that is no JSON", "  Dashboard:", `"widgets": [`, `"widgets": `},
		{"a question without an answer", "  Dashboard:", "## For whom?", "## Who?"},
		// Options.
		{"an option that is on", "  CreateDashboard:", `Default: "false"`, `Default: "true"`},
		{"an archive that is on", "  OutcomeArchiveDays:", "Default: 0", "Default: 30"},
		{"alarms that are on", "  AlarmTopicArn:", `Default: ""`, "Default: arn:aws:sns:eu-central-1:123456789012:x"},
		{"a resource of another option", "  OutcomeTopic:", "Condition: HasOutcomeTopic", "Condition: HasOutcomeQueue"},
		{"an output of another option", "  DashboardUrl:", "Condition: HasDashboard", "Condition: HasAlarms"},
		{"a trigger of its own outcomes", "  TriggerEventSources:", `^(?!videosdk\.end-session$)`, "^"},
		{"an hour more than the functions take", "  BookingGrace:", "33[0-6]", "33[0-7]"},
		{"no time, which the functions do not take", "  SecretTtl:", "[1-9][0-9]{0,5}s", "[0-9]{1,6}s"},
		{"less than the functions take", "  MaxTriggerAge:", "[1-9][0-9]{0,3}m", "[1-9][0-9]{0,2}m"},
		{"a duration without its bounds", "  BookingLead:", "from 0s to 336h", "at most 336h"},
		{"an endpoint in the clear", "  VideoSdkApiEndpoint:", "^(https://", "^(https?://"},
		{"a parameter without a group", "    ParameterGroups:", "RequestRate, ", ""},
		{"a condition that is no predicate", "Conditions:", "HasDashboard:", "Dashboards:"},
	}
	f := readFiles(t)
	source, err := os.ReadFile(projectTemplate)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if !f.isNoticed(parseNode(t, []byte(test.of(t, string(source))))) {
				t.Error("is not noticed")
			}
		})
	}
}

// TestAChangeOfWhatTheTemplateAgreesWithIsNoticed changes the other side.
func TestAChangeOfWhatTheTemplateAgreesWithIsNoticed(t *testing.T) {
	root := parseProject(t)
	for _, test := range []struct {
		name   string
		change func(*files)
	}{
		{"a function without a target", func(f *files) {
			f.makefile = strings.Replace(f.makefile, "build-SqsFunction: build-sqs", "build-Sqs: build-sqs", 1)
		}},
		{"a target that copies another function", func(f *files) {
			f.makefile = strings.Replace(f.makefile, "cp dist/sqs/bootstrap", "cp dist/api/bootstrap", 1)
		}},
		{"an alarm without a page", func(f *files) { f.runbook = strings.Replace(f.runbook, "\n### Throttles\n", "\n", 1) }},
		{"a page without an alarm", func(f *files) {
			f.runbook = strings.Replace(f.runbook, "\n### Throttles\n", "\n### Throttles\n\n### Fires\n", 1)
		}},
		{"an output that the page reads", func(f *files) {
			f.runbook = strings.Replace(f.runbook, "$(output TriggerQueueArn)", "$(output Queue)", 1)
		}},
		{"a call of a function", func(f *files) { f.calls["ApiFunction"]["dynamodb:DeleteItem"] = []string{"LedgerTable"} }},
		{"a call no more", func(f *files) { delete(f.calls["ApiFunction"], "events:PutEvents") }},
		{"a profile of Canvas", func(f *files) { f.canvasEvents = f.canvasEvents[1:] }},
		{"a call of another table", func(f *files) { f.calls["SqsFunction"]["dynamodb:PutItem"] = []string{"LedgerTable", "TriggerQueue"} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := readFiles(t)
			test.change(&f)
			if !f.isNoticed(root) {
				t.Error("is not noticed")
			}
		})
	}
}
