package capacity

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/telemetry"
)

var memories = []int{128, 256, 512}

// TestTheFiguresOfCost computes every figure of docs/cost.md, and compares the page.
func TestTheFiguresOfCost(t *testing.T) {
	m, d := given(t)
	page(t, "cost.md", map[string]string{
		"million": perMillion(t, m, d), "bill": billed(t, m, d), "memory": byMemory(t, m), "month": perMonth(t, m, d), "measured": measuredBy(m),
		"traces": traces(), "prices": listed(),
	})
}

func measuredBy(m Measured) string {
	return fmt.Sprintf(`Measured on %s over %d events of each kind, with VideoSDK %d ms and AWS %d ms away, over TLS, the processor held to its
share by %s.
`, m.On, m.Events, m.VideoSDK, m.AWS, m.How)
}

func mustBill(t *testing.T, m Measured, w way, memoryMB int) []line {
	t.Helper()
	lines, err := m.bill(w, memoryMB)
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func perMillion(t *testing.T, m Measured, d deployed) string {
	var rows [][]string
	for _, w := range ways {
		row := []string{w.name}
		lines := mustBill(t, m, w, d.memoryMB)
		for _, prices := range [][]price{
			{httpRequest}, {lambdaRequest, lambdaTime}, {sqsRequest}, {tableWrite, tableRead, tableStorage, tableRecovery}, {busEvent}, {logIngestion, logStorage},
		} {
			var sum float64
			for _, l := range lines {
				if slices.Contains(prices, l.price) {
					sum += l.million()
				}
			}
			row = append(row, fmt.Sprintf("%.2f", sum))
		}
		starts, err := m.starting(w, d.memoryMB)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, append(row, fmt.Sprintf("**%.2f**", total(lines)), fmt.Sprintf("%.2f more", total(starts))))
	}
	return table([]string{
		"dollars for a million triggers", "HTTP API", "Lambda", "SQS", "DynamoDB", "EventBridge", "logs", "together", "if each is a start",
	}, rows)
}

// billed shows the arithmetic of one way.
func billed(t *testing.T, m Measured, d deployed) string {
	i := slices.IndexFunc(ways, func(w way) bool { return strings.HasPrefix(w.name, "webhook") })
	var rows [][]string
	lines := mustBill(t, m, ways[i], d.memoryMB)
	for _, l := range lines {
		if l.each == 0 {
			continue
		}
		rows = append(rows, []string{l.what, short(l.each*aMillion) + " × " + l.per, "$" + short(l.dollars), fmt.Sprintf("$%.2f", l.million())})
	}
	return table([]string{ways[i].name + ", a million", "quantity", "price", ""}, append(rows, []string{"together", "", "", fmt.Sprintf("$%.2f", total(lines))}))
}

func byMemory(t *testing.T, m Measured) string {
	var rows [][]string
	for _, l := range m.Loads {
		if l.MemoryMB != memories[0] {
			continue
		}
		row := []string{fmt.Sprintf("`%s`, %d in an event", l.Function, l.Triggers)}
		for _, memory := range memories {
			at, err := m.Of(l.Function, l.Triggers, memory)
			if err != nil {
				t.Fatal(err)
			}
			dollars := at.Warm / 1000 * float64(memory) / 1024 * lambdaTime.dollars * aMillion / float64(l.Triggers)
			row = append(row, fmt.Sprintf("%.0f ms, %.0f ms started, $%.2f", at.Warm, at.First, dollars))
		}
		rows = append(rows, row)
	}
	return table([]string{"billed for an event, dollars for a million triggers", "128 MB", "256 MB", "512 MB"}, rows)
}

// perMonth is what a deployment costs that nobody sends a trigger to, and what is added by each option.
func perMonth(t *testing.T, m Measured, d deployed) string {
	alarms, watched, filters := watchingOf(t)
	var metrics int
	for _, part := range []part{{"webhook", 1}, {"sqs", 1}} {
		l, err := m.Of(part.function, part.triggers, d.memoryMB)
		if err != nil {
			t.Fatal(err)
		}
		metrics += l.Use.Metrics
	}
	polls := 5 * monthSeconds / 20
	dollars := func(each price, n float64) string { return fmt.Sprintf("$%.2f", each.dollars*n) }
	return table([]string{"each month", "", ""}, [][]string{
		{"a secret", "one, two with webhooks", dollars(secretMonth, 1) + " to " + dollars(secretMonth, 2)},
		{"Lambda asking an empty queue, each of them", fmt.Sprintf("five at once, each for 20 seconds: %s requests", grouped(int(polls))), dollars(sqsRequest, polls) + ", nothing if the account's first million requests are free"},
		{"metrics", fmt.Sprintf("%d for one source whose webhooks end meetings, if it has values in every hour; others as they occur, %d names in all", metrics, len(telemetry.Emitted)+filters), dollars(metricMonth, float64(metrics))},
		{"alarms, if asked for", fmt.Sprintf("%d that watch %d metrics", alarms, watched), dollars(alarmMonth, float64(watched))},
		{"dashboard, if asked for", "one", dollars(dashboardMonth, 1) + ", nothing if it is one of the account's first three"},
	})
}

