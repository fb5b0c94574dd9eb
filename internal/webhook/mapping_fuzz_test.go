package webhook

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/local/deliveries"
	"videosdk-end-session/internal/trigger"
)

// mapper is a native source whose profiles are fuzzed, and where in its payloads a stranger can write.
type mapper struct {
	source          string
	plain, trusting *Source
	written         [][]string                                  // paths to what whoever books can write
	derive          func(document map[string]any, words string) // writes where the source makes something of these words
	hosts           [][]string                                  // paths to what the host writes, of which a room is read
	trusted         []string                                    // path to where a room counts that a trusted stranger writes
}

func newMappers(t testing.TB) []mapper {
	t.Helper()
	// address is what Cal.com makes of the location that is sent with a booking.
	address := func(document map[string]any, words string) {
		for i, value := range []map[string]any{{"value": words, "optionValue": ""}, {"value": "somewhereElse", "optionValue": words}} {
			if len(words)%2 == i {
				set(document, []string{"payload", "responses", "location"}, map[string]any{"label": "location", "value": value})
				set(document, []string{"responses", "location"}, value)
			}
		}
		set(document, []string{"payload", "location"}, strings.TrimSpace(words))
		set(document, []string{"location"}, strings.TrimSpace(words))
	}
	invitee := func(document map[string]any, words string) {
		kind := []string{"ask_invitee", "outbound_call"}[len(words)%2]
		set(document, []string{"payload", "scheduled_event", "location"}, map[string]any{"type": kind, "location": words})
	}
	mappers := []mapper{
		{
			source: "calcom", derive: address, trusted: []string{"payload", "responses", "videosdk_room", "value"},
			written: [][]string{
				{"payload", "responses", "videosdk_room", "value"}, {"payload", "responses", "notes", "value"}, {"payload", "metadata", "videoCallUrl"}, {"payload", "additionalNotes"},
				{"payload", "cancellationReason"}, {"payload", "rejectionReason"}, {"metadata", "videoCallUrl"}, {"responses", "videosdk_room"}, {"responses", "notes"}, {"description"}, {"cancellationReason"},
			},
			hosts: [][]string{{"payload", "videoCallData"}, {"payload", "location"}, {"location"}},
		},
		{
			source: "calendly", derive: invitee, trusted: []string{"payload", "tracking", "utm_content"},
			written: [][]string{
				{"payload", "questions_and_answers"}, {"payload", "tracking", "utm_content"}, {"payload", "tracking", "utm_source"}, {"payload", "cancellation", "reason"}, {"payload", "name"}, {"payload", "email"},
			},
			hosts: [][]string{{"payload", "scheduled_event", "location"}},
		},
		{
			source: "square", trusted: []string{"data", "object", "booking", "customer_note"}, written: [][]string{{"data", "object", "booking", "customer_note"}},
			hosts: [][]string{{"data", "object", "booking", "seller_note"}},
		},
		{source: "acuity"}, {source: "canvas"},
	}
	for i, m := range mappers {
		entry := map[string]string{
			"square": `"secrets":["s"],"url":"https://example.com/"`, "canvas": `"when":"@"`,
		}[m.source]
		if entry == "" {
			entry = `"secrets":["s"]`
		}
		mappers[i].plain = only(t, m.source, `{"endSharedRooms":true,`+entry+`}`)
		mappers[i].trusting = only(t, m.source, `{"endSharedRooms":true,"trustCustomerFields":true,`+entry+`}`)
	}
	return mappers
}

// set sets a value in a document, if the objects on the way to it are there or can be made.
func set(document map[string]any, path []string, value any) {
	for _, name := range path[:len(path)-1] {
		inner, ok := document[name].(map[string]any)
		if !ok {
			if _, taken := document[name]; taken || name == "payload" || name == "data" {
				return
			}
			inner = map[string]any{}
			document[name] = inner
		}
		document = inner
	}
	document[path[len(path)-1]] = value
}

func remove(document map[string]any, path []string) {
	for _, name := range path[:len(path)-1] {
		inner, ok := document[name].(map[string]any)
		if !ok {
			return
		}
		document = inner
	}
	delete(document, path[len(path)-1])
}

// FuzzMapping sends a payload through the profiles of every native source, and writes in it what a stranger might.
func FuzzMapping(f *testing.F) {
	mappers := newMappers(f)
	files, err := deliveries.Load(samples)
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		for i, s := range file.Samples {
			payload, err := s.Body(morning)
			if err != nil {
				f.Fatal(err)
			}
			words := []string{"evil-room-0001", " https://x/evil-room-0001?a=b&c=<d> ", "{\"x\":\"evil-room-0001\"}", "evil-room-0001\u0301 evil-room-0002", ""}
			f.Add(payload, words[i%len(words)])
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte, words string) {
		for _, m := range mappers {
			for _, s := range []*Source{m.plain, m.trusting} {
				mustMapSoundly(t, s, payload)
			}
			if utf8.ValidString(words) {
				mustNotLetAStrangerName(t, m, payload, words)
			}
		}
	})
}

// mapped returns the request that a source makes of a payload.
func mapped(t *testing.T, s *Source, payload []byte) (endsession.Request, *endsession.Error) {
	t.Helper()
	failed := func(_ context.Context, source string, fields []string) { mustNotBeQuoted(t, fields...) }
	m, err := s.mapped(t.Context(), payload, failed)
	if err != nil {
		return endsession.Request{}, err
	}
	if m.Delay < 0 || m.Delay > 15*time.Minute {
		t.Errorf("kept back for %s", m.Delay)
	}
	return trigger.Delivery{Source: s.name, Body: payload, Received: morning, Trace: "Root=1-x"}.Mapped(m)
}

