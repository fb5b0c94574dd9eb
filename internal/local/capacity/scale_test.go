package capacity

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// timetable is a school's: so many lessons end within a minute, each at a time of its own.
func timetable(lessons int) []time.Duration {
	luck := rand.New(rand.NewPCG(7, 7))
	all := make([]time.Duration, lessons)
	for i := range all {
		all[i] = time.Duration(luck.Int64N(int64(time.Minute)))
	}
	slices.Sort(all)
	return all
}

// steadily is triggers that come independently of each other, so many a day, for a while.
func steadily(aDay float64, during time.Duration) []time.Duration {
	luck := rand.New(rand.NewPCG(8, 8))
	var all []time.Duration
	for at := time.Duration(0); ; {
		at += time.Duration(luck.ExpFloat64() / aDay * float64(24*time.Hour))
		if at >= during {
			return all
		}
		all = append(all, at)
	}
}

// simulate plays a scenario in a bubble of its own.
func simulate(t *testing.T, s scenario) result {
	t.Helper()
	m, d := given(t)
	if s.concurrency == 0 {
		s.concurrency = d.concurrency
	}
	if s.latency == 0 {
		s.latency = time.Duration(m.VideoSDK) * time.Millisecond
	}
	var r result
	synctest.Test(t, func(t *testing.T) {
		var err error
		if r, err = s.run(m, d); err != nil {
			t.Fatal(err)
		}
	})
	if len(r.waits)+r.letters != len(s.arrivals) {
		t.Fatalf("%d triggers came to %d outcomes and %d dead letters", len(s.arrivals), len(r.waits), r.letters)
	}
	return r
}

// at is the time within which that share of the triggers had their outcome.
func (r result) at(share float64) time.Duration {
	return r.waits[min(len(r.waits)-1, int(share*float64(len(r.waits))))]
}

// dollars is what Lambda charges for it, without the requests.
func (r result) dollars(memoryMB int) float64 {
	return r.billed.Seconds() * float64(memoryMB) / 1024 * lambdaTime.dollars
}

const lessons = 5000

// TestTheFiguresOfScale plays every scenario of docs/scale.md, and compares the page.
func TestTheFiguresOfScale(t *testing.T) {
	m, d := given(t)
	page(t, "scale.md", map[string]string{
		"assumptions": assumptions(m, d), "bell": bell(t, d), "slow": slow(t), "throttled": throttled(t), "steady": steady(t, d), "outage": outage(t, d),
		"limits": limits(t, m, d),
	})
}

func assumptions(m Measured, d deployed) string {
	return fmt.Sprintf(`Of the template: memory of %d MB, batches of up to %d, %s invisible, %d receives, a timeout of %s. Of VideoSDK: %d ms for each call,
where nothing else is said. Measured on %s: what the function takes besides, 1 to %d messages at a time, started and warm, with AWS %d ms away.
`, d.memoryMB, d.batch, about(d.visibility), d.maxReceive, about(d.timeout), m.VideoSDK, m.On, d.batch, m.AWS)
}

// bell is a school at which all lessons end in the same minute.
func bell(t *testing.T, d deployed) string {
	var rows [][]string
	for _, concurrency := range []int{2, 5, 10, 50} {
		r := simulate(t, scenario{arrivals: timetable(lessons), concurrency: concurrency})
		if r.letters > 0 {
			t.Errorf("%d dead letters with %d batches at once", r.letters, concurrency)
		}
		rows = append(rows, []string{
			fmt.Sprint(concurrency), about(r.drained), about(r.at(0.5)), about(r.at(0.99)), fmt.Sprint(r.most), grouped(r.invocations), grouped(r.busiest),
			fmt.Sprintf("$%.4f", r.dollars(d.memoryMB)),
		})
	}
	return table([]string{
		"`MaximumConcurrency`", "until the last outcome", "half wait at most", "99 % wait at most", "environments", "invocations", "calls to VideoSDK in the busiest second", "Lambda's time",
	}, rows)
}

func slow(t *testing.T) string {
	var rows [][]string
	for _, latency := range []time.Duration{100 * time.Millisecond, time.Second, 4 * time.Second} {
		for _, concurrency := range []int{5, 20} {
			r := simulate(t, scenario{arrivals: timetable(lessons), concurrency: concurrency, latency: latency})
			rows = append(rows, []string{about(latency), fmt.Sprint(concurrency), about(r.drained), about(r.at(0.5)), about(r.at(0.99)), fmt.Sprint(r.letters)})
		}
	}
	return table([]string{"a call to VideoSDK takes", "`MaximumConcurrency`", "until the last outcome", "half wait at most", "99 % wait at most", "dead letters"}, rows)
}

func throttled(t *testing.T) string {
	var rows [][]string
	for _, limit := range []float64{10, 50, 100} {
		for _, concurrency := range []int{2, 5, 20} {
			s := scenario{arrivals: timetable(lessons), concurrency: concurrency, limit: limit}
			r := simulate(t, s)
			s.hasty = true
			hasty := simulate(t, s)
			if r.letters > 0 {
				t.Errorf("%d dead letters with %d batches at once and %g calls a second", r.letters, concurrency, limit)
			}
			rows = append(rows, []string{
				fmt.Sprint(limit), fmt.Sprint(concurrency), about(time.Duration(2*lessons/limit) * time.Second), about(r.drained), about(r.at(0.99)), grouped(r.refused), fmt.Sprint(r.receives),
				about(hasty.drained), fmt.Sprint(hasty.letters),
			})
		}
	}
	return table([]string{
		"calls that VideoSDK takes a second", "`MaximumConcurrency`", "10,000 calls take at least", "until the last outcome", "99 % wait at most", "calls refused", "receives of a message at most",
		"the same with three calls each", "and dead letters",
	}, rows)
}

