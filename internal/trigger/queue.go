package trigger

import (
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"videosdk-end-session/internal/endsession"
)

// Message reads a message of the trigger queue: the document, bare or in the envelope of the service that put it there (EventBridge,
// SNS, CloudEvents). A bare document must say when the trigger happened. Neither the message's
// id nor the time at which it was sent survives a redrive, so neither may stand for that time; the latter only bounds it.
func Message(m events.SQSMessage, now time.Time) (endsession.Request, *endsession.Error) {
	received := now
	if ms, err := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64); err == nil && time.UnixMilli(ms).Before(now) {
		received = time.UnixMilli(ms)
	}
	return message([]byte(m.Body), envelope{source: "queue", id: m.MessageId, received: received, trace: m.Attributes["AWSTraceHeader"]})
}
