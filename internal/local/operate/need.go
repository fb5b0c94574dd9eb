package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

// errMissing says that a command lacks something that it needs.
var errMissing = errors.New("nothing was done")

// lack notes what is missing and how to come by it.
func (o *operator) lack(format string, arguments ...any) {
	o.missing = append(o.missing, fmt.Sprintf(format, arguments...))
}

// ready returns one error that names everything that is missing, each on a line.
func (o *operator) ready() error {
	if len(o.missing) == 0 {
		return nil
	}
	return fmt.Errorf("%w:\n  %s", errMissing, strings.Join(o.missing, "\n  "))
}

// needStack returns the stack's name: that of STACK, or of samconfig.toml.
func (o *operator) needStack() string {
	if stack := o.stack(); stack != "" {
		return stack
	}
	o.lack("STACK is not set: name the stack, as in STACK=%s", defaultStack)
	return ""
}

func (o *operator) stack() string {
	if stack := o.getenv("STACK"); stack != "" {
		return stack
	}
	return o.samconfig.text("stack_name")
}

// needOneOf returns the value of a variable that must be one of the choices.
func (o *operator) needOneOf(variable, value string, choices ...string) string {
	switch {
	case value == "":
		o.lack("%s is not set: it must be one of %s", variable, strings.Join(choices, ", "))
	case !slices.Contains(choices, value):
		o.lack("%s is %q: it must be one of %s", variable, value, strings.Join(choices, ", "))
	}
	return value
}

// needSAM looks for the SAM CLI.
func (o *operator) needSAM() {
	if _, err := exec.LookPath("sam"); err != nil {
		o.lack("there is no sam on PATH: install the AWS SAM CLI, " +
			"https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/install-sam-cli.html")
	}
}

var awsVersion = regexp.MustCompile(`^aws-cli/(\d+)\.`)

const installAWS = "install the AWS CLI, version 2, https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"

// needAWS looks for the AWS CLI, a region, and credentials that work.
func (o *operator) needAWS(ctx context.Context) {
	if _, err := exec.LookPath("aws"); err != nil {
		o.lack("there is no aws on PATH: %s", installAWS)
		return
	}
	version, err := o.call(ctx, nil, "aws", "--version")
	if found := awsVersion.FindSubmatch(version); err != nil || found == nil || string(found[1]) != "2" {
		o.lack("the aws on PATH is %s: %s", strings.TrimSpace(string(version)), installAWS)
		return
	}
	o.region = o.findRegion(ctx)
	if o.region == "" {
		o.lack("there is no region: set AWS_REGION, or run aws configure")
		return
	}
	var identity struct{ Account string }
	if err := o.ask(ctx, &identity, "sts", "get-caller-identity"); err != nil {
		o.lack("AWS does not know you (%v): run aws configure or aws login, or set AWS_PROFILE", err)
		return
	}
	o.account = identity.Account
}

// findRegion returns the region that the AWS CLI would use, or else that of samconfig.toml. It is passed to every call, because SAM reads
// AWS_DEFAULT_REGION only.
func (o *operator) findRegion(ctx context.Context) string {
	for _, variable := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if region := o.getenv(variable); region != "" {
			return region
		}
	}
	if region := o.samconfig.text("region"); region != "" {
		return region
	}
	region, err := o.call(ctx, nil, "aws", "configure", "get", "region")
	if err != nil {
		return "" // it fails where there is none
	}
	return strings.TrimSpace(string(region))
}

// needDocument reads FILE, which must be a JSON object.
func (o *operator) needDocument() (content []byte, fields map[string]json.RawMessage) {
	file := o.getenv("FILE")
	if file == "" {
		o.lack("FILE is not set: name a file with a request document, as in FILE=request.json")
		return nil, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		o.lack("FILE cannot be read: %v", err)
		return nil, nil
	}
	if err := json.Unmarshal(content, &fields); err != nil {
		o.lack("FILE=%s is no JSON object: %v", file, err)
	} else if fields == nil {
		o.lack("FILE=%s is no JSON object", file)
	}
	return content, fields
}
