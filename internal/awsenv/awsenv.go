// Package awsenv reads the AWS SDK's standard environment variables.
//
// It is the part of the SDK's own config.LoadDefaultConfig that means something to a Lambda function: region, credentials, endpoints,
// certificates, retries. What is left out is what lies in files and in other services: profiles, SSO, web identities and EC2's metadata.
// Linking those costs a function 3,700 allocations before it starts, which is why they are left out; see docs/performance.md.
package awsenv

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"

	"videosdk-end-session/internal/ahead"
)

// Config returns the configuration that the variables ask for. Its error names every variable that is missing or malformed.
func Config(getenv func(string) string) (aws.Config, error) {
	env := environment{getenv: getenv}
	c := aws.Config{
		Region:      env.first("AWS_REGION", "AWS_DEFAULT_REGION"),
		Credentials: env.credentials(),
		HTTPClient:  env.client(),
		AppID:       getenv("AWS_SDK_UA_APP_ID"),

		RetryMaxAttempts: env.attempts(),
		RetryMode:        env.retryMode(),
	}
	source := endpoints{getenv: getenv, ignore: env.flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")}
	if env.flag("AWS_USE_FIPS_ENDPOINT") {
		source.fips = aws.FIPSEndpointStateEnabled
	}
	if env.flag("AWS_USE_DUALSTACK_ENDPOINT") {
		source.dualStack = aws.DualStackEndpointStateEnabled
	}
	if url := getenv("AWS_ENDPOINT_URL"); url != "" && !source.ignore {
		c.BaseEndpoint = &url
	}
	c.ConfigSources = []any{source}
	return c, errors.Join(env.problems...)
}

// environment reads single variables and collects what is wrong with them.
type environment struct {
	getenv   func(string) string
	problems []error
}

func (e *environment) refuse(format string, args ...any) {
	e.problems = append(e.problems, fmt.Errorf(format, args...))
}

// first returns the first value that is set.
func (e *environment) first(names ...string) string {
	for _, name := range names {
		if value := e.getenv(name); value != "" {
			return value
		}
	}
	return ""
}

// credentials returns those that Lambda gives a function: by variables, or from an address on the same host where they must be able to
// change, as after a snapshot.
func (e *environment) credentials() aws.CredentialsProvider {
	key, secret := e.first("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"), e.first("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY")
	if key != "" && secret != "" {
		return credentials.NewStaticCredentialsProvider(key, secret, e.getenv("AWS_SESSION_TOKEN"))
	}
	url := e.getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	if url == "" {
		e.refuse("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set, or AWS_CONTAINER_CREDENTIALS_FULL_URI")
		return nil
	}
	return aws.NewCredentialsCache(endpointcreds.New(url, func(o *endpointcreds.Options) {
		o.AuthorizationToken = e.getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")
		if file := e.getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
			// Read for each fetch: it changes.
			o.AuthorizationTokenProvider = endpointcreds.TokenProviderFunc(func() (string, error) {
				token, err := os.ReadFile(file)
				return string(token), err
			})
		}
	}), func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = 5 * time.Minute })
}

// client returns the SDK's HTTP client, which keeps ten connections to a host, with the certificates that AWS_CA_BUNDLE names. Connections
// can be opened ahead in it.
func (e *environment) client() *awshttp.BuildableClient {
	client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.DialContext = ahead.Dialing(t.DialContext) })
	file := e.getenv("AWS_CA_BUNDLE")
	if file == "" {
		return client
	}
	trusted := x509.NewCertPool()
	if bundle, err := os.ReadFile(file); err != nil || !trusted.AppendCertsFromPEM(bundle) {
		e.refuse("AWS_CA_BUNDLE must be a file with certificates in PEM")
	}
	return client.WithTransportOptions(func(t *http.Transport) {
		if t.TLSClientConfig == nil {
			t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		t.TLSClientConfig.RootCAs = trusted
	})
}

func (e *environment) attempts() int {
	value := e.getenv("AWS_MAX_ATTEMPTS")
	if value == "" {
		return retry.DefaultMaxAttempts
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		e.refuse("AWS_MAX_ATTEMPTS must be a number from 1 on")
	}
	return n
}

func (e *environment) retryMode() aws.RetryMode {
	value := e.getenv("AWS_RETRY_MODE")
	if value == "" {
		return aws.RetryModeStandard
	}
	mode, err := aws.ParseRetryMode(value)
	if err != nil {
		e.refuse("AWS_RETRY_MODE must be standard or adaptive")
	}
	return mode
}

func (e *environment) flag(name string) bool {
	switch value := e.getenv(name); strings.ToLower(value) {
	case "true":
		return true
	case "", "false":
		return false
	default:
		e.refuse("%s must be true or false", name)
		return false
	}
}

// endpoints tells the clients of services where these are. The methods are those that the SDK looks for in aws.Config.ConfigSources.
type endpoints struct {
	getenv    func(string) string
	ignore    bool
	fips      aws.FIPSEndpointState
	dualStack aws.DualStackEndpointState
}

// GetIgnoreConfiguredEndpoints says whether to use the services' own endpoints although others are configured.
func (e endpoints) GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error) {
	return e.ignore, e.ignore, nil
}

// GetServiceBaseEndpoint returns the endpoint of one service.
func (e endpoints) GetServiceBaseEndpoint(_ context.Context, service string) (string, bool, error) {
	url := e.getenv("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(service, " ", "_")))
	return url, url != "", nil
}

// GetUseFIPSEndpoint says whether to use endpoints whose cryptography is validated.
func (e endpoints) GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error) {
	return e.fips, e.fips != aws.FIPSEndpointStateUnset, nil
}

// GetUseDualStackEndpoint says whether to use endpoints that also have IPv6 addresses.
func (e endpoints) GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error) {
	return e.dualStack, e.dualStack != aws.DualStackEndpointStateUnset, nil
}
