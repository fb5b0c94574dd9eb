// Package cloud sets up the resources of a template in a local AWS, and gives a
// view of what the functions leave there: published outcomes, dead letters, the
// depth of a queue.
//
// It talks to the endpoint of the template's stack with made-up credentials.
// Nothing of the developer's own AWS configuration is read, so it cannot reach
// a real account.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"videosdk-end-session/internal/local/template"
)

// The credentials that everything on this machine but the functions signs with.
// A local AWS accepts any, a real one refuses these.
const (
	accessKeyID     = "local"
	secretAccessKey = "local"
)

// Config says what to set up.
type Config struct {
	// Template is the template read for the stack whose endpoint is the local
	// AWS.
	Template *template.Template
	// SecretName is the name of the secret with the VideoSDK credentials.
	SecretName string
	// SecretValue is the secret's JSON text.
	SecretValue string
	// OtherSecrets are further secrets by name.
	OtherSecrets map[string]string
}

// Cloud is a stack that is set up in a local AWS. It is safe for concurrent
// use.
type Cloud struct {
	template   *template.Template
	secretName string
	config     aws.Config

	queues  *sqs.Client
	tables  *dynamodb.Client
	events  *eventbridge.Client
	secrets *secretsmanager.Client
}

// Provision sets up the queues, tables, event buses and rules of a template and
// the secret, and a rule on every bus that copies the published outcomes to a
// queue from which Outcomes reads them. Instead of a function, a rule fills the
// queue that RuleQueueURL names.
func Provision(ctx context.Context, config Config) (*Cloud, error) {
	if config.Template == nil || config.SecretName == "" {
		return nil, errors.New("a cloud needs a template and the name of a secret")
	}
	c := newCloud(config)
	for _, queue := range config.Template.Queues {
		if err := c.createQueue(ctx, queue); err != nil {
			return nil, err
		}
	}
	// A dead-letter queue must exist before another one names it.
	for _, queue := range config.Template.Queues {
		if err := c.setRedrive(ctx, queue); err != nil {
			return nil, err
		}
	}
	for _, table := range config.Template.Tables {
		if err := c.createTable(ctx, table); err != nil {
			return nil, err
		}
	}
	if err := c.createCapture(ctx); err != nil {
		return nil, err
	}
	for _, bus := range config.Template.Buses {
		if err := c.createBus(ctx, bus); err != nil {
			return nil, err
		}
	}
	if err := c.createRules(ctx); err != nil {
		return nil, err
	}
	if err := c.createSecret(ctx, config.SecretName, config.SecretValue); err != nil {
		return nil, err
	}
	for name, value := range config.OtherSecrets {
		if err := c.createSecret(ctx, name, value); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func newCloud(config Config) *Cloud {
	c := &Cloud{
		template:   config.Template,
		secretName: config.SecretName,
		config: aws.Config{
			Region:       config.Template.Stack.Region,
			BaseEndpoint: aws.String(config.Template.Stack.Endpoint),
			Credentials:  credentialsOf(accessKeyID),
			HTTPClient:   awshttp.NewBuildableClient(),
		},
	}
	c.queues = sqs.NewFromConfig(c.config)
	c.tables = dynamodb.NewFromConfig(c.config)
	c.events = eventbridge.NewFromConfig(c.config)
	c.secrets = secretsmanager.NewFromConfig(c.config)
	return c
}

func credentialsOf(keyID string) aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(keyID, secretAccessKey, "")
}

// SDKConfig returns the configuration for further SDK clients of this cloud.
func (c *Cloud) SDKConfig() aws.Config { return c.config.Copy() }

// SDKConfigOf returns the configuration for SDK clients that act with the role
// of a function, as Lambda does for some calls.
func (c *Cloud) SDKConfigOf(logicalID string) aws.Config {
	config := c.config.Copy()
	config.Credentials = credentialsOf(logicalID)
	return config
}

// Environment returns the variables by which the AWS SDK in a function finds
// this cloud, and nothing else. The id of the function's access key is its
// logical id, so whoever takes its calls knows whose they are.
func (c *Cloud) Environment(logicalID string) map[string]string {
	stack := c.template.Stack
	return map[string]string{
		"AWS_ENDPOINT_URL":            stack.Endpoint,
		"AWS_REGION":                  stack.Region,
		"AWS_DEFAULT_REGION":          stack.Region,
		"AWS_ACCESS_KEY_ID":           logicalID,
		"AWS_SECRET_ACCESS_KEY":       secretAccessKey,
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED":   "true",
	}
}

// PutSecret gives the secret with the VideoSDK credentials a new value, as a
// rotation does.
func (c *Cloud) PutSecret(ctx context.Context, value string) error {
	return c.PutOtherSecret(ctx, c.secretName, value)
}

// PutOtherSecret gives the secret of a name a new value.
func (c *Cloud) PutOtherSecret(ctx context.Context, name, value string) error {
	_, err := c.secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &name, SecretString: &value})
	if err != nil {
		return fmt.Errorf("failed to put a value into secret %s: %w", name, err)
	}
	return nil
}

func (c *Cloud) createSecret(ctx context.Context, name, value string) error {
	_, err := c.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: &value})
	if err != nil {
		return fmt.Errorf("failed to create secret %s: %w", name, err)
	}
	return nil
}

// queue returns the queue of the template with a logical id.
func (c *Cloud) queue(logicalID string) (template.Queue, error) {
	queue, ok := c.template.Queue(logicalID)
	if !ok {
		return template.Queue{}, fmt.Errorf("the template has no queue %s", logicalID)
	}
	return queue, nil
}
