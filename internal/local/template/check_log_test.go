package template

import "strings"

// logChecks are about logs, and about what stays when a stack is deleted.
var logChecks = []check{
	{"a log group forgets when it is told to", logGroupsForget},
	{"a function logs to its group, as JSON of every level", functionsLog},
	{"what holds data outlives the stack", dataOutlivesTheStack},
}

func logGroupsForget(p *project) (found problems) {
	for _, g := range p.of(kindLogGroup) {
		if got := text(orEmpty(g.properties["RetentionInDays"])); got != p.parameters["LogRetentionDays"] {
			found.addf("%s keeps its lines for %q days", g.logicalID, got)
		}
	}
	return found
}

func functionsLog(p *project) (found problems) {
	for _, f := range p.of(kindFunction) {
		merged, _ := merge(p.globals, f.properties)
		group := p.ref(strings.TrimSuffix(f.logicalID, "Function") + "LogGroup")
		want := asJSON(map[string]any{"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "LogGroup": group})
		if got := asJSON(merged["LoggingConfig"]); got != want || group == "" {
			found.addf("%s logs as %s, want %s", f.logicalID, got, want)
		}
	}
	return found
}

// dataOutlivesTheStack: triggers, outcomes, the ledger and logs are kept, unless
// the stack could not even be made.
func dataOutlivesTheStack(p *project) (found problems) {
	for _, kind := range []string{kindQueue, kindTable, kindLogGroup} {
		for _, r := range p.of(kind) {
			deletion, replacement := p.attribute(r.logicalID, "DeletionPolicy"), p.attribute(r.logicalID, "UpdateReplacePolicy")
			if r.logicalID == "CanvasQueue" { // whose name would be in the way of the next stack
				if deletion != "Delete" || replacement != "Delete" {
					found.addf("%s is kept", r.logicalID)
				}
				continue
			}
			if deletion != "RetainExceptOnCreate" || replacement != "Retain" {
				found.addf("%s would be deleted with its data", r.logicalID)
			}
		}
	}
	return found
}
