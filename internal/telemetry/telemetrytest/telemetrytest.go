// Package telemetrytest reads lines of the log as CloudWatch does, for tests.
package telemetrytest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"videosdk-end-session/internal/telemetry"
)

//go:embed emf.schema.json
var emfSchema []byte

var schema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(emfSchema))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("emf.schema.json", document); err != nil {
		return nil, err
	}
	return compiler.Compile("emf.schema.json")
})

// Metrics returns the metrics that CloudWatch makes of a line, each by its name and its dimensions in order, as in
// `Ended{door=sqs,sourceGroup=calcom,stack=demo}`, with its value. A line without metrics has none.
//
// It refuses what AWS's schema or specification refuses, and what is no metric of telemetry.Emitted: another namespace, name, unit or
// dimension set, or a dimension's value that is none of the known ones.
func Metrics(line []byte) (map[string]float64, error) {
	var root map[string]json.RawMessage
	if err := json.Unmarshal(line, &root); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	if _, ok := root["_aws"]; !ok {
		return nil, nil
	}
	compiled, err := schema()
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err != nil {
		return nil, err
	}
	if err := compiled.Validate(document); err != nil {
		return nil, err
	}
	var metadata struct {
		Timestamp         int64
		CloudWatchMetrics []directive
	}
	if err := strict(root["_aws"], &metadata); err != nil {
		return nil, err
	}
	metrics := map[string]float64{}
	var problems []error
	for _, d := range metadata.CloudWatchMetrics {
		problems = append(problems, d.read(root, metrics))
	}
	if len(metrics) == 0 {
		problems = append(problems, errors.New("no metrics"))
	}
	return metrics, errors.Join(problems...)
}

// directive is a MetricDirective of the specification. Objects that it defines have no members but these.
type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []struct {
		Name, Unit string
	}
}

func strict(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// read adds the metrics of the directive.
func (d directive) read(root map[string]json.RawMessage, metrics map[string]float64) error {
	if d.Namespace != telemetry.Namespace {
		return fmt.Errorf("namespace %q", d.Namespace)
	}
	for _, m := range d.Metrics {
		i := slices.IndexFunc(telemetry.Emitted, func(e telemetry.Metric) bool { return e.Name == m.Name })
		if i < 0 {
			return fmt.Errorf("metric %s is none of telemetry.Emitted", m.Name)
		}
		emitted := telemetry.Emitted[i]
		if m.Unit != emitted.Unit || !slices.EqualFunc(d.Dimensions, emitted.Dimensions, slices.Equal[[]string]) {
			return fmt.Errorf("metric %s in %s by %q, want %s by %q", m.Name, m.Unit, d.Dimensions, emitted.Unit, emitted.Dimensions)
		}
		var amount float64
		if err := json.Unmarshal(root[m.Name], &amount); err != nil || amount < 0 {
			return fmt.Errorf("metric %s is %s, want a number at the root", m.Name, root[m.Name])
		}
		for _, set := range d.Dimensions {
			identity, err := identify(m.Name, set, root)
			if err != nil {
				return err
			}
			if _, twice := metrics[identity]; twice {
				return fmt.Errorf("metric %s is there twice", identity)
			}
			metrics[identity] = amount
		}
	}
	return nil
}

func identify(name string, set []string, root map[string]json.RawMessage) (string, error) {
	values := map[string]string{}
	for _, dimension := range set {
		var value string
		if err := json.Unmarshal(root[dimension], &value); err != nil {
			return "", fmt.Errorf("dimension %s of metric %s is %s, want a text at the root", dimension, name, root[dimension])
		}
		if err := check(dimension, value); err != nil {
			return "", fmt.Errorf("dimension %s of metric %s is %q: %w", dimension, name, value, err)
		}
		values[dimension] = value
	}
	var pairs []string
	for _, dimension := range slices.Sorted(maps.Keys(values)) {
		pairs = append(pairs, dimension+"="+values[dimension])
	}
	return name + "{" + strings.Join(pairs, ",") + "}", nil
}

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{1,40}$`)

// check checks a dimension's value. CloudWatch takes 1 to 1024 characters of ASCII without control characters, and not only white space.
func check(dimension, value string) error {
	if len(value) == 0 || len(value) > 1024 || strings.TrimSpace(value) == "" || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
		return errors.New("not a value of CloudWatch's")
	}
	allowed, bounded := map[string][]string{
		"sourceGroup": append(slices.Clone(telemetry.Sources()), telemetry.Other),
		"reasonGroup": append(slices.Clone(telemetry.Reasons()), telemetry.Other),
		"door":        {"api", "eventbridge", "sqs", "webhook"},
	}[dimension]
	if bounded && !slices.Contains(allowed, value) {
		return fmt.Errorf("want one of %q", allowed)
	}
	if dimension == "code" && !codeForm.MatchString(value) {
		return errors.New("want one of endsession's codes")
	}
	return nil
}