// mustMapSoundly checks that what a source makes of a payload is either a request that gets over the queue, or a refusal in the proper
// way.
func mustMapSoundly(t *testing.T, s *Source, payload []byte) {
	t.Helper()
	r, err := mapped(t, s, payload)
	if err != nil {
		mustBeProper(t, err)
		return
	}
	if r.OccurredAt.After(morning) {
		t.Errorf("it happened at %s, after it was received", r.OccurredAt)
	}
	mustGetOverTheQueue(t, r)
	again, err := mapped(t, s, payload)
	if diff := cmp.Diff(r, again); err != nil || diff != "" {
		t.Errorf("another request the second time: %v (-first +second):\n%s", err, diff)
	}
}

// mustBeProper checks the error of something genuine.
func mustBeProper(t *testing.T, err *endsession.Error) {
	t.Helper()
	if !slices.Contains([]endsession.Code{endsession.CodeIgnored, endsession.CodeInvalidJSON, endsession.CodeInvalidRequest, endsession.CodeBodyTooLarge}, err.Code) || err.Class != endsession.Permanent {
		t.Errorf("refused with code %q and class %d", err.Code, err.Class)
	}
	for _, text := range append([]string{err.Message}, err.Problems...) {
		if text == "" || !utf8.ValidString(text) || utf8.RuneCountInString(text) > 512 || strings.ContainsFunc(text, unicode.IsControl) {
			t.Errorf("refused with the text %q", text)
		}
	}
	if err.Code == endsession.CodeInvalidRequest && len(err.Problems) == 0 {
		t.Error("refused without a problem")
	}
}

// mustGetOverTheQueue checks that an accepted request is sound, and the same after the queue, also when it is redriven days later.
func mustGetOverTheQueue(t *testing.T, r endsession.Request) {
	t.Helper()
	if problems := r.Validate(); len(problems) > 0 {
		t.Errorf("accepted with problems: %q", problems)
	}
	document, err := trigger.Document(r)
	if err != nil {
		t.Fatal(err)
	}
	got, refused := trigger.Reader{}.Message(t.Context(), events.SQSMessage{MessageId: "redriven", Body: string(document), Attributes: map[string]string{
		"SentTimestamp": strconv.FormatInt(morning.Add(48*time.Hour).UnixMilli(), 10), "AWSTraceHeader": r.Trace,
	}}, morning.Add(49*time.Hour))
	if refused != nil {
		t.Fatalf("%s is refused on the queue: %v", document, refused)
	}
	if diff := cmp.Diff(r, got); diff != "" || r.Key() != got.Key() {
		t.Errorf("another request after the queue (-sent +read):\n%s", diff)
	}
}

// mustNotLetAStrangerName writes a stranger's words wherever one can write, and checks that the meeting which is named is the same as
// without them, or that none is named by the host any more. Trusted words name a room.
func mustNotLetAStrangerName(t *testing.T, m mapper, payload []byte, words string) {
	t.Helper()
	written := func(change func(map[string]any)) []byte {
		var document map[string]any
		d := json.NewDecoder(strings.NewReader(string(payload)))
		d.UseNumber()
		if d.Decode(&document) != nil || document == nil {
			return nil
		}
		change(document)
		text, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	erase := func(paths [][]string) func(map[string]any) {
		return func(document map[string]any) {
			for _, path := range paths {
				remove(document, path)
			}
		}
	}
	write := func(document map[string]any) {
		for i, path := range m.written {
			set(document, path, []any{words, []any{words}, map[string]any{"value": words, "answer": words}}[i*len(words)%3])
			set(document, m.written[i*len(words)%len(m.written)], words)
		}
	}
	if m.source == "acuity" || !json.Valid(payload) || written(write) == nil {
		return
	}
	target := func(s *Source, change ...func(map[string]any)) (endsession.Target, bool) {
		r, err := mapped(t, s, written(func(document map[string]any) {
			for _, one := range change {
				one(document)
			}
		}))
		return r.Target, err == nil
	}
	clean, _ := target(m.plain, erase(m.written))
	hostless, _ := target(m.plain, erase(m.written), erase(m.hosts))
	strangers, is := target(m.plain, write)
	if is && strangers != clean && strangers != hostless {
		t.Errorf("%s: %q changes the target from %+v to %+v", m.source, words, clean, strangers)
	}
	if m.derive != nil {
		derived, is := target(m.plain, erase(m.written), erase(m.hosts), func(document map[string]any) { m.derive(document, words) })
		if is && derived != hostless {
			t.Errorf("%s: the location %q changes the target from %+v to %+v", m.source, words, hostless, derived)
		}
	}
	room := extracted(roomPattern(), []string{words})
	if m.trusted == nil || room == "" || !is {
		return
	}
	trusting, is := target(m.trusting, erase(m.written), func(document map[string]any) { set(document, m.trusted, words) })
	untrusted, _ := target(m.plain, erase(m.written), func(document map[string]any) { set(document, m.trusted, words) })
	if is && trusting.RoomID != room && trusting != untrusted {
		t.Errorf("%s: trusted, %q makes the target %+v", m.source, words, trusting)
	}
}
