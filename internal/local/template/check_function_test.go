package template

import (
	"maps"
	"regexp"
	"slices"
	"time"

	"videosdk-end-session/internal/config"
)

// functionChecks are about the functions.
var functionChecks = []check{
	{"a function is given the variables that its code reads", functionsAreConfigured},
	{"a function is built by the Makefile", functionsAreBuilt},
	{"a finding of checkov is suppressed with a reason", suppressionsHaveReasons},
	{"a function runs as it was measured", functionsRunAsMeasured},
}

// variables are what each variable of the environment is set to.
func (p *project) variables() map[string]string {
	return map[string]string{
		config.VideoSDKSecretID:        p.parameters["VideoSdkSecretId"],
		config.VideoSDKAPIEndpoint:     p.parameters["VideoSdkApiEndpoint"],
		config.LedgerTable:             p.ref("LedgerTable"),
		config.EventBusName:            p.outcomeBus(),
		config.WebhookSecretID:         p.parameters["WebhookSecretId"],
		config.QueueURL:                p.ref("TriggerQueue"),
		config.DeadLetterQueueURL:      p.ref("DeadLetterQueue"),
		config.MaxTriggerAge:           p.parameters["MaxTriggerAge"],
		config.BookingLead:             p.parameters["BookingLead"],
		config.BookingGrace:            p.parameters["BookingGrace"],
		config.SecretTTL:               p.parameters["SecretTtl"],
		config.DryRun:                  p.parameters["DryRun"],
		config.PublishParticipantNames: p.parameters["PublishParticipantNames"],
		config.LogLevel:                p.parameters["LogLevel"],
		config.LogSampleRate:           p.parameters["LogSampleRate"],
		config.StackName:               testStack.Name,
	}
}

// readByGo are the variables that Go's runtime reads.
// https://pkg.go.dev/runtime#hdr-Environment_Variables
var readByGo = []string{"GOGC", "GOMAXPROCS", "GOMEMLIMIT"}

func functionsAreConfigured(p *project) (found problems) {
	values := p.variables()
	for _, f := range p.template.Functions {
		var read []string
		// What is missing is an error of the parser; what it asked for is not.
		_, _ = config.Parse(func(name string) string {
			read = append(read, name)
			return ""
		}, config.Function(functionName(f.LogicalID)))
		var set []string
		for name, value := range f.Environment {
			if slices.Contains(readByGo, name) {
				continue
			}
			set = append(set, name)
			if want, known := values[name]; known && value != want {
				found.addf("%s has %s=%q, want %q", f.LogicalID, name, value, want)
			}
		}
		slices.Sort(read)
		found.compare("variables of "+f.LogicalID, set, slices.Compact(read))
	}
	for name := range values {
		if !slices.ContainsFunc(p.template.Functions, func(f Function) bool { _, set := f.Environment[name]; return set }) && p.parameters["WebhookSecretId"] != "" {
			found.addf("no function has %s", name)
		}
	}
	return found
}

// buildTarget is a target that SAM calls, with the line that leaves the binary
// where SAM takes it from.
var buildTarget = regexp.MustCompile(`(?m)^build-(\w+): build-(\w+)\n\tcp dist/(\w+)/bootstrap \$\(ARTIFACTS_DIR\)/bootstrap$`)

func functionsAreBuilt(p *project) (found problems) {
	var built, functions []string
	for _, target := range buildTarget.FindAllStringSubmatch(p.makefile, -1) {
		built = append(built, target[1])
		if name := functionName(target[1]); target[2] != name || target[3] != name {
			found.addf("%s is built of %s and %s", target[1], target[2], target[3])
		}
	}
	for _, e := range p.sections.resources {
		if kind, _, err := (&declaration{entry: e}).parts(); err == nil && kind == kindFunction {
			functions = append(functions, e.key)
			if p.metadata(e)["BuildMethod"] != "makefile" {
				found.addf("%s is not built by the Makefile", e.key)
			}
		}
	}
	found.compare("targets of the Makefile", built, functions)
	for _, f := range p.of(kindFunction) {
		merged, err := merge(p.globals, f.properties)
		if err != nil || merged["CodeUri"] != "." || merged["Handler"] != "bootstrap" {
			found.addf("%s is built in %v as %v, %v", f.logicalID, merged["CodeUri"], merged["Handler"], err)
		}
	}
	return found
}

func suppressionsHaveReasons(p *project) (found problems) {
	for _, e := range p.sections.resources {
		skipped, _ := value(p.metadata(e), "checkov", "skip").([]any)
		for _, s := range skipped {
			if finding, _ := s.(map[string]any); finding["id"] == nil || finding["comment"] == nil {
				found.addf("%s: a finding is suppressed without a reason: %v", e.key, s)
			}
		}
	}
	return found
}

// metadata returns the Metadata of a resource.
func (p *project) metadata(e entry) map[string]any {
	entries, _ := entriesOf(e.value, e.at)
	for _, attribute := range entries {
		if attribute.key == "Metadata" {
			metadata, _ := (&resolver{}).mapping(attribute.value, attribute.at)
			return metadata
		}
	}
	return nil
}

// timeouts: a gateway cuts after 29 to 30 s, and senders of webhooks wait for 3
// to 15 s.
var timeouts = map[string]time.Duration{
	"ApiFunction": 25 * time.Second, "EventBridgeFunction": 25 * time.Second, "SqsFunction": 25 * time.Second, "WebhookFunction": 10 * time.Second,
}

func functionsRunAsMeasured(p *project) (found problems) {
	want := slices.Sorted(maps.Keys(timeouts))
	if p.parameters["WebhookSecretId"] == "" {
		want = slices.DeleteFunc(want, func(id string) bool { return id == "WebhookFunction" })
	}
	var got []string
	for _, f := range p.template.Functions {
		got = append(got, f.LogicalID)
		if f.Timeout != timeouts[f.LogicalID] {
			found.addf("%s is cut after %s, want %s", f.LogicalID, f.Timeout, timeouts[f.LogicalID])
		}
		if text(f.MemoryMB) != p.parameters["MemorySize"] || f.Architecture != p.parameters["Architecture"] {
			found.addf("%s runs with %d MB on %s", f.LogicalID, f.MemoryMB, f.Architecture)
		}
	}
	found.compare("functions", got, want)
	for _, f := range p.of(kindFunction) {
		merged, _ := merge(p.globals, f.properties)
		if merged["Tracing"] != p.parameters["Tracing"] {
			found.addf("%s is traced: %v", f.logicalID, merged["Tracing"])
		}
	}
	return found
}
