package stack_test

import (
	"net/http"
	"slices"

	"videosdk-end-session/internal/local/standin"
)

// kind is a way in which a call of AWS goes wrong.
type kind struct {
	name   string
	do     func(refusals) func(exchange)
	leaves effect

	firstTry bool // only the first of the SDK's tries goes wrong
	after    bool // the call has its effect
	hangs    bool
}

// effect is what a call that went wrong leaves behind.
type effect int

const (
	passed effect = iota // the SDK has tried again or waited: the application notices nothing
	failed               // the call has failed, and done nothing
	unseen               // the call has failed, and done all the same what it was to do
)

func (r refusals) throttle() func(exchange) { return r.throttled }
func (r refusals) fail() func(exchange)     { return r.broken }

// ofAny is what every operation can do alike.
func ofAny(do func(exchange)) func(refusals) func(exchange) {
	return func(refusals) func(exchange) { return do }
}

// kinds are all of them. A connection that is refused does not tell which call it would have been for: see refusedConnections.
var kinds = []kind{
	{name: "throttled once", do: refusals.throttle, firstTry: true},
	{name: "throttled", do: refusals.throttle, leaves: failed},
	{name: "500 once", do: refusals.fail, firstTry: true},
	{name: "500", do: refusals.fail, leaves: failed},
	{name: "reset once", do: ofAny(resetting), firstTry: true},
	{name: "reset", do: ofAny(resetting), leaves: failed},
	{name: "answer lost", do: ofAny(resetting), firstTry: true, after: true},
	{name: "garbage", do: ofAny(garbage), leaves: failed},
	{name: "garbage after the effect", do: ofAny(garbage), after: true, leaves: unseen},
	{name: "an empty answer", do: ofAny(emptyReply), leaves: failed},
	{name: "late", do: ofAny(delaying)},
	{name: "hangs", do: ofAny(hanging), hangs: true, leaves: failed},
	{name: "hangs after the effect", do: ofAny(hanging), after: true, hangs: true, leaves: unseen},
}

// awsCall is a call that the functions make of AWS in one of their steps.
type awsCall struct {
	name  string
	fault awsFault // without what goes wrong
	// by are the ways of triggers whose function makes the call, and elsewhere is why the others' do not.
	by        []way
	elsewhere string
	// reads says that the call has no effect, and mute that its true answer is an empty one.
	reads, mute bool
	// comes is what a trigger comes to, and leased where that has to wait for a lease.
	comes  map[effect]wants
	leased []effect
	// ended are the effects after which the session is ended already, and retold those after which the outcome is out already.
	ended, retold []effect
	// when makes the row in which the call meets the fault. By default it is one trigger for a live session.
	when func(awsFault) row
}

// comes is what a trigger comes to whose call passes, and otherwise, whether its effect was seen or not.
func comes(passing, otherwise wants) map[effect]wants {
	return map[effect]wants{passed: passing, failed: otherwise, unseen: otherwise}
}

// queued is why webhooks meet few faults.
const queued = "What comes by webhook goes on by sqs"

