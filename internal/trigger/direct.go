package trigger

import (
	"strings"
	"time"

	"videosdk-end-session/internal/endsession"
)

// Direct reads the payload of a direct invocation: the bare document. Where it has no id or time of its own, they are the invocation's.
func Direct(payload []byte, requestID, trace string, now time.Time) (endsession.Request, *endsession.Error) {
	return document(payload, envelope{source: "direct", id: strings.TrimSpace(requestID), occurredAt: now, received: now, trace: trace})
}
