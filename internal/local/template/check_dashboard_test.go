package template

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"videosdk-end-session/internal/telemetry"
)

// dashboardChecks are about the one look that answers whether it works, how
// fast, what failed, and for whom.
var dashboardChecks = []check{
	{"the dashboard shows what is measured", dashboardShowsWhatIsMeasured},
	{"the dashboard answers its questions", dashboardAnswers},
	{"every metric is on the dashboard", metricsAreShown},
}

type widget struct {
	Type                string
	X, Y, Width, Height int
	Properties          struct {
		Title, Markdown, Region, Query string
		View, Stat                     string
		Period                         int
		Metrics                        [][]any
	}
}

func (p *project) widgets() ([]widget, problems) {
	var found problems
	r, ok := p.resource("Dashboard")
	if !ok {
		return nil, nil
	}
	var body struct{ Widgets []widget }
	text, _ := r.properties["DashboardBody"].(string)
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		found.addf("the dashboard is no JSON: %v", err)
	}
	return body.Widgets, found
}

// searched is a search for metrics by their dimensions:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
var searched = regexp.MustCompile(`^(?:SUM\()?SEARCH\('\{(\w+),([\w,]+)\} MetricName="(\w+)" stack="([\w-]+)"', '(Sum|p50|p99)'\)\)?$`)

// shown returns the metrics of a widget. A search names dimensions without their
// values.
func shown(w widget) (all []watched, found problems) {
	for _, m := range w.Properties.Metrics {
		options, _ := m[len(m)-1].(map[string]any)
		if expression, ok := options["expression"].(string); ok {
			match := searched.FindStringSubmatch(expression)
			if match == nil {
				found.addf("%s: a search cannot be read: %s", w.Properties.Title, expression)
				continue
			}
			dimensions := map[string]string{}
			for _, name := range strings.Split(match[2], ",") {
				dimensions[name] = ""
			}
			dimensions["stack"] = match[4]
			all = append(all, watched{match[1], match[3], dimensions})
			if label, _ := options["label"].(string); strings.Contains(label, "PROP('Dim.") && !namesDimension(label, dimensions) {
				found.addf("%s: the label %s is of another dimension", w.Properties.Title, label)
			}
			continue
		}
		if len(m) < 5 || len(m)%2 == 0 {
			found.addf("%s: a metric cannot be read: %v", w.Properties.Title, m)
			continue
		}
		dimensions := map[string]string{}
		for i := 2; i+1 < len(m)-1; i += 2 {
			dimensions[fmt.Sprint(m[i])] = fmt.Sprint(m[i+1])
		}
		all = append(all, watched{fmt.Sprint(m[0]), fmt.Sprint(m[1]), dimensions})
	}
	return all, found
}

var labelled = regexp.MustCompile(`PROP\('Dim\.(\w+)'\)`)

func namesDimension(label string, dimensions map[string]string) bool {
	for _, name := range labelled.FindAllStringSubmatch(label, -1) {
		if _, ok := dimensions[name[1]]; !ok {
			return false
		}
	}
	return true
}

func dashboardShowsWhatIsMeasured(p *project) problems {
	widgets, found := p.widgets()
	for _, w := range widgets {
		metrics, problems := shown(w)
		found = append(found, problems...)
		for _, m := range metrics {
			if !p.isMeasured(m) && !p.isLeftOut(m) {
				found.addf("%s: %s is measured by nobody", w.Properties.Title, m)
			}
		}
		if w.Type != "text" && (w.Properties.Region != testStack.Region || w.Properties.Title == "") {
			found.addf("a widget of the region %q has the title %q", w.Properties.Region, w.Properties.Title)
		}
		if w.X < 0 || w.Y < 0 || w.Width < 1 || w.Height < 1 || w.X+w.Width > 24 {
			found.addf("%s does not fit", w.Properties.Title)
		}
	}
	for i, a := range widgets {
		for _, b := range widgets[i+1:] {
			if a.X < b.X+b.Width && b.X < a.X+a.Width && a.Y < b.Y+b.Height && b.Y < a.Y+a.Height {
				found.addf("%s lies over %s", a.Properties.Title+a.Properties.Markdown, b.Properties.Title+b.Properties.Markdown)
			}
		}
	}
	return found
}

// isLeftOut says whether a metric is one of webhooks that nothing counts because
// there are none.
func (p *project) isLeftOut(w watched) bool {
	return w.name == "WebhooksThrottled" && p.parameters["WebhookSecretId"] == ""
}

func dashboardAnswers(p *project) problems {
	widgets, found := p.widgets()
	if len(widgets) == 0 {
		return found
	}
	var questions []string
	for _, w := range widgets {
		if w.Type == "text" {
			questions = append(questions, strings.TrimPrefix(w.Properties.Markdown, "## "))
		}
	}
	found.compare("questions", questions, []string{"Is it working?", "How fast?", "What failed?", "For whom?"})
	i := slices.IndexFunc(widgets, func(w widget) bool { return w.Type == "log" })
	if i < 0 {
		found.addf("no table of what failed")
		return found
	}
	for _, group := range []string{"ApiLogGroup", "EventBridgeLogGroup", "SqsLogGroup"} {
		if !strings.Contains(widgets[i].Properties.Query, "SOURCE '"+p.ref(group)+"'") {
			found.addf("the table of what failed does not look into %s", group)
		}
	}
	return found
}

func metricsAreShown(p *project) problems {
	widgets, found := p.widgets()
	if len(widgets) == 0 {
		return found
	}
	ours := map[string]bool{}
	for _, w := range widgets {
		metrics, _ := shown(w)
		for _, m := range metrics {
			ours[m.name] = ours[m.name] || m.namespace == telemetry.Namespace
		}
	}
	for _, m := range telemetry.Emitted {
		if !ours[m.Name] {
			found.addf("%s is not shown", m.Name)
		}
	}
	for _, m := range p.filtered() {
		if !ours[m.name] {
			found.addf("%s is not shown", m.name)
		}
	}
	return found
}
