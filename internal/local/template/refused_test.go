package template

import (
	"strings"
	"testing"
)

func TestParseRefuses(t *testing.T) {
	const function = `
Resources:
  Jobs: { Type: AWS::SQS::Queue }
  Api: { Type: AWS::Serverless::HttpApi }
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
`
	const rule = function + `  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: { source: [a] }
      Targets: [{ Id: work, Arn: !GetAtt Work.Arn }]
`
	const permission = `  May:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Work
      Principal: events.amazonaws.com
      SourceArn: !GetAtt Rule.Arn
`
	const role = `
  Role:
    Type: AWS::IAM::Role
    Properties:
`
	const eventSource = `  In:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
`
	tests := []struct{ name, source, want string }{
		{"broken YAML", "a: [", "failed to parse"},
		{"no mapping", "- a", "must be a mapping"},
		{"the same key twice", "Resources: {}\nResources: {}", "stands here more than once"},
		{"unknown section", "Mappings: {}", "Mappings (line 1): section Mappings is not known here"},
		{"unknown resource type", "Resources:\n  Bucket: { Type: AWS::S3::Bucket }", `Resources.Bucket (line 2): the resource type "AWS::S3::Bucket" is not known here`},
		{"unknown resource attribute", "Resources:\n  Q: { Type: AWS::SQS::Queue, DependsOn: X }", "Resources.Q.DependsOn (line 2): the resource attribute DependsOn is not known here"},
		{"dangling condition of a resource", "Resources:\n  Q: { Type: AWS::SQS::Queue, Condition: X }", `Resources.Q.Condition (line 2): the template has no condition "X"`},
		{"unknown globals", "Globals: { HttpApi: {} }", "globals of HttpApi are not known here"},
		{"unknown queue property", "Resources:\n  Q: { Type: AWS::SQS::Queue, Properties: { Colour: red } }", `Resources.Q: json: unknown field "Colour"`},
		{"unknown table property", "Resources:\n  T: { Type: AWS::DynamoDB::Table, Properties: { StreamSpecification: {} } }", `unknown field "StreamSpecification"`},
		{"provisioned table", "Resources:\n  T: { Type: AWS::DynamoDB::Table, Properties: { BillingMode: PROVISIONED } }", "billing mode"},
		{"key without definition", "Resources:\n  T: { Type: AWS::DynamoDB::Table, Properties: { BillingMode: PAY_PER_REQUEST, KeySchema: [{ AttributeName: pk, KeyType: HASH }] } }", "not among the attribute definitions"},
		{"unknown bus property", "Resources:\n  B: { Type: AWS::Events::EventBus, Properties: { Name: x, Policy: y } }", `unknown field "Policy"`},
		{"foreign dead-letter queue", "Resources:\n  Q: { Type: AWS::SQS::Queue, Properties: { RedrivePolicy: { deadLetterTargetArn: x, maxReceiveCount: 5 } } }", "is no queue of the template"},
		{"unknown function property", function + "      EphemeralStorage: { Size: 512 }", `unknown field "EphemeralStorage"`},
		{"other runtime", strings.Replace(function, "provided.al2023", "python3.13", 1), `runtime "python3.13" is not known here`},
		{"unknown event source", function + "      Events: { Every: { Type: Schedule } }", "event Every: the event source Schedule is not known here"},
		{"unknown event source property", function + "      Events: { In: { Type: SQS, Properties: { Queue: !GetAtt Jobs.Arn, MaximumBatchingWindowInSeconds: 5 } } }", `event In: json: unknown field "MaximumBatchingWindowInSeconds"`},
		{"foreign queue", function + "      Events: { In: { Type: SQS, Properties: { Queue: x } } }", "is the ARN of no queue of the template"},
		{"route of no API", function + "      Events: { In: { Type: HttpApi, Properties: { Method: GET, Path: / } } }", "is no HTTP API of the template"},
		{"other kind of dead-letter queue", function + "      DeadLetterQueue: { Type: SNS, TargetArn: x }", `a dead-letter queue of the type "SNS" is not known here`},
		{"foreign dead-letter queue of a function", function + "      DeadLetterQueue: { Type: SQS, TargetArn: x }", "is no queue of the template"},
		{"destination", function + "      EventInvokeConfig: { DestinationConfig: {} }", `unknown field "DestinationConfig"`},
		{"unknown rule property", strings.Replace(rule, "EventPattern: { source: [a] }", "ScheduleExpression: rate(1 hour)", 1), `Resources.Rule: json: unknown field "ScheduleExpression"`},
		{"rule without pattern", strings.Replace(rule, "EventPattern: { source: [a] }", "Description: x", 1), "a rule needs an event pattern here"},
		{"rule without target", strings.Replace(rule, "{ Id: work, Arn: !GetAtt Work.Arn }", "", 1), "a rule has one target here, not 0"},
		{"rule for something else", strings.Replace(rule, "!GetAtt Work.Arn", "arn:aws:logs:eu-central-1:123456789012:log-group:x", 1), "the target is no function, queue or topic of the template"},
		{"rule with a foreign dead-letter queue", strings.Replace(rule, "Arn: !GetAtt Work.Arn", "Arn: !GetAtt Work.Arn, DeadLetterConfig: { Arn: x }", 1), "is no queue of the template"},
		{"rule without permission", rule, "Resources.Rule: no AWS::Lambda::Permission lets the rule invoke its function"},
		{"permission for another rule", rule + strings.Replace(permission, "!GetAtt Rule.Arn", "arn:aws:events:eu-central-1:123456789012:rule/other", 1), "no AWS::Lambda::Permission"},
		{"permission for another service", rule + strings.Replace(permission, "events.amazonaws.com", "sns.amazonaws.com", 1), "no AWS::Lambda::Permission"},
		{"unknown permission property", rule + permission + "      EventSourceToken: x", `permission May: json: unknown field "EventSourceToken"`},
		{"event source of a foreign queue", function + eventSource + "      EventSourceArn: x\n      FunctionName: !Ref Work", `Resources.In: "x" is the ARN of no queue of the template`},
		{"event source of a foreign function", function + eventSource + "      EventSourceArn: !GetAtt Jobs.Arn\n      FunctionName: x", `Resources.In: "x" is no function of the template`},
		{"unknown event source mapping property", function + eventSource + "      MaximumRetryAttempts: 5", `Resources.In: json: unknown field "MaximumRetryAttempts"`},
		{"foreign role", function + "      Role: arn:aws:iam::123456789012:role/x", "is no role of the template"},
		{"managed policies", function + "      Role: !GetAtt Role.Arn" + role + "      ManagedPolicyArns: [x]", `role Role: json: unknown field "ManagedPolicyArns"`},
		{"denial in a role", function + "      Role: !GetAtt Role.Arn" + role + "      Policies: [{ PolicyDocument: { Statement: [{ Sid: No, Effect: Deny }] } }]",
			`statement No: the effect "Deny" is not known here`},
		{"list in globals and function", "Globals: { Function: { Architectures: [arm64] } }" + function + "      Architectures: [arm64]", "Architectures is a list in the globals"},
		{"name that refers to itself", "Resources:\n  B: { Type: AWS::Events::EventBus, Properties: { Name: !Sub '${B}-x' } }", "the resource's name refers to itself"},
		{"condition that refers to itself", "Conditions: { X: !Not [!Condition Y], Y: !Not [!Condition X] }", "the condition refers to itself"},
		{"condition that is none", "Conditions: { X: text }", "Conditions.X (line 1): is not a condition"},
		{"alias", "Resources:\n  A: &a { Type: AWS::SQS::Queue }\n  B: *a", "must be a mapping"},
		{"null", "Outputs: { X: { Value: ~ } }", "YAML type !!null is not known here"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse([]byte(test.source), testStack, nil)
			if err == nil {
				t.Fatal("was accepted")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q does not say %q", err, test.want)
			}
		})
	}
}

