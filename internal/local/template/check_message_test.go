package template

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"videosdk-end-session/internal/endsession"
)

// messageChecks are about what happens to a message or an event that is not
// taken.
var messageChecks = []check{
	{"whatever is taken from a queue can be given up", queuesGiveUp},
	{"whatever is pushed can be put aside", pushesCanBePutAside},
	{"a function has time for its batch", batchesHaveTime},
	{"what waits is encrypted", messagesAreEncrypted},
	{"outcomes go to those who ask for them", outcomesAreForwarded},
	{"the ledger is a table as the code needs it", ledgerIsATable},
}

// deadLetterQueues are the queues that messages are put aside in.
func (p *project) deadLetterQueues() []string {
	return slices.DeleteFunc([]string{"DeadLetterQueue", "OutcomeDeadLetterQueue"}, func(id string) bool { return p.ref(id) == "" })
}

func queuesGiveUp(p *project) (found problems) {
	for _, q := range p.template.Queues {
		if slices.Contains(p.deadLetterQueues(), q.LogicalID) {
			if q.Redrive != nil || q.Retention != 14*24*time.Hour {
				found.addf("%s keeps its messages for %s", q.LogicalID, q.Retention)
			}
			continue
		}
		want := "DeadLetterQueue"
		if q.LogicalID == "OutcomeQueue" {
			want = "OutcomeDeadLetterQueue"
		}
		if q.Redrive == nil || q.Redrive.DeadLetterQueue != want {
			found.addf("%s has not the dead-letter queue %s", q.LogicalID, want)
			continue
		}
		// Fewer, and AWS's own throttling could use them up:
		// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
		if q.Redrive.MaxReceiveCount < 5 {
			found.addf("%s gives up after %d receives", q.LogicalID, q.Redrive.MaxReceiveCount)
		}
		// A message keeps its age when it moves to the dead-letter queue.
		if aside, ok := p.template.Queue(want); !ok || aside.Retention <= q.Retention {
			found.addf("%s keeps messages as long as %s", q.LogicalID, want)
		}
		if q.Retention != 4*24*time.Hour {
			found.addf("%s keeps messages for %s, want 4 days", q.LogicalID, q.Retention)
		}
	}
	return found
}

// asynchronous are the functions that are invoked by somebody who does not wait.
var asynchronous = map[string]AsyncInvocation{
	// EventBridge Scheduler, for example.
	"ApiFunction":         {Retries: 0, MaximumAge: time.Minute, DeadLetterQueue: "DeadLetterQueue"},
	"EventBridgeFunction": {Retries: 2, MaximumAge: 6 * time.Hour, DeadLetterQueue: "DeadLetterQueue"},
}

func pushesCanBePutAside(p *project) (found problems) {
	for _, f := range p.template.Functions {
		async, expected := asynchronous[f.LogicalID]
		if expected != (f.Async.DeadLetterQueue != "") || len(f.Rules) > 0 && !expected {
			found.addf("%s has the dead-letter queue %q", f.LogicalID, f.Async.DeadLetterQueue)
		}
		if expected && (f.Async.Retries != async.Retries || f.Async.MaximumAge != async.MaximumAge || f.Async.DeadLetterQueue != async.DeadLetterQueue) {
			found.addf("%s is invoked again %d times in %s, then %s", f.LogicalID, f.Async.Retries, f.Async.MaximumAge, f.Async.DeadLetterQueue)
		}
		for _, r := range f.Rules {
			found = append(found, ruleProblems(r, "DeadLetterQueue")...)
		}
	}
	for _, r := range p.template.Forwards {
		found = append(found, ruleProblems(r.Rule, "OutcomeDeadLetterQueue")...)
	}
	for _, r := range p.of(kindRule) {
		target, _ := r.properties["Targets"].([]any)[0].(map[string]any)
		if policy, _ := target["RetryPolicy"].(map[string]any); len(policy) != 2 || target["Id"] == nil {
			found.addf("%s does not say for how long it tries, or has a target without an id", r.logicalID)
		}
	}
	return found
}

func ruleProblems(r Rule, deadLetters string) (found problems) {
	if r.DeadLetterQueue != deadLetters {
		found.addf("%s has the dead-letter queue %q, want %s", r.LogicalID, r.DeadLetterQueue, deadLetters)
	}
	if most := (RetryPolicy{MaximumAge: 24 * time.Hour, Retries: 185}); r.Retry != most {
		found.addf("%s tries %d times in %s", r.LogicalID, r.Retry.Retries, r.Retry.MaximumAge)
	}
	return found
}

// AWS asks for six times the timeout, so that a batch that was throttled or
// timed out is not received again while Lambda still tries it:
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
func batchesHaveTime(p *project) (found problems) {
	consumed := []string{}
	for _, f := range p.template.Functions {
		for _, source := range f.Queues {
			consumed = append(consumed, source.Queue)
			if q, ok := p.template.Queue(source.Queue); !ok || q.Visibility < 6*f.Timeout {
				found.addf("%s: the visibility %s is under six timeouts of %s", source.Queue, q.Visibility, f.Timeout)
			}
			if !source.ReportBatchItemFailures {
				found.addf("%s fails all messages of %s together", f.LogicalID, source.Queue)
			}
			found.compare("what "+f.LogicalID+" takes of "+source.Queue, source.Patterns, p.patternsOf(source.Queue))
			if source.BatchSize != 10 || text(source.MaximumConcurrency) != p.parameters["MaximumConcurrency"] {
				found.addf("%s takes %d messages of %s at once, %d times", f.LogicalID, source.BatchSize, source.Queue, source.MaximumConcurrency)
			}
		}
	}
	want := []string{"TriggerQueue"}
	if p.parameters["CanvasRootAccountUuid"] != "" {
		want = append(want, "CanvasQueue")
	}
	found.compare("consumed queues", consumed, want)
	if q, ok := p.template.Queue("OutcomeQueue"); ok && q.Visibility != 180*time.Second {
		found.addf("a consumer has %s for a message of OutcomeQueue", q.Visibility)
	}
	return found
}

