package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// retained are the types of resources that template.yaml keeps when the stack is deleted, because they hold data.
var retained = []string{"AWS::DynamoDB::Table", "AWS::Logs::LogGroup", "AWS::SQS::Queue"}

// notRetained is a queue that goes with the stack all the same, by its logical id.
const notRetained = "CanvasQueue"

// delete deletes the stack, once that is confirmed, and says what stays.
func (o *operator) delete(ctx context.Context) error {
	stack := o.needStack()
	o.needSAM()
	o.needAWS(ctx)
	found := o.needDeployed(ctx, stack)
	if err := o.ready(); err != nil {
		return err
	}
	var resources struct {
		StackResourceSummaries []struct{ ResourceType, LogicalResourceID, PhysicalResourceID string }
	}
	if err := o.ask(ctx, &resources, "cloudformation", "list-stack-resources", "--stack-name", stack); err != nil {
		return err
	}
	o.say("The stack %s in account %s, region %s is about to be deleted. These stay, because they hold data, until you delete them:",
		stack, o.account, o.region)
	for _, r := range resources.StackResourceSummaries {
		if slices.Contains(retained, r.ResourceType) && r.LogicalResourceID != notRetained {
			o.say("  %-22s %s", r.ResourceType, r.PhysicalResourceID)
		}
	}
	o.say("  %-22s %s", "the VideoSDK secret", found.parameters["VideoSdkSecretId"])
	if err := o.confirm(stack); err != nil {
		return err
	}
	return o.show(ctx, nil, "sam", "delete", "--stack-name", stack, "--region", o.region, "--no-prompts")
}

// confirm asks, unless CONFIRM=yes has answered already.
func (o *operator) confirm(stack string) error {
	if o.getenv("CONFIRM") == "yes" {
		return nil
	}
	fmt.Fprintf(o.out, "Delete %s? Type yes: ", stack)
	answer, err := bufio.NewReader(o.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(answer) != "yes" {
		return fmt.Errorf("%w, because it was not confirmed: type yes, or set CONFIRM=yes", errMissing)
	}
	return nil
}
