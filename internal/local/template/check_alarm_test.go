package template

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"videosdk-end-session/internal/telemetry"
)

// alarmChecks are about what wakes somebody, and what that somebody reads.
var alarmChecks = []check{
	{"an alarm watches something that is measured", alarmsWatchWhatIsMeasured},
	{"an alarm goes off as its page says", alarmsGoOff},
	{"an alarm names its page, and a page its alarm", alarmsHavePages},
	{"a metric has an alarm, or a reason to have none", metricsHaveAlarms},
}

// watched is a metric with its dimensions, as an alarm or a dashboard names it.
type watched struct {
	namespace, name string
	dimensions      map[string]string
}

func (w watched) String() string { return fmt.Sprintf("%s %s %v", w.namespace, w.name, w.dimensions) }

// alarm is the properties of an alarm.
type alarm struct {
	AlarmDescription string

	Namespace, MetricName, Statistic string
	Dimensions                       []dimension
	Period                           int

	Metrics []struct {
		Id, Expression, Label string
		ReturnData            *bool // true if it is not said
		MetricStat            *struct {
			Metric struct {
				Namespace, MetricName string
				Dimensions            []dimension
			}
			Period int
			Stat   string
		}
	}

	EvaluationPeriods  int
	DatapointsToAlarm  *int // as many as EvaluationPeriods if it is not said
	ComparisonOperator string
	Threshold          *float64
	TreatMissingData   string
	AlarmActions       []string
	OKActions          []string
}

type dimension struct{ Name, Value string }

func dimensionsOf(list []dimension) map[string]string {
	all := map[string]string{}
	for _, d := range list {
		all[d.Name] = d.Value
	}
	return all
}

// watches returns what an alarm looks at.
func (a alarm) watches() []watched {
	var all []watched
	if a.MetricName != "" {
		all = append(all, watched{a.Namespace, a.MetricName, dimensionsOf(a.Dimensions)})
	}
	for _, m := range a.Metrics {
		if m.MetricStat != nil {
			all = append(all, watched{m.MetricStat.Metric.Namespace, m.MetricStat.Metric.MetricName, dimensionsOf(m.MetricStat.Metric.Dimensions)})
		}
	}
	return all
}

// rule says when an alarm goes off, in one line.
func (a alarm) rule() string {
	how := fmt.Sprintf("%s of %d s", a.Statistic, a.Period)
	if len(a.Metrics) > 0 {
		var stats, returned []string
		for _, m := range a.Metrics {
			if m.ReturnData == nil || *m.ReturnData {
				returned = append(returned, m.Expression+" as "+m.Label)
			}
			if m.MetricStat != nil {
				stats = append(stats, fmt.Sprintf("%s of %d s", m.MetricStat.Stat, m.MetricStat.Period))
			}
		}
		slices.Sort(stats)
		how = strings.Join(returned, ", ") + " " + strings.Join(slices.Compact(stats), ", ")
	}
	if a.Threshold == nil {
		return how + ", never"
	}
	times := fmt.Sprintf("%d times", a.EvaluationPeriods)
	if a.DatapointsToAlarm != nil {
		times = fmt.Sprintf("%d of %s", *a.DatapointsToAlarm, times)
	}
	return fmt.Sprintf("%s, %s, %s %v", how, times, a.ComparisonOperator, *a.Threshold)
}

func (p *project) alarms() (map[string]alarm, problems) {
	var found problems
	all := map[string]alarm{}
	for _, r := range p.of(kindAlarm) {
		var a alarm
		if err := decode(r.properties, &a); err != nil {
			found.addf("%s: %v", r.logicalID, err)
		}
		all[r.logicalID] = a
	}
	return all, found
}

