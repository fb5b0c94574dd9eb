package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/trigger"
	"videosdk-end-session/internal/webhook/sources"
)

// Why a genuine webhook or event is left alone. A profile's field skip has reasons of its own.
const (
	reasonNotRelevant = "not_relevant" // no profile is about it
	reasonNoRoom      = "no_room"      // its profile found no room, custom room or session
)

// patience is how long the expressions of a source may take for one document.
const patience = time.Second

// Source is somebody who sends webhooks, or whose events come by a queue or a bus.
type Source struct {
	name                string
	verifier            verifier // nil for events that come by a queue or a bus only
	format              string   // json or form
	profiles            []profile
	configured          int  // so many of the profiles, the first ones, are the entry's own
	document            bool // without profiles, the payload is our own document
	when                expression
	delay               *time.Duration // replaces the profiles'; nil if it is not configured
	trustCustomerFields bool
	endSharedRooms      bool
	challenge           *challenge
	accepted            int // HTTP status of an accepted webhook
}

// challenge is how a scheme asks whether an endpoint knows the secret, in a webhook that is signed like any other.
type challenge struct {
	when, token expression
}

// native returns the embedded file of a source or scheme; one that has none has no fields.
func native(name string) (*fields, bool) {
	file, known := sources.File(name)
	if !known {
		return objectAt("", []byte("{}")), false
	}
	return objectAt("source "+name, file), true
}

// newSource compiles the entry of a source in the webhook secret, on top of what is known of a native one. It returns every mistake.
func newSource(name string, entry json.RawMessage, with parts) (*Source, []string) {
	e := objectAt("source "+name, entry)
	if len(e.mistakes) > 0 {
		return nil, e.mistakes
	}
	own, isNative := native(name)
	s := &Source{
		name: name, when: e.expression("when"), trustCustomerFields: e.flag("trustCustomerFields"), endSharedRooms: e.flag("endSharedRooms"),
		document: own.flag("document"), accepted: http.StatusAccepted,
	}
	if e.has("delaySeconds") {
		delay := e.delay("delaySeconds")
		s.delay = &delay
	}
	if !isName(name) {
		e.mistakes = append(e.mistakes, e.path+": the name must be 1 to 256 characters without control characters and without blanks around it")
	}
	scheme := schemeOf(e, own, isNative, name)
	set := settings{Secrets: e.secrets("secrets"), URL: e.text("url"), Header: e.text("header"), Token: e.text("token"), JWKS: e.text("jwks")}
	if scheme != "" {
		s.authenticate(e, scheme, set, with)
	}
	s.profiles = e.profiles()
	s.configured = len(s.profiles)
	s.profiles = append(s.profiles, own.profiles()...)
	switch {
	case len(s.profiles) > 0 && scheme == videosdkScheme:
		e.mistake("profiles", "webhooks of VideoSDK itself confirm what has happened, and are never triggers")
	case len(s.profiles) == 0 && !s.document && scheme != videosdkScheme:
		e.mistake("profiles", "expected at least one: a payload of this source is not a request document")
	}
	e.done()
	e.take(own)
	return s, e.mistakes
}

// isName tells whether triggers may have a source of this name, and keep it on their way over the queue.
func isName(name string) bool {
	r := endsession.Request{Target: endsession.Target{RoomID: "any"}, Source: name, ID: "any", OccurredAt: time.Unix(0, 0)}
	return strings.TrimSpace(name) == name && r.Validate() == nil
}

// videosdkScheme is that of VideoSDK's own webhooks. One that tells of an ended session must never end the next.
const videosdkScheme = "videosdk-rsa"

// schemeOf returns the scheme of a source, empty for one whose events come by a queue or a bus only.
func schemeOf(e, own *fields, isNative bool, name string) string {
	chosen := e.text("scheme")
	if !isNative {
		if chosen == "" && e.hasAny("secrets", "url", "header", "token", "jwks") {
			e.mistake("scheme", "expected one of %s", strings.Join(schemes(), ", "))
		}
		return chosen
	}
	fallback := own.text("scheme")
	if fallback == "" {
		fallback = name
	}
	var choice []string
	own.read("schemes", &choice, "a list of schemes")
	switch {
	case chosen == "" || chosen == fallback:
		return fallback
	case slices.Contains(choice, chosen):
		return chosen
	default:
		e.mistake("scheme", "%s has one of its own: %s", name, strings.Join(append([]string{fallback}, choice...), ", "))
		return fallback
	}
}

// authenticate sets everything that depends on the scheme.
func (s *Source) authenticate(e *fields, scheme string, set settings, with parts) {
	file, _ := native(scheme)
	s.format = file.text("format")
	s.document = s.document || file.flag("document")
	if status := 0; file.read("accepted", &status, "an HTTP status") {
		s.accepted = status
	}
	if c := file.object("challenge"); len(c.raw) > 0 {
		s.challenge = &challenge{when: c.expression("when"), token: c.expression("token")}
		file.take(c)
	}
	e.take(file)
	var err error
	s.verifier, err = newVerifier(scheme, set, with)
	var wrong problems
	switch {
	case errors.As(err, &wrong):
		for _, problem := range wrong {
			field, what, _ := strings.Cut(problem, ": ")
			e.mistake(field, "%s", what)
		}
	case err != nil:
		e.mistake("scheme", "%v", err)
	}
}

// profiles compiles the profiles of an object.
func (f *fields) profiles() []profile {
	var all []profile
	for _, one := range f.list("profiles", "profile") {
		all = append(all, newProfile(one))
		f.take(one)
	}
	return all
}

// isDocument tells whether a payload is our own document.
func (s *Source) isDocument() bool { return s.document && len(s.profiles) == 0 }

