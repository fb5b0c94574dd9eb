package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/local/deliveries"
	"videosdk-end-session/internal/trigger"
)

const samples = "../../events/webhooks"

var update = flag.Bool("update", false, "write what becomes of the samples into their files")

// fixed is a webhook secret that does not change.
type fixed struct{ sources *Sources }

func (f fixed) Get(context.Context) (*Sources, error)                { return f.sources, nil }
func (f fixed) Refresh(context.Context, time.Time) (*Sources, error) { return f.sources, nil }

// configured returns the sources of a webhook secret, which must be without mistakes.
func configured(t testing.TB, entries map[string]map[string]json.RawMessage) *Sources {
	t.Helper()
	secret, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	sources, err := Parser(http.DefaultTransport, func() time.Time { return morning })(secret)
	if err != nil {
		t.Fatal(err)
	}
	if mistakes := sources.Mistakes(); mistakes != nil {
		t.Fatal(mistakes)
	}
	return sources
}

// TestSamples sends each sample of each source, discovered by folder, through its door and compares what becomes of it. Whoever adds a
// source adds its file to sources and its samples to events/webhooks, and has them completed by -update.
func TestSamples(t *testing.T) {
	files, err := deliveries.Load(samples)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := deliveries.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	served := httptest.NewServer(keys)
	t.Cleanup(served.Close)
	keys.BaseURL, keys.KeySetURL = "https://hooks.example.com", served.URL
	for _, f := range files {
		for i := range f.Samples {
			s := &f.Samples[i]
			t.Run(f.Of(*s), func(t *testing.T) {
				entry := keys.Entry(f.Source, f.Entry, s.Also)
				sources := configured(t, map[string]map[string]json.RawMessage{f.Source: entry})
				var got deliveries.Want
				if s.Door == "" || s.Door == "webhook" {
					got = received(t, sources, keys, f.Source, entry, *s)
				} else {
					got = delivered(t, sources, *s)
				}
				if *update {
					s.Want = got
					return
				}
				if diff := cmp.Diff(pretty(t, s.Want), pretty(t, got)); diff != "" {
					t.Errorf("what becomes of it (-want +got):\n%s", diff)
				}
			})
		}
		if *update {
			if err := f.Save(samples); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func pretty(t *testing.T, w deliveries.Want) string {
	t.Helper()
	var out bytes.Buffer
	text, err := json.Marshal(w)
	if err == nil {
		err = json.Indent(&out, text, "", "  ")
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// received takes a sample by the webhook door, signed.
func received(
	t *testing.T, sources *Sources, keys *deliveries.Keys, source string, entry map[string]json.RawMessage, s deliveries.Sample,
) (got deliveries.Want) {
	t.Helper()
	payload, err := s.Body(morning)
	if err != nil {
		t.Fatal(err)
	}
	header, body, err := keys.Sign(source, entry, payload, "msg_1", morning)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range s.Headers {
		rendered, err := deliveries.Body([]byte(value), morning)
		if err != nil {
			t.Fatal(err)
		}
		header.Set(name, string(rendered))
	}
	receiver := &Receiver{
		Secret: fixed{sources}, BookingLead: 15 * time.Minute, BookingGrace: time.Hour, Failed: unexpected(t),
	}
	v, refused := receiver.Receive(t.Context(), source, Delivery{Header: header, Body: body, Received: morning}, "")
	switch {
	case refused != nil:
		got.Code = string(refused.Code)
	case v.Ignored != "":
		got.Ignored = v.Ignored
	case v.Challenge != nil:
		got.Answer = v.Challenge
	default:
		got.DelaySeconds = int(v.Delay / time.Second)
		got.Trigger = handedOn(t, v.Request)
	}
	return got
}

// delivered takes a sample by the queue or the bus.
func delivered(t *testing.T, sources *Sources, s deliveries.Sample) (got deliveries.Want) {
	t.Helper()
	body, err := s.Body(morning)
	if err != nil {
		t.Fatal(err)
	}
	reader := trigger.Reader{Profiles: Events{Secret: fixed{sources}, Failed: unexpected(t)}}
	var request endsession.Request
	var refused *endsession.Error
	if s.Door == "bus" {
		request, refused = reader.Event(t.Context(), body, "", morning)
	} else {
		request, refused = reader.Message(t.Context(), events.SQSMessage{MessageId: "m-1", Body: string(body)}, morning)
	}
	switch {
	case refused == nil:
		got.Trigger = handedOn(t, request)
	case refused.Code == endsession.CodeIgnored:
		got.Ignored = refused.Message
	default:
		got.Code = string(refused.Code)
	}
	return got
}

// unexpected fails a test in which an expression fails.
func unexpected(t *testing.T) func(context.Context, string, []string) {
	return func(_ context.Context, source string, fields []string) {
		t.Errorf("expressions of %s failed: %q", source, fields)
	}
}

// handedOn returns the document of a request, from which the queue's function must read the same request.
func handedOn(t *testing.T, r endsession.Request) json.RawMessage {
	t.Helper()
	document, err := trigger.Document(r)
	if err != nil {
		t.Fatal(err)
	}
	again, refused := trigger.Reader{}.Message(t.Context(), events.SQSMessage{MessageId: "m-1", Body: string(document)}, morning)
	if refused != nil {
		t.Fatalf("the queue's function refuses %s: %v", document, refused)
	}
	if diff := cmp.Diff(r, again); diff != "" {
		t.Errorf("the queue's function reads another request (-sent +read):\n%s", diff)
	}
	return document
}
