package template

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

func statementsOf(t *testing.T, r resource) []Statement {
	t.Helper()
	statements, err := readRole(r)
	if err != nil {
		t.Fatalf("%s: %v", r.logicalID, err)
	}
	return statements
}

func resourceOf(t *testing.T, d *document, logicalID string) resource {
	t.Helper()
	i := slices.IndexFunc(d.resources, func(r resource) bool { return r.logicalID == logicalID })
	if i < 0 {
		t.Fatalf("%s is missing", logicalID)
	}
	return d.resources[i]
}

func resolveProject(t *testing.T, secretID string) *document {
	t.Helper()
	source, err := os.ReadFile(projectTemplate)
	if err != nil {
		t.Fatal(err)
	}
	resolved, err := resolve(source, testStack, map[string]string{"VideoSdkSecretId": secretID, "WebhookSecretId": "webhooks"})
	if err != nil {
		t.Fatal(err)
	}
	return resolved
}

func TestProjectRolesMayDoOnlyWhatTheFunctionsDo(t *testing.T) {
	const (
		table  = "arn:aws:dynamodb:eu-central-1:123456789012:table/demo-LedgerTable"
		bus    = "arn:aws:events:eu-central-1:123456789012:event-bus/demo-outcomes"
		secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:videosdk-??????"
		hooks  = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:webhooks-??????"
		queue  = "arn:aws:sqs:eu-central-1:123456789012:demo-"
		logs   = "arn:aws:logs:eu-central-1:123456789012:log-group:demo-"
	)
	shared := map[string][]string{
		"xray:PutTraceSegments":    {"*"},
		"xray:PutTelemetryRecords": {"*"},
	}
	ending := map[string][]string{
		"secretsmanager:GetSecretValue": {secret},
		"dynamodb:GetItem":              {table},
		"dynamodb:PutItem":              {table},
		"events:PutEvents":              {bus},
	}
	tests := []struct {
		role string
		own  map[string][]string
	}{
		{"ApiRole", map[string][]string{
			"logs:CreateLogStream": {logs + "ApiLogGroup:*"},
			"logs:PutLogEvents":    {logs + "ApiLogGroup:*"},
			"sqs:SendMessage":      {queue + "DeadLetterQueue"},
		}},
		{"EventBridgeRole", map[string][]string{
			"logs:CreateLogStream": {logs + "EventBridgeLogGroup:*"},
			"logs:PutLogEvents":    {logs + "EventBridgeLogGroup:*"},
			"sqs:SendMessage":      {queue + "TriggerQueue", queue + "DeadLetterQueue"},

			"secretsmanager:GetSecretValue": {secret, hooks},
		}},
		{"SqsRole", map[string][]string{
			"logs:CreateLogStream":   {logs + "SqsLogGroup:*"},
			"logs:PutLogEvents":      {logs + "SqsLogGroup:*"},
			"sqs:ReceiveMessage":     {queue + "TriggerQueue"},
			"sqs:DeleteMessage":      {queue + "TriggerQueue"},
			"sqs:GetQueueAttributes": {queue + "TriggerQueue"},
			"sqs:SendMessage":        {queue + "DeadLetterQueue"},

			"secretsmanager:GetSecretValue": {secret, hooks},
		}},
		{"WebhookRole", map[string][]string{
			"logs:CreateLogStream":          {logs + "WebhookLogGroup:*"},
			"logs:PutLogEvents":             {logs + "WebhookLogGroup:*"},
			"sqs:SendMessage":               {queue + "TriggerQueue"},
			"secretsmanager:GetSecretValue": {hooks},
		}},
	}
	resolved := resolveProject(t, "videosdk")
	for _, test := range tests {
		t.Run(test.role, func(t *testing.T) {
			want := maps.Clone(shared)
			if test.role != "WebhookRole" { // which ends nothing itself
				maps.Copy(want, ending)
			}
			maps.Copy(want, test.own)
			got := map[string][]string{}
			for _, s := range statementsOf(t, resourceOf(t, resolved, test.role)) {
				for _, action := range s.Actions {
					if strings.Contains(action, "*") {
						t.Errorf("%s allows %s", s.Sid, action)
					}
					got[action] = append(got[action], s.Resources...)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("allowed actions by resource (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProjectSecretByNameOrARN(t *testing.T) {
	const arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:videosdk-a1B2c3"
	tests := []struct{ name, secretID, want string }{
		{"name", "team/videosdk", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:team/videosdk-??????"},
		{"complete ARN", arn, arn},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			found := 0
			for _, r := range resolveProject(t, test.secretID).resources {
				if r.kind != "AWS::IAM::Role" {
					continue
				}
				for _, s := range statementsOf(t, r) {
					if !slices.Contains(s.Actions, "secretsmanager:GetSecretValue") {
						continue
					}
					if s.Sid == "ReadWebhookSecret" {
						continue
					}
					found++
					if diff := cmp.Diff([]string{test.want}, s.Resources); diff != "" {
						t.Errorf("%s may read (-want +got):\n%s", r.logicalID, diff)
					}
				}
			}
			if found != 3 {
				t.Errorf("%d roles may read the secret, want 3", found)
			}
		})
	}
}

func TestProjectFunctionsHaveARoleEach(t *testing.T) {
	roles := map[string]bool{}
	for _, r := range resolveProject(t, "videosdk").resources {
		if r.kind != kindFunction {
			continue
		}
		role, ok := r.properties["Role"].(string)
		// Without a role of its own, SAM gives a function managed policies.
		if !ok || role == "" {
			t.Errorf("%s has no role", r.logicalID)
		}
		if roles[role] {
			t.Errorf("%s shares the role %s", r.logicalID, role)
		}
		roles[role] = true
	}
	if len(roles) == 0 {
		t.Error("no function was found")
	}
}

// declared is what stands beside a resource's type in the template.
type declared struct {
	logicalID string
	keys      []string
}

func declaredOf(t *testing.T, source []byte, kind string) []declared {
	t.Helper()
	var root yaml.Node
	if err := yaml.Load(source, &root); err != nil {
		t.Fatal(err)
	}
	s, err := readSections(&root)
	if err != nil {
		t.Fatal(err)
	}
	var found []declared
	for _, e := range s.resources {
		entries, err := entriesOf(e.value, e.at)
		if err != nil {
			t.Fatal(err)
		}
		d := declared{logicalID: e.key}
		matches := false
		for _, attribute := range entries {
			d.keys = append(d.keys, attribute.key)
			matches = matches || attribute.key == "Type" && attribute.value.Value == kind
		}
		if matches {
			found = append(found, d)
		}
	}
	if len(found) == 0 {
		t.Fatalf("no resource of type %s was found", kind)
	}
	return found
}