// patternsOf are those of the messages that are taken from a queue; none means
// every message.
func (p *project) patternsOf(queue string) []string {
	if queue != "CanvasQueue" {
		return nil
	}
	return []string{fmt.Sprintf(`{"body":{"metadata":{"event_name":["%s"], "root_account_uuid":[%q]}}}`,
		strings.Join(p.canvasEvents, `","`), p.parameters["CanvasRootAccountUuid"])}
}

func messagesAreEncrypted(p *project) (found problems) {
	key := p.parameters["KmsKeyArn"]
	for _, q := range p.of(kindQueue) {
		managed, master := q.properties["SqsManagedSseEnabled"], q.properties["KmsMasterKeyId"]
		switch {
		case key == "" || q.logicalID == "CanvasQueue": // whose sender may not use the key
			if managed != true || master != nil {
				found.addf("%s is encrypted by SQS: %v, by the key %v", q.logicalID, managed, master)
			}
		case managed != nil || master != key:
			found.addf("%s is encrypted by SQS: %v, by the key %v", q.logicalID, managed, master)
		}
	}
	for _, topic := range p.of(kindTopic) {
		if got := orEmpty(topic.properties["KmsMasterKeyId"]); got != key {
			found.addf("%s is encrypted by the key %v", topic.logicalID, got)
		}
	}
	// EventBridge loses what it cannot use a bus's key for, and an archive asks for
	// more in a key's policy than docs/operations.md does.
	for _, r := range slices.Concat(p.of(kindBus), p.of(kindArchive)) {
		if got := r.properties["KmsKeyIdentifier"]; got != nil {
			found.addf("%s is encrypted by the key %v", r.logicalID, got)
		}
	}
	for _, table := range p.of(kindTable) {
		want := "null"
		if key != "" {
			want = fmt.Sprintf(`{"KMSMasterKeyId":%q,"SSEEnabled":true,"SSEType":"KMS"}`, key)
		}
		if got := asJSON(table.properties["SSESpecification"]); got != want {
			found.addf("%s is encrypted by %s", table.logicalID, got)
		}
	}
	return found
}

// ofOutcomes matches what is published, and nothing else.
const ofOutcomes = `{"source":["` + endsession.EventSource + `"]}`

func outcomesAreForwarded(p *project) (found problems) {
	var got, want []string
	for _, f := range p.template.Forwards {
		got = append(got, f.Queue+f.Topic)
		if f.Pattern != ofOutcomes || f.Bus != p.outcomeBus() {
			found.addf("%s takes %s of the bus %s", f.LogicalID, f.Pattern, f.Bus)
		}
	}
	if p.parameters["CreateOutcomeTopic"] == "true" {
		want = append(want, "OutcomeTopic")
	}
	if p.parameters["CreateOutcomeQueue"] == "true" {
		want = append(want, "OutcomeQueue")
	}
	found.compare("outcomes go to", got, want)
	for _, archive := range p.of(kindArchive) {
		if pattern := asJSON(archive.properties["EventPattern"]); pattern != ofOutcomes {
			found.addf("the archive keeps %s", pattern)
		}
		if got := archive.properties["SourceArn"]; got != p.called("OutcomeBus") {
			found.addf("the archive is of the bus %v", got)
		}
		if got := archive.properties["RetentionDays"]; text(got) != p.parameters["OutcomeArchiveDays"] {
			found.addf("the archive keeps outcomes for %v days", got)
		}
	}
	for _, f := range p.template.Functions {
		for _, r := range f.Rules {
			want := asJSON(map[string]any{
				"source":      strings.Split(p.parameters["TriggerEventSources"], ","),
				"detail-type": strings.Split(p.parameters["TriggerDetailTypes"], ","),
			})
			if r.Pattern != want || r.Bus != p.parameters["TriggerBusName"] {
				found.addf("%s takes %s of the bus %s", r.LogicalID, r.Pattern, r.Bus)
			}
		}
	}
	if queue, ok := p.template.Queue("CanvasQueue"); ok && (!strings.HasPrefix(queue.Name, "canvas-live-events") || queue.FIFO) {
		found.addf("Canvas does not send to a queue named %s", queue.Name)
	}
	return found
}

func ledgerIsATable(p *project) (found problems) {
	for _, table := range p.template.Tables {
		if len(table.Keys) != 1 || table.Keys[0] != (Key{Attribute: "pk", Role: "HASH", Type: "S"}) || table.TTLAttribute != "expiresAt" {
			found.addf("%s has the key %v and forgets by %q", table.LogicalID, table.Keys, table.TTLAttribute)
		}
	}
	for _, table := range p.of(kindTable) {
		if value(table.properties, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") != true {
			found.addf("%s cannot be restored", table.logicalID)
		}
	}
	return found
}
