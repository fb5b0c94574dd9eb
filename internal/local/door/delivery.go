package door

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"videosdk-end-session/internal/local/lambdahost"
)

// delivery is what becomes of the events of one invocation.
type delivery struct {
	events   []types.Message
	slots    slots
	deadline time.Time // of the last attempt

	functionErrors int // attempts that ended in an error of the function
	refusals       int // attempts for which no function ran
}

// failure is an attempt that did not succeed.
type failure struct {
	requestID string // of the invocation; empty if no function ran
	// status is what Lambda's Invoke API answers: 200 with an error of the
	// function, 429 without a free environment, 500 otherwise.
	status  int
	message string
}

func (f failure) Error() string { return fmt.Sprintf("status %d: %s", f.status, f.message) }

// byFunction says that the function ran and failed, which bounds the retries.
func (f failure) byFunction() bool { return f.status == http.StatusOK }

// deliver invokes the function until it succeeds or the events are given up.
// It is given a slot, which it holds only while the function runs.
func (r *Rule) deliver(ctx context.Context, d delivery) {
	payload := r.payload(d.events)
	for {
		// An invocation that was begun is seen through.
		failed := r.attempt(context.WithoutCancel(ctx), payload, d.events)
		d.slots.free()
		if failed == nil {
			r.finish(ctx, d.events, nil)
			return
		}
		wait, again := d.next(*failed, r.config)
		if !again {
			r.giveUp(ctx, payload, d.events, *failed)
			return
		}
		r.log(ctx, slog.LevelWarn, d.events, failed)
		sleep(ctx, wait)
		if !d.slots.take(ctx) {
			r.handBack(ctx, d.events, 0)
			return
		}
	}
}

// payload is the event as it is, or a list of events.
func (r *Rule) payload(events []types.Message) []byte {
	if r.config.EventsAtOnce == 0 {
		return []byte(aws.ToString(events[0].Body))
	}
	bodies := make([]string, len(events))
	for i, event := range events {
		bodies[i] = aws.ToString(event.Body)
	}
	return []byte("[" + strings.Join(bodies, ",") + "]")
}

// attempt invokes the function once. It returns nil after a success, whatever
// the function answers: nobody reads it.
func (r *Rule) attempt(ctx context.Context, payload []byte, events []types.Message) *failure {
	invocation := lambdahost.Invocation{Payload: payload}
	if len(events) == 1 {
		invocation.TraceID = events[0].Attributes[string(types.MessageSystemAttributeNameAWSTraceHeader)]
	}
	response, err := r.config.Function.Invoke(ctx, invocation)
	switch {
	case errors.Is(err, lambdahost.ErrThrottled):
		return &failure{status: http.StatusTooManyRequests, message: err.Error()}
	case err != nil:
		return &failure{status: http.StatusInternalServerError, message: err.Error()}
	case response.FunctionError != "":
		return &failure{requestID: response.RequestID, status: http.StatusOK, message: errorMessage(response.Payload)}
	}
	r.log(ctx, slog.LevelInfo, events, nil)
	return nil
}

// errorMessage reads the message of a function error.
func errorMessage(payload []byte) string {
	var document struct {
		ErrorMessage string `json:"errorMessage"`
	}
	if err := json.Unmarshal(payload, &document); err != nil || document.ErrorMessage == "" {
		return string(payload)
	}
	return document.ErrorMessage
}

// next counts a failure and says how long to wait for the next attempt, or that
// there is none. Only errors of the function are counted against the retries;
// for an environment to be free, Lambda waits as long as the event may be kept.
func (d *delivery) next(failed failure, config RuleConfig) (wait time.Duration, again bool) {
	if failed.byFunction() {
		d.functionErrors++
		if d.functionErrors > config.Retries {
			return 0, false
		}
		wait = config.RetryWait << (d.functionErrors - 1)
	} else {
		wait = maxThrottleWaits * config.ThrottleWait
		if d.refusals < 9 { // 2⁹ is above maxThrottleWaits
			wait = min(wait, config.ThrottleWait<<d.refusals)
		}
		d.refusals++
	}
	return wait, time.Now().Add(wait).Before(d.deadline)
}

// acceptedAt is when the oldest of the events was accepted, which is when it was
// put into the queue.
func acceptedAt(events []types.Message) time.Time {
	oldest := time.Now()
	for _, event := range events {
		sent, err := strconv.ParseInt(event.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64)
		if at := time.UnixMilli(sent); err == nil && at.Before(oldest) {
			oldest = at
		}
	}
	return oldest
}

// giveUp puts events aside, as one dead letter with what the function was
// given, and logs why.
func (r *Rule) giveUp(ctx context.Context, payload []byte, events []types.Message, failed failure) {
	if r.config.DeadLetterURL != "" {
		if err := r.putAside(ctx, payload, failed); err != nil {
			r.log(ctx, slog.LevelError, events, errors.Join(failed, err))
			r.handBack(ctx, events, r.config.RetryWait)
			return
		}
	}
	r.finish(ctx, events, failed)
}

// maxErrorMessage bounds, in bytes, the error message of a dead letter.
const maxErrorMessage = 1 << 10

// putAside sends a dead letter with the attributes of Lambda:
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
func (r *Rule) putAside(ctx context.Context, payload []byte, failed failure) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	message := failed.message
	if len(message) > maxErrorMessage {
		message = strings.ToValidUTF8(message[:maxErrorMessage], "")
	}
	attributes := map[string]types.MessageAttributeValue{
		"ErrorCode": {DataType: aws.String("Number"), StringValue: aws.String(strconv.Itoa(failed.status))},
	}
	// SQS takes no empty attribute.
	for name, value := range map[string]string{"RequestID": failed.requestID, "ErrorMessage": message} {
		if value != "" {
			attributes[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(value)}
		}
	}
	_, err := r.config.Client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl:          aws.String(r.config.DeadLetterURL),
		MessageBody:       aws.String(string(payload)),
		MessageAttributes: attributes,
	})
	if err != nil {
		return fmt.Errorf("failed to send the dead letter: %w", err)
	}
	return nil
}

// finish deletes events that need no further attempt. failed is why they were
// given up, if they were.
func (r *Rule) finish(ctx context.Context, events []types.Message, failed error) {
	err := remove(context.WithoutCancel(ctx), r.config.Client, r.config.URL, events)
	if err := errors.Join(failed, err); err != nil {
		r.log(ctx, slog.LevelError, events, err)
	}
}

// handBack makes events visible in the queue again, after a wait that is rounded
// up to seconds.
func (r *Rule) handBack(ctx context.Context, events []types.Message, wait time.Duration) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	for _, event := range events {
		_, err := r.config.Client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
			QueueUrl:          aws.String(r.config.URL),
			ReceiptHandle:     event.ReceiptHandle,
			VisibilityTimeout: int32((wait + time.Second - 1) / time.Second),
		})
		if err != nil {
			r.log(ctx, slog.LevelError, []types.Message{event}, fmt.Errorf("failed to hand the event back: %w", err))
		}
	}
}

func (r *Rule) log(ctx context.Context, level slog.Level, events []types.Message, err error) {
	attributes := []any{"queue", r.config.URL, "events", ids(events)}
	if err != nil {
		attributes = append(attributes, "error", err)
	}
	r.config.Log.Log(ctx, level, "events", attributes...)
}
