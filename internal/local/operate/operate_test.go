package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// TestMain is also what aws and sam are on the path of the tests.
func TestMain(m *testing.M) {
	if tool := filepath.Base(os.Args[0]); tool == "aws" || tool == "sam" {
		os.Exit(standIn(tool, os.Args[1:]))
	}
	folder, err := os.MkdirTemp("", "operate")
	if err == nil {
		err = checkout(folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	checkedOut = folder
	code := m.Run()
	if err := os.RemoveAll(folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

const root = "../../.."

// checkedOut is a copy of what make needs of the repository, where a test may put files.
var checkedOut string

func checkout(folder string) error {
	for _, name := range []string{"Makefile", "go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			return err
		}
	}
	for _, name := range []string{"functions", "internal"} {
		if err := os.CopyFS(filepath.Join(folder, name), os.DirFS(filepath.Join(root, name))); err != nil {
			return err
		}
	}
	return nil
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// operation is a call of make in an account.
type operation struct {
	name  string
	make  string // the target and its variables
	env   []string
	files map[string]string
	input string // what is typed
	in    account
	lacks []string // tools that are not on PATH
	want  string   // what it says
}

// run makes the target. It returns what it printed, and the calls that it made.
func (o operation) run(t *testing.T) (printed, calls string) {
	t.Helper()
	return o.runIn(t, checkedOut)
}

func (o operation) runIn(t *testing.T, folder string) (printed, calls string) {
	t.Helper()
	for name, content := range o.files {
		write(t, filepath.Join(folder, name), content)
		t.Cleanup(func() { _ = os.Remove(filepath.Join(folder, name)) })
	}
	if o.in.AWSVersion == "" {
		o.in.AWSVersion = "aws-cli/2.31.35 Python/3.13.7 Linux/6.1.0 exe/x86_64.debian.12"
	}
	world, err := json.Marshal(o.in)
	if err != nil {
		t.Fatal(err)
	}
	path, record := tools(t, o.lacks), filepath.Join(t.TempDir(), "calls")
	c := exec.CommandContext(t.Context(), filepath.Join(path, "make"), append([]string{"--no-print-directory"}, strings.Fields(o.make)...)...)
	c.Dir, c.Stdin = folder, strings.NewReader(o.input)
	c.Env = append(environment(), "PATH="+path, "AWS_REGION=eu-west-1", accountVariable+"="+string(world), callsVariable+"="+record)
	c.Env = append(c.Env, o.env...)
	out, err := c.CombinedOutput()
	if c.ProcessState == nil {
		t.Fatal(err)
	}
	recorded, err := os.ReadFile(record)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	printed, calls = makefileLine.ReplaceAllString(string(out), "["), string(recorded)
	printed = loopback.ReplaceAllString(printed, "https://api.example")
	if strings.Contains(printed, unknown) {
		t.Errorf("%s\nafter\n%s", printed, calls)
	}
	mustBeHidden(t, printed, calls)
	return printed, calls
}

// What differs from day to day.
var (
	makefileLine = regexp.MustCompile(`\[Makefile:\d+: `) // in newer versions of make
	loopback     = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
)

// tools returns a folder that holds what the targets may need, and nothing else of this machine. Its aws and sam are this test.
func tools(t *testing.T, without []string) string {
	t.Helper()
	folder := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"aws", "sam", "make", "sh", "go", "gcc", "cc"} {
		path := self
		if tool != "aws" && tool != "sam" {
			if path, err = exec.LookPath(tool); err != nil {
				continue // a C compiler need not be there, and without the others nothing works
			}
		}
		if slices.Contains(without, tool) {
			continue
		}
		if err := os.Symlink(path, filepath.Join(folder, tool)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// environment returns this process's, without what the targets read.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "VIDEOSDK_") || strings.HasPrefix(name, "MAKE") ||
			slices.Contains([]string{"STACK", "SECRET", "ARCH", "DOOR", "FILE", "CONFIRM", "GOARCH", "MFLAGS"}, name)
	})
}

// mustBeHidden checks that no secret is printed, nor stands on a command line, which everybody on the machine can read.
func mustBeHidden(t *testing.T, printed, calls string) {
	t.Helper()
	seen := printed
	for line := range strings.Lines(calls) {
		if !strings.HasPrefix(line, "  < ") {
			seen += line
		}
	}
	for _, secret := range []string{apiKey, apiSecret, "key-", "secret-9f27", secretAccessKey, sessionToken} {
		if strings.Contains(seen, secret) {
			t.Errorf("%q can be seen:\n%s", secret, seen)
		}
	}
}

var (
	request = map[string]string{"request.json": `{"roomId":"abcd-efgh-ijkl","reason":"Prüfung vorbei","occurredAt":"2026-11-23T10:00:00Z"}` + "\n"}
	keys    = []string{"VIDEOSDK_API_KEY=" + apiKey, "VIDEOSDK_SECRET=" + apiSecret}
)

const samconfigFile = `version = 0.1

[default.global.parameters]
stack_name = "meetings"
region = "us-east-1"

[default.deploy.parameters]
s3_bucket = "artifacts"
confirm_changeset = true
parameter_overrides = "VideoSdkSecretId=\"meetings/videosdk\" Architecture=x86_64 TriggerDetailTypes=\"End Session\""
`

var operations = []operation{
	{name: "deploy", make: "deploy", env: keys},
	{name: "deploy again, for the other architecture", make: "deploy STACK=meetings ARCH=x86_64 GOARCH=arm64", in: account{Secret: "exists"}},
	{
		name: "deploy with samconfig.toml", make: "deploy", env: []string{"AWS_REGION="}, in: account{Secret: "exists"},
		files: map[string]string{"samconfig.toml": samconfigFile},
	},
	{
		name: "deploy with samconfig.toml without parameters", make: "deploy SECRET=mine", in: account{Secret: "exists"},
		files: map[string]string{"samconfig.toml": "version = 0.1\n[default.deploy.parameters]\ncapabilities = \"CAPABILITY_IAM\"\nresolve_s3 = true\n"},
	},
	{
		name: "deploy with samconfig.toml and a list of parameters", make: "deploy ARCH=x86_64", in: account{Secret: "exists"},
		files: map[string]string{"samconfig.toml": "version = 0.1\n[default.deploy.parameters]\nparameter_overrides = [\"LogLevel=DEBUG\", \"Architecture=x86_64\"]\n"},
	},
	{
		name: "deploy, dry", make: "deploy", in: account{Secret: "exists"},
		files: map[string]string{"samconfig.toml": "version = 0.1\n[default.deploy.parameters]\nno_execute_changeset = true\n"},
	},
	{name: "deploy, and the secret cannot be created", make: "deploy", env: keys, in: account{Full: true}},
	{name: "deploy, and the build fails", make: "deploy", env: keys, in: account{Secret: "exists", BadBuild: true}},
	{name: "send to the queue", make: "send STACK=videosdk-end-session DOOR=queue FILE=request.json", files: request, in: account{Deployed: true}},
	{name: "send to the bus", make: "send STACK=videosdk-end-session DOOR=bus FILE=request.json", files: request, in: account{Deployed: true}},
	{
		name: "send to the bus, which does not take it", make: "send STACK=videosdk-end-session DOOR=bus FILE=request.json", files: request,
		in: account{Deployed: true, BadBus: true},
	},
	{
		name: "logs in the region of aws configure", make: "logs STACK=videosdk-end-session", env: []string{"AWS_REGION="},
		in: account{Deployed: true, Region: "eu-central-1"},
	},
	{name: "redrive", make: "redrive STACK=videosdk-end-session", in: account{Deployed: true}},
	{name: "send, and nothing is there", make: "send", lacks: []string{"aws"}},
	{name: "delete", make: "delete STACK=videosdk-end-session", input: "yes\n", in: account{Deployed: true}},
	{name: "delete, confirmed before", make: "delete STACK=videosdk-end-session CONFIRM=yes", in: account{Deployed: true}},
	{
		name: "delete, and others have rules on the bus", make: "delete STACK=videosdk-end-session CONFIRM=yes",
		in: account{Deployed: true, Rules: "others"},
	},
	{
		name: "delete, and the bus is gone", make: "delete STACK=videosdk-end-session CONFIRM=yes",
		in: account{Deployed: true, Rules: "gone"},
	},
	{name: "delete, not confirmed", make: "delete STACK=videosdk-end-session", input: "y\n", in: account{Deployed: true}},
}

// Each target's output and calls are those of its golden file.
func TestOperatorsTargets(t *testing.T) {
	for _, o := range append(operations, operation{
		name: "deploy with the example of samconfig.toml", make: "deploy", in: account{Secret: "exists"},
		files: map[string]string{"samconfig.toml": example(t)},
	}) {
		t.Run(o.name, func(t *testing.T) {
			golden(t, o)
		})
	}
}

func golden(t *testing.T, o operation) {
	t.Helper()
	printed, calls := o.run(t)
	got := "$ make " + o.make + "\n" + printed + "\nThe calls:\n" + calls
	file := filepath.Join("testdata", strings.NewReplacer(" ", "-", ",", "").Replace(o.name)+".golden")
	if *update {
		write(t, file, got)
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("not as in %s (-want +got):\n%s", file, diff)
	}
}

func TestSendToTheAPISignsWithTheCredentialsOfTheAWSCLI(t *testing.T) {
	for status, name := range map[int]string{
		http.StatusAccepted: "send to the api", http.StatusConflict: "send to the api, which refuses",
	} {
		t.Run(name, func(t *testing.T) {
			api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil || string(body) != request["request.json"] {
					t.Errorf("body %q, %v", body, err)
				}
				if signed := signature(t, r, body); r.Header.Get("Authorization") != signed {
					t.Errorf("Authorization: %s\nwant %s", r.Header.Get("Authorization"), signed)
				}
				w.WriteHeader(status)
				_, _ = io.WriteString(w, `{"outcome":"ending"}`)
			}))
			defer api.Close()
			golden(t, operation{
				name: name, make: "send STACK=videosdk-end-session DOOR=api FILE=request.json", files: request,
				in: account{Deployed: true, API: api.URL + "/v1/sessions/end"},
			})
		})
	}
}

