package awsenv_test

import (
	"crypto/tls"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/awsenv"
)

// keys are the credentials that most tests have.
func keys(others map[string]string) map[string]string {
	all := map[string]string{"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
	maps.Copy(all, others)
	return all
}

func get(environment map[string]string) func(string) string {
	return func(name string) string { return environment[name] }
}

// seen is what a configuration comes to.
type seen struct {
	Region, AppID     string
	Key, Secret       string
	Token             string
	Attempts          int
	Mode              aws.RetryMode
	Endpoint          string // of Secrets Manager, as configured
	FIPS, BothIPs     bool
	CertificatesFound bool
}

func look(t *testing.T, c aws.Config) seen {
	t.Helper()
	credentials, err := c.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client := secretsmanager.NewFromConfig(c).Options()
	s := seen{
		Region: c.Region, AppID: c.AppID, Key: credentials.AccessKeyID, Secret: credentials.SecretAccessKey, Token: credentials.SessionToken,
		Attempts: client.Retryer.MaxAttempts(), Mode: client.RetryMode, Endpoint: aws.ToString(client.BaseEndpoint),
		FIPS:    client.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled,
		BothIPs: client.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled,
	}
	if s.Mode == "" {
		s.Mode = aws.RetryModeStandard // the SDK's default, spelled out or not
	}
	if built, ok := c.HTTPClient.(*awshttp.BuildableClient); ok { // the SDK makes none without need
		transport := built.GetTransport()
		s.CertificatesFound = transport.TLSClientConfig != nil && transport.TLSClientConfig.RootCAs != nil
	}
	return s
}

// bundle returns a file with a certificate, that of a server, and its address.
func bundle(t *testing.T) (file, url string) {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	file = filepath.Join(t.TempDir(), "bundle.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return file, server.URL
}

// TestTheVariablesMeanWhatTheyMeanToTheSDK reads each environment both ways.
func TestTheVariablesMeanWhatTheyMeanToTheSDK(t *testing.T) {
	certificates, _ := bundle(t)
	for name, environment := range map[string]map[string]string{
		"keys only":                           keys(nil),
		"the older names of the keys":         {"AWS_ACCESS_KEY": "key", "AWS_SECRET_KEY": "secret", "AWS_REGION": "eu-central-1"},
		"what Lambda sets":                    keys(map[string]string{"AWS_SESSION_TOKEN": "token", "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}),
		"a default region":                    keys(map[string]string{"AWS_DEFAULT_REGION": "eu-west-1"}),
		"two regions":                         keys(map[string]string{"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "us-west-2"}),
		"an endpoint":                         keys(map[string]string{"AWS_ENDPOINT_URL": "http://localhost:1"}),
		"an endpoint of the service":          keys(map[string]string{"AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://localhost:2"}),
		"both endpoints":                      keys(map[string]string{"AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://localhost:2", "AWS_ENDPOINT_URL": "http://localhost:1"}),
		"an endpoint of another one":          keys(map[string]string{"AWS_ENDPOINT_URL_SQS": "http://localhost:2"}),
		"endpoints to be ignored":             keys(map[string]string{"AWS_ENDPOINT_URL": "http://localhost:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}),
		"an endpoint of the service, ignored": keys(map[string]string{"AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://localhost:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "TRUE"}),
		"endpoints not to be ignored":         keys(map[string]string{"AWS_ENDPOINT_URL": "http://localhost:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"}),
		"more attempts":                       keys(map[string]string{"AWS_MAX_ATTEMPTS": "7"}),
		"adaptive retries":                    keys(map[string]string{"AWS_RETRY_MODE": "adaptive"}),
		"validated cryptography":              keys(map[string]string{"AWS_USE_FIPS_ENDPOINT": "true"}),
		"IPv6":                                keys(map[string]string{"AWS_USE_DUALSTACK_ENDPOINT": "true"}),
		"the application's name":              keys(map[string]string{"AWS_SDK_UA_APP_ID": "school"}),
		"certificates":                        keys(map[string]string{"AWS_CA_BUNDLE": certificates}),
	} {
		t.Run(name, func(t *testing.T) {
			for _, variable := range os.Environ() { // of this machine
				if name, value, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
					t.Setenv(name, value) // so that it is restored
					_ = os.Unsetenv(name)
				}
			}
			t.Setenv("AWS_CONFIG_FILE", os.DevNull)
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
			for name, value := range environment {
				t.Setenv(name, value)
			}
			theirs, err := config.LoadDefaultConfig(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			ours, err := awsenv.Config(get(environment))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(look(t, theirs), look(t, ours)); diff != "" {
				t.Errorf("the configuration (-SDK's +ours):\n%s", diff)
			}
		})
	}
}

func TestCertificatesOfABundleAreTrusted(t *testing.T) {
	file, url := bundle(t)
	for name, tt := range map[string]struct {
		environment map[string]string
		trusted     bool
	}{
		"with the bundle":    {keys(map[string]string{"AWS_CA_BUNDLE": file}), true},
		"without the bundle": {keys(nil), false},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := awsenv.Config(get(tt.environment))
			if err != nil {
				t.Fatal(err)
			}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := c.HTTPClient.Do(request)
			if err == nil {
				_ = response.Body.Close()
			}
			if tt.trusted != (err == nil) {
				t.Errorf("the server is trusted: %v", err)
			}
			if version := c.HTTPClient.(*awshttp.BuildableClient).GetTransport().TLSClientConfig.MinVersion; version < tls.VersionTLS12 {
				t.Errorf("TLS from version %x on", version)
			}
		})
	}
}

func TestCredentialsFromAnAddressOnTheSameHost(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "let me" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = w.Write([]byte(`{"AccessKeyId":"key","SecretAccessKey":"secret","Token":"token","Expiration":"2999-01-01T00:00:00Z"}`))
	}))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("let me"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, environment := range map[string]map[string]string{
		"with a token":           {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "let me"},
		"with a token in a file": {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file},
	} {
		t.Run(name, func(t *testing.T) {
			environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.URL
			c, err := awsenv.Config(get(environment))
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.Credentials.Retrieve(t.Context())
			if err != nil || got.AccessKeyID != "key" || got.SecretAccessKey != "secret" || got.SessionToken != "token" {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestEveryMalformedVariableIsNamed(t *testing.T) {
	_, err := awsenv.Config(get(map[string]string{
		"AWS_CA_BUNDLE": "/does/not/exist", "AWS_MAX_ATTEMPTS": "many", "AWS_RETRY_MODE": "never", "AWS_USE_FIPS_ENDPOINT": "1",
	}))
	if err == nil {
		t.Fatal("no error")
	}
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CA_BUNDLE", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE",
		"AWS_USE_FIPS_ENDPOINT",
	} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named: %v", name, err)
		}
	}
}