// watchingOf counts the template's alarms, the metrics that they watch, which is what an alarm is charged for, and the filters that each
// count a metric of their own.
func watchingOf(t *testing.T) (alarms, watched, filters int) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "..", "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, resource := range regexp.MustCompile(`(?m)^  [A-Za-z]+:\n(?:    .*\n|\n)+`).FindAllString(string(content), -1) {
		if strings.Contains(resource, "Type: AWS::CloudWatch::Alarm\n") {
			alarms++
			watched += max(1, strings.Count(resource, "MetricStat:"))
		}
	}
	return alarms, watched, strings.Count(string(content), "Type: AWS::Logs::MetricFilter\n")
}

func traces() string {
	var rows [][]string
	for _, aMonth := range []float64{1e5, 1e6, 3e6, 30e6} {
		share := traced(aMonth / monthSeconds)
		rows = append(rows, []string{grouped(int(aMonth)), fmt.Sprintf("%.0f %%", 100*share), fmt.Sprintf("$%.2f", share*traceRecorded.dollars*aMillion)})
	}
	return table([]string{"invocations a month, evenly", "recorded", "dollars for a million invocations"}, rows)
}

func listed() string {
	var rows [][]string
	for _, p := range prices {
		rows = append(rows, []string{p.what, "$" + short(p.dollars), p.per, p.source})
	}
	return table([]string{"", "price", "for each", "read in"}, rows)
}

// short is a number without an exponent and without zeros at its end.
func short(x float64) string {
	if x >= 1000 {
		return grouped(int(math.Round(x)))
	}
	text := fmt.Sprintf("%.10f", x)
	if x >= 1 {
		text = fmt.Sprintf("%.2f", x)
	}
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

func TestABillAddsUp(t *testing.T) {
	m := Measured{Loads: []Load{
		{Function: "webhook", Triggers: 1, MemoryMB: 1024, Warm: 10, First: 30, Use: Use{Sends: 1, LogBytes: 300}},
		{Function: "sqs", Triggers: 10, MemoryMB: 1024, Warm: 100, First: 200, Use: Use{WriteUnits: 30, ItemBytes: 20_000, Events: 10, LogBytes: 9300}},
	}}
	lines, err := m.bill(way{parts: []part{{"webhook", 1}, {"sqs", 10}}, apiRequests: 1, sqsRequests: 0.2}, 1024)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, l := range lines {
		got[l.what] = fmt.Sprintf("%.4f", l.million())
	}
	want := map[string]string{
		httpRequest.what: "1.0000", lambdaRequest.what: "0.2200", lambdaTime.what: "0.2667", sqsRequest.what: "0.4800", tableWrite.what: "1.8750", tableRead.what: "0.0000",
		tableStorage.what: "0.2500", tableRecovery.what: "0.2000", busEvent.what: "1.0000", logIngestion.what: "1.1800", logStorage.what: "0.0708",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if sum := fmt.Sprintf("%.4f", total(lines)); sum != "6.5425" {
		t.Errorf("together %s", sum)
	}
	starts, err := m.starting(way{parts: []part{{"webhook", 1}, {"sqs", 10}}}, 1024)
	if err != nil || fmt.Sprintf("%.4f", total(starts)) != "5.9000" {
		t.Errorf("starts add %.4f, %v", total(starts), err)
	}
	if _, err := m.bill(ways[0], 128); err == nil {
		t.Error("no error for what was not measured")
	}
}

func TestTracesAreSampled(t *testing.T) {
	for rate, want := range map[float64]float64{0.1: 1, 1: 1, 2: 0.525, 21: 2. / 21} {
		if got := traced(rate); math.Abs(got-want) > 1e-9 {
			t.Errorf("at %g a second %g, want %g", rate, got, want)
		}
	}
}
