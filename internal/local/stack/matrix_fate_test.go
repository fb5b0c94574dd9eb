package stack_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// way is a way into the application.
type way string

const (
	byHTTP   way = "http"        // POST /v1/sessions/end, signed
	byDirect way = "direct"      // an invocation of the function by a caller who waits
	byQueue  way = "sqs"         // a message on the trigger queue
	byBus    way = "eventbridge" // an event on the bus of the rule

	byWebhook way = "webhook" // POST /v1/webhooks/{source}, signed by the source
)

var (
	// ways are those whose function ends sessions. What comes by webhook goes on by the queue.
	ways  = []way{byHTTP, byDirect, byQueue, byBus}
	doors = append(slices.Clone(ways), byWebhook)
)

// wants is what comes out at the far end by each way, written down from the design. A way that is not in it cannot bring the trigger in.
type wants map[way]string

// settled is the outcome to which the first delivery comes.
func settled(outcome string) wants {
	return wants{byHTTP: fmt.Sprint(statusOf(outcome), " ", outcome), byDirect: outcome, byQueue: outcome, byBus: outcome}
}

// statusOf is the status with which an HTTP caller learns of an outcome and its code.
func statusOf(outcome string) int {
	switch name, code, _ := strings.Cut(outcome, " "); {
	case name == "ending":
		return http.StatusAccepted
	case name == "refused", code == "conflict":
		return http.StatusConflict
	case name == "failed":
		return http.StatusBadGateway
	default:
		return http.StatusOK
	}
}

// rejected is what can be no request: told to the callers' faces, and put aside where nobody waits.
func rejected(code string) wants {
	status := http.StatusBadRequest
	if code == "body_too_large" {
		status = http.StatusRequestEntityTooLarge
	}
	letter := "dead letter " + code
	return wants{byHTTP: fmt.Sprint(status, " ", code), byDirect: "error " + code, byQueue: letter, byBus: letter}
}

// passing is a failure for now, after which the same trigger comes to the outcome.
func passing(code, outcome string) wants {
	then := ", then "
	return wants{
		byHTTP:   fmt.Sprint("503 ", code, then, statusOf(outcome), " ", outcome),
		byDirect: fmt.Sprint("error ", code, then, outcome),
		byQueue:  fmt.Sprint("again ", code, then, outcome),
		byBus:    fmt.Sprint("again ", code, then, outcome),
	}
}

// received is what a webhook comes to that is taken at once, and resent one whose sender is to come again because of the code.
func received(outcome string) wants { return wants{byWebhook: "202 accepted, then " + outcome} }

func resent(code, outcome string) wants {
	return wants{byWebhook: fmt.Sprint("503 ", code, ", then 202 accepted, then ", outcome)}
}

// credentials are a failure for good to a caller who waits, and one for now where nobody does.
func credentials(code string) wants {
	w := settled("failed " + code)
	later := passing(code, "ending")
	w[byQueue], w[byBus] = later[byQueue], later[byBus]
	return w
}

// only keeps the ways that can bring the trigger in.
func (w wants) only(some ...way) wants {
	w = maps.Clone(w)
	maps.DeleteFunc(w, func(by way, _ string) bool { return !slices.Contains(some, by) })
	return w
}

// but replaces what is wanted by the given ways with what another one wants of them.
func (w wants) but(other wants) wants {
	w = maps.Clone(w)
	maps.Copy(w, other)
	return w
}

// followedBy is what two triggers come to that are sent one after the other.
func (w wants) followedBy(next wants) wants {
	both := wants{}
	for by, first := range w {
		both[by] = first + "; " + next[by]
	}
	return both
}

// endsASession reports whether what is wanted is the end of a session by this application.
func endsASession(want string) bool {
	for part := range strings.SplitSeq(want, "; ") {
		if words := strings.Fields(part); slices.Contains([]string{"ending", "ended"}, words[len(words)-1]) {
			return true
		}
	}
	return false
}
