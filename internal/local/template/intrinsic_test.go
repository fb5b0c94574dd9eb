package template

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// outputOf resolves an expression as an output of a small template.
func outputOf(expression string) (string, error) {
	source := `
Parameters:
  Prefix: { Type: String, Default: a:b:c }
  Count: { Type: Number, Default: 3 }
  Names: { Type: CommaDelimitedList, Default: "a, b c" }
Conditions:
  Yes: !Equals [!Ref Count, "3"]
  No: !Equals [!Select [1, !Split [":", !Ref Prefix]], a]
  Both: !And [!Condition Yes, !Condition No]
  Either: !Or [!Condition No, !Not [!Condition Both], !Equals [a, b]]
  Neither: !Or [!Condition No, !Condition Both]
  All: { Fn::And: [{ Condition: Yes }, !Condition Either] }
Resources:
  Jobs: { Type: AWS::SQS::Queue }
  Absent: { Type: AWS::SQS::Queue, Condition: No, Properties: { RedrivePolicy: { deadLetterTargetArn: !GetAtt Other.Arn, maxReceiveCount: 5 } } }
  Other: { Type: AWS::SQS::Queue, Condition: Both }
  Ordered: { Type: AWS::SQS::Queue, Properties: { FifoQueue: true } }
  Bus: { Type: AWS::Events::EventBus, Properties: { Name: !Sub "${AWS::StackName}-${Prefix}" } }
  Work: { Type: AWS::Serverless::Function, Properties: { Runtime: provided.al2023 } }
  Rule:
    Type: AWS::Events::Rule
    Properties: { EventPattern: { source: [a] }, Targets: [{ Id: work, Arn: !GetAtt Work.Arn }] }
  Named:
    Type: AWS::Events::Rule
    Properties: { Name: every, EventBusName: !GetAtt Bus.Arn, EventPattern: { source: [a] }, Targets: [{ Id: work, Arn: !GetAtt Work.Arn }] }
  MayRule:
    Type: AWS::Lambda::Permission
    Properties: { Action: lambda:InvokeFunction, FunctionName: !Ref Work, Principal: events.amazonaws.com, SourceArn: !GetAtt Rule.Arn }
  MayNamed:
    Type: AWS::Lambda::Permission
    Properties: { Action: lambda:InvokeFunction, FunctionName: !GetAtt Work.Arn, Principal: events.amazonaws.com, SourceArn: !GetAtt Named.Arn }
Outputs:
  Got:
    Value: ` + expression
	read, err := Parse([]byte(source), testStack, nil)
	if err != nil {
		return "", err
	}
	return read.Outputs["Got"], nil
}