// offDoor returns the source as it is for its events by a queue or a bus: the entry's delay is that of its webhooks. No native profile is
// made for events in an envelope of EventBridge.
func (s *Source) offDoor(enveloped bool) *Source {
	events := *s
	events.delay = nil
	if enveloped {
		events.profiles = s.profiles[:s.configured]
	}
	return &events
}

// read reads a payload in the source's format, whatever its content type says.
func (s *Source) read(payload []byte) (any, error) {
	if s.format != "form" {
		return decode(payload)
	}
	form, err := url.ParseQuery(string(payload))
	if err != nil {
		return nil, errors.New("expected a form")
	}
	document := map[string]any{}
	for name, values := range form {
		if len(values) == 1 {
			document[name] = values[0]
			continue
		}
		several := make([]any, len(values))
		for i, v := range values {
			several[i] = v
		}
		document[name] = several
	}
	return document, nil
}

// found is what a source's profiles made of a document.
type found struct {
	mapped   trigger.Mapped
	ignored  string // why the document is left alone; empty if it is not
	failed   []string
	problems []string
}

// apply finds the profile that is about the document and applies it. It gives up, as a mistake in the source, when that takes too long:
// an expression can be written that doubles a list or a text many times. How much time is left to the invocation is of no account, or a
// source that is in order would seem to have a mistake.
func (s *Source) apply(document any) (found, *endsession.Error) {
	f, inTime := bounded(func() found { return s.search(document) })
	if !inTime {
		return found{}, s.invalid([]string{fmt.Sprintf("source %s: its expressions took longer than %s", s.name, patience)})
	}
	return f, nil
}

// bounded returns what f returns, or false if that takes too long. Nothing can end f then; what it works on must not be used any more.
func bounded[T any](f func() T) (value T, inTime bool) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	done := make(chan T, 1)
	go func() { done <- f() }()
	select {
	case value = <-done:
		return value, true
	case <-ctx.Done():
		return value, false
	}
}

func (s *Source) search(document any) found {
	r := &reading{document: document}
	f := found{ignored: reasonNotRelevant}
	if s.when.path != nil && !isTrue(r.value("when", s.when)) {
		f.failed = r.failed
		return f
	}
	if s.isDocument() {
		return found{}
	}
	for i, p := range s.profiles {
		r := &reading{document: document}
		if p.when.path != nil && !isTrue(r.value("when", p.when)) {
			f.failed = append(f.failed, p.named(i, r.failed)...)
			continue
		}
		f.mapped, f.ignored = p.apply(r, s)
		if s.delay != nil {
			f.mapped.Delay = *s.delay
		}
		f.failed, f.problems = append(f.failed, p.named(i, r.failed)...), r.problems
		return f
	}
	return f
}

// named says in which profile expressions failed.
func (p profile) named(i int, failed []string) []string {
	name := fmt.Sprint(i + 1)
	if p.name != "" {
		name = p.name
	}
	var all []string
	for _, one := range failed {
		all = append(all, fmt.Sprintf("profile %s, field %s", name, one))
	}
	return all
}

func (s *Source) invalid(mistakes []string) *endsession.Error {
	return &endsession.Error{
		Code: endsession.CodeWebhookSourceInvalid, Message: endsession.Truncate(strings.Join(mistakes, "; ")), Problems: mistakes,
	}
}

// Sources are the sources of the webhook secret.
type Sources struct {
	byName  map[string]*Source
	invalid map[string][]string
}

// Parser returns the parser of the webhook secret. The transport is for the public keys of sources that sign with a private one, which are kept
// when the secret is read again: that a stranger brings about with every signature of his.
func Parser(transport http.RoundTripper, now func() time.Time) func(secret []byte) (*Sources, error) {
	with := parts{Transport: transport, Now: now, Keys: &keySets{}}
	return func(secret []byte) (*Sources, error) { return parse(secret, with) }
}

// parse compiles every source of the secret: a JSON object, by name. A source with a mistake does no harm to the others.
func parse(secret []byte, with parts) (*Sources, error) {
	var entries map[string]json.RawMessage
	if json.Unmarshal(secret, &entries) != nil || entries == nil {
		return nil, &endsession.Error{
			Code: endsession.CodeSecretInvalid, Class: endsession.Credentials, Message: "the webhook secret must be a JSON object of sources by name",
		}
	}
	all := &Sources{byName: map[string]*Source{}, invalid: map[string][]string{}}
	for name, entry := range entries {
		source, mistakes := newSource(name, entry, with)
		if len(mistakes) > 0 {
			all.invalid[name] = mistakes
			continue
		}
		all.byName[name] = source
	}
	return all, nil
}

// Mistakes returns everything that is wrong with the sources, by source.
func (s *Sources) Mistakes() []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(s.invalid)) {
		all = append(all, s.invalid[name]...)
	}
	return all
}

// errUnknown is the error of a source that is not configured.
var errUnknown = &endsession.Error{
	Code: endsession.CodeWebhookSourceUnknown, Class: endsession.Permanent, Message: "the webhook secret has no source of this name",
}

// source returns the source of a name, or why there is none.
func (s *Sources) source(name string) (*Source, *endsession.Error) {
	if source, ok := s.byName[name]; ok {
		return source, nil
	}
	if mistakes, ok := s.invalid[name]; ok {
		return nil, (&Source{name: name}).invalid(mistakes)
	}
	return nil, errUnknown
}

// atDoor returns the source of a name if it sends webhooks. One whose events come by a queue or a bus only is unknown at this door.
func (s *Sources) atDoor(name string) (*Source, *endsession.Error) {
	source, refused := s.source(name)
	if refused == nil && source.verifier == nil {
		return nil, errUnknown
	}
	return source, refused
}
