// Package samples sends the samples of the folder events through the local stack and compares what becomes of them with what
// events/expected.json says.
package samples

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Expectation is what becomes of the samples of one name, whatever their door.
type Expectation struct {
	Given      Given  `json:"given"`
	Outcome    string `json:"outcome"` // empty if nothing is published
	Code       string `json:"code"`
	HTTPStatus int    `json:"httpStatus"`
}

// Given is the state of VideoSDK that a sample starts from.
type Given string

// The states.
const (
	Live           Given = "live"             // the room has a live session
	LiveAnswerLost Given = "live-answer-lost" // and the answer to the call that ends it gets lost
	Ended          Given = "ended"            // the session named has ended
	Empty          Given = "empty"            // the room exists, and nobody is in it
	Nothing        Given = "nothing"          // the room or session does not exist
)

// Webhooks is the folder of the samples of package deliveries.
const Webhooks = "webhooks"

// Never is the time that the samples for the queue say. Invoked by hand, a time after the receipt counts as the receipt, so they never
// grow too old. A real queue refuses it.
const Never = "2099-01-01T00:00:00Z"

// Sample is one file.
type Sample struct {
	Shape    string // the file's folder
	Name     string // the file's name without .json
	Payload  []byte // the file
	Document []byte // the request document in it, wherever it lies
	Expect   Expectation
}

// String returns the shape and the name.
func (s Sample) String() string { return s.Shape + "/" + s.Name }

// Function returns the logical id of the function that takes the payload.
func (s Sample) Function() string {
	switch {
	case strings.HasPrefix(s.Shape, "sqs"):
		return "SqsFunction"
	case strings.HasPrefix(s.Shape, "eventbridge"):
		return "EventBridgeFunction"
	default:
		return "ApiFunction"
	}
}

// Load reads every sample below the folder. A file without an expectation is an error, as is an expectation without a file.
func Load(folder string) ([]Sample, error) {
	expected := map[string]Expectation{}
	if err := readJSON(filepath.Join(folder, "expected.json"), &expected); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(folder, "*", "*.json"))
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var samples []Sample
	var problems []error
	used := map[string]bool{}
	for _, file := range files {
		if filepath.Base(filepath.Dir(file)) == Webhooks {
			continue // which are payloads, and signed when they are sent
		}
		s := Sample{Shape: filepath.Base(filepath.Dir(file)), Name: strings.TrimSuffix(filepath.Base(file), ".json")}
		used[s.Name] = true
		var known bool
		if s.Expect, known = expected[s.Name]; !known {
			problems = append(problems, fmt.Errorf("%s: expected.json says nothing of %q", file, s.Name))
		}
		if s.Payload, err = os.ReadFile(file); err != nil {
			return nil, err
		}
		if s.Document = find(s.Payload); s.Document == nil {
			problems = append(problems, fmt.Errorf("%s: no document in it names a room or a session", file))
		}
		samples = append(samples, s)
	}
	for name := range expected {
		if !used[name] {
			problems = append(problems, fmt.Errorf("expected.json: no sample is named %q", name))
		}
	}
	return samples, errors.Join(problems...)
}

// find returns the first object in a JSON value, or in the JSON of a text in it, that names a room or a session; nil if there is none.
func find(value []byte) []byte {
	var fields map[string]json.RawMessage
	if json.Unmarshal(value, &fields) == nil {
		if fields["roomId"] != nil || fields["customRoomId"] != nil || fields["sessionId"] != nil {
			return value
		}
		return findIn(slices.Collect(maps.Values(fields)))
	}
	var elements []json.RawMessage
	if json.Unmarshal(value, &elements) == nil {
		return findIn(elements)
	}
	var text string
	if json.Unmarshal(value, &text) == nil && strings.HasPrefix(text, "{") {
		return find([]byte(text))
	}
	return nil
}

func findIn(values []json.RawMessage) []byte {
	for _, value := range values {
		if found := find(value); found != nil {
			return found
		}
	}
	return nil
}

func readJSON(path string, into any) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
