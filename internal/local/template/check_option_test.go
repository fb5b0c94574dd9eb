package template

import (
	"maps"
	"slices"
)

// optionChecks are about what is optional: it is off unless it is asked for, and
// costs nothing then.
var optionChecks = []check{
	{"the stack has what was asked for, and nothing else", resourcesAreThoseAskedFor},
	{"outputs tell what was asked for", outputsAreThoseAskedFor},
	{"the template says what it is", templateSaysWhatItIs},
}

// option is a part of the stack.
type option struct {
	chosen    func(parameters map[string]string) bool
	resources []string
	outputs   []string
}

func always(map[string]string) bool { return true }

// set tells whether a parameter is there and not empty.
func set(name string) func(map[string]string) bool {
	return func(parameters map[string]string) bool { return parameters[name] != "" }
}

func isTrue(name string) func(map[string]string) bool {
	return func(parameters map[string]string) bool { return parameters[name] == "true" }
}

func not(f func(map[string]string) bool) func(map[string]string) bool {
	return func(parameters map[string]string) bool { return !f(parameters) }
}

func either(a, b func(map[string]string) bool) func(map[string]string) bool {
	return func(parameters map[string]string) bool { return a(parameters) || b(parameters) }
}

func both(a, b func(map[string]string) bool) func(map[string]string) bool {
	return func(parameters map[string]string) bool { return a(parameters) && b(parameters) }
}

var hasOutcomeTargets = either(isTrue("CreateOutcomeTopic"), isTrue("CreateOutcomeQueue"))

// parts are all parts that a stack can have.
var parts = []option{
	{
		chosen: always,
		resources: []string{
			"HttpApi", "ApiAccessLogGroup", "ApiFunction", "ApiLogGroup", "ApiRole", "EventBridgeFunction", "TriggerRule", "TriggerRulePermission",
			"EventBridgeLogGroup", "EventBridgeRole", "TriggerQueue", "TriggerQueuePolicy", "DeadLetterQueue", "DeadLetterQueuePolicy", "SqsFunction",
			"SqsLogGroup", "SqsRole", "LedgerTable",
		},
		outputs: []string{
			"ApiUrl", "ApiInvokeArn", "TriggerQueueUrl", "TriggerBusName", "TriggerQueueArn", "DeadLetterQueueArn", "DeadLetterQueueUrl", "OutcomeBusName",
			"LedgerTableName", "ApiFunctionName",
		},
	},
	{chosen: set("WebhookSecretId"), resources: []string{
		"WebhookFunction", "WebhookLogGroup", "WebhookRole", "WebhooksThrottledFilter",
	}, outputs: []string{"WebhookUrl"}},
	{chosen: set("CanvasRootAccountUuid"), resources: []string{"CanvasQueue", "CanvasQueuePolicy", "CanvasEventSource"}, outputs: []string{"CanvasQueueUrl"}},
	{chosen: not(set("OutcomeBusName")), resources: []string{"OutcomeBus"}},
	{
		chosen:    isTrue("CreateOutcomeTopic"),
		resources: []string{"OutcomeTopicRule", "OutcomeTopic", "OutcomeTopicPolicy"},
		outputs:   []string{"OutcomeTopicArn"},
	},
	{
		chosen:    isTrue("CreateOutcomeQueue"),
		resources: []string{"OutcomeQueueRule", "OutcomeQueue", "OutcomeQueuePolicy"},
		outputs:   []string{"OutcomeQueueUrl", "OutcomeQueueArn"},
	},
	{
		chosen:    hasOutcomeTargets,
		resources: []string{"OutcomeDeadLetterQueue", "OutcomeDeadLetterQueuePolicy"},
		outputs:   []string{"OutcomeDeadLetterQueueUrl"},
	},
	{
		chosen:    func(parameters map[string]string) bool { return parameters["OutcomeArchiveDays"] != "0" },
		resources: []string{"OutcomeArchive"},
		outputs:   []string{"OutcomeArchiveArn"},
	},
	{chosen: set("AlarmTopicArn"), resources: []string{
		"DeadLettersAlarm", "LostAlarm", "OldestTriggerAlarm", "RepeatedTriggersAlarm", "FailuresAlarm", "CredentialsRefusedAlarm", "StaleSecretsAlarm",
		"ApiErrorsAlarm", "FunctionErrorsAlarm", "ThrottlesAlarm",
	}},
	{chosen: both(set("AlarmTopicArn"), set("WebhookSecretId")), resources: []string{
		"WebhooksRefusedAlarm", "WebhooksFailedAlarm", "WebhooksThrottledAlarm",
	}},
	{chosen: both(set("AlarmTopicArn"), hasOutcomeTargets), resources: []string{"OutcomeDeadLettersAlarm", "OutcomesLostAlarm"}},
	{chosen: isTrue("CreateDashboard"), resources: []string{"Dashboard"}, outputs: []string{"DashboardUrl"}},
}

