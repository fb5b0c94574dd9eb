package main

import "context"

const defaultStack = "videosdk-end-session"

// deployed is a stack as CloudFormation describes it.
type deployed struct {
	outputs, parameters map[string]string
}

// needDeployed describes a stack that must exist. It asks only if nothing else is missing.
func (o *operator) needDeployed(ctx context.Context, stack string) deployed {
	found := deployed{outputs: map[string]string{}, parameters: map[string]string{}}
	if len(o.missing) > 0 {
		return found
	}
	var answer struct {
		Stacks []struct {
			Outputs    []struct{ OutputKey, OutputValue string }
			Parameters []struct{ ParameterKey, ParameterValue string }
		}
	}
	if err := o.ask(ctx, &answer, "cloudformation", "describe-stacks", "--stack-name", stack); err != nil {
		o.lack("the stack %s in account %s, region %s: %v", stack, o.account, o.region, err)
		return found
	}
	for _, s := range answer.Stacks {
		for _, output := range s.Outputs {
			found.outputs[output.OutputKey] = output.OutputValue
		}
		for _, parameter := range s.Parameters {
			found.parameters[parameter.ParameterKey] = parameter.ParameterValue
		}
	}
	return found
}

// needOutput returns an output of the stack.
func (o *operator) needOutput(of deployed, name string) string {
	value := of.outputs[name]
	if value == "" && len(o.missing) == 0 {
		o.lack("the stack has no output %s: is it one of this application?", name)
	}
	return value
}