// signature returns the Authorization header that a request must have that is sent at its own time with the stand-in's credentials.
func signature(t *testing.T, r *http.Request, body []byte) string {
	t.Helper()
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("signed at %v, %v", at, err)
	}
	again, err := http.NewRequest(r.Method, "http://"+r.Host+r.URL.Path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	again.Header.Set("Content-Type", "application/json")
	hash := sha256.Sum256(body)
	credentials := aws.Credentials{AccessKeyID: accessKeyID, SecretAccessKey: secretAccessKey, SessionToken: sessionToken}
	err = v4.NewSigner().SignHTTP(t.Context(), credentials, again, hex.EncodeToString(hash[:]), "execute-api", "eu-west-1", at)
	if err != nil {
		t.Fatal(err)
	}
	return again.Header.Get("Authorization")
}

// harmless are the calls that change nothing.
var harmless = []string{
	"aws --version", "aws configure get", "aws sts get-caller-identity", "aws secretsmanager describe-secret", "aws cloudformation describe-stacks",
	"aws cloudformation list-stack-resources", "aws events list-rules",
}

const (
	stack   = "STACK=videosdk-end-session"
	noStack = "the stack videosdk-end-session in account 123456789012, region eu-west-1: " + nowhere
)

var lacking = []operation{
	{name: "deploy without sam", make: "deploy", env: keys, lacks: []string{"sam"}, want: "there is no sam on PATH: install"},
	{name: "deploy without aws", make: "deploy", env: keys, lacks: []string{"aws"}, want: "there is no aws on PATH: install"},
	{
		name: "deploy with version 1 of aws", make: "deploy", env: keys, in: account{AWSVersion: "aws-cli/1.45.11 Python/3.11.7"},
		want: "the aws on PATH is aws-cli/1.45.11 Python/3.11.7: install the AWS CLI, version 2",
	},
	{name: "deploy without a region", make: "deploy", env: append(keys, "AWS_REGION="), want: "there is no region: set AWS_REGION"},
	{name: "deploy without credentials", make: "deploy", env: keys, in: account{Nobody: true}, want: "AWS does not know you (Unable to locate credentials."},
	{name: "deploy for an unknown architecture", make: "deploy ARCH=amd64", env: keys, want: `ARCH is "amd64": it must be one of arm64, x86_64`},
	{
		name: "deploy without a secret", make: "deploy", env: keys[:1],
		want: "there is no secret videosdk in region eu-west-1: set VIDEOSDK_API_KEY and VIDEOSDK_SECRET, and it is created",
	},
	{
		name: "deploy with the ARN of no secret", make: "deploy SECRET=" + secretARN, env: keys,
		want: "there is no secret " + secretARN,
	},
	{
		name: "deploy with a secret that is about to be deleted", make: "deploy", env: keys, in: account{Secret: "deleted"},
		want: "the secret videosdk is about to be deleted: keep it with aws secretsmanager restore-secret --secret-id videosdk",
	},
	{
		name: "deploy without the right to look at the secret", make: "deploy", env: keys, in: account{Secret: "denied"},
		want: "the secret videosdk: " + denied,
	},
	{
		name: "deploy against samconfig.toml", make: "deploy ARCH=arm64", in: account{Secret: "exists"},
		files: map[string]string{"samconfig.toml": samconfigFile},
		want:  `ARCH is "arm64", but samconfig.toml has Architecture=x86_64: change one of them`,
	},
	{
		name: "deploy with a broken samconfig.toml", make: "deploy", in: account{Secret: "exists"},
		files: map[string]string{"samconfig.toml": "stack_name ="}, want: "samconfig.toml: toml: line 1",
	},
	{
		name: "deploy with parameters of another kind", make: "deploy", in: account{Secret: "exists"},
		files: map[string]string{"samconfig.toml": "version = 0.1\n[default.deploy.parameters]\nparameter_overrides = [1]\n"},
		want:  `samconfig.toml: parameter_overrides holds 1, which is not text such as "Key=Value"`,
	},
	{name: "send without a stack", make: "send DOOR=queue FILE=request.json", files: request, want: "STACK is not set: name the stack, as in STACK="},
	{name: "send without a door", make: "send FILE=request.json " + stack, files: request, in: account{Deployed: true}, want: "DOOR is not set: it must be one of api, queue, bus"},
	{name: "send through a wall", make: "send DOOR=wall FILE=request.json " + stack, files: request, in: account{Deployed: true}, want: `DOOR is "wall"`},
	{name: "send nothing", make: "send DOOR=queue " + stack, in: account{Deployed: true}, want: "FILE is not set: name a file"},
	{name: "send a file that is not there", make: "send DOOR=queue FILE=request.json " + stack, in: account{Deployed: true}, want: "FILE cannot be read: open request.json: no such file"},
	{
		name: "send no JSON", make: "send DOOR=queue FILE=request.json " + stack, files: map[string]string{"request.json": "{"}, in: account{Deployed: true},
		want: "FILE=request.json is no JSON object: unexpected end",
	},
	{
		name: "send no object", make: "send DOOR=bus FILE=request.json " + stack, files: map[string]string{"request.json": "null"}, in: account{Deployed: true},
		want: "FILE=request.json is no JSON object",
	},
	{
		name: "send a document without a time to the queue", make: "send DOOR=queue FILE=request.json " + stack,
		files: map[string]string{"request.json": `{"roomId":"abcd-efgh-ijkl"}`}, in: account{Deployed: true},
		want: `a document on the queue must say when it happened, as in "occurredAt":"20`,
	},
	{name: "send without aws", make: "send DOOR=api FILE=request.json " + stack, files: request, lacks: []string{"aws"}, want: "there is no aws on PATH: install"},
	{name: "send to no stack", make: "send DOOR=api FILE=request.json " + stack, files: request, want: noStack},
	{name: "send to the API of another application", make: "send DOOR=api FILE=request.json " + stack, files: request, in: account{Deployed: true}, want: "the stack has no output ApiUrl"},
	{name: "logs without a stack", make: "logs", want: "STACK is not set"},
	{name: "logs without sam", make: "logs " + stack, lacks: []string{"sam"}, in: account{Deployed: true}, want: "there is no sam on PATH"},
	{name: "logs of no stack", make: "logs " + stack, want: noStack},
	{name: "redrive without a stack", make: "redrive", want: "STACK is not set"},
	{name: "redrive without aws", make: "redrive " + stack, lacks: []string{"aws"}, want: "there is no aws on PATH"},
	{name: "redrive of no stack", make: "redrive " + stack, want: noStack},
	{name: "delete without a stack", make: "delete CONFIRM=yes", want: "STACK is not set"},
	{name: "delete without sam", make: "delete CONFIRM=yes " + stack, lacks: []string{"sam"}, in: account{Deployed: true}, want: "there is no sam on PATH"},
	{
		name: "delete a bus without the right to list its rules", make: "delete CONFIRM=yes " + stack, in: account{Deployed: true, Rules: "denied"},
		want: "the rules on the bus videosdk-end-session-outcomes: " + noRules,
	},
	{name: "delete no stack", make: "delete CONFIRM=yes " + stack, want: noStack},
}

func TestWhatIsMissingIsSaidBeforeAnythingIsDone(t *testing.T) {
	for _, o := range lacking {
		t.Run(o.name, func(t *testing.T) {
			printed, calls := o.run(t)
			target, _, _ := strings.Cut(o.make, " ")
			if !strings.HasPrefix(printed, target+": nothing was done:\n  ") || !strings.HasSuffix(printed, "make: *** ["+target+"] Error 2\n") {
				t.Errorf("not one message and exit status 2:\n%s", printed)
			}
			if !strings.Contains(printed, "\n  "+o.want) {
				t.Errorf("does not say %q:\n%s", o.want, printed)
			}
			for call := range strings.Lines(calls) {
				if !slices.ContainsFunc(harmless, func(prefix string) bool { return strings.HasPrefix(call, prefix) }) {
					t.Errorf("did %s", call)
				}
			}
		})
	}
}
