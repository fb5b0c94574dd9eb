package endsession

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Code names a cause for people and programs. Codes are stable: they stand in events, answers, log lines and alarms.
type Code string

// Why a trigger is refused: it is understood, and ending would break a promise.
const (
	CodeTriggerTooOld        Code = "trigger_too_old"        // happened longer ago than MaxTriggerAge
	CodeBeforeWindow         Code = "before_window"          // now is before the booking's start less the lead
	CodeAfterWindow          Code = "after_window"           // now is after the booking's end plus the grace
	CodePinMismatch          Code = "pin_mismatch"           // VideoSDK showed a session of another room, or an ended one
	CodeSessionStartUnknown  Code = "session_start_unknown"  // the session's start is missing or impossible
	CodeSessionAfterTrigger  Code = "session_after_trigger"  // the session began after the trigger happened
	CodeSessionOutsideWindow Code = "session_outside_window" // the session began outside the booking's window
)

// Why a trigger fails for good, or a call to VideoSDK fails.
const (
	CodeRoomNotFound         Code = "room_not_found"        // VideoSDK knows no such room
	CodeSessionNotFound      Code = "session_not_found"     // VideoSDK knows no such session
	CodeConflict             Code = "conflict"              // the same identity was seen with another room or session
	CodeOtherSession         Code = "other_session"         // VideoSDK answered for a session that was not asked for
	CodeVideoSDKRejected     Code = "videosdk_rejected"     // 400 and other final answers
	CodeVideoSDKUnauthorized Code = "videosdk_unauthorized" // 401, also with a fresh secret
	CodeVideoSDKForbidden    Code = "videosdk_forbidden"    // 403
	CodeVideoSDKConflict     Code = "videosdk_conflict"     // 409
	CodeVideoSDKThrottled    Code = "videosdk_throttled"    // 429
	CodeVideoSDKUnavailable  Code = "videosdk_unavailable"  // 5xx, or no answer
	CodeVideoSDKUnreadable   Code = "videosdk_unreadable"   // an answer that is not VideoSDK's JSON
	CodeSecretUnavailable    Code = "secret_unavailable"    // Secrets Manager did not give the secret
	CodeSecretInvalid        Code = "secret_invalid"        // the secret does not hold an API key and its secret
	CodeLedgerUnavailable    Code = "ledger_unavailable"    // the ledger could not be read or written
	CodePublishFailed        Code = "publish_failed"        // the outcome is recorded and could not be published yet
	CodeQueueUnavailable     Code = "queue_unavailable"     // the trigger queue could not be written
	CodeInProgress           Code = "in_progress"           // another delivery of this trigger is at work
	CodeInternal             Code = "internal"              // a defect of this application
)

// Why a webhook is not taken, or cannot be decided.
const (
	CodeWebhookSourceUnknown   Code = "webhook_source_unknown"   // the webhook secret has no source of this name
	CodeWebhookSourceInvalid   Code = "webhook_source_invalid"   // the source's entry has mistakes
	CodeWebhookRefused         Code = "webhook_refused"          // not, or not provably, from its source
	CodeWebhookKeysUnavailable Code = "webhook_keys_unavailable" // the keys that a source signs with could not be fetched
)

// What is wrong with a document that is no request.
const (
	CodeInvalidJSON        Code = "invalid_json"          // not a JSON object
	CodeInvalidRequest     Code = "invalid_request"       // a JSON object with problems, each named
	CodeOccurredAtMissing  Code = "occurred_at_missing"   // a bare document on a queue must say when it happened
	CodeOccurredAtInFuture Code = "occurred_at_in_future" // on a queue or bus, where it would grow later with a redrive
	CodeDelayNotSupported  Code = "delay_not_supported"   // delaySeconds above 0 on a door that cannot delay
	CodeBodyTooLarge       Code = "body_too_large"        // over 256 KiB
	CodeUnknownEvent       Code = "unknown_event"         // an envelope that this door doesn't take
	CodeOwnEvent           Code = "own_event"             // an outcome event of this application, which is never a trigger
	CodeIgnored            Code = "ignored"               // an event that its source's profiles leave alone; the message is the reason
)

// Class says what a failure means for its trigger.
type Class int

// The classes. Transient is the zero value: what is not known to be final is tried again, so that nothing is lost.
const (
	Transient   Class = iota // may pass: deliver the trigger again
	Permanent                // the same trigger will never succeed
	NotFound                 // permanent: VideoSDK knows no such room or session
	Credentials              // the API key or its secret is refused, malformed or out of reach
)

// Error is every failure in and around the use case. Message and Problems are safe to publish and to log; the cause is only logged.
type Error struct {
	Code       Code
	Class      Class
	Message    string        // what happened and what was expected, at most 512 characters
	Problems   []string      // everything that is wrong with a document, each complete in itself
	HTTPStatus int           // VideoSDK's status; 0 without an answer
	VendorCode string        // VideoSDK's own code, if it sent one
	RequestID  string        // VideoSDK's own id of the call
	RetryAfter time.Duration // how long the other side asked to wait; 0 if it did not
	Uncertain  bool          // the call may have had its effect
	Err        error         // the cause
}

// Error returns the code, the message and the cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Code))
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// AsError returns err as an *Error. One that is none, which only a defect produces, becomes a transient one of CodeInternal.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: CodeInternal, Message: "unexpected failure", Err: err}
}

// maxMessage is the most characters of foreign text that an Error, and so an event or a log line, carries.
const maxMessage = 512

// Truncate returns the first 512 characters of s, valid UTF-8 whatever s is.
func Truncate(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if utf8.RuneCountInString(s) <= maxMessage {
		return s
	}
	return string([]rune(s)[:maxMessage-1]) + "…"
}