// steps are the calls that are about one trigger. GetSecretValue is not: see badFetches.
func steps() []awsCall {
	const unavailable = "ledger_unavailable"
	handedOn := passing("videosdk_unavailable", "ending")
	return []awsCall{
		{
			name: "PutItem, the claim", fault: awsFault{operation: putItem, holds: []string{claiming}}, by: ways, elsewhere: queued, mute: true,
			comes:  comes(settled("ending"), passing(unavailable, "ending")),
			leased: []effect{unseen},
		},
		{
			name: "PutItem, the release of a claim", fault: awsFault{operation: putItem, holds: []string{claiming, overAClaim}},
			by: ways, elsewhere: queued, mute: true,
			comes:  comes(passing("videosdk_throttled", "ending"), passing("videosdk_throttled", "ending")),
			leased: []effect{failed},
			when: func(f awsFault) row {
				return row{aws: []awsFault{f}, faults: with(throttles(standin.OpEndSession, "3600", once))}
			},
		},
		{
			name: "PutItem, the record", fault: awsFault{operation: putItem, holds: []string{recording}}, by: ways, elsewhere: queued, mute: true,
			comes: map[effect]wants{
				passed: settled("ending"), failed: passing(unavailable, "already_ended"), unseen: passing(unavailable, "ending"),
			},
			leased: []effect{failed}, ended: []effect{failed},
		},
		{
			// Whatever becomes of this one, the trigger is done.
			name: "PutItem, the completion", fault: awsFault{operation: putItem, holds: []string{completing}}, by: ways, elsewhere: queued, mute: true,
			comes: comes(settled("ending"), settled("ending")),
		},
		{
			name: "GetItem", fault: awsFault{operation: getItem}, by: ways, elsewhere: queued, reads: true,
			comes: comes(settled("ending").followedBy(settled("ending")), settled("ending").followedBy(passing("videosdk_unavailable", "ending"))),
			when: func(f awsFault) row {
				// Not completed, the outcome is published again, so that the far end shows it.
				uncompleted := awsFault{operation: putItem, holds: []string{completing}, do: garbage}
				return row{aws: []awsFault{uncompleted}, triggers: twoTriggers(numbered(1, nil), onceMoreWithoutVideoSDK(f))}
			},
		},
		{
			name: "PutEvents", fault: awsFault{operation: putEvents, holds: []string{outcomeEvents}}, by: ways, elsewhere: queued,
			comes:  comes(settled("ending"), passing("publish_failed", "ending")),
			retold: []effect{unseen},
		},
		{
			// Lambda itself tries the event again, twice, and a webhook's sender does.
			name: "SendMessage to the trigger queue", fault: awsFault{operation: sendMessage, holds: []string{`TriggerQueue"`}},
			by: []way{byBus, byWebhook}, elsewhere: "What comes by sqs is on that queue, and the function of http and direct sends no messages",
			comes: comes(handedOn.but(received("ending")), handedOn.but(resent("queue_unavailable", "ending"))),
			when: func(f awsFault) row {
				return row{aws: []awsFault{f}, faults: func(c *cell) []standin.Fault {
					if c.way == byBus {
						return []standin.Fault{videoSDKAway}
					}
					return nil
				}}
			},
		},
		{
			// For what is no request the queue's function makes it, also if an event brought that. A webhook's sender is told so.
			name: "SendMessage to the dead-letter queue", fault: awsFault{operation: sendMessage, holds: []string{`DeadLetterQueue"`}},
			by: []way{byQueue, byBus}, elsewhere: "By the others, what is no request is refused to the caller's face",
			comes: comes(rejected("delay_not_supported"), rejected("delay_not_supported")),
			when:  func(f awsFault) row { return row{aws: []awsFault{f}, triggers: oneTrigger(set("delaySeconds", 5))} },
		},
	}
}

// videoSDKAway is VideoSDK failing as often as one delivery asks.
var videoSDKAway = answers(standin.OpListSessions, http.StatusBadGateway, 3)

// onceMoreWithoutVideoSDK is the first trigger of the cell delivered again, while VideoSDK is away, so that only the ledger can tell what
// became of it. Its item is found by the id of the outcome.
func onceMoreWithoutVideoSDK(fault awsFault) func(*cell) trigger {
	return func(c *cell) trigger {
		again := numbered(1, nil)(c)
		again.repeated = true
		fault := fault // the cells of a row run at the same time, and each has its own item
		for _, o := range c.world.published(outcomesOf(again.id)) {
			fault.holds = []string{o.ID}
		}
		c.meet(fault)
		away := videoSDKAway
		away.About = c.room
		if err := c.world.Standin.Inject(away); err != nil {
			c.problem("%v", err)
		}
		return again
	}
}

// cannot says why a kind of fault cannot be in a call, empty if it can.
func (a awsCall) cannot(k kind) string {
	switch {
	case a.reads && k.after:
		return "A read has no effect, so that nothing can go wrong after it"
	case a.mute && k.name == "an empty answer":
		return "Its true answer is as empty"
	default:
		return ""
	}
}

// with is the fault of a kind in the call.
func (a awsCall) with(k kind) awsFault {
	fault := a.fault
	fault.do, fault.oneCall, fault.firstTry, fault.after = k.do(refusalsOf[fault.operation]), true, k.firstTry, k.after
	if k.hangs {
		fault.times = once // nobody tries again what takes all the time there is
	}
	return fault
}

// rows are the call with every kind of fault.
func (a awsCall) rows() []row {
	var rows []row
	for _, k := range kinds {
		if a.cannot(k) != "" {
			continue
		}
		fault := a.with(k)
		r := row{aws: []awsFault{fault}}
		if a.when != nil {
			r = a.when(fault)
		}
		r.name, r.call, r.kind = a.name+": "+k.name, a.name, k.name
		r.want = a.comes[k.leaves].only(a.by...)
		r.slow = k.hangs || slices.Contains(a.leased, k.leaves)
		r.ended, r.retold = slices.Contains(a.ended, k.leaves), slices.Contains(a.retold, k.leaves)
		rows = append(rows, r)
	}
	return rows
}