func steady(t *testing.T, d deployed) string {
	const during = 10 * time.Minute
	var rows [][]string
	for _, aDay := range []float64{10_000, 100_000, 1_000_000, 5_000_000} {
		r := simulate(t, scenario{arrivals: steadily(aDay, during)})
		rows = append(rows, []string{
			grouped(int(aDay)), fmt.Sprintf("%.1f", float64(r.deliveries)/float64(r.invocations)), fmt.Sprint(r.most), about(r.at(0.5)), about(r.at(0.99)), grouped(r.busiest),
			fmt.Sprintf("$%.2f", r.dollars(d.memoryMB)/float64(len(r.waits))*aMillion),
		})
	}
	return table([]string{
		"triggers a day", "messages in a batch", "environments", "half wait at most", "99 % wait at most", "calls to VideoSDK in the busiest second", "Lambda's time for a million",
	}, rows)
}

func outage(t *testing.T, d deployed) string {
	const aDay, before = 20_000, 5 * time.Minute
	var rows [][]string
	for _, lasts := range []time.Duration{15 * time.Minute, 50 * time.Minute, 2 * time.Hour} {
		r := simulate(t, scenario{arrivals: steadily(aDay, before+lasts+10*time.Minute), away: func(since time.Duration) bool {
			return since >= before && since < before+lasts
		}})
		if lasts < time.Duration(d.maxReceive-1)*d.visibility && r.letters > 0 {
			t.Errorf("%d dead letters after an outage of %s", r.letters, lasts)
		}
		rows = append(rows, []string{
			about(lasts), grouped(len(r.waits) + r.letters), grouped(r.deliveries), fmt.Sprint(r.receives), about(r.waits[len(r.waits)-1]), grouped(r.letters),
		})
	}
	return table([]string{"VideoSDK is away for", "triggers from 5 minutes before to 10 after it", "deliveries", "receives of a message at most", "longest wait for an outcome", "dead letters"}, rows)
}

// limits tells at how many triggers a second each quota binds.
func limits(t *testing.T, m Measured, d deployed) string {
	of := func(function string, triggers int) Load {
		l, err := m.Of(function, triggers, d.memoryMB)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	one, ten, api := of("sqs", 1), of("sqs", 10), of("api", 1)
	rate := func(slots float64, l Load) float64 { return slots * float64(l.Triggers) / (l.Warm / 1000) }
	at := func(perSecond float64) string { return grouped(int(perSecond)) }
	const (
		lambdaDocs = "https://docs.aws.amazon.com/lambda/latest/dg/"
		busDocs    = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"
		tableDocs  = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
	)
	rows := [][]string{
		{"HTTP, webhooks", "parameter `RequestRate`, " + at(d.requestRate) + " a second", at(d.requestRate), "Raise it, and `RequestBurst`: what is above gets 429."},
		{"queue", fmt.Sprintf("parameter `MaximumConcurrency`, %d", d.concurrency), at(rate(float64(d.concurrency), ten)), "Raise it, if VideoSDK takes more calls. Waiting costs nothing and loses nothing."},
		{"all", "VideoSDK's rate, which it does not publish", "?", "Ask VideoSDK. Each trigger takes two calls, or three where VideoSDK does not show a `customRoomId` that it names."},
		{"all", "DynamoDB, a new table: [4,000 write units a second](" + tableDocs + "warm-throughput-scenarios.html)", at(4000 / one.Use.WriteUnits), "Nothing: it doubles what it had by itself. Before a known peak, set the table's warm throughput."},
		{"all, one by one", "EventBridge, smallest regions: [400 `PutEvents` a second](" + busDocs + ")", at(400), "Ask AWS to raise it. us-east-1, us-west-2 and eu-west-1 have 10,000. A full batch of the queue makes one call."},
		{"bus", "EventBridge, smallest regions: [750 invocations a second](" + busDocs + ")", at(750), "Ask AWS to raise it: above, events are late, and not lost."},
		{"HTTP, bus", "Lambda: [1,000 environments](" + lambdaDocs + "gettingstarted-limits.html) for the whole account", at(rate(1000, api)), "Ask AWS to raise it. New accounts have less, some tens."},
		{"queue", "Lambda: [300 more batches at once each minute](" + lambdaDocs + "services-sqs-scaling.html), up to 1,000", at(rate(1000, ten)), "Nothing: three and a half minutes from 5 to 1,000."},
		{"all", "DynamoDB: [40,000 write units a second](" + tableDocs + "on-demand-capacity-mode.html) for a table", at(40000 / one.Use.WriteUnits), "Ask AWS to raise it."},
		{"HTTP, webhooks", "[10,000 requests a second](https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html) for the whole account, 2,500 in newer regions", at(10000), "Ask AWS to raise it."},
		{"all", "Secrets Manager: [10,000 reads a second](https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html)", "never", "Nothing: each environment reads once in `SecretTtl`."},
		{"queue", "SQS: [120,000 messages](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html) in flight", at(120_000/d.visibility.Seconds()) + " that fail", fmt.Sprintf("Nothing: what failed is in flight for %s. What waits is received later.", about(d.visibility))},
	}
	return table([]string{"door", "what binds", "triggers a second", "what to do"}, rows)
}
