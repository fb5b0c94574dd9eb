package webhook

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/local/deliveries"
	"videosdk-end-session/internal/trigger"
)

// FuzzUnpack takes our document out of any payload, with any headers of a CloudEvent beside it.
func FuzzUnpack(f *testing.F) {
	files, err := deliveries.Load(samples)
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		if !slices.Contains([]string{"cloudevents", "standard-webhooks", "svix"}, file.Source) {
			continue
		}
		for _, s := range file.Samples {
			payload, err := s.Body(morning)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(payload, s.Headers["Ce-Specversion"], s.Headers["Ce-Source"], s.Headers["Ce-Id"], "2026-11-23T09:00:00Z", "msg_1")
		}
	}
	f.Add([]byte(document), "1.0", "/lms/%C3%A9%20", "%22e%25-1%FF", "1795424400", "")
	f.Add([]byte(`{"specversion":"1.0","source":" a ","id":"\ud83d","data_base64":"e30=","time":7}`), "", "", "", "", "")
	f.Add([]byte(`{"type":"t","timestamp":"9999-12-31T23:59:59-01:00","data":`+document+`,"roomId":null}`), "", "", "", "", " msg_1\u00a0")
	f.Add([]byte(`{"specversion":null,"source":"videosdk.end-session","roomId":"r"}`), "1.0", "videosdk.end-session", "e", "", "m")
	f.Fuzz(func(t *testing.T, payload []byte, version, source, id, at, signed string) {
		header := ce(map[string]string{"Source": source, "Id": id, "Time": at})
		header.Set("Ce-Specversion", version)
		delivery := trigger.Delivery{Source: "lms", ID: signed, Body: payload, Received: morning, Trace: "Root=1-x"}
		content, err := unpack(payload, header, &delivery)
		if err != nil {
			mustBeProper(t, err)
			return
		}
		if isBinary := headerOf(header, "Ce-Specversion") != ""; isBinary && signed != "" && delivery.ID != signed {
			t.Errorf("a header has made %q of the signed id %q", delivery.ID, signed)
		}
		r, delay, err := delivery.Document(content)
		if err != nil {
			mustBeProper(t, err)
			return
		}
		if r.Source != "lms" || delay < 0 || delay > 15*time.Minute || r.OccurredAt.After(morning) {
			t.Errorf("of %q, kept back for %s, happened at %s", r.Source, delay, r.OccurredAt)
		}
		mustGetOverTheQueue(t, r)
		mustBeTheSameInEnvelopes(t, content)
	})
}

// mustBeTheSameInEnvelopes lays a document in each kind of envelope and takes it out again.
func mustBeTheSameInEnvelopes(t *testing.T, document []byte) {
	t.Helper()
	for name, envelope := range map[string]map[string]any{
		"Standard Webhooks":       {"type": "t", "timestamp": "2026-11-23T09:00:00Z", "data": json.RawMessage(document)},
		"a CloudEvent":            {"specversion": "1.0", "source": "s", "id": "i", "time": "2026-11-23T09:00:00Z", "data": json.RawMessage(document)},
		"a CloudEvent, in base64": {"specversion": "1.0", "source": "s", "id": "i", "time": "2026-11-23T09:00:00Z", "data_base64": document},
	} {
		payload, err := json.Marshal(envelope)
		if err != nil {
			t.Fatal(err)
		}
		delivery := trigger.Delivery{Source: "lms", ID: "d", Received: morning}
		content, refused := unpack(payload, nil, &delivery)
		if refused != nil {
			t.Errorf("in %s: %v", name, refused)
			continue
		}
		want, _, _ := trigger.Delivery{Source: "lms", ID: delivery.ID, OccurredAt: delivery.OccurredAt, Received: morning}.Document(document)
		if got, _, err := delivery.Document(content); err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("in %s: %v (-bare +enveloped):\n%s", name, err, cmp.Diff(want, got))
		}
		if delivery.OccurredAt.IsZero() {
			t.Errorf("in %s: its time is lost", name)
		}
	}
}
