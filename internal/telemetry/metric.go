package telemetry

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/webhook/sources"
)

// Namespace is that of every metric in CloudWatch.
const Namespace = "VideoSDKEndSession"

// Metric is a metric that the functions write. Each of its dimension sets makes a metric in CloudWatch, billed by itself, for every
// combination of values that occurs. So every dimension has a bounded set of values, whatever is sent to a door.
type Metric struct {
	Name       string
	Unit       string // as CloudWatch names it
	Dimensions [][]string
}

// The dimension sets. The stack is the deployment, since two may share an account, and the door the function; a code is one of
// endsession's, a sourceGroup one of Sources and a reasonGroup one of Reasons, or Other. Alarms cannot search, so what they watch has a
// set for all doors.
var (
	overall   = [][]string{{"stack"}}
	byDoor    = [][]string{{"stack", "door"}}
	byTrigger = [][]string{{"stack", "door", "sourceGroup"}}
	byCode    = [][]string{{"stack", "door", "code"}}
	bySource  = [][]string{{"stack", "sourceGroup"}}
	byReason  = [][]string{{"stack", "reasonGroup"}} // of webhooks, which strangers can cause: the fewest dimensions of all
)

// The metrics. An outcome counts where it is published, so that a trigger counts once however often it is delivered.
var (
	ended        = Metric{"Ended", "Count", byTrigger}
	ending       = Metric{"Ending", "Count", byTrigger}
	alreadyEnded = Metric{"AlreadyEnded", "Count", byTrigger}
	notActive    = Metric{"NotActive", "Count", byTrigger}
	refused      = Metric{"Refused", "Count", slices.Concat(byTrigger, byCode)}
	failed       = Metric{"Failed", "Count", slices.Concat(overall, byTrigger, byCode)}
	dryRun       = Metric{"DryRun", "Count", byTrigger}

	duplicates         = Metric{"Duplicates", "Count", byTrigger}       // deliveries of what was published before
	deferred           = Metric{"Deferred", "Count", byCode}            // deliveries that failed for now
	rejected           = Metric{"Rejected", "Count", byCode}            // deliveries of what is no request
	credentialsRefused = Metric{"CredentialsRefused", "Count", overall} // deliveries that wait for somebody to mend a secret

	videoSDKLatency = Metric{"VideoSDKLatency", "Milliseconds", byDoor} // all calls of a delivery, with the pauses between them
	publishLatency  = Metric{"PublishLatency", "Milliseconds", byDoor}
	totalLatency    = Metric{"TotalLatency", "Milliseconds", byDoor}
	queueAge        = Metric{"QueueAge", "Milliseconds", byDoor}

	secretRefreshes = Metric{"SecretRefreshes", "Count", byDoor}
	staleSecrets    = Metric{"StaleSecrets", "Count", overall}

	webhooksAccepted = Metric{"WebhooksAccepted", "Count", bySource}
	webhooksIgnored  = Metric{"WebhooksIgnored", "Count", byReason}
	webhooksRefused  = Metric{"WebhooksRefused", "Count", slices.Concat(overall, byReason)}
	webhooksFailed   = Metric{"WebhooksFailed", "Count", slices.Concat(overall, byCode)} // genuine ones, kept from the queue by us
)

// Emitted is every metric that the functions write. Dashboards and alarms are compared with it.
var Emitted = []Metric{
	ended, ending, alreadyEnded, notActive, refused, failed, dryRun, duplicates, deferred, rejected, credentialsRefused,
	videoSDKLatency, publishLatency, totalLatency, queueAge, secretRefreshes, staleSecrets,
	webhooksAccepted, webhooksIgnored, webhooksRefused, webhooksFailed,
}

// Other is the group of every source and reason that has no metric of its own. The line says which it was.
const Other = "other"

// Sources returns the values of the dimension sourceGroup besides Other: the sources that are built in, what the doors call a document that
// names no source, and the source of the events that the template's rule takes. A document's own source is free text.
var Sources = sync.OnceValue(func() []string {
	return append(sources.Names(), "direct", "eventbridge", "http", "queue", "sns", "videosdk.trigger")
})

