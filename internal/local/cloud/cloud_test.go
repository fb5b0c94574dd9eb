package cloud_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/local/cloud"
	"videosdk-end-session/internal/local/moto"
	"videosdk-end-session/internal/local/moto/mototest"
	"videosdk-end-session/internal/local/template"
)

const (
	secretName  = "videosdk"
	secretValue = `{"apiKey":"key","secret":"first"}`
)

func stackAt(endpoint string) template.Stack {
	return template.Stack{Name: "demo", AccountID: moto.AccountID, Region: "eu-central-1", Endpoint: endpoint}
}

// provisionProject sets up the template that is deployed.
func provisionProject(t *testing.T) *cloud.Cloud {
	t.Helper()
	stack := stackAt(mototest.Start(t, moto.Config{}).URL())
	read, err := template.Read(filepath.Join("..", "..", "..", "template.yaml"), stack, map[string]string{"VideoSdkSecretId": secretName})
	if err != nil {
		t.Fatal(err)
	}
	return provision(t, read)
}

// provisionSource sets up a template of the test's own.
func provisionSource(t *testing.T, source string) *cloud.Cloud {
	t.Helper()
	read, err := template.Parse([]byte(source), stackAt(mototest.Start(t, moto.Config{}).URL()), nil)
	if err != nil {
		t.Fatal(err)
	}
	return provision(t, read)
}

func provision(t *testing.T, read *template.Template) *cloud.Cloud {
	t.Helper()
	provisioned, err := cloud.Provision(t.Context(), cloud.Config{Template: read, SecretName: secretName, SecretValue: secretValue})
	if err != nil {
		t.Fatal(err)
	}
	return provisioned
}

func TestTheDevelopersOwnAWSIsNotUsed(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_PROFILE":           "production",
		"AWS_REGION":            "nowhere-1",
		"AWS_ENDPOINT_URL":      "http://127.0.0.1:1",
		"AWS_ENDPOINT_URL_SQS":  "http://127.0.0.1:1",
		"AWS_ACCESS_KEY_ID":     "somebody",
		"AWS_SECRET_ACCESS_KEY": "somebody's",
	} {
		t.Setenv(name, value)
	}
	depth, err := provisionProject(t).QueueDepth(t.Context(), "TriggerQueue")
	if err != nil {
		t.Fatal(err)
	}
	if depth.Total() != 0 {
		t.Errorf("a new queue holds %d messages", depth.Total())
	}
}

func TestFunctionsFindTheCloudByTheirEnvironment(t *testing.T) {
	provisioned := provisionProject(t)
	for name, value := range provisioned.Environment("WorkFunction") {
		t.Setenv(name, value)
	}
	loaded, err := config.LoadDefaultConfig(t.Context(), config.WithHTTPClient(awshttp.NewBuildableClient()))
	if err != nil {
		t.Fatal(err)
	}
	read := func() string {
		t.Helper()
		got, err := secretsmanager.NewFromConfig(loaded).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String(secretName)})
		if err != nil {
			t.Fatal(err)
		}
		return aws.ToString(got.SecretString)
	}
	if got := read(); got != secretValue {
		t.Errorf("secret %q, want %q", got, secretValue)
	}
	const rotated = `{"apiKey":"key","secret":"second"}`
	if err := provisioned.PutSecret(t.Context(), rotated); err != nil {
		t.Fatal(err)
	}
	if got := read(); got != rotated {
		t.Errorf("secret after the rotation %q, want %q", got, rotated)
	}
}

func TestLedgerTableExpiresItems(t *testing.T) {
	tables := dynamodb.NewFromConfig(provisionProject(t).SDKConfig())
	name := aws.String("demo-LedgerTable")
	described, err := tables.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: name})
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{}
	for _, key := range described.Table.KeySchema {
		keys[aws.ToString(key.AttributeName)] = string(key.KeyType)
	}
	if diff := cmp.Diff(map[string]string{"pk": "HASH"}, keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	ttl, err := tables.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: name})
	if err != nil {
		t.Fatal(err)
	}
	if got := aws.ToString(ttl.TimeToLiveDescription.AttributeName); got != "expiresAt" {
		t.Errorf("items expire by %q, want expiresAt", got)
	}
}

func TestSendAndDepth(t *testing.T) {
	provisioned := provisionProject(t)
	for _, message := range []cloud.Message{
		{Queue: "TriggerQueue", Body: "{}"},
		{Queue: "TriggerQueue", Body: "{}", Attributes: map[string]string{"source": "test"}},
		{Queue: "TriggerQueue", Body: "{}", Delay: 15 * time.Minute},
	} {
		id, err := provisioned.Send(t.Context(), message)
		if err != nil {
			t.Fatal(err)
		}
		if id == "" {
			t.Error("the message has no id")
		}
	}
	got, err := provisioned.QueueDepth(t.Context(), "TriggerQueue")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(cloud.Depth{Visible: 2, Delayed: 1}, got); diff != "" {
		t.Errorf("depth (-want +got):\n%s", diff)
	}
	if got.Total() != 3 {
		t.Errorf("total %d, want 3", got.Total())
	}
}

func TestUnknownQueueIsNamed(t *testing.T) {
	provisioned := provisionProject(t)
	tests := []struct {
		name string
		call func() error
	}{
		{"send", func() error {
			_, err := provisioned.Send(t.Context(), cloud.Message{Queue: "Nowhere"})
			return err
		}},
		{"depth", func() error {
			_, err := provisioned.QueueDepth(t.Context(), "Nowhere")
			return err
		}},
		{"dead letters", func() error {
			_, err := provisioned.DeadLetters(t.Context(), "Nowhere")
			return err
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := test.call(); err == nil || !strings.Contains(err.Error(), "no queue Nowhere") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestProvisionRefusesATemplateReadForAnotherEndpoint(t *testing.T) {
	stack := stackAt(mototest.Start(t, moto.Config{}).URL())
	stack.AccountID = "999999999999"
	read, err := template.Parse([]byte("Resources: { Jobs: { Type: AWS::SQS::Queue } }"), stack, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = cloud.Provision(t.Context(), cloud.Config{Template: read, SecretName: secretName, SecretValue: secretValue})
	if err == nil || !strings.Contains(err.Error(), "but the template was read for") {
		t.Errorf("error %v", err)
	}
}

func TestProvisionNeedsATemplateAndASecret(t *testing.T) {
	for _, config := range []cloud.Config{{SecretName: secretName}, {Template: &template.Template{}}} {
		if _, err := cloud.Provision(t.Context(), config); err == nil {
			t.Errorf("%+v was accepted", config)
		}
	}
}