// isMeasured says whether there is such a metric: one of ours, or of AWS about
// a resource of the stack.
func (p *project) isMeasured(w watched) bool {
	names := slices.Sorted(maps.Keys(w.dimensions))
	if w.namespace == telemetry.Namespace {
		doors := []string{"api", "eventbridge", "sqs", "webhook"}
		if w.dimensions["stack"] != testStack.Name || w.dimensions["door"] != "" && !slices.Contains(doors, w.dimensions["door"]) {
			return false
		}
		ofFilter := slices.ContainsFunc(p.filtered(), func(m watched) bool { return m.String() == w.String() })
		return ofFilter || slices.ContainsFunc(telemetry.Emitted, func(m telemetry.Metric) bool {
			return m.Name == w.name && slices.ContainsFunc(m.Dimensions, func(set []string) bool {
				return slices.Equal(slices.Sorted(slices.Values(set)), names)
			})
		})
	}
	about := func(kind, dimension string, metrics ...string) bool {
		return slices.Equal(names, []string{dimension}) && slices.Contains(metrics, w.name) && slices.ContainsFunc(p.of(kind), func(r resource) bool {
			return r.identity.name == w.dimensions[dimension]
		})
	}
	switch w.namespace {
	case "AWS/SQS": // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
		return about(kindQueue, "QueueName", "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage")
	case "AWS/Lambda": // https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
		return about(kindFunction, "FunctionName", "Errors", "Throttles", "DeadLetterErrors")
	case "AWS/ApiGateway": // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
		return about(kindHTTPAPI, "ApiId", "Count", "4xx", "5xx")
	case "AWS/Events": // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
		return w.name == "InvocationsFailedToBeSentToDlq" && slices.ContainsFunc(p.of(kindRule), func(r resource) bool {
			want := map[string]string{"RuleName": r.identity.name}
			// Only the rules of the default bus are known by their names alone.
			if bus := busName(r.identity.owner); bus != defaultBus {
				want["EventBusName"] = bus
			}
			return maps.Equal(want, w.dimensions)
		})
	}
	return false
}

func alarmsWatchWhatIsMeasured(p *project) (found problems) {
	alarms, found := p.alarms()
	for _, id := range slices.Sorted(maps.Keys(alarms)) {
		a := alarms[id]
		if len(a.watches()) == 0 {
			found.addf("%s watches nothing", id)
		}
		ids := map[string]bool{}
		for _, m := range a.Metrics {
			if m.Id == "" || ids[m.Id] {
				found.addf("%s has a metric with the id %q", id, m.Id)
			}
			ids[m.Id] = true
		}
		for _, w := range a.watches() {
			if !p.isMeasured(w) {
				found.addf("%s watches %s, which nobody measures", id, w)
			}
		}
		if a.TreatMissingData != "notBreaching" { // a count of nothing is not written
			found.addf("%s takes no data for %q", id, a.TreatMissingData)
		}
		topic := []string{p.parameters["AlarmTopicArn"]}
		if !slices.Equal(a.AlarmActions, topic) || !slices.Equal(a.OKActions, topic) {
			found.addf("%s is sent to %v and %v", id, a.AlarmActions, a.OKActions)
		}
	}
	return found
}

