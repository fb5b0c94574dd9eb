package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// send sends the document in FILE through the door DOOR of the stack, and says what the door answered.
func (o *operator) send(ctx context.Context) error {
	door := o.needOneOf("DOOR", o.getenv("DOOR"), "api", "queue", "bus")
	document, fields := o.needDocument()
	if door == "queue" && namesASession(fields) && fields["occurredAt"] == nil {
		o.lack(`a document on the queue must say when it happened, as in "occurredAt":"%s"`, time.Now().UTC().Format(time.RFC3339))
	}
	stack := o.needStack()
	o.needAWS(ctx)
	found := o.needDeployed(ctx, stack)
	var send func() error
	switch door {
	case "queue":
		queue := o.needOutput(found, "TriggerQueueUrl")
		send = func() error { return o.sendMessage(ctx, queue, document) }
	case "bus":
		bus := o.needOutput(found, "TriggerBusName")
		source, detailType := firstOf(found.parameters["TriggerEventSources"]), firstOf(found.parameters["TriggerDetailTypes"])
		send = func() error { return o.putEvent(ctx, event{source, detailType, string(document), bus}) }
	case "api":
		url := o.needOutput(found, "ApiUrl")
		send = func() error { return o.post(ctx, url, document) }
	}
	if err := o.ready(); err != nil {
		return err
	}
	return send()
}

// namesASession says whether the document is a bare request, and not an envelope with a time of its own.
func namesASession(fields map[string]json.RawMessage) bool {
	for _, name := range []string{"roomId", "meetingId", "customRoomId", "userMeetingId", "sessionId"} {
		if fields[name] != nil {
			return true
		}
	}
	return false
}

// firstOf returns the first value of a parameter that is a list.
func firstOf(list string) string {
	first, _, _ := strings.Cut(list, ",")
	return strings.TrimSpace(first)
}

func (o *operator) sendMessage(ctx context.Context, queue string, document []byte) error {
	var answer struct{ MessageID string }
	if err := o.tell(ctx, document, &answer, "sqs", "send-message", "--queue-url", queue, "--message-body", stdin); err != nil {
		return err
	}
	o.say("Sent message %s to %s.", answer.MessageID, queue)
	return nil
}

// event is an entry of PutEvents.
type event struct{ Source, DetailType, Detail, EventBusName string }

func (o *operator) putEvent(ctx context.Context, e event) error {
	entries, err := json.Marshal([]event{e})
	if err != nil {
		return err
	}
	var answer struct {
		Entries []struct{ EventID, ErrorCode, ErrorMessage string }
	}
	if err := o.tell(ctx, entries, &answer, "events", "put-events", "--entries", stdin); err != nil {
		return err
	}
	if len(answer.Entries) != 1 || answer.Entries[0].EventID == "" {
		return fmt.Errorf("the bus %s did not take the event: %+v", e.EventBusName, answer.Entries)
	}
	o.say("Put event %s of source %s and type %q on the bus %s.", answer.Entries[0].EventID, e.Source, e.DetailType, e.EventBusName)
	return nil
}

// patience bounds an HTTP call. The gateway answers within 30 s.
const patience = 35 * time.Second

// post signs the document with the credentials of the AWS CLI, posts it, and shows the answer.
func (o *operator) post(ctx context.Context, url string, document []byte) error {
	var keys struct{ AccessKeyID, SecretAccessKey, SessionToken string }
	exported, err := o.call(ctx, nil, "aws", "configure", "export-credentials", "--format", "process")
	if err != nil {
		return fmt.Errorf("the credentials of the AWS CLI: %w", err)
	}
	if err := json.Unmarshal(exported, &keys); err != nil {
		return fmt.Errorf("the credentials of the AWS CLI cannot be read: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(document))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	hash := sha256.Sum256(document)
	signer := aws.Credentials{AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey, SessionToken: keys.SessionToken}
	if err := v4.NewSigner().SignHTTP(ctx, signer, request, hex.EncodeToString(hash[:]), "execute-api", o.region, time.Now()); err != nil {
		return fmt.Errorf("sign the request: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read the answer %s: %w", response.Status, err)
	}
	o.say("%s\n%s", response.Status, indented(answer))
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s was answered with %s", url, response.Status)
	}
	return nil
}

func indented(answer []byte) string {
	var pretty bytes.Buffer
	if json.Indent(&pretty, answer, "", "  ") != nil {
		return string(answer)
	}
	return pretty.String()
}
