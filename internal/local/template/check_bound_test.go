package template

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"videosdk-end-session/internal/config"
)

// boundChecks are about values that only the functions judge, when they start:
// what they refuse should not be deployed.
var boundChecks = []check{
	{"a parameter takes what the functions take", parametersTakeWhatFunctionsTake},
	{"a duration says from where to where it may be", durationsSayTheirBounds},
}

// durations are the parameters that are durations, with their bounds.
var durations = map[string]struct{ least, most string }{
	"SecretTtl":     {"1s", "336h"},
	"MaxTriggerAge": {"1s", "336h"},
	"BookingLead":   {"0s", "336h"},
	"BookingGrace":  {"0s", "336h"},
}

// taken are values, at the ends of what is allowed, that the functions take.
var taken = map[string][]string{
	"SecretTtl":     {"1s", "999999s", "1m", "9999m", "1h", "336h"},
	"MaxTriggerAge": {"1s", "999999s", "1m", "9999m", "1h", "299h", "336h"},
	"BookingLead":   {"0s", "999999s", "0m", "9999m", "0h", "300h", "336h"},
	"BookingGrace":  {"0s", "999999s", "0m", "9999m", "0h", "329h", "336h"},
	"LogLevel":      {"DEBUG", "INFO", "WARN", "ERROR"},
	"LogSampleRate": {"0", "0.001", "1"},
	"VideoSdkApiEndpoint": {
		"https://api.videosdk.live/", "https://api.videosdk.live:8443/v2", "http://127.0.0.1:8080", "http://localhost/v2/", "http://[::1]:80",
	},
}

func parametersTakeWhatFunctionsTake(p *project) (found problems) {
	for _, e := range p.sections.parameters {
		for _, value := range taken[e.key] {
			if _, err := parameterValue(e, map[string]string{e.key: value}); err != nil {
				found.addf("%s may not be %q: %v", e.key, value, err)
			}
		}
	}
	return found
}

func durationsSayTheirBounds(p *project) (found problems) {
	for _, e := range p.sections.parameters {
		bounds, isDuration := durations[e.key]
		if !isDuration {
			continue
		}
		properties, _ := (&resolver{}).mapping(e.value, e.at)
		if said, _ := properties["Description"].(string); !strings.Contains(said, fmt.Sprintf("from %s to %s", bounds.least, bounds.most)) {
			found.addf("%s does not say that it is from %s to %s: %s", e.key, bounds.least, bounds.most, said)
		}
	}
	return found
}

// tried returns values for a parameter: those of the tables, and for a duration
// numbers around each change of what is allowed, in every unit that Go knows and
// in one that it does not.
func tried(parameter string) []string {
	values := slices.Concat(refused[parameter], taken[parameter])
	if _, isDuration := durations[parameter]; !isDuration {
		return values
	}
	for _, n := range []int{0, 1, 9, 10, 99, 100, 299, 300, 329, 330, 335, 336, 337, 399, 999, 9999, 10000, 20161, 999999, 1000000, 1209601} {
		for _, unit := range []string{"ns", "us", "ms", "s", "m", "h", "d", ""} {
			values = append(values, strconv.Itoa(n)+unit)
		}
	}
	return append(values, "336h1s", "1h30m", "-1s", "1.5h", "0")
}

// Otherwise the deployment would succeed, and no function start.
func TestTheFunctionsStartWithWhateverTheTemplateAllows(t *testing.T) {
	f, root := readFiles(t), parseProject(t)
	sections, err := readSections(root)
	if err != nil {
		t.Fatal(err)
	}
	for parameter := range taken {
		if !slices.ContainsFunc(sections.parameters, func(e entry) bool { return e.key == parameter }) {
			t.Errorf("the template has no parameter %s", parameter)
		}
	}
	started := 0
	for _, e := range sections.parameters {
		for _, value := range tried(e.key) {
			if _, err := parameterValue(e, map[string]string{e.key: value}); err != nil {
				continue
			}
			p, err := f.load(root, with(everything, map[string]string{e.key: value}))
			if err != nil {
				t.Fatalf("with %s=%q: %v", e.key, value, err)
			}
			for _, function := range p.template.Functions {
				getenv := func(name string) string { return function.Environment[name] }
				if _, err := config.Parse(getenv, config.Function(functionName(function.LogicalID))); err != nil {
					t.Errorf("with %s=%q %s does not start: %v", e.key, value, function.LogicalID, err)
				}
				started++
			}
		}
	}
	if started < 400 {
		t.Errorf("only %d functions were started", started)
	}
}
