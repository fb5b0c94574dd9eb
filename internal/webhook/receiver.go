package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/trigger"
)

// oldEnough is the age at which a cached secret is fetched again before a webhook is turned away: it may have been rotated since, and
// there are senders who do not come again.
const oldEnough = 30 * time.Second

// Secret is the webhook secret, cached. *credentials.Cache[*Sources] is one.
type Secret interface {
	Get(ctx context.Context) (*Sources, error)
	// Refresh returns sources that were fetched after the given time.
	Refresh(ctx context.Context, after time.Time) (*Sources, error)
}

// Receiver decides what becomes of webhooks. Every field is required.
type Receiver struct {
	Secret Secret
	// The window around a booking's times.
	BookingLead, BookingGrace time.Duration
	// Failed is told of expressions that failed on a document, and so found nothing.
	Failed func(ctx context.Context, source string, fields []string)
}

// Verdict is what becomes of a genuine webhook: one of a trigger, a reason to leave it alone, and the answer to a challenge.
type Verdict struct {
	Request endsession.Request
	Delay   time.Duration // how long the trigger is to be kept back
	Status  int           // HTTP status of the answer, once the trigger is in the queue

	Ignored   string
	Challenge []byte
}

// Receive verifies a webhook and maps it. Its error is an *endsession.Error: of CodeWebhookSourceUnknown, CodeWebhookRefused (Message is
// the reason), permanent if a genuine webhook is malformed, and transient where nothing can be decided for now.
func (r *Receiver) Receive(ctx context.Context, name string, d Delivery, trace string) (Verdict, *endsession.Error) {
	source, v, err := r.authenticate(ctx, name, d)
	if err != nil {
		return Verdict{}, err
	}
	if answer, asked := source.answer(v); asked {
		return Verdict{Challenge: answer}, nil
	}
	request, delay, err := r.request(ctx, source, v, d, trace)
	if err != nil {
		if err.Code == endsession.CodeIgnored {
			return Verdict{Request: request, Ignored: err.Message}, nil
		}
		return Verdict{Request: request}, err
	}
	// A trigger is judged when it is due, once more: this only spares the queue what is certain already.
	due := d.Received.Add(delay)
	switch opens, closes := request.Window(r.BookingLead, r.BookingGrace); {
	case !opens.IsZero() && due.Before(opens):
		return Verdict{Request: request, Ignored: string(endsession.CodeBeforeWindow)}, nil
	case !closes.IsZero() && due.After(closes):
		return Verdict{Request: request, Ignored: string(endsession.CodeAfterWindow)}, nil
	}
	return Verdict{Request: request, Delay: delay, Status: source.accepted}, nil
}

// TakesCloudEvents tells whether a source may be sent CloudEvents, which ask for permission first:
// github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md, section 4. Its error is as that of Receive.
func (r *Receiver) TakesCloudEvents(ctx context.Context, name string, received time.Time) (bool, *endsession.Error) {
	var takes bool
	err := r.decide(ctx, received, func(sources *Sources) *endsession.Error {
		source, refused := sources.atDoor(name)
		takes = refused == nil && source.isDocument()
		return refused
	})
	return takes, err
}

// authenticate finds the source and verifies the delivery.
func (r *Receiver) authenticate(ctx context.Context, name string, d Delivery) (source *Source, v verified, err *endsession.Error) {
	err = r.decide(ctx, d.Received, func(sources *Sources) (refused *endsession.Error) {
		source, v, refused = sources.authenticate(ctx, name, d)
		return refused
	})
	return source, v, err
}

// decide has the sources decide. Who would be turned away by what was cached a while ago is decided anew with a fresh secret.
func (r *Receiver) decide(ctx context.Context, received time.Time, by func(*Sources) *endsession.Error) *endsession.Error {
	cached, err := r.Secret.Get(ctx)
	if err != nil {
		return endsession.AsError(err)
	}
	refused := by(cached)
	if refused == nil || refused.Code == endsession.CodeWebhookKeysUnavailable {
		return refused
	}
	fresh, err := r.Secret.Refresh(ctx, received.Add(-oldEnough))
	switch {
	case err != nil:
		return endsession.AsError(err)
	case fresh == cached:
		return refused
	default:
		return by(fresh)
	}
}

