package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// account is the AWS account that the stand-ins for aws and sam work in.
type account struct {
	AWSVersion string // what the AWS CLI calls itself
	Region     string // of aws configure
	Nobody     bool   // there are no credentials
	Secret     string // state of the secret "videosdk": "", "exists", "deleted" (which it is going to be) or "denied"
	Full       bool   // no secret can be created
	Deployed   bool   // the stack exists
	API        string // its ApiUrl
	BadBus     bool   // the bus takes no event
	Rules      string // on the bus of the outcomes: "", "others", "denied", or "gone" with the bus
	BadBuild   bool   // sam build fails
}

// The names under which this process finds what it needs to know.
const (
	accountVariable = "STAND_IN_ACCOUNT"
	callsVariable   = "STAND_IN_CALLS" // file that the calls are recorded in
)

// What the test's credentials, API key and secret are. They must be seen nowhere but where they belong.
const (
	accessKeyID, secretAccessKey, sessionToken = "ASIASTANDIN", "stand-in-secret-access-key", "stand-in-session-token"
	apiKey, apiSecret                          = `key-"4b1d`, `secret-9f27\`
)

// Answers as the AWS CLI prints them.
const (
	identity = `{
    "UserId": "AIDASTANDIN",
    "Account": "123456789012",
    "Arn": "arn:aws:iam::123456789012:user/operator"
}`
	notFound    = "An error occurred (ResourceNotFoundException) when calling the DescribeSecret operation: Secrets Manager can't find the specified secret."
	denied      = "An error occurred (AccessDeniedException) when calling the DescribeSecret operation: not authorized"
	exceeded    = "An error occurred (LimitExceededException) when calling the CreateSecret operation: You have reached the limit of secrets"
	nobody      = `Unable to locate credentials. You can configure credentials by running "aws login".`
	nowhere     = "An error occurred (ValidationError) when calling the DescribeStacks operation: Stack with id videosdk-end-session does not exist"
	secretARN   = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:videosdk-AbCdEf"
	queueURL    = "https://sqs.eu-west-1.amazonaws.com/123456789012/triggers"
	description = `{
    "Stacks": [
        {
            "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/videosdk-end-session/0b1c",
            "StackName": "videosdk-end-session",
            "Parameters": [
                {"ParameterKey": "VideoSdkSecretId", "ParameterValue": "videosdk"},
                {"ParameterKey": "TriggerEventSources", "ParameterValue": "videosdk.trigger, my.bookings"},
                {"ParameterKey": "TriggerDetailTypes", "ParameterValue": "End Session"}
            ],
            "StackStatus": "CREATE_COMPLETE",
            "Outputs": [
                {"OutputKey": "ApiUrl", "OutputValue": %q},
                {"OutputKey": "TriggerQueueUrl", "OutputValue": "` + queueURL + `"},
                {"OutputKey": "TriggerBusName", "OutputValue": "default"},
                {"OutputKey": "TriggerQueueArn", "OutputValue": "arn:aws:sqs:eu-west-1:123456789012:triggers"},
                {"OutputKey": "DeadLetterQueueArn", "OutputValue": "arn:aws:sqs:eu-west-1:123456789012:dead-letters"}
            ]
        }
    ]
}`
	template = `{
    "TemplateBody": {
        "Resources": {
            "ApiFunction": {"Type": "AWS::Lambda::Function", "Properties": {}},
            "ApiLogGroup": {"Type": "AWS::Logs::LogGroup", "DeletionPolicy": "RetainExceptOnCreate"},
            "CanvasQueue": {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Delete"},
            "DeadLetterQueue": {"Type": "AWS::SQS::Queue", "DeletionPolicy": "RetainExceptOnCreate"},
            "LedgerTable": {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain"}
        }
    },
    "StagesAvailable": ["Original", "Processed"]
}`
	resources = `{
    "StackResourceSummaries": [
        {"LogicalResourceId": "ApiFunction", "PhysicalResourceId": "videosdk-end-session-ApiFunction-Ab12", "ResourceType": "AWS::Lambda::Function", "ResourceStatus": "CREATE_COMPLETE"},
        {"LogicalResourceId": "ApiLogGroup", "PhysicalResourceId": "videosdk-end-session-ApiLogGroup-Cd34", "ResourceType": "AWS::Logs::LogGroup", "ResourceStatus": "CREATE_COMPLETE"},
        {"LogicalResourceId": "CanvasQueue", "PhysicalResourceId": "https://sqs.eu-west-1.amazonaws.com/123456789012/canvas-live-events-videosdk-end-session", "ResourceType": "AWS::SQS::Queue", "ResourceStatus": "CREATE_COMPLETE"},
        {"LogicalResourceId": "CanvasQueue", "PhysicalResourceId": "https://sqs.eu-west-1.amazonaws.com/123456789012/canvas-live-events-videosdk-end-session", "ResourceType": "AWS::SQS::Queue", "ResourceStatus": "CREATE_COMPLETE"},
        {"LogicalResourceId": "DeadLetterQueue", "PhysicalResourceId": "` + queueURL + `", "ResourceType": "AWS::SQS::Queue", "ResourceStatus": "CREATE_COMPLETE"},
        {"LogicalResourceId": "LedgerTable", "PhysicalResourceId": "videosdk-end-session-LedgerTable-Ef56", "ResourceType": "AWS::DynamoDB::Table", "ResourceStatus": "CREATE_COMPLETE"},
        {"LogicalResourceId": "OutcomeArchive", "PhysicalResourceId": "OutcomeArchive-Gh78", "ResourceType": "AWS::Events::Archive", "ResourceStatus": "CREATE_COMPLETE"},
        {"LogicalResourceId": "OutcomeBus", "PhysicalResourceId": "videosdk-end-session-outcomes", "ResourceType": "AWS::Events::EventBus", "ResourceStatus": "CREATE_COMPLETE"},
        {"LogicalResourceId": "OutcomeTopicRule", "PhysicalResourceId": "videosdk-end-session-outcomes|videosdk-end-session-OutcomeTopicRule-Ij90", "ResourceType": "AWS::Events::Rule", "ResourceStatus": "CREATE_COMPLETE"},
        {"LogicalResourceId": "TriggerRule", "PhysicalResourceId": "videosdk-end-session-TriggerRule-Kl12", "ResourceType": "AWS::Events::Rule", "ResourceStatus": "CREATE_COMPLETE"}
    ]
}`
	rules = `{
    "Rules": [
        %s{
            "Name": "Events-Archive-OutcomeArchive-Gh78",
            "Arn": "arn:aws:events:eu-west-1:123456789012:rule/videosdk-end-session-outcomes/Events-Archive-OutcomeArchive-Gh78",
            "State": "ENABLED",
            "ManagedBy": "prod.vhs.events.aws.internal",
            "EventBusName": "videosdk-end-session-outcomes"
        },
        {
            "Name": "videosdk-end-session-OutcomeTopicRule-Ij90",
            "Arn": "arn:aws:events:eu-west-1:123456789012:rule/videosdk-end-session-outcomes/videosdk-end-session-OutcomeTopicRule-Ij90",
            "State": "ENABLED",
            "EventBusName": "videosdk-end-session-outcomes"
        }
    ]
}`
	othersRule = `{
            "Name": "billing",
            "Arn": "arn:aws:events:eu-west-1:123456789012:rule/videosdk-end-session-outcomes/billing",
            "State": "ENABLED",
            "EventBusName": "videosdk-end-session-outcomes"
        },
        `
	noBus   = "An error occurred (ResourceNotFoundException) when calling the ListRules operation: Event bus videosdk-end-session-outcomes does not exist."
	noRules = "An error occurred (AccessDeniedException) when calling the ListRules operation: not authorized"
)

// standIn answers one call of aws or sam and returns the exit status. What it does not know, it refuses.
func standIn(tool string, arguments []string) int {
	var world account
	if err := json.Unmarshal([]byte(os.Getenv(accountVariable)), &world); err != nil {
		panic(err)
	}
	input := ""
	if slices.Contains(arguments, stdin) {
		// As the AWS CLI does, by the path.
		content, err := os.ReadFile(strings.TrimPrefix(stdin, "file://"))
		if err != nil {
			panic(err)
		}
		input = string(content)
	}
	record(tool, arguments, input)
	var printed string
	var failed error
	if tool == "sam" {
		printed, failed = world.sam(arguments)
	} else {
		printed, failed = world.aws(arguments)
	}
	if printed != "" {
		fmt.Println(printed)
	}
	if failed != nil {
		fmt.Fprintf(os.Stderr, "\n%v\n", failed)
		return 254
	}
	return 0
}

// record notes the call as a line, what it was given to read, and the environment that matters.
func record(tool string, arguments []string, input string) {
	file, err := os.OpenFile(os.Getenv(callsVariable), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer func() { _ = file.Close() }()
	line := tool
	for _, argument := range arguments {
		if strings.ContainsAny(argument, ` "`) {
			argument = "'" + argument + "'"
		}
		line += " " + argument
	}
	if tool == "sam" && arguments[0] == "build" {
		line = "GOARCH=" + os.Getenv("GOARCH") + " MAKEFLAGS=" + os.Getenv("MAKEFLAGS") + " " + line
	}
	if input != "" {
		line += "\n  < " + strings.TrimSpace(input)
	}
	if _, err := io.WriteString(file, line+"\n"); err != nil {
		panic(err)
	}
}

