package template

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// project is the template that is deployed, with one choice of its options, and
// the files that it has to agree with. What it has to be is written as checks,
// so that a test can show that each of them notices what it is for.
type project struct {
	*document
	root     *yaml.Node
	given    map[string]string // parameters that are not left to their defaults
	template *Template
	sections sections
	files
}

// check returns what is wrong with the project.
type check struct {
	name     string
	problems func(*project) problems
}

// checks are all of them.
var checks = slices.Concat(
	optionChecks, accessChecks, messageChecks, functionChecks, alarmChecks, apiChecks, logChecks, dashboardChecks, parameterChecks,
	boundChecks, filterChecks,
)

type problems []string

func (p *problems) addf(format string, arguments ...any) {
	*p = append(*p, fmt.Sprintf(format, arguments...))
}

// compare reports what one set has that the other has not.
func (p *problems) compare(what string, got, want []string) {
	for _, value := range got {
		if !slices.Contains(want, value) {
			p.addf("%s: %s is too much", what, value)
		}
	}
	for _, value := range want {
		if !slices.Contains(got, value) {
			p.addf("%s: %s is missing", what, value)
		}
	}
	if len(got) != len(slices.Compact(slices.Sorted(slices.Values(got)))) {
		p.addf("%s: one of %s stands there twice", what, got)
	}
}

// options are the choices of parameters that the checks are made with.
var options = []struct {
	name       string
	parameters map[string]string
}{
	{"everything", everything},
	{"nothing optional", map[string]string{"VideoSdkSecretId": "team/videosdk"}},
	{"existing buses and secrets by ARN", with(everything, map[string]string{
		"VideoSdkSecretId": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:videosdk-a1B2c3",
		"WebhookSecretId":  "arn:aws:secretsmanager:eu-central-1:123456789012:secret:hooks-a1B2c3",
		"TriggerBusName":   "school",
		"OutcomeBusName":   "company",
	})},
	{"outcomes on the default bus", with(everything, map[string]string{"OutcomeBusName": "default"})},
	{"a topic for outcomes and no alarms", map[string]string{"VideoSdkSecretId": "videosdk", "CreateOutcomeTopic": "true", "CreateDashboard": "true"}},
	{"a queue for outcomes and alarms", map[string]string{"VideoSdkSecretId": "videosdk", "CreateOutcomeQueue": "true", "AlarmTopicArn": alarmTopic}},
}

const (
	alarmTopic    = "arn:aws:sns:eu-central-1:123456789012:on-call"
	kmsKey        = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	canvasAccount = "VicYj3cu5BIFpoZhDVU4DZumnlBrWi1grgJEzADs"
	boundary      = "arn:aws:iam::123456789012:policy/boundary"
)

// everything switches every option on, and gives nothing its default.
var everything = map[string]string{
	"VideoSdkSecretId":      "videosdk",
	"WebhookSecretId":       "webhooks",
	"CanvasRootAccountUuid": canvasAccount,
	"TriggerQueueSenders":   "arn:aws:sns:eu-central-1:123456789012:lms,arn:aws:events:eu-central-1:123456789012:rule/bookings",
	"CreateOutcomeTopic":    "true",
	"CreateOutcomeQueue":    "true",
	"OutcomeArchiveDays":    "30",
	"AlarmTopicArn":         alarmTopic,
	"AlarmFailures":         "3",
	"RunbookUrl":            "https://wiki.example.com/operations",
	"Architecture":          "x86_64",
	"BookingGrace":          "61m",
	"BookingLead":           "16m",
	"DryRun":                "true",
	"LogLevel":              "DEBUG",
	"LogRetentionDays":      "90",
	"LogSampleRate":         "0.25",
	"MaxTriggerAge":         "48h",
	"MaximumConcurrency":    "7",
	"MemorySize":            "256",

	"PublishParticipantNames": "true",

	"RequestBurst":           "50",
	"RequestRate":            "30",
	"SecretTtl":              "90s",
	"Tracing":                "PassThrough",
	"TriggerDetailTypes":     "Class Deleted,Booking Cancelled",
	"TriggerEventSources":    "lms.classes,booking",
	"VideoSdkApiEndpoint":    "https://api.example.com/v2",
	"CreateDashboard":        "true",
	"KmsKeyArn":              kmsKey,
	"PermissionsBoundaryArn": boundary,
}

func with(base, more map[string]string) map[string]string {
	all := maps.Clone(base)
	maps.Copy(all, more)
	return all
}

// files are what the template is checked against.
type files struct {
	calls        map[string]map[string][]string // of the functions: resources by action by function
	makefile     string
	runbook      string
	canvasEvents []string // by their names
}

