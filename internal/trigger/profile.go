package trigger

import (
	"context"
	"time"

	"videosdk-end-session/internal/endsession"
)

// CanvasSource is the source of Canvas Live Events, which come to a queue bare.
const CanvasSource = "canvas"

// Profiles map events in shapes of somebody else's.
type Profiles interface {
	// Map maps an event by the profiles of its source. It returns false if that has none: then the event must hold a document of ours.
	// An event that its profiles leave alone is an error of CodeIgnored, whose message is the reason.
	Map(ctx context.Context, e Foreign) (Mapped, bool, *endsession.Error)
}

// Foreign is an event in a shape of somebody else's.
type Foreign struct {
	Source    string // whose profiles map it
	Body      []byte
	Enveloped bool // Body is an EventBridge event around what the source says, and not that itself
}

// Mapped is what the profiles found in an event. What they did not find is empty.
type Mapped struct {
	Target     endsession.Target
	ID, Reason string
	OccurredAt time.Time
	StartsAt   time.Time
	EndsAt     time.Time
	Delay      time.Duration
}
