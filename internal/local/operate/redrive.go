package main

import "context"

// redrive starts to move all dead letters back to the trigger queue.
func (o *operator) redrive(ctx context.Context) error {
	stack := o.needStack()
	o.needAWS(ctx)
	found := o.needDeployed(ctx, stack)
	from, to := o.needOutput(found, "DeadLetterQueueArn"), o.needOutput(found, "TriggerQueueArn")
	if err := o.ready(); err != nil {
		return err
	}
	if err := o.ask(ctx, nil, "sqs", "start-message-move-task", "--source-arn", from, "--destination-arn", to); err != nil {
		return err
	}
	o.say("SQS is moving the messages of %s to %s. See how far it is:\n  aws sqs list-message-move-tasks --region %s --source-arn %[1]s", from, to, o.region)
	return nil
}
