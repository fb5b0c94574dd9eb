package awsjson_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"videosdk-end-session/internal/awsenv"
	"videosdk-end-session/internal/awsjson"
)

// clock does not wait.
var clock = awsjson.Clock{Now: time.Now, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}

// TestEndpointsAreThoseOfTheSDK compares with the rules that the SDK has for each service.
func TestEndpointsAreThoseOfTheSDK(t *testing.T) {
	for _, region := range []string{
		"us-east-1", "eu-central-1", "ap-southeast-7", "mx-central-1", "cn-north-1", "us-gov-west-1", "us-gov-east-1", "us-iso-east-1",
		"us-isob-east-1", "us-isof-south-1", "eu-isoe-west-1", "eusc-de-east-1",
	} {
		for _, fips := range []bool{false, true} {
			for _, dualStack := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, FIPS %t, dual stack %t", region, fips, dualStack), func(t *testing.T) {
					environment := map[string]string{
						"AWS_REGION": region, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
						"AWS_USE_FIPS_ENDPOINT": fmt.Sprint(fips), "AWS_USE_DUALSTACK_ENDPOINT": fmt.Sprint(dualStack),
					}
					c, err := awsenv.Config(func(name string) string { return environment[name] })
					if err != nil {
						t.Fatal(err)
					}
					table, tableErr := dynamodb.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), dynamodb.EndpointParameters{
						Region: &region, UseFIPS: &fips, UseDualStack: &dualStack,
					}.WithDefaults())
					bus, busErr := eventbridge.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), eventbridge.EndpointParameters{
						Region: &region, UseFIPS: &fips, UseDualStack: &dualStack,
					}.WithDefaults())
					for _, tt := range []struct {
						service awsjson.Service
						want    string
						err     error
					}{{awsjson.DynamoDB, table.URI.String(), tableErr}, {awsjson.EventBridge, bus.URI.String(), busErr}} {
						if tt.err != nil {
							continue // there is none: whoever asks for it gets an error, there or here
						}
						client, err := awsjson.New(tt.service, c, clock)
						if err != nil {
							t.Fatal(err)
						}
						if got := client.Endpoint(); got != tt.want+"/" {
							t.Errorf("%s, the SDK has %s", got, tt.want)
						}
					}
				})
			}
		}
	}
}

func TestConfiguredEndpoints(t *testing.T) {
	tests := []struct {
		name        string
		environment map[string]string
		want        string // empty for an error
	}{
		{"none", nil, "https://dynamodb.us-east-1.amazonaws.com/"},
		{"of all services", map[string]string{"AWS_ENDPOINT_URL": "http://localhost:1"}, "http://localhost:1/"},
		{"of this service", map[string]string{"AWS_ENDPOINT_URL_DYNAMODB": "http://localhost:2"}, "http://localhost:2/"},
		{"of both", map[string]string{"AWS_ENDPOINT_URL": "http://localhost:1", "AWS_ENDPOINT_URL_DYNAMODB": "http://localhost:2/x"}, "http://localhost:2/x"},
		{"of another service", map[string]string{"AWS_ENDPOINT_URL_EVENTBRIDGE": "http://localhost:2"}, "https://dynamodb.us-east-1.amazonaws.com/"},
		{
			"ignored", map[string]string{"AWS_ENDPOINT_URL_DYNAMODB": "http://localhost:2", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
			"https://dynamodb.us-east-1.amazonaws.com/",
		},
		{"no URL", map[string]string{"AWS_ENDPOINT_URL_DYNAMODB": "localhost"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			environment := map[string]string{"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
			for name, value := range tt.environment {
				environment[name] = value
			}
			c, err := awsenv.Config(func(name string) string { return environment[name] })
			if err != nil {
				t.Fatal(err)
			}
			client, err := awsjson.New(awsjson.DynamoDB, c, clock)
			if (err != nil) != (tt.want == "") {
				t.Fatal(err)
			}
			if err == nil && client.Endpoint() != tt.want {
				t.Errorf("%s, want %s", client.Endpoint(), tt.want)
			}
		})
	}
}

func TestAConfigurationThatLacksSomethingIsRefused(t *testing.T) {
	whole := aws.Config{Region: "us-east-1", HTTPClient: http.DefaultClient, Credentials: credentials.NewStaticCredentialsProvider("key", "secret", "")}
	if _, err := awsjson.New(awsjson.DynamoDB, whole, clock); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*aws.Config){
		"region":      func(c *aws.Config) { c.Region = "" },
		"credentials": func(c *aws.Config) { c.Credentials = nil },
	} {
		t.Run(name, func(t *testing.T) {
			c := whole
			change(&c)
			if _, err := awsjson.New(awsjson.DynamoDB, c, clock); err == nil {
				t.Error("accepted")
			}
		})
	}
}