// due is what each alarm watches, and when it goes off.
var due = map[string]struct {
	watches []string
	rule    string
}{
	"DeadLettersAlarm":        {[]string{"ApproximateNumberOfMessagesVisible"}, "Maximum of 60 s, 1 times, GreaterThanThreshold 0"},
	"LostAlarm":               {[]string{"DeadLetterErrors", "InvocationsFailedToBeSentToDlq"}, "SUM(METRICS()) as lost Sum of 300 s, 1 times, GreaterThanOrEqualToThreshold 1"},
	"OldestTriggerAlarm":      {[]string{"ApproximateAgeOfOldestMessage"}, "MAX(METRICS()) as oldest Maximum of 60 s, 5 times, GreaterThanThreshold 1800"},
	"RepeatedTriggersAlarm":   {[]string{"QueueAge"}, "Maximum of 300 s, 1 times, GreaterThanThreshold 1.8e+06"},
	"FailuresAlarm":           {[]string{"Failed"}, "Sum of 300 s, 1 times, GreaterThanOrEqualToThreshold AlarmFailures"},
	"CredentialsRefusedAlarm": {[]string{"CredentialsRefused"}, "Sum of 300 s, 1 times, GreaterThanOrEqualToThreshold 1"},
	"StaleSecretsAlarm":       {[]string{"StaleSecrets"}, "Sum of 300 s, 3 of 12 times, GreaterThanOrEqualToThreshold 1"},
	"WebhooksRefusedAlarm":    {[]string{"WebhooksRefused"}, "Sum of 3600 s, 1 times, GreaterThanOrEqualToThreshold 5"},
	"WebhooksFailedAlarm":     {[]string{"WebhooksFailed"}, "Sum of 300 s, 1 times, GreaterThanOrEqualToThreshold 1"},
	"WebhooksThrottledAlarm":  {[]string{"WebhooksThrottled"}, "Sum of 300 s, 1 times, GreaterThanOrEqualToThreshold 1"},
	"ApiErrorsAlarm":          {[]string{"5xx"}, "Sum of 300 s, 1 times, GreaterThanOrEqualToThreshold 3"},
	"FunctionErrorsAlarm":     {[]string{"Errors"}, "SUM(METRICS()) as errors Sum of 300 s, 1 times, GreaterThanOrEqualToThreshold 1"},
	"ThrottlesAlarm":          {[]string{"Throttles"}, "SUM(METRICS()) as throttles Sum of 300 s, 2 times, GreaterThanOrEqualToThreshold 1"},
	"OutcomeDeadLettersAlarm": {[]string{"ApproximateNumberOfMessagesVisible"}, "Maximum of 60 s, 1 times, GreaterThanThreshold 0"},
	"OutcomesLostAlarm":       {[]string{"InvocationsFailedToBeSentToDlq"}, "SUM(METRICS()) as lost Sum of 300 s, 1 times, GreaterThanOrEqualToThreshold 1"},
}

// guarded are the resources that an alarm must watch, all of a kind that are
// there but those named.
func (p *project) guarded(id string) []string {
	functions := func(but ...string) (names []string) {
		for _, f := range p.template.Functions {
			if !slices.Contains(but, f.LogicalID) {
				names = append(names, f.Name)
			}
		}
		return names
	}
	queues := func(ids ...string) (names []string) {
		for _, id := range ids {
			if q, ok := p.template.Queue(id); ok {
				names = append(names, q.Name)
			}
		}
		return names
	}
	var rules []string
	for _, f := range p.template.Forwards {
		rules = append(rules, f.Name)
	}
	switch id {
	case "DeadLettersAlarm":
		return queues("DeadLetterQueue")
	case "LostAlarm":
		return append(functions("SqsFunction", "WebhookFunction"), "demo-TriggerRule")
	case "OldestTriggerAlarm":
		return queues("TriggerQueue", "CanvasQueue")
	case "RepeatedTriggersAlarm":
		return []string{"sqs"}
	case "ApiErrorsAlarm":
		return []string{p.ref("HttpApi")}
	case "FunctionErrorsAlarm":
		// An error of this one is its answer to a direct caller.
		return functions("ApiFunction")
	case "ThrottlesAlarm":
		return functions()
	case "OutcomeDeadLettersAlarm":
		return queues("OutcomeDeadLetterQueue")
	case "OutcomesLostAlarm":
		return rules
	}
	return []string{testStack.Name}
}

func alarmsGoOff(p *project) (found problems) {
	alarms, found := p.alarms()
	for _, id := range slices.Sorted(maps.Keys(alarms)) {
		a, want := alarms[id], due[id]
		var metrics, about []string
		for _, w := range a.watches() {
			metrics = append(metrics, w.name)
			for _, dimension := range []string{"QueueName", "FunctionName", "RuleName", "ApiId", "door", "stack"} {
				if name, ok := w.dimensions[dimension]; ok {
					about = append(about, name)
					break
				}
			}
		}
		slices.Sort(metrics)
		found.compare(id+" watches", slices.Compact(metrics), want.watches)
		found.compare(id+" watches the metrics of", about, p.guarded(id))
		rule := strings.ReplaceAll(want.rule, "AlarmFailures", p.parameters["AlarmFailures"])
		if got := a.rule(); got != rule {
			found.addf("%s goes off at: %s, want %s", id, got, rule)
		}
	}
	return found
}

