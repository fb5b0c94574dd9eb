package capacity

import (
	"time"

	"videosdk-end-session/internal/endsession"
)

// aMillion triggers are what costs are told for.
const aMillion = 1e6

// What is not measured here.
const (
	// Bytes of the access log's line for a request, the template's format filled in, and of the lines that Lambda itself writes for an
	// invocation, platform.start and platform.report.
	accessBytes, platformBytes = 360.0, 700.0
	// Days that the ledger keeps an entry, and the template's LogRetentionDays.
	keptDays, keptLogDays = float64(endsession.Retention) / float64(24*time.Hour), 30.0
	// Of a month.
	monthDays, monthSeconds = 30.0, 30.0 * 24 * 3600
	gigabyte                = 1e9
)

// part is one function's work on a trigger's way.
type part struct {
	function string
	triggers int // in an event
}

// way is how triggers come.
type way struct {
	name        string
	parts       []part
	apiRequests float64 // of each trigger
	sqsRequests float64 // of each trigger, besides those that the functions make: to send, receive and delete its message
	busEvents   float64 // of each trigger, before its outcome
}

// ways are those of docs/cost.md. Lambda receives and deletes up to ten messages with one request each.
var ways = []way{
	{name: "HTTP, answered at once", parts: []part{{"api", 1}}, apiRequests: 1},
	{name: "queue, one by one", parts: []part{{"sqs", 1}}, sqsRequests: 3},
	{name: "queue, ten at a time", parts: []part{{"sqs", 10}}, sqsRequests: 1.2},
	{name: "webhook, then queue one by one", parts: []part{{"webhook", 1}, {"sqs", 1}}, apiRequests: 1, sqsRequests: 2},
	{name: "event on a bus", parts: []part{{"eventbridge", 1}}, busEvents: 1},
}

// line is one of a bill.
type line struct {
	price
	each float64 // how much of it a trigger takes
}

// million returns the dollars for a million triggers.
func (l line) million() float64 { return l.each * l.dollars * aMillion }

// bill returns what a trigger that comes by a way takes, with so much memory for the functions, none of them starting.
func (m Measured) bill(w way, memoryMB int) ([]line, error) {
	var invocations, seconds, writes, reads, kept, events, sends float64
	lines := accessBytes * w.apiRequests
	for _, p := range w.parts {
		l, err := m.Of(p.function, p.triggers, memoryMB)
		if err != nil {
			return nil, err
		}
		each := 1 / float64(p.triggers)
		invocations += each
		seconds += l.Warm / 1000 * each
		lines += (l.Use.LogBytes + platformBytes) * each
		writes += l.Use.WriteUnits * each
		reads += l.Use.ReadUnits * each
		kept += l.Use.ItemBytes * each
		events += l.Use.Events * each
		sends += l.Use.Sends * each
	}
	month := func(bytes, days float64) float64 { return bytes / gigabyte * days / monthDays }
	return []line{
		{httpRequest, w.apiRequests},
		{lambdaRequest, invocations},
		{lambdaTime, seconds * float64(memoryMB) / 1024},
		{sqsRequest, w.sqsRequests + sends},
		{tableWrite, writes},
		{tableRead, reads},
		{tableStorage, month(kept, keptDays)},
		{tableRecovery, month(kept, keptDays)},
		{busEvent, w.busEvents + events},
		{logIngestion, lines / gigabyte},
		{logStorage, month(lines, keptLogDays)},
	}, nil
}

// starting returns the lines that starts add to a bill in which every event is an environment's first: more of Lambda's time, and the secrets
// that are read. An environment that lives on reads them again in each SECRET_TTL.
func (m Measured) starting(w way, memoryMB int) ([]line, error) {
	var seconds, secrets float64
	for _, p := range w.parts {
		l, err := m.Of(p.function, p.triggers, memoryMB)
		if err != nil {
			return nil, err
		}
		seconds += (l.First - l.Warm) / 1000 / float64(p.triggers)
		secrets += 1 / float64(p.triggers)
	}
	return []line{{lambdaTime, seconds * float64(memoryMB) / 1024}, {secretRequest, secrets}}, nil
}

func total(lines []line) float64 {
	var sum float64
	for _, l := range lines {
		sum += l.million()
	}
	return sum
}

// traced returns the share of invocations that X-Ray records at a steady rate: one each second, and a twentieth of the others. Lambda
// does not let that be configured: https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
func traced(invocationsPerSecond float64) float64 {
	first := min(invocationsPerSecond, 1)
	return (first + (invocationsPerSecond-first)/20) / invocationsPerSecond
}
