package template

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAllowedIsWhatTheRoleSays(t *testing.T) {
	read, err := Parse([]byte(`
Resources:
  Jobs: { Type: AWS::SQS::Queue }
  Work: { Type: AWS::Serverless::Function, Properties: { Runtime: provided.al2023, Role: !GetAtt Role.Arn } }
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {}
      Policies:
        - PolicyName: Work
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - { Sid: Send, Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Jobs.Arn }
              - Sid: Decrypt
                Effect: Allow
                Action: [kms:Decrypt]
                Resource: ["*"]
                Condition: { StringEquals: { kms:ViaService: sqs.eu-central-1.amazonaws.com } }
`), testStack, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []Statement{
		{Sid: "Send", Actions: []string{"sqs:SendMessage"}, Resources: []string{"arn:aws:sqs:eu-central-1:123456789012:demo-Jobs"}},
		{
			Sid: "Decrypt", Actions: []string{"kms:Decrypt"}, Resources: []string{"*"},
			Condition: map[string]any{"StringEquals": map[string]any{"kms:ViaService": "sqs.eu-central-1.amazonaws.com"}},
		},
	}
	if diff := cmp.Diff(want, read.Functions[0].Allowed); diff != "" {
		t.Errorf("allowed (-want +got):\n%s", diff)
	}
}

func TestStatementAllows(t *testing.T) {
	s := Statement{
		Actions:   []string{"sqs:SendMessage", "dynamodb:Get*"},
		Resources: []string{"arn:aws:sqs:eu-central-1:123456789012:a.b", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x-??????", "arn:aws:dynamodb:*:table/t"},
	}
	for _, test := range []struct {
		name, action, resource string
		want                   bool
	}{
		{"as named", "sqs:SendMessage", "arn:aws:sqs:eu-central-1:123456789012:a.b", true},
		{"a longer action", "sqs:SendMessageBatch", "arn:aws:sqs:eu-central-1:123456789012:a.b", false},
		{"another resource", "sqs:SendMessage", "arn:aws:sqs:eu-central-1:123456789012:axb", false},
		{"any text", "dynamodb:GetItem", "arn:aws:dynamodb:eu-central-1:123456789012:table/t", true},
		{"six characters", "sqs:SendMessage", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x-a1B2c3", true},
		{"seven characters", "sqs:SendMessage", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x-a1B2c34", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := s.Allows(test.action, test.resource); got != test.want {
				t.Errorf("%s on %s: %t, want %t", test.action, test.resource, got, test.want)
			}
		})
	}
}
