package main

import "context"

// logs follows the logs of all functions of the stack, from ten minutes ago on, until it is interrupted.
func (o *operator) logs(ctx context.Context) error {
	stack := o.needStack()
	o.needSAM()
	o.needAWS(ctx)
	o.needDeployed(ctx, stack)
	if err := o.ready(); err != nil {
		return err
	}
	return o.show(ctx, nil, "sam", "logs", "--stack-name", stack, "--region", o.region, "--tail")
}