func resourcesAreThoseAskedFor(p *project) (found problems) {
	var got, want []string
	for _, r := range p.resources {
		got = append(got, r.logicalID)
	}
	for _, part := range parts {
		if part.chosen(p.parameters) {
			want = append(want, part.resources...)
		}
	}
	if len(p.given) == 1 { // by default
		want = append(slices.Clone(parts[0].resources), "OutcomeBus")
	}
	found.compare("resources", got, want)
	return found
}

// outputValues are those of all outputs.
func (p *project) outputValues() map[string]string {
	host := p.ref("HttpApi") + ".execute-api." + testStack.Region + ".amazonaws.com"
	return map[string]string{
		"ApiUrl":                    "https://" + host + "/v1/sessions/end",
		"ApiInvokeArn":              testStack.ARN("execute-api", p.ref("HttpApi")+"/*/POST/v1/sessions/end"),
		"ApiFunctionName":           p.ref("ApiFunction"),
		"WebhookUrl":                "https://" + host + "/v1/webhooks/",
		"TriggerQueueUrl":           p.ref("TriggerQueue"),
		"TriggerQueueArn":           p.arn("TriggerQueue"),
		"TriggerBusName":            p.parameters["TriggerBusName"],
		"DeadLetterQueueUrl":        p.ref("DeadLetterQueue"),
		"DeadLetterQueueArn":        p.arn("DeadLetterQueue"),
		"CanvasQueueUrl":            p.ref("CanvasQueue"),
		"OutcomeBusName":            p.outcomeBus(),
		"OutcomeTopicArn":           p.ref("OutcomeTopic"),
		"OutcomeQueueUrl":           p.ref("OutcomeQueue"),
		"OutcomeQueueArn":           p.arn("OutcomeQueue"),
		"OutcomeDeadLetterQueueUrl": p.ref("OutcomeDeadLetterQueue"),
		"OutcomeArchiveArn":         p.arn("OutcomeArchive"),
		"LedgerTableName":           p.ref("LedgerTable"),
		"DashboardUrl":              "https://console.aws.amazon.com/cloudwatch/home?region=" + testStack.Region + "#dashboards/dashboard/" + p.ref("Dashboard"),
	}
}

func outputsAreThoseAskedFor(p *project) (found problems) {
	var want []string
	for _, part := range parts {
		if part.chosen(p.parameters) {
			want = append(want, part.outputs...)
		}
	}
	found.compare("outputs", slices.Sorted(maps.Keys(p.outputs)), want)
	values := p.outputValues()
	for name, got := range p.outputs {
		if got != values[name] {
			found.addf("the output %s is %s, want %s", name, got, values[name])
		}
	}
	for _, e := range p.sections.outputs {
		entries, err := entriesOf(e.value, e.at)
		if err != nil || !slices.ContainsFunc(entries, func(e entry) bool { return e.key == "Description" && e.value.Value != "" }) {
			found.addf("the output %s is not described", e.key)
		}
	}
	return found
}

// described are the types of resources whose descriptions people see in the
// console.
var described = []string{kindFunction, kindHTTPAPI, kindRole, kindRule, kindBus, kindArchive}

func templateSaysWhatItIs(p *project) (found problems) {
	said := map[string]string{}
	all, err := entriesOf(p.root.Content[0], place{})
	if err != nil {
		found.addf("%v", err)
	}
	for _, e := range all {
		said[e.key] = e.value.Value
	}
	if said["AWSTemplateFormatVersion"] != "2010-09-09" || said["Transform"] != "AWS::Serverless-2016-10-31" || said["Description"] == "" {
		found.addf("the template is of the version %s, transformed by %s", said["AWSTemplateFormatVersion"], said["Transform"])
	}
	for _, r := range p.resources {
		if slices.Contains(described, r.kind) && r.properties["Description"] == nil {
			found.addf("%s is not described", r.logicalID)
		}
	}
	return found
}
