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
	all := o.needResources(ctx, stack)
	o.needNoRulesOfOthers(ctx, all)
	if err := o.ready(); err != nil {
		return err
	}
	staying, err := o.staying(ctx, stack, all)
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
type resource struct{ LogicalResourceID, PhysicalResourceID, ResourceType, ResourceStatus string }

// needResources lists the resources of a stack. It asks only if nothing else is missing.
func (o *operator) needResources(ctx context.Context, stack string) []resource {
	if len(o.missing) > 0 {
		return nil
	}
	var has struct{ StackResourceSummaries []resource }
	if err := o.ask(ctx, &has, "cloudformation", "list-stack-resources", "--stack-name", stack); err != nil {
		o.lack("the resources of the stack %s: %v", stack, err)
	}
	return has.StackResourceSummaries
}

// needNoRulesOfOthers looks at the buses among the resources for rules that are not. EventBridge deletes no bus that has rules, so the deletion
// of the stack would fail half-way.
func (o *operator) needNoRulesOfOthers(ctx context.Context, all []resource) {
	own := map[string]bool{}
	for _, r := range all {
		switch r.ResourceType {
		case "AWS::Events::Rule":
			// That of a rule on a bus of one's own is "bus|rule".
			own[r.PhysicalResourceID[strings.LastIndex(r.PhysicalResourceID, "|")+1:]] = true
		case "AWS::Events::Archive":
			// EventBridge makes this rule for an archive, and deletes it with the archive.
			own["Events-Archive-"+r.PhysicalResourceID] = true
		}
	}
	for _, bus := range all {
		if bus.ResourceType != "AWS::Events::EventBus" || bus.ResourceStatus == "DELETE_COMPLETE" {
			continue
		}
		var on struct{ Rules []struct{ Name string } }
		err := o.ask(ctx, &on, "events", "list-rules", "--event-bus-name", bus.PhysicalResourceID)
		if err != nil && !isNotFound(err) { // one that was deleted by hand has none
			o.lack("the rules on the bus %s: %v", bus.PhysicalResourceID, err)
		}
		for _, rule := range on.Rules {
			if !own[rule.Name] {
				o.lack("the rule %s is on the bus %s and not of the stack, and EventBridge deletes no bus that has rules: delete the rule where it was made",
					rule.Name, bus.PhysicalResourceID)
			}
		}
	}
}

// staying returns those of the resources that CloudFormation keeps when it deletes the stack, as the stack's template says.
func (o *operator) staying(ctx context.Context, stack string, all []resource) ([]resource, error) {
	var says struct {
		TemplateBody struct {
			Resources map[string]struct{ DeletionPolicy string }
		}
	}
	// What SAM made of the template, which is JSON.
	if err := o.ask(ctx, &says, "cloudformation", "get-template", "--stack-name", stack, "--template-stage", "Processed"); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(r resource) bool {
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