type refusal string

func (r refusal) Error() string { return string(r) }

// unknown is what a stand-in says of a call that it does not know.
const unknown = "the stand-in does not know this call"

func (a account) aws(arguments []string) (string, error) {
	switch strings.Join(arguments[:min(2, len(arguments))], " ") {
	case "--version":
		return a.AWSVersion, nil
	case "configure get":
		if a.Region == "" {
			return "", refusal("")
		}
		return a.Region, nil
	}
	if a.Nobody {
		return "", refusal(nobody)
	}
	switch strings.Join(arguments[:2], " ") {
	case "sts get-caller-identity":
		return identity, nil
	case "configure export-credentials":
		return fmt.Sprintf(`{"Version": 1, "AccessKeyId": %q, "SecretAccessKey": %q, "SessionToken": %q}`, accessKeyID, secretAccessKey, sessionToken), nil
	case "secretsmanager describe-secret":
		switch a.Secret {
		case "exists":
			return fmt.Sprintf(`{"ARN": %q, "Name": "videosdk"}`, secretARN), nil
		case "deleted":
			return fmt.Sprintf(`{"ARN": %q, "Name": "videosdk", "DeletedDate": "2026-11-23T10:00:00+00:00"}`, secretARN), nil
		case "denied":
			return "", refusal(denied)
		}
		return "", refusal(notFound)
	case "secretsmanager create-secret":
		if a.Full {
			return "", refusal(exceeded)
		}
		return fmt.Sprintf(`{"ARN": %q, "Name": "videosdk", "VersionId": "2b5d"}`, secretARN), nil
	case "cloudformation describe-stacks":
		if !a.Deployed {
			return "", refusal(nowhere)
		}
		return fmt.Sprintf(description, a.API), nil
	case "cloudformation list-stack-resources":
		return resources, nil
	case "cloudformation get-template":
		return template, nil
	case "events list-rules":
		switch a.Rules {
		case "others":
			return fmt.Sprintf(rules, othersRule), nil
		case "denied":
			return "", refusal(noRules)
		case "gone":
			return "", refusal(noBus)
		}
		return fmt.Sprintf(rules, ""), nil
	case "sqs send-message":
		return `{"MD5OfMessageBody": "5d41", "MessageId": "5f1c9d2e-0c1b-4f7e-9a53-8a1f3c1f9b11"}`, nil
	case "sqs start-message-move-task":
		return `{"TaskHandle": "eyJ0YXNrSWQiOiJhIn0="}`, nil
	case "events put-events":
		if a.BadBus {
			return `{"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "try again"}]}`, nil
		}
		return `{"FailedEntryCount": 0, "Entries": [{"EventId": "7c5fa1d8-6a43-2d8e-ccd8-6a5d9a3b1c22"}]}`, nil
	}
	return "", refusal(unknown)
}

func (a account) sam(arguments []string) (string, error) {
	switch arguments[0] {
	case "build":
		if a.BadBuild {
			return "", refusal("Error: CustomMakeBuilder:MakeBuild - Make Failed")
		}
		return "\nBuild Succeeded\n", nil
	case "deploy":
		if settings, err := os.ReadFile("samconfig.toml"); err == nil && strings.Contains(string(settings), "\nno_execute_changeset = true") {
			return "\nChangeset created successfully. arn:aws:cloudformation:eu-west-1:123456789012:changeSet/samcli-deploy1795647067/8736\n", nil
		}
		return fmt.Sprintf("\nSuccessfully created/updated stack - %s in %s", arguments[2], arguments[4]), nil
	case "delete":
		return fmt.Sprintf("\t- Deleting Cloudformation stack %s\n\nDeleted successfully", arguments[2]), nil
	case "logs":
		return "2026/11/23/[$LATEST]0f1e 2026-11-23T10:00:00.123000 {\"time\":\"2026-11-23T10:00:00.123Z\",\"level\":\"INFO\"}", nil
	}
	return "", refusal(unknown)
}
