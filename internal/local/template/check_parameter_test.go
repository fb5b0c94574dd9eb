package template

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// parameterChecks are about what the console asks whoever deploys the stack.
var parameterChecks = []check{
	{"a parameter is explained and bounded", parametersAreExplained},
	{"a parameter stands in one group", parametersAreGrouped},
	{"a parameter refuses what would fail later", parametersRefuseWhatWouldFail},
	{"a condition is named as a predicate", conditionsAreNamed},
}

// unit is where the description of a number says what it counts.
var unit = regexp.MustCompile(`^(Days |Number of |Share of |Memory of each function in MB|HTTP requests )`)

func parametersAreExplained(p *project) (found problems) {
	for _, e := range p.sections.parameters {
		value, err := (&resolver{}).value(e.value, e.at)
		var declared parameter
		if err == nil {
			err = decode(value, &declared)
		}
		if err != nil {
			found.addf("%s: %v", e.key, err)
			continue
		}
		if declared.Description == "" {
			found.addf("%s is not described", e.key)
		}
		switch {
		case declared.Type == "Number":
			if !unit.MatchString(declared.Description) {
				found.addf("%s does not say what it counts: %s", e.key, declared.Description)
			}
			if declared.MinValue == nil && len(declared.AllowedValues) == 0 {
				found.addf("%s has no least value", e.key)
			}
		case len(declared.AllowedValues) == 0 && (declared.AllowedPattern == "" || declared.ConstraintDescription == ""):
			found.addf("%s may be anything, or says not what it must be", e.key)
		}
		if slices.Contains(declared.AllowedValues, "true") && (declared.Default == nil || *declared.Default != "false") {
			found.addf("%s is on", e.key)
		}
		if declared.Default == nil && e.key != "VideoSdkSecretId" {
			found.addf("%s must be given", e.key)
		}
	}
	return found
}

func parametersAreGrouped(p *project) (found problems) {
	var grouped, declared []string
	for _, e := range p.sections.parameters {
		declared = append(declared, e.key)
	}
	groups, err := p.groups()
	if err != nil {
		found.addf("groups: %v", err)
	}
	for _, group := range groups {
		grouped = append(grouped, group...)
	}
	found.compare("parameters in groups", grouped, declared)
	return found
}

// groups returns the parameters of each group by its label.
func (p *project) groups() (map[string][]string, error) {
	all, err := entriesOf(p.root.Content[0], place{})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(e entry) bool { return e.key == "Metadata" })
	if i < 0 {
		return nil, errors.New("the template has no Metadata")
	}
	described, err := (&resolver{}).mapping(all[i].value, all[i].at)
	if err != nil {
		return nil, err
	}
	listed, _ := value(described, "AWS::CloudFormation::Interface", "ParameterGroups").([]any)
	groups := map[string][]string{}
	for _, group := range listed {
		properties, _ := group.(map[string]any)
		label, _ := value(properties, "Label", "default").(string)
		if label == "" || groups[label] != nil {
			return nil, fmt.Errorf("a group has no label of its own: %v", properties)
		}
		groups[label] = listOf(properties["Parameters"])
	}
	return groups, nil
}

// refused are values that would fail only while the stack is made, or never be
// noticed.
var refused = map[string][]string{
	"VideoSdkSecretId": {"", "two words", "arn:aws:secretsmanager:eu-central-1:1:secret:x"},
	"VideoSdkApiEndpoint": {
		"", "api.videosdk.live", "ftp://api.videosdk.live", "http://api.videosdk.live", "http://localhost.example.com", "https://", "https://:443",
		"https://api.videosdk.live/v1", "https://api.videosdk.live//v2", "https://somebody@api.videosdk.live", "https://api.videosdk.live?v=2",
		"https://api.videosdk.live#v2",
	},
	"WebhookSecretId":         {"two words"},
	"SecretTtl":               {"", "5", "5 minutes", "-5m", "0s", "1ms", "337h"},
	"MaxTriggerAge":           {"", "1d", "0m", "999ms", "337h", "1000h"},
	"BookingLead":             {"", "-15m", "1000000s", "1000h"},
	"BookingGrace":            {"", "1 hour", "10000m", "337h"},
	"TriggerBusName":          {"", "arn:aws:events:eu-central-1:123456789012:event-bus/school"},
	"TriggerEventSources":     {"", "videosdk.end-session", "a,videosdk.end-session", "two words"},
	"TriggerDetailTypes":      {"", strings.Repeat("x", 129)},
	"TriggerQueueSenders":     {"*", "arn:aws:sns:eu-central-1:123456789012:*", "arn:aws:sqs:eu-central-1:123456789012:queue"},
	"OutcomeBusName":          {"arn:aws:events:eu-central-1:123456789012:event-bus/school"},
	"OutcomeArchiveDays":      {"-1", "3651"},
	"AlarmTopicArn":           {"on-call", "arn:aws:sqs:eu-central-1:123456789012:queue"},
	"RunbookUrl":              {"", "operations", "docs/operations.md#lost", "https://wiki.example.com/two words", "https://wiki.example.com/operations#alarms"},
	"AlarmFailures":           {"0"},
	"LogRetentionDays":        {"0", "2"},
	"LogSampleRate":           {"-0.1", "1.1"},
	"LogLevel":                {"LOUD"},
	"Tracing":                 {"Disabled"},
	"Architecture":            {"amd64"},
	"MemorySize":              {"127", "10241"},
	"MaximumConcurrency":      {"1", "1001"},
	"RequestRate":             {"0"},
	"RequestBurst":            {"0"},
	"KmsKeyArn":               {"alias/aws/sqs", "arn:aws:kms:eu-central-1:123456789012:alias/mine"},
	"PermissionsBoundaryArn":  {"boundary", "arn:aws:iam::123456789012:role/x"},
	"DryRun":                  {"yes"},
	"PublishParticipantNames": {"yes"},
	"CanvasRootAccountUuid":   {"two words"},
	"CreateOutcomeTopic":      {"yes"},
	"CreateOutcomeQueue":      {"yes"},
	"CreateDashboard":         {"yes"},
}

