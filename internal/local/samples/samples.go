// Package samples sends the samples of the folder events through the local stack and compares what becomes of them with what
// events/expected.json says.
package samples

import (
	"encoding/json"
	"errors"
	"fmt"
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

// Sample is one file.
type Sample struct {
	Door     string // the file's folder: direct, http or sqs
	Name     string // the file's name without .json
	Payload  []byte // the file
	Document []byte // the request document in it
	Expect   Expectation
}

// String returns the door and the name.
func (s Sample) String() string { return s.Door + "/" + s.Name }

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
		s := Sample{Door: filepath.Base(filepath.Dir(file)), Name: strings.TrimSuffix(filepath.Base(file), ".json")}
		used[s.Name] = true
		var known bool
		if s.Expect, known = expected[s.Name]; !known {
			problems = append(problems, fmt.Errorf("%s: expected.json says nothing of %q", file, s.Name))
		}
		if s.Payload, err = os.ReadFile(file); err != nil {
			return nil, err
		}
		if s.Document, err = document(s.Door, s.Payload); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", file, err))
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

// document returns the request document in a payload of a door.
func document(door string, payload []byte) ([]byte, error) {
	var envelope struct {
		Body    string
		Records []struct{ Body string }
	}
	if err := json.Unmarshal(payload, &envelope); err != nil {
		return nil, err
	}
	switch {
	case door == "direct":
		return payload, nil
	case door == "http" && envelope.Body != "":
		return []byte(envelope.Body), nil
	case door == "sqs" && len(envelope.Records) == 1:
		return []byte(envelope.Records[0].Body), nil
	default:
		return nil, fmt.Errorf("not a payload of the door %s with one document", door)
	}
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
