package webhook

import (
	"context"
	"sync"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/trigger"
)

// Events maps events that come by a queue or a bus. It implements trigger.Profiles.
type Events struct {
	Secret Secret // nil without a webhook secret: then only Canvas Live Events are known
	// Failed is told of expressions that failed on an event, and so found nothing.
	Failed func(ctx context.Context, source string, fields []string)
}

// Map implements trigger.Profiles. Who may put an event on the queue or the bus is AWS's to decide, so nothing is verified here.
func (e Events) Map(ctx context.Context, f trigger.Foreign) (trigger.Mapped, bool, *endsession.Error) {
	source, err := e.source(ctx, f.Source)
	if err != nil || source == nil {
		return trigger.Mapped{}, false, err
	}
	source = source.offDoor(f.Enveloped)
	if len(source.profiles) == 0 {
		return trigger.Mapped{}, false, nil
	}
	mapped, err := source.mapped(ctx, f.Body, e.Failed)
	return mapped, true, err
}

// source returns the source of a name, and nil if there is none.
func (e Events) source(ctx context.Context, name string) (*Source, *endsession.Error) {
	if e.Secret != nil {
		sources, err := e.Secret.Get(ctx)
		if err != nil {
			return nil, endsession.AsError(err)
		}
		source, refused := sources.source(name)
		if refused == nil || refused.Code != endsession.CodeWebhookSourceUnknown {
			return source, refused
		}
	}
	if name == trigger.CanvasSource {
		return canvas(), nil
	}
	return nil, nil
}

// canvas is the source of Canvas Live Events with no configuration at all.
var canvas = sync.OnceValue(func() *Source {
	own, _ := native(trigger.CanvasSource)
	return &Source{name: trigger.CanvasSource, profiles: own.profiles()}
})