func parametersRefuseWhatWouldFail(p *project) (found problems) {
	var declared []string
	for _, e := range p.sections.parameters {
		declared = append(declared, e.key)
		for _, value := range refused[e.key] {
			if _, err := parameterValue(e, map[string]string{e.key: value}); err == nil {
				found.addf("%s may be %q", e.key, value)
			}
		}
	}
	found.compare("parameters with values that they refuse", slices.Sorted(maps.Keys(refused)), declared)
	return found
}

// predicate is a name that says of the stack what is true or not.
var predicate = regexp.MustCompile(`^Has[A-Z]|[a-z]Is[A-Z]|[a-z]Are[A-Z]`)

func conditionsAreNamed(p *project) (found problems) {
	used := map[string]bool{}
	usedConditions(p.root, used)
	for _, e := range p.sections.conditions {
		if !predicate.MatchString(e.key) {
			found.addf("the condition %s is no predicate", e.key)
		}
		if !used[e.key] {
			found.addf("the condition %s decides nothing", e.key)
		}
	}
	return found
}

// usedConditions notes the conditions that something below a node is decided by.
func usedConditions(node *yaml.Node, used map[string]bool) {
	switch {
	case node.Tag == "!If" && len(node.Content) > 0:
		used[node.Content[0].Value] = true
	case node.Tag == "!Condition":
		used[node.Value] = true
	case node.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == "Condition" {
				used[node.Content[i+1].Value] = true
			}
		}
	}
	for _, below := range node.Content {
		usedConditions(below, used)
	}
}

func TestEveryCombinationOfTheOptionsResolves(t *testing.T) {
	choices := [][2]string{
		{"WebhookSecretId", "webhooks"}, {"CanvasRootAccountUuid", canvasAccount}, {"TriggerQueueSenders", "arn:aws:sns:eu-central-1:123456789012:lms"},
		{"TriggerBusName", "school"}, {"OutcomeBusName", "company"}, {"CreateOutcomeTopic", "true"}, {"CreateOutcomeQueue", "true"},
		{"OutcomeArchiveDays", "1"}, {"AlarmTopicArn", alarmTopic}, {"CreateDashboard", "true"}, {"KmsKeyArn", kmsKey},
		{"PermissionsBoundaryArn", boundary},
	}
	source, err := os.ReadFile(projectTemplate)
	if err != nil {
		t.Fatal(err)
	}
	const workers = 4
	for worker := range workers {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			var root yaml.Node
			if err := yaml.Load(source, &root); err != nil {
				t.Fatal(err)
			}
			s, err := readSections(&root)
			if err != nil {
				t.Fatal(err)
			}
			off := map[string]string{"VideoSdkSecretId": "videosdk"}
			on := maps.Clone(off)
			for _, choice := range choices {
				on[choice[0]] = choice[1]
			}
			valuesOff, err := parameterValues(s.parameters, off)
			if err != nil {
				t.Fatal(err)
			}
			valuesOn, err := parameterValues(s.parameters, on)
			if err != nil {
				t.Fatal(err)
			}
			for combination := worker; combination < 1<<len(choices); combination += workers {
				values, chosen := maps.Clone(valuesOff), []string{}
				for i, choice := range choices {
					if combination>>i&1 == 1 {
						values[choice[0]] = valuesOn[choice[0]]
						chosen = append(chosen, choice[0])
					}
				}
				r := newResolver(testStack, values, s)
				if _, err := r.allResources(); err != nil {
					t.Fatalf("with %s: %v", chosen, err)
				}
				if _, err := r.allOutputs(); err != nil {
					t.Fatalf("with %s: %v", chosen, err)
				}
			}
		})
	}
}