func TestParametersRefused(t *testing.T) {
	const source = `
Parameters:
  Name: { Type: String, AllowedPattern: "[a-z]+" }
  Level: { Type: String, Default: INFO, AllowedValues: [INFO, WARN] }
  Size: { Type: Number, Default: 4, MinValue: 2, MaxValue: 8 }
  Share: { Type: Number, Default: 0.25, MinValue: 0, MaxValue: 1 }
  Words: { Type: CommaDelimitedList, Default: "yes, no", AllowedPattern: "[a-z]+" }
`
	tests := []struct {
		name  string
		given map[string]string
		want  []string
	}{
		{"missing", nil, []string{"Parameters.Name (line 3): has no default, so a value must be given"}},
		{"against the pattern", map[string]string{"Name": "Abc"}, []string{`"Abc" does not match the pattern [a-z]+`}},
		{"pattern in a part only", map[string]string{"Name": "abc1"}, []string{`"abc1" does not match`}},
		{"not allowed", map[string]string{"Name": "a", "Level": "LOUD"}, []string{`"LOUD" is not one of ["INFO" "WARN"]`}},
		{"not a number", map[string]string{"Name": "a", "Size": "big"}, []string{`"big" is not a number`}},
		{"number with a text after it", map[string]string{"Name": "a", "Share": "0.5x"}, []string{`"0.5x" is not a number`}},
		{"decimal out of range", map[string]string{"Name": "a", "Share": "1.01"}, []string{"1.01 is out of range"}},
		{"too small", map[string]string{"Name": "a", "Size": "1"}, []string{"1 is out of range"}},
		{"too large", map[string]string{"Name": "a", "Size": "9"}, []string{"9 is out of range"}},
		{"one of a list against the pattern", map[string]string{"Name": "a", "Words": "yes,No"}, []string{`"No" does not match the pattern [a-z]+`}},
		{"empty list", map[string]string{"Name": "a", "Words": ""}, []string{`"" does not match the pattern [a-z]+`}},
		{"unknown", map[string]string{"Name": "a", "Colour": "red"}, []string{"the template has no parameter Colour"}},
		{"everything at once", map[string]string{"Level": "LOUD", "Size": "9", "Colour": "red"}, []string{"Name", "LOUD", "9", "Colour"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse([]byte(source), testStack, test.given)
			if err == nil {
				t.Fatal("was accepted")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestStackMustBeComplete(t *testing.T) {
	_, err := Parse([]byte("Resources: {}"), Stack{Name: "demo"}, nil)
	if err == nil {
		t.Fatal("was accepted")
	}
	for _, want := range []string{"account id", "region", "endpoint"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not name %q", err, want)
		}
	}
}
