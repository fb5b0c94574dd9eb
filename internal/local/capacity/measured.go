// Package capacity tells what the application costs and how much it takes: the arithmetic of docs/cost.md, from what was measured and from
// AWS's list prices, and, in its tests, the simulation of docs/scale.md. A test keeps both pages equal to what is computed here.
package capacity

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

// Measured is what `make bench BENCH="-only billed -record internal/local/capacity/measured.json"` measured.
type Measured struct {
	On       string // the day, as 2006-01-02
	How      string // the share of a processor was held to
	VideoSDK int    // milliseconds of a round trip to it
	AWS      int    // milliseconds of a round trip to each service
	Events   int    // warm ones of each load, over which Warm and Use are means
	Loads    []Load
}

// Load is what one kind of event takes.
type Load struct {
	Function string
	Triggers int     // in an event
	MemoryMB int     // whose share of a processor the function has, once it has started
	First    float64 // milliseconds billed for a start and its first event, the median
	Warm     float64 // milliseconds billed for each later event, the mean
	Use      Use
}

// Use is what a warm event takes of other services.
type Use struct {
	WriteUnits float64 // of DynamoDB: one for each KB of an item that is written
	ReadUnits  float64 // of DynamoDB
	ItemBytes  float64 // that the ledger keeps
	Events     float64 // published, a 64 KB piece each
	Sends      float64 // messages sent to a queue
	LogBytes   float64
	Metrics    int // that CloudWatch makes of all lines, each combination of dimensions by itself
}

//go:embed measured.json
var recorded []byte

// Recorded returns the last measurement that was recorded.
func Recorded() (Measured, error) {
	var m Measured
	if err := json.Unmarshal(recorded, &m); err != nil {
		return Measured{}, fmt.Errorf("measured.json: %w", err)
	}
	return m, nil
}

// Of returns the load of a function that handles so many triggers in an event, with so much memory.
func (m Measured) Of(function string, triggers, memoryMB int) (Load, error) {
	for _, l := range m.Loads {
		if l.Function == function && l.Triggers == triggers && l.MemoryMB == memoryMB {
			return l, nil
		}
	}
	return Load{}, fmt.Errorf("measured.json has no load of %s with %d triggers and %d MB", function, triggers, memoryMB)
}
