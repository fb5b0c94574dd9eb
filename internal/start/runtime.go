package start

import (
	"runtime"
	"runtime/debug"
	"strconv"
)

// gcPercent lets the heap grow to three times of what is in use before garbage is collected. It costs 4 MB and saves a tenth of an event's
// instructions; 400 would cost 12 MB. See docs/performance.md.
const gcPercent = 200

// oneProcessor is the memory, in MB, up to which Lambda gives a function no more than one processor:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
const oneProcessor = 1769

// setCollector sets up the garbage collector, unless the operator has.
func setCollector(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// setProcessors lets Go use one processor where there is one at most, unless the operator has decided. With more threads than that they
// spin and wait for each other, and each takes from the same share. It is for after the start, which has two processors whatever the memory.
func setProcessors(getenv func(string) string) {
	memory, err := strconv.Atoi(getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"))
	if err == nil && memory <= oneProcessor && getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
}