// Reasons returns the values of the dimension reasonGroup besides Other. The profiles of an operator's own source may give others.
var Reasons = sync.OnceValue(func() []string {
	return slices.Compact(slices.Sorted(slices.Values(append(sources.Reasons(),
		"after_window", "before_window", "challenge", "no_room", "not_relevant", "own_event", // to ignore a webhook
		"signature_malformed", "signature_mismatch", "signature_missing", "signature_stale", // to refuse it
	))))
})

// measured is the metrics of one line, and what their dimensions are made of.
type measured struct {
	door           string
	code           endsession.Code // empty for none
	source, reason string
	values         []value
}

type value struct {
	Metric
	amount float64
}

func (m *measured) count(one Metric) { m.values = append(m.values, value{one, 1}) }

func (m *measured) took(one Metric, d time.Duration) {
	m.values = append(m.values, value{one, milliseconds(d)})
}

// waited measures how long a request was on a queue, if it came by one.
func (m *measured) waited(r endsession.Request) {
	if r.Queued > 0 {
		m.took(queueAge, r.Queued)
	}
}

// unread counts what was delivered and could not be made a request.
func (m *measured) unread(err *endsession.Error) {
	switch err.Class {
	case endsession.Permanent:
		m.count(rejected)
	case endsession.Credentials:
		m.count(deferred)
		m.count(credentialsRefused)
	default:
		m.count(deferred)
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// attrs are the members that make a line one of the Embedded Metric Format: dimensions, values, and the directives that name both. A
// dimension is a field of the line like any other, so no line has the same twice.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func (m measured) attrs(at time.Time, deployment string) []slog.Attr {
	attrs := append(make([]slog.Attr, 0, 12), slog.String("stack", deployment), slog.String("door", m.door))
	if m.code != "" || m.uses("code") {
		attrs = append(attrs, slog.String("code", cmp.Or(string(m.code), Other)))
	}
	if m.uses("sourceGroup") {
		attrs = append(attrs, slog.String("sourceGroup", known(Sources(), m.source)))
	}
	if m.uses("reasonGroup") {
		attrs = append(attrs, slog.String("reasonGroup", known(Reasons(), m.reason)))
	}
	for _, v := range m.values {
		attrs = append(attrs, slog.Float64(v.Name, v.amount))
	}
	return append(attrs, slog.Any("_aws", m.metadata(at)))
}

func known(all []string, value string) string {
	if slices.Contains(all, value) {
		return value
	}
	return Other
}

func (m measured) uses(dimension string) bool {
	for _, v := range m.values {
		for _, set := range v.Dimensions {
			if slices.Contains(set, dimension) {
				return true
			}
		}
	}
	return false
}

// metadata is the member _aws: when, and which members of the line are metrics.
type metadata struct {
	Timestamp         int64 // epoch milliseconds
	CloudWatchMetrics []directive
}

// directive names metrics that have the same sets of dimensions.
type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []unit
}

type unit struct{ Name, Unit string }

func (m measured) metadata(at time.Time) metadata {
	var directives []directive
	for i, v := range m.values {
		if i == 0 || !slices.EqualFunc(v.Dimensions, m.values[i-1].Dimensions, slices.Equal[[]string]) {
			directives = append(directives, directive{Namespace: Namespace, Dimensions: v.Dimensions})
		}
		last := &directives[len(directives)-1]
		last.Metrics = append(last.Metrics, unit{v.Name, v.Unit})
	}
	return metadata{at.UnixMilli(), directives}
}

type measuredKey struct{}

// write writes a line with metrics. LOG_LEVEL does not hide the metrics: they are written without the line's own fields then.
func write(ctx context.Context, log *slog.Logger, level slog.Level, message string, line fields, m measured) {
	if !log.Enabled(ctx, level) {
		line = nil
	}
	log.LogAttrs(context.WithValue(ctx, measuredKey{}, m), level, message, line...)
}