func (s *Sources) authenticate(ctx context.Context, name string, d Delivery) (*Source, verified, *endsession.Error) {
	source, unknown := s.atDoor(name)
	if unknown != nil {
		return nil, verified{}, unknown
	}
	v, err := source.verifier.verify(ctx, d)
	if err == nil {
		return source, v, nil
	}
	var refused *refusal
	if errors.As(err, &refused) {
		return nil, verified{}, &endsession.Error{
			Code: endsession.CodeWebhookRefused, Class: endsession.Permanent, Message: string(refused.reason), Err: errors.New(refused.detail),
		}
	}
	return nil, verified{}, endsession.AsError(err)
}

// answer returns the answer to a challenge: Zoom's, which is developers.zoom.us/docs/api/webhooks, section "Validate your webhook
// endpoint". It is given to a verified sender only, because with the hash of any text a signature could be forged.
func (s *Source) answer(v verified) ([]byte, bool) {
	if s.challenge == nil {
		return nil, false
	}
	document, err := decode(v.payload)
	if err != nil {
		return nil, false
	}
	r := &reading{document: document}
	if !isTrue(r.value("challenge.when", s.challenge.when)) {
		return nil, false
	}
	token := r.text("challenge.token", s.challenge.token)
	mac := hmac.New(sha256.New, []byte(v.secret.Reveal()))
	mac.Write([]byte(token))
	answer, err := json.Marshal(map[string]string{"plainToken": token, "encryptedToken": hex.EncodeToString(mac.Sum(nil))})
	return answer, err == nil
}

// request makes the trigger of a verified webhook.
func (r *Receiver) request(ctx context.Context, s *Source, v verified, d Delivery, trace string) (endsession.Request, time.Duration, *endsession.Error) {
	// What was vouched for identifies an event that has no id: a JWT could be signed anew.
	delivery := trigger.Delivery{Source: s.name, ID: v.id, Body: v.payload, Received: d.Received, Trace: trace}
	if !s.isDocument() {
		mapped, err := s.mapped(ctx, v.payload, r.Failed)
		if err != nil {
			return endsession.Request{Source: s.name, ID: v.id}, 0, err
		}
		request, err := delivery.Mapped(mapped)
		return request, mapped.Delay, err
	}
	if s.when.path != nil {
		if _, err := s.mapped(ctx, v.payload, r.Failed); err != nil {
			return endsession.Request{Source: s.name, ID: v.id}, 0, err
		}
	}
	if s.delay != nil {
		delivery.Delay = *s.delay
	}
	payload, err := unpack(v.payload, d.Header, &delivery)
	if err != nil {
		return endsession.Request{Source: s.name, ID: v.id}, 0, err
	}
	return delivery.Document(payload)
}

// mapped maps a payload by the source's profiles, of which our own document needs none. What they leave alone is an error of CodeIgnored.
func (s *Source) mapped(ctx context.Context, payload []byte, failed func(context.Context, string, []string)) (trigger.Mapped, *endsession.Error) {
	document, err := s.read(payload)
	if err != nil {
		return trigger.Mapped{}, &endsession.Error{Code: endsession.CodeInvalidJSON, Class: endsession.Permanent, Message: err.Error()}
	}
	f, slow := s.apply(document)
	if slow != nil {
		return trigger.Mapped{}, slow
	}
	if len(f.failed) > 0 {
		failed(ctx, s.name, f.failed)
	}
	switch {
	case f.ignored != "":
		return trigger.Mapped{}, ignored(f.ignored)
	case len(f.problems) > 0:
		return trigger.Mapped{}, invalid(f.problems...)
	}
	return f.mapped, nil
}

// headerOf returns a header without the white space around it.
func headerOf(h http.Header, name string) string { return strings.TrimSpace(h.Get(name)) }
