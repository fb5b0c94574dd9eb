package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
)

// goarch names the processors of the template's parameter Architecture as Go does.
var goarch = map[string]string{"arm64": "arm64", "x86_64": "amd64"}

// deploy creates or updates the stack. SECRET and ARCH stand for the template's parameters VideoSdkSecretId and Architecture.
func (o *operator) deploy(ctx context.Context) error {
	overrides, err := o.samconfig.overrides()
	if err != nil {
		o.lack("%v", err)
	}
	// What the file says goes before the defaults, and the environment must not contradict it.
	choose := func(variable, parameter, otherwise string) string {
		asked, said := o.getenv(variable), ""
		if value, ok := overridden(overrides, parameter); ok {
			said = value
		} else {
			overrides = append(overrides, parameter+"="+cmp.Or(asked, otherwise))
		}
		if asked != "" && said != "" && asked != said {
			o.lack("%s is %q, but samconfig.toml has %s=%s: change one of them", variable, asked, parameter, said)
		}
		return cmp.Or(said, asked, otherwise)
	}
	secret := choose("SECRET", "VideoSdkSecretId", "videosdk")
	architecture := o.needOneOf("ARCH", choose("ARCH", "Architecture", "arm64"), "arm64", "x86_64")
	stack := cmp.Or(o.stack(), defaultStack)
	o.needSAM()
	if _, err := exec.LookPath("go"); err != nil {
		o.lack("there is no go on PATH: install Go, https://go.dev/doc/install")
	}
	o.needAWS(ctx)
	exists := o.needSecret(ctx, secret)
	if err := o.ready(); err != nil {
		return err
	}

	o.say("Deploying %s to account %s, region %s, for %s.", stack, o.account, o.region, architecture)
	if exists {
		o.say("The secret %s exists, and stays as it is.", secret)
	} else if err := o.createSecret(ctx, secret); err != nil {
		return fmt.Errorf("create the secret %s: %w", secret, err)
	}
	// SAM calls make. It does not pass the architecture on, and what this make was told, in MAKEFLAGS, is not meant for that one. It would
	// copy the repository for each function, with everything that make has installed, if it did not build in the source folder.
	build := []string{"GOARCH=" + goarch[architecture], "MAKEFLAGS="}
	if err := o.show(ctx, build, "sam", "build", "--build-in-source"); err != nil {
		return err
	}
	if err := o.show(ctx, nil, "sam", o.deployArguments(stack, overrides)...); err != nil {
		return err
	}
	if o.samconfig["no_execute_changeset"] == true {
		o.say("\nNothing of the stack %s has changed: samconfig.toml has no_execute_changeset, so SAM leaves it at showing what would.", stack)
		return nil
	}
	o.say("\nEnd a meeting, and see what becomes of it:\n  make send STACK=%s DOOR=api FILE=request.json\n  make logs STACK=%[1]s", stack)
	return nil
}

// deployArguments returns those of `sam deploy`.
func (o *operator) deployArguments(stack string, overrides []string) []string {
	arguments := []string{"deploy", "--stack-name", stack, "--region", o.region}
	add := func(unless string, more ...string) {
		if !o.samconfig.has(unless) {
			arguments = append(arguments, more...)
		}
	}
	// The functions' roles are resources of the stack.
	add("capabilities", "--capabilities", "CAPABILITY_IAM")
	add("confirm_changeset", "--no-confirm-changeset")
	add("fail_on_empty_changeset", "--no-fail-on-empty-changeset")
	if !o.samconfig.has("s3_bucket") {
		add("resolve_s3", "--resolve-s3")
	}
	// A folder of its own for each stack, so that deleting one deletes what it uploaded.
	add("s3_prefix", "--s3-prefix", stack)
	return append(append(arguments, "--parameter-overrides"), overrides...)
}

// needSecret says whether the secret exists. If it doesn't, the environment must hold what is to be in it.
func (o *operator) needSecret(ctx context.Context, name string) bool {
	if o.account == "" {
		return false
	}
	var secret struct{ DeletedDate any }
	err := o.ask(ctx, &secret, "secretsmanager", "describe-secret", "--secret-id", name)
	switch {
	case err == nil && secret.DeletedDate != nil:
		o.lack("the secret %s is about to be deleted: keep it with aws secretsmanager restore-secret --secret-id %[1]s", name)
	case err == nil:
		return true
	case !isNotFound(err):
		o.lack("the secret %s: %v", name, err)
	case strings.HasPrefix(name, "arn:"):
		o.lack("there is no secret %s", name)
	case o.getenv("VIDEOSDK_API_KEY") == "" || o.getenv("VIDEOSDK_SECRET") == "":
		o.lack("there is no secret %s in region %s: set VIDEOSDK_API_KEY and VIDEOSDK_SECRET, and it is created", name, o.region)
	}
	return false
}

// createSecret creates the secret with the API key and its secret from the environment. They are seen by the AWS CLI only.
func (o *operator) createSecret(ctx context.Context, name string) error {
	value, err := json.Marshal(map[string]string{"apiKey": o.getenv("VIDEOSDK_API_KEY"), "secret": o.getenv("VIDEOSDK_SECRET")})
	if err != nil {
		return err
	}
	if err := o.tell(ctx, value, nil, "secretsmanager", "create-secret", "--name", name,
		"--description", "API key and secret of VideoSDK", "--secret-string", stdin); err != nil {
		return err
	}
	o.say("Created the secret %s from VIDEOSDK_API_KEY and VIDEOSDK_SECRET.", name)
	return nil
}