func TestIntrinsics(t *testing.T) {
	tests := []struct{ name, expression, want string }{
		{"plain text", "hello", "hello"},
		{"Ref of text", "!Ref Prefix", "a:b:c"},
		{"Ref of a number", "!Ref Count", "3"},
		{"Ref of a list", "!Select [1, !Ref Names]", "b c"},
		{"Ref of a pseudo parameter", "!Ref AWS::Region", "eu-central-1"},
		{"Ref of a queue", "!Ref Jobs", "http://127.0.0.1:4566/123456789012/demo-Jobs"},
		{"Ref of a FIFO queue", "!Ref Ordered", "http://127.0.0.1:4566/123456789012/demo-Ordered.fifo"},
		{"Ref of a resource with a resolved name", "!Ref Bus", "demo-a:b:c"},
		{"Ref of a rule", "!Ref Rule", "demo-Rule"},
		{"Ref of a rule on another bus", "!Ref Named", "demo-a:b:c|every"},
		{"Ref in the long form", "{ Ref: Prefix }", "a:b:c"},
		{"GetAtt", "!GetAtt Jobs.Arn", "arn:aws:sqs:eu-central-1:123456789012:demo-Jobs"},
		{"GetAtt of a rule", "!GetAtt Rule.Arn", "arn:aws:events:eu-central-1:123456789012:rule/demo-Rule"},
		{"GetAtt of a rule on another bus", "!GetAtt Named.Arn", "arn:aws:events:eu-central-1:123456789012:rule/demo-a:b:c/every"},
		{"GetAtt in the long form", "{ Fn::GetAtt: Jobs.QueueName }", "demo-Jobs"},
		{"GetAtt with a list", "!GetAtt [Jobs, QueueName]", "demo-Jobs"},
		{"Sub", `!Sub "${Prefix}/${Count}/${Jobs.QueueName}/${AWS::Partition}/${!kept}"`, "a:b:c/3/demo-Jobs/aws/${kept}"},
		{"Select and Split", `!Select [2, !Split [":", !Ref Prefix]]`, "c"},
		{"Split without separator in the text", `!Select [0, !Split ["/", !Ref Prefix]]`, "a:b:c"},
		{"Sub with values of its own", `!Sub ["${Own}, ${Prefix}", { Own: !Ref Count, Unused: x }]`, "3, a:b:c"},
		{"Join", `!Join ["+", [!Ref Count, b, !If [No, c, !Ref AWS::NoValue]]]`, "3+b"},
		{"Join of a list", `!Join ["+", !Ref Names]`, "a+b c"},
		{"And that holds, in the long form", "!If [All, one, two]", "one"},
		{"And that does not hold", "!If [Both, one, two]", "two"},
		{"Or that holds", "!If [Either, one, two]", "one"},
		{"Or that does not hold", "!If [Neither, one, two]", "two"},
		{"absent resource in a branch not taken", "!If [No, !GetAtt Absent.Arn, !Sub '${Prefix}']", "a:b:c"},
		{"If that holds", "!If [Yes, one, two]", "one"},
		{"If that does not hold", "!If [No, one, two]", "two"},
		{"NoValue leaves an item out", `!Select [1, [zero, !If [No, one, !Ref AWS::NoValue], two]]`, "two"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := outputOf(test.expression)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestIntrinsicsRefused(t *testing.T) {
	tests := []struct{ name, expression, want string }{
		{"unknown short form", "!ImportValue x", "Outputs.Got.Value (line 34): the function ImportValue is not known here"},
		{"unknown long form", "{ Fn::Cidr: x }", "the function Cidr is not known here"},
		{"unknown inside of a known one", "!If [Yes, one, !GetAZs x]", "Outputs.Got.Value[2] (line 34): the function GetAZs is not known here"},
		{"dangling Ref", "!Ref Nobody", `"Nobody" is no parameter`},
		{"unknown pseudo parameter", "!Ref AWS::NotificationARNs", `"AWS::NotificationARNs" is no parameter`},
		{"dangling GetAtt", "!GetAtt Nobody.Arn", `"Nobody" is no resource`},
		{"unknown attribute", "!GetAtt Jobs.Colour", `the attribute "Colour" of Jobs is not known here`},
		{"GetAtt with a list of three", "!GetAtt [Jobs, Arn, Name]", `"" is no resource`},
		{"Sub of a mapping", `!Sub { a: b }`, "Sub takes a text, or a text and a mapping"},
		{"Sub with a list and no values", `!Sub ["${Prefix}"]`, "Sub takes a text, or a text and a mapping"},
		{"Sub with dangling values", `!Sub ["${a}", { a: !Ref Nobody }]`, `"Nobody" is no parameter`},
		{"Join of a text", `!Join [",", a]`, "Join takes a separator and a list"},
		{"Join of lists", `!Join [",", [!Ref Names]]`, "a list stands where one value is needed"},
		{"And of one condition", "!And [!Condition Yes]", "the function takes 2 to 10 conditions"},
		{"Or of a text", "!Or [!Condition Yes, a]", "the function takes conditions"},
		{"dangling Condition", "!Not [!Condition Perhaps]", `no condition "Perhaps"`},
		{"Ref of an absent resource", "!Ref Absent", "Outputs.Got.Value (line 34): refers to Absent, whose condition does not hold"},
		{"GetAtt of an absent resource", "!GetAtt Absent.Arn", "refers to Absent"},
		{"Sub of an absent resource", "!Sub '${Absent.QueueName}'", "refers to Absent"},
		{"absent resource in the branch taken", "!If [No, a, !Ref Absent]", "refers to Absent"},
		{"dangling Sub", `!Sub "${Nobody}"`, `"Nobody" is no parameter`},
		{"list inside of text", `!Sub "x${Names}"`, "a list stands where one value is needed"},
		{"list to split", `!Split [",", !Ref Names]`, "a list stands where one value is needed"},
		{"dangling condition", "!If [Perhaps, one, two]", `no condition "Perhaps"`},
		{"Select past the end", `!Select [3, !Split [":", !Ref Prefix]]`, "Select takes an index and a list that has it"},
		{"Equals with one value", "!Equals [a]", "the function takes 2 values"},
		{"Not of a text", "!Not [a]", "Not takes a condition"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := outputOf(test.expression)
			if err == nil {
				t.Fatalf("resolved to %q", got)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q does not say %q", err, test.want)
			}
		})
	}
}
