package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"videosdk-end-session/internal/local/capacity"
	"videosdk-end-session/internal/local/lambdahost"
	"videosdk-end-session/internal/telemetry/telemetrytest"
)

// sizes are the memories, in MB, at which it is told what is billed.
var sizes = []int{128, 256, 512}

// delivered is one kind of event.
type delivered struct {
	function string
	triggers int
	event    func(*world) ([]byte, error)
}

var deliveries = []delivered{
	{oursName, 1, func(w *world) ([]byte, error) { return w.messages(1) }},
	{oursName, 10, func(w *world) ([]byte, error) { return w.messages(10) }},
	{"api", 1, (*world).request},
	{"eventbridge", 1, (*world).busEvent},
	{webhookName, 1, func(w *world) ([]byte, error) { w.made++; return cancelled(w.made) }},
}

// billed tells what Lambda bills for events of each kind, and what they take of other services, with VideoSDK 100 ms and AWS 2 ms away.
func (b *bench) billed(ctx context.Context) error {
	d := distance{tls: true, videosdk: 100 * time.Millisecond, aws: 2 * time.Millisecond}
	rounds := max(b.events/10, 10)
	all := capacity.Measured{
		On: time.Now().UTC().Format(time.DateOnly), VideoSDK: int(d.videosdk.Milliseconds()), AWS: int(d.aws.Milliseconds()), Events: rounds,
	}
	for _, one := range deliveries {
		var billed []string
		for _, memory := range sizes {
			l, how, err := b.load(ctx, one, d, memory, rounds)
			if err != nil {
				return fmt.Errorf("%s, %d MB: %w", one.function, memory, err)
			}
			all.How, all.Loads = how, append(all.Loads, l)
			billed = append(billed, fmt.Sprintf("%d MB: %.0f ms, a start with it %.0f ms", memory, l.Warm, l.First))
		}
		b.table.add(row{
			what: fmt.Sprintf("`%s`: billed for an event of %d, VideoSDK 100 ms and AWS 2 ms away", one.function, one.triggers), measured: strings.Join(billed, "; "),
		})
	}
	if b.record == "" {
		return nil
	}
	document, err := json.MarshalIndent(all, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(b.record, append(document, '\n'), 0o644)
}

// load measures one kind of event at one size of memory: a few starts, and warm events in one process.
func (b *bench) load(ctx context.Context, one delivered, d distance, memoryMB, rounds int) (capacity.Load, string, error) {
	const starts = 5
	l := capacity.Load{Function: one.function, Triggers: one.triggers, MemoryMB: memoryMB}
	var first []time.Duration
	var how string
	for n := range starts {
		events := 1
		if n == 0 {
			events += rounds
		}
		r, reports, err := b.reports(ctx, one, d, memoryMB, events)
		if err != nil {
			return l, "", err
		}
		first, how = append(first, reports[0].Billed()), r.how
		if n > 0 {
			continue
		}
		for _, warm := range reports[1:] {
			l.Warm += float64(warm.Billed().Milliseconds()) / float64(rounds)
		}
		if l.Use, err = r.use(rounds); err != nil {
			return l, "", err
		}
	}
	l.First = milliseconds(median(first))
	return l, how, nil
}

// reports starts a process and hands it so many events. What the first one uses is not counted.
func (b *bench) reports(ctx context.Context, one delivered, d distance, memoryMB, events int) (*process, []lambdahost.Report, error) {
	w, err := newWorld(d, b.folder)
	if err != nil {
		return nil, nil, err
	}
	defer w.close()
	if one.function == webhookName {
		w.expectWebhooks()
	}
	r, err := start(b.variants(one.function)[0], w, memoryMB)
	if err != nil {
		return nil, nil, err
	}
	defer r.close()
	var reports []lambdahost.Report
	for n := range events {
		if n == 1 {
			r.forget()
		}
		payload, err := one.event(w)
		if err != nil {
			return nil, nil, err
		}
		report, err := r.invoke(ctx, payload)
		if err != nil {
			return nil, nil, err
		}
		reports = append(reports, report)
	}
	return r, reports, nil
}

// forget counts from now on what is used.
func (p *process) forget() {
	p.world.cloud.forget()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counting = true
}

// use returns what each of so many events used.
func (p *process) use(n int) (capacity.Use, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, each := p.world.cloud, 1/float64(n)
	metrics, err := metricsOf(p.emf)
	return capacity.Use{
		WriteUnits: float64(c.writeUnits) * each, ReadUnits: float64(c.count("GetItem")) * each, ItemBytes: float64(c.bytes()) * each,
		Events: float64(c.pieces) * each, Sends: float64(c.count("SendMessage")) * each,
		LogBytes: float64(p.bytes) * each, Metrics: metrics,
	}, err
}

// metricsOf returns how many metrics CloudWatch makes of lines of the Embedded Metric Format.
func metricsOf(lines []string) (int, error) {
	all := map[string]float64{}
	for _, line := range lines {
		metrics, err := telemetrytest.Metrics([]byte(line))
		if err != nil {
			return 0, err
		}
		maps.Copy(all, metrics)
	}
	return len(all), nil
}

// request is a trigger over HTTP.
func (w *world) request() ([]byte, error) {
	document, err := w.trigger(time.Now())
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	return json.Marshal(events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "POST /v1/sessions/end", RawPath: "/v1/sessions/end", Body: string(body),
		Headers: map[string]string{"content-type": "application/json"},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RequestID: document["id"], HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "POST", Path: "/v1/sessions/end"},
		},
	})
}

// busEvent is a trigger on a bus.
func (w *world) busEvent() ([]byte, error) {
	now := time.Now().UTC()
	document, err := w.trigger(now)
	if err != nil {
		return nil, err
	}
	detail, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	return json.Marshal(events.EventBridgeEvent{
		Version: "0", ID: document["id"], DetailType: "End Session", Source: "bench", AccountID: "123456789012", Time: now.Truncate(time.Second),
		Region: "us-east-1", Resources: []string{}, Detail: detail,
	})
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
