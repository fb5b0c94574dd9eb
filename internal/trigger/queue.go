package trigger

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"videosdk-end-session/internal/endsession"
)

// Message reads a message of the trigger queue: the document, bare or in the envelope of the service that put it there (EventBridge,
// SNS, CloudEvents), or an event of a source that has profiles. A bare document must say when the trigger happened: neither the message's id nor the time at which it was sent
// survives a redrive, so neither may stand for that time. A message that was not sent, such as a test event, is received now.
func (r Reader) Message(ctx context.Context, m events.SQSMessage, now time.Time) (endsession.Request, *endsession.Error) {
	env := envelope{source: "queue", id: strings.TrimSpace(m.MessageId), received: now, trace: m.Attributes["AWSTraceHeader"]}
	if ms, err := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64); err == nil {
		env.redrivable = true
		if sent := time.UnixMilli(ms); sent.Before(now) {
			env.received = sent
		}
	}
	return r.message(ctx, []byte(m.Body), env)
}

// Queued returns how long ago the queue took the message, and zero for one that was not sent, such as a test event.
func Queued(m events.SQSMessage, now time.Time) time.Duration {
	ms, err := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64)
	if err != nil {
		return 0
	}
	return max(0, now.Sub(time.UnixMilli(ms)))
}
