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

// delete deletes the stack, once that is confirmed, and says what stays.
func (o *operator) delete(ctx context.Context) error {
	stack := o.needStack()
	o.needSAM()
	o.needAWS(ctx)
	found := o.needDeployed(ctx, stack)
	if err := o.ready(); err != nil {
		return err
	}
	staying, err := o.staying(ctx, stack)
	if err != nil {
		return err
	}
	o.say("The stack %s in account %s, region %s is about to be deleted. These stay, because they hold data, until you delete them:",
		stack, o.account, o.region)
	for _, r := range staying {
		o.say("  %-22s %s", r.ResourceType, r.PhysicalResourceID)
	}
	o.say("  %-22s %s", "the VideoSDK secret", found.parameters["VideoSdkSecretId"])
	if err := o.confirm(stack); err != nil {
		return err
	}
	return o.show(ctx, nil, "sam", "delete", "--stack-name", stack, "--region", o.region, "--no-prompts")
}

// resource is a resource of a stack.
type resource struct{ LogicalResourceID, PhysicalResourceID, ResourceType string }

// staying returns the resources that CloudFormation keeps when it deletes the stack, as the stack's template says.
func (o *operator) staying(ctx context.Context, stack string) ([]resource, error) {
	var has struct{ StackResourceSummaries []resource }
	if err := o.ask(ctx, &has, "cloudformation", "list-stack-resources", "--stack-name", stack); err != nil {
		return nil, err
	}
	var says struct {
		TemplateBody struct {
			Resources map[string]struct{ DeletionPolicy string }
		}
	}
	// What SAM made of the template, which is JSON.
	if err := o.ask(ctx, &says, "cloudformation", "get-template", "--stack-name", stack, "--template-stage", "Processed"); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(has.StackResourceSummaries, func(r resource) bool {
		return !strings.HasPrefix(says.TemplateBody.Resources[r.LogicalResourceID].DeletionPolicy, "Retain")
	}), nil
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
