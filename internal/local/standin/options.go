package standin

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Shape is the form of VideoSDK's session objects, of which two are known.
type Shape int

const (
	// Documented objects have roomId, status and links, as VideoSDK's page "End Session" shows them. Its sample has no customRoomId; that
	// a session of a room with one shows it is an assumption (see Options.CustomRoomIDUnshown).
	Documented Shape = iota
	// Live objects have meetingId and userMeetingId, no status and no links, as VideoSDK's server SDK reads them.
	Live
)

// EndedReading is what an end call does whose sessionId names a session that has ended. Nobody outside VideoSDK knows, so both
// readings have to be lived with.
type EndedReading int

const (
	// RefuseEnded answers with an error and ends nothing.
	RefuseEnded EndedReading = iota
	// ActOnNext lets the call act on the session that is live in the room now, and refuses only where none is.
	ActOnNext
)

// Options say which of the possible VideoSDKs a Server is. APIKey and Secret are required, the zero value of the rest is a choice.
type Options struct {
	// APIKey and Secret are the pair that tokens are signed with. The secret's bytes are used as they are.
	APIKey, Secret string
	// Now is the clock for tokens, sessions and calls, time.Now if nil. It must be safe for concurrent use and must not call the Server.
	Now func() time.Time
	// Shape of sessions and rooms.
	Shape Shape

	// EndDelay is how long a session stays live after an end call was accepted, by the clock Now. With 0 the answer still shows a
	// live session, as the end is asynchronous, and the next read shows an ended one.
	EndDelay time.Duration
	// EndInAnswer lets the answer to an end call show the end already. It excludes EndDelay.
	EndInAnswer bool
	// CustomRoomIDEnds lets an end call name its room by customRoomId in the field roomId.
	CustomRoomIDEnds bool
	// CustomRoomIDUnshown leaves customRoomId and userMeetingId out of sessions and rooms, as VideoSDK's own sample of a session does.
	CustomRoomIDUnshown bool
	// EndedReading is how an end call for an ended session is taken.
	EndedReading EndedReading
	// EndedStatus is the HTTP status of an end call refused because there is nothing to end: 400 (also if 0), 402, 404 or 409.
	EndedStatus int

	// UnknownRoom is the HTTP status for an unknown room in an end call or a room look-up: 400 (also if 0), 402 or 404.
	UnknownRoom int
	// UnknownRoomList is the HTTP status for an unknown room in a list: 200 (also if 0) with no data, 400, 402 or 404.
	UnknownRoomList int
	// IgnoreFilters lets a list ignore the filters roomId, customRoomId and status.
	IgnoreFilters bool
}

// complete checks the options, naming every problem, and fills in what was left open.
func (o Options) complete() (Options, error) {
	var problems []error
	refuse := func(format string, values ...any) { problems = append(problems, fmt.Errorf(format, values...)) }

	if err := checkPair(o.APIKey, o.Secret); err != nil {
		problems = append(problems, err)
	}
	if o.Shape != Documented && o.Shape != Live {
		refuse("unknown shape %d", o.Shape)
	}
	if o.EndedReading != RefuseEnded && o.EndedReading != ActOnNext {
		refuse("unknown reading of an ended session %d", o.EndedReading)
	}
	if o.EndDelay < 0 {
		refuse("end delay %v is negative", o.EndDelay)
	}
	if o.EndDelay != 0 && o.EndInAnswer {
		refuse("an end shown in the answer cannot be delayed by %v", o.EndDelay)
	}
	for _, status := range []struct {
		name    string
		value   *int
		allowed []int
	}{
		{"EndedStatus", &o.EndedStatus, []int{http.StatusBadRequest, http.StatusPaymentRequired, http.StatusNotFound, http.StatusConflict}},
		{"UnknownRoom", &o.UnknownRoom, []int{http.StatusBadRequest, http.StatusPaymentRequired, http.StatusNotFound}},
		{"UnknownRoomList", &o.UnknownRoomList, []int{http.StatusOK, http.StatusBadRequest, http.StatusPaymentRequired, http.StatusNotFound}},
	} {
		if *status.value == 0 {
			*status.value = status.allowed[0]
		}
		if !slices.Contains(status.allowed, *status.value) {
			refuse("%s %d is none of %v", status.name, *status.value, status.allowed)
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o, errors.Join(problems...)
}

// checkPair refuses a key or secret that cannot be meant: golang-jwt signs with an empty key without complaint.
func checkPair(apiKey, secret string) error {
	var problems []error
	if strings.TrimSpace(apiKey) == "" {
		problems = append(problems, errors.New("the API key is empty"))
	}
	if strings.TrimSpace(secret) == "" {
		problems = append(problems, errors.New("the secret is empty"))
	}
	return errors.Join(problems...)
}