var (
	pageOfAlarm = regexp.MustCompile(`^[A-Z].*[.] See (\S+)#([a-z-]+)$`)
	headingOf   = regexp.MustCompile(`(?m)^### (.+)$`)
	outputNamed = regexp.MustCompile(`\$\(output (\w+)\)`)
)

// anchor is how the heading of a page is linked to.
func anchor(heading string) string { return strings.ReplaceAll(strings.ToLower(heading), " ", "-") }

func alarmsHavePages(p *project) (found problems) {
	_, section, _ := strings.Cut(p.runbook, "\n## Alarms\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var pages []string
	for _, heading := range headingOf.FindAllStringSubmatch(section, -1) {
		pages = append(pages, anchor(heading[1]))
	}
	alarms, found := p.alarms()
	var named []string
	for _, id := range slices.Sorted(maps.Keys(alarms)) {
		match := pageOfAlarm.FindStringSubmatch(alarms[id].AlarmDescription)
		if match == nil || match[1] != p.parameters["RunbookUrl"] {
			found.addf("%s names no page where it is to be read: %s", id, alarms[id].AlarmDescription)
			continue
		}
		named = append(named, match[2])
		if !slices.Contains(pages, match[2]) {
			found.addf("%s names the page %s, which is not there", id, match[2])
		}
	}
	if len(alarms) == len(due) { // the choice that has all of them
		found.compare("pages of alarms", pages, named)
		var outputs []string
		for _, output := range outputNamed.FindAllStringSubmatch(p.runbook, -1) {
			if !slices.Contains(outputs, output[1]) {
				outputs = append(outputs, output[1])
			}
			if _, ok := p.outputs[output[1]]; !ok {
				found.addf("the page reads the output %s, which is not there", output[1])
			}
		}
		if len(outputs) < 5 {
			found.addf("the page reads only the outputs %s", outputs)
		}
	}
	return found
}

// withoutAlarm are the metrics for which nobody is woken, and why.
var withoutAlarm = map[string]string{
	"Ended":            "what this is for",
	"Ending":           "what this is for",
	"AlreadyEnded":     "what was wanted is so",
	"NotActive":        "what was wanted is so",
	"Refused":          "a promise kept; the published event tells whoever is concerned",
	"DryRun":           "somebody tries something out",
	"Duplicates":       "senders may repeat themselves",
	"Deferred":         "it is tried again; if that fails for half an hour, RepeatedTriggersAlarm says so",
	"Rejected":         "an HTTP caller or a webhook's sender is told, and on a queue it is a dead letter, which has an alarm",
	"VideoSDKLatency":  "slow is not wrong, and what is too slow fails for now",
	"PublishLatency":   "as above",
	"TotalLatency":     "as above",
	"SecretRefreshes":  "secrets are read again by the clock",
	"WebhooksAccepted": "what this is for",
	"WebhooksIgnored":  "not every webhook is a trigger",
}

func metricsHaveAlarms(p *project) (found problems) {
	alarms, found := p.alarms()
	if len(alarms) != len(due) {
		return found // not the choice that has all of them
	}
	watched := map[string]bool{}
	for _, a := range alarms {
		for _, w := range a.watches() {
			watched[w.name] = watched[w.name] || w.namespace == telemetry.Namespace
		}
	}
	for _, m := range telemetry.Emitted {
		if _, excused := withoutAlarm[m.Name]; excused == watched[m.Name] {
			found.addf("%s: it is %t that it has an alarm, and %t that it has a reason to have none", m.Name, watched[m.Name], excused)
		}
	}
	for _, m := range p.filtered() {
		if !watched[m.name] {
			found.addf("%s is counted for no alarm", m.name)
		}
	}
	for name := range withoutAlarm {
		if !slices.ContainsFunc(telemetry.Emitted, func(m telemetry.Metric) bool { return m.Name == name }) {
			found.addf("%s is no metric", name)
		}
	}
	return found
}
