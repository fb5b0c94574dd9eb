package template

import (
	"encoding/json"
	"regexp"
	"strings"

	"videosdk-end-session/internal/telemetry"
)

// filterChecks are about metrics that are counted in log lines which are not
// the functions' own.
var filterChecks = []check{
	{"a metric filter counts the lines that it is for", filtersCountTheirLines},
}

// metricFilter is the properties of a metric filter.
type metricFilter struct {
	LogGroupName          string
	FilterPattern         string
	MetricTransformations []struct {
		MetricNamespace, MetricName, MetricValue, Unit string
		Dimensions                                     []struct{ Key, Value string }
	}
}

func (p *project) filters() (map[string]metricFilter, problems) {
	var found problems
	all := map[string]metricFilter{}
	for _, r := range p.of(kindMetricFilter) {
		var f metricFilter
		if err := decode(r.properties, &f); err != nil || len(f.MetricTransformations) != 1 {
			found.addf("%s counts into %d metrics: %v", r.logicalID, len(f.MetricTransformations), err)
			continue
		}
		all[r.logicalID] = f
	}
	return all, found
}

// filtered are the metrics of the filters, with what their dimensions are.
func (p *project) filtered() []watched {
	var all []watched
	filters, _ := p.filters()
	for _, f := range filters {
		m := f.MetricTransformations[0]
		w := watched{m.MetricNamespace, m.MetricName, map[string]string{}}
		line := p.accessLine("", "")
		for _, d := range m.Dimensions {
			w.dimensions[d.Key] = line[strings.TrimPrefix(d.Value, "$.")]
		}
		all = append(all, w)
	}
	return all
}

// accessLine is the line that the API logs of a request.
func (p *project) accessLine(status, route string) map[string]string {
	var line map[string]string
	for _, api := range p.of(kindHTTPAPI) {
		format, _ := value(api.properties, "AccessLogSettings", "Format").(string)
		written := loggedVariable.ReplaceAllStringFunc(format, func(variable string) string {
			switch variable {
			case "$context.status":
				return status
			case "$context.routeKey":
				return route
			}
			return "-" // how what is absent is logged
		})
		_ = json.Unmarshal([]byte(written), &line) // no JSON has no fields
	}
	return line
}

// Of the patterns for JSON, what is used here: comparisons of text, all of which
// must hold. Text that is compared without quotes would be a number, which a
// field in quotes is not.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-json-log-events.html
var (
	filterPattern = regexp.MustCompile(`^\{ (\([^()]*\)(?: && \([^()]*\))*) \}$`)
	comparison    = regexp.MustCompile(`^\(\$\.(\w+) (=|!=) "([^"*]+)"\)$`)
)

// matches tells whether a filter counts a line, and whether its pattern could be
// read.
func matches(pattern string, line map[string]string) (counts, ok bool) {
	all := filterPattern.FindStringSubmatch(pattern)
	if all == nil {
		return false, false
	}
	counts = true
	for single := range strings.SplitSeq(all[1], " && ") {
		c := comparison.FindStringSubmatch(single)
		if c == nil {
			return false, false
		}
		logged, has := line[c[1]]
		counts = counts && has && (logged == c[3]) == (c[2] == "=")
	}
	return counts, true
}

func filtersCountTheirLines(p *project) (found problems) {
	filters, found := p.filters()
	for id, f := range filters {
		m := f.MetricTransformations[0]
		if f.LogGroupName != p.ref("ApiAccessLogGroup") || m.MetricNamespace != telemetry.Namespace || m.MetricValue != "1" || m.Unit != "Count" {
			found.addf("%s counts %s %s of %s as %s", id, m.MetricValue, m.Unit, f.LogGroupName, m.MetricNamespace)
		}
		expect := func(status, route string, want bool) {
			if got, ok := matches(f.FilterPattern, p.accessLine(status, route)); got != want || !ok {
				found.addf("%s counts %s of %s: %t, read %t", id, status, route, got, ok)
			}
		}
		for _, function := range p.template.Functions {
			for _, r := range function.Routes {
				route := r.Method + " " + r.Path
				// A caller of the other route sees his 429, and repeats the call or not.
				expect("429", route, function.LogicalID == "WebhookFunction")
				for _, other := range []string{"200", "202", "401", "413", "503"} {
					expect(other, route, false)
				}
			}
		}
		// One of too many may be refused before its route is known.
		expect("429", "-", true)
	}
	return found
}