func readFiles(t *testing.T) files {
	t.Helper()
	root := filepath.Dir(projectTemplate)
	var f files
	for _, file := range []struct {
		path string
		into *string
	}{{filepath.Join(root, "Makefile"), &f.makefile}, {filepath.Join(root, "docs", "operations.md"), &f.runbook}} {
		content, err := os.ReadFile(file.path)
		if err != nil {
			t.Fatal(err)
		}
		*file.into = string(content)
	}
	var canvas struct{ Profiles []struct{ Name string } }
	for _, file := range []struct {
		path string
		into any
	}{{filepath.Join("testdata", "calls.json"), &f.calls}, {filepath.Join(root, "internal", "webhook", "sources", "canvas.json"), &canvas}} {
		content, err := os.ReadFile(file.path)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(content, file.into); err != nil {
			t.Fatal(err)
		}
	}
	for _, profile := range canvas.Profiles {
		f.canvasEvents = append(f.canvasEvents, profile.Name)
	}
	return f
}

// load resolves the template, as parsed, with some parameters.
func (f files) load(root *yaml.Node, parameters map[string]string) (*project, error) {
	sections, err := readSections(root)
	if err != nil {
		return nil, err
	}
	resolved, err := resolveNode(root, testStack, parameters)
	if err != nil {
		return nil, err
	}
	read, err := assemble(resolved)
	if err != nil {
		return nil, err
	}
	return &project{document: resolved, root: root, given: parameters, template: read, sections: sections, files: f}, nil
}

// problemsOf yields what is wrong with a template, one choice of options after
// the other.
func (f files) problemsOf(root *yaml.Node) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, choice := range options {
			p, err := f.load(root, choice.parameters)
			if err != nil {
				if !yield(fmt.Sprintf("with %s: %v", choice.name, err)) {
					return
				}
				continue
			}
			for _, c := range checks {
				for _, problem := range c.problems(p) {
					if !yield(fmt.Sprintf("with %s: %s: %s", choice.name, c.name, problem)) {
						return
					}
				}
			}
		}
	}
}

func parseProject(t *testing.T) *yaml.Node {
	t.Helper()
	source, err := os.ReadFile(projectTemplate)
	if err != nil {
		t.Fatal(err)
	}
	return parseNode(t, source)
}

func parseNode(t *testing.T, source []byte) *yaml.Node {
	t.Helper()
	var root yaml.Node
	if err := yaml.Load(source, &root); err != nil {
		t.Fatal(err)
	}
	return &root
}

func TestTheTemplateIsAsItHasToBe(t *testing.T) {
	for problem := range readFiles(t).problemsOf(parseProject(t)) {
		t.Error(problem)
	}
}

// of returns the resources of a kind.
func (p *project) of(kind string) []resource {
	var found []resource
	for _, r := range p.resources {
		if r.kind == kind {
			found = append(found, r)
		}
	}
	return found
}

// resource returns the resource with a logical id.
func (p *project) resource(logicalID string) (resource, bool) {
	i := slices.IndexFunc(p.resources, func(r resource) bool { return r.logicalID == logicalID })
	if i < 0 {
		return resource{}, false
	}
	return p.resources[i], true
}

// arn returns the ARN of the resource with a logical id, and nothing if the
// stack has none.
func (p *project) arn(logicalID string) string {
	r, _ := p.resource(logicalID)
	return r.identity.arn()
}

// ref returns what a reference to the resource with a logical id is.
func (p *project) ref(logicalID string) string {
	r, _ := p.resource(logicalID)
	return r.identity.ref
}

// outcomeBus is the name of the bus of the outcomes.
func (p *project) outcomeBus() string {
	if name := p.parameters["OutcomeBusName"]; name != "" {
		return name
	}
	return testStack.Name + "-outcomes"
}

// attribute returns what stands beside a resource's type and properties, as
// text.
func (p *project) attribute(logicalID, name string) string {
	for _, e := range p.sections.resources {
		if e.key != logicalID {
			continue
		}
		attributes, err := entriesOf(e.value, e.at)
		if err != nil {
			return ""
		}
		for _, a := range attributes {
			if a.key == name {
				return a.value.Value
			}
		}
	}
	return ""
}

// value returns what lies at a path of keys in resolved properties, and nil if
// nothing does.
func value(properties map[string]any, path ...string) any {
	var found any = properties
	for _, key := range path {
		mapping, ok := found.(map[string]any)
		if !ok {
			return nil
		}
		found = mapping[key]
	}
	return found
}

// listOf returns a value that is a list of texts, or one text.
func listOf(value any) []string {
	switch value := value.(type) {
	case []any:
		list := make([]string, len(value))
		for i, item := range value {
			list[i] = text(item)
		}
		return list
	case nil:
		return nil
	}
	return []string{text(value)}
}

// functionName is what the folder of a function's code is called.
func functionName(logicalID string) string {
	return strings.ToLower(strings.TrimSuffix(logicalID, "Function"))
}
