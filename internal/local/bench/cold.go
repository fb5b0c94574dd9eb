package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// size tells what is uploaded, and what happens before main.
func (b *bench) size(ctx context.Context) error {
	zips, allocations := map[string]string{}, map[string]string{}
	size, made := map[string]int64{}, map[string]int{}
	var err error
	for _, name := range []string{floorName, plainName, oursName} {
		if size[name], err = zipped(filepath.Join(b.arm64, name, "bootstrap")); err != nil {
			return err
		}
		if made[name], err = startAllocations(ctx, filepath.Join(b.binaries, name, "bootstrap")); err != nil {
			return err
		}
		zips[name], allocations[name] = fmt.Sprintf("%.2f MB", float64(size[name])/1e6), fmt.Sprint(made[name])
	}
	r := float64(size[oursName]) / float64(size[floorName])
	b.table.add(row{what: "zip, arm64", values: zips, budget: "≤ 1.5 × floor", measured: fmt.Sprintf("%.2f", r), met: r <= 1.5})
	b.table.add(row{
		what: "start-up allocations", values: allocations, budget: "≤ 6500", measured: allocations[oursName], met: made[oursName] <= 6500,
	})
	return nil
}

// beginning is how long processes took from their start until they had handled their first event, and the processor time that they had
// until the first poll and until then.
type beginning struct{ start, event, startProcessor, processor []time.Duration }

func (b beginning) total() []time.Duration {
	all := make([]time.Duration, len(b.start))
	for i := range all {
		all[i] = b.start[i] + b.event[i]
	}
	return all
}

// beginnings starts processes of each variant, in turns, and hands each one event of n messages.
func (b *bench) beginnings(ctx context.Context, d distance, rounds, memoryMB, n int, names ...string) (map[string]*beginning, string, error) {
	all := map[string]*beginning{}
	var how string
	for range rounds {
		for _, v := range b.variants(names...) {
			if all[v.name] == nil {
				all[v.name] = &beginning{}
			}
			if err := b.begin(ctx, v, d, memoryMB, n, all[v.name], &how); err != nil {
				return nil, "", fmt.Errorf("%s: %w", v.name, err)
			}
		}
	}
	return all, how, nil
}

func (b *bench) begin(ctx context.Context, v variant, d distance, memoryMB, n int, into *beginning, how *string) error {
	w, err := newWorld(d, b.folder)
	if err != nil {
		return err
	}
	defer w.close()
	r, err := start(v, w, memoryMB)
	if err != nil {
		return err
	}
	defer r.close()
	payload, err := w.messages(n)
	if err != nil {
		return err
	}
	report, err := r.invoke(ctx, payload)
	if err != nil {
		return err
	}
	processor, err := r.processor()
	if err != nil {
		return err
	}
	into.startProcessor, into.processor = append(into.startProcessor, r.atReady), append(into.processor, processor)
	into.start = append(into.start, report.InitDuration)
	into.event = append(into.event, report.Duration)
	*how = r.how
	return nil
}

// start tells how long a process takes until it asks for its first event, with everything near and unencrypted.
func (b *bench) start(ctx context.Context) error {
	all, _, err := b.beginnings(ctx, distance{}, b.rounds, 0, 1, floorName, plainName, oursName)
	if err != nil {
		return err
	}
	started, done := map[string]string{}, map[string]string{}
	for name, one := range all {
		done[name] = ms(median(one.total()))
		started[name] = ms(median(one.start))
	}
	b.table.add(row{what: "start to first poll, plaintext", values: started, measured: started[oursName]})
	b.table.add(row{what: "start + first event, plaintext", values: done, measured: done[oursName]})
	return nil
}

// share does the same with TLS, and with 128 MB's share of the processor from the first poll on.
func (b *bench) share(ctx context.Context) error {
	// An event ends within one of the slices that the process gets, so that a single one takes a slice more or less by chance.
	all, how, err := b.beginnings(ctx, distance{tls: true}, 3*b.rounds, 128, 1, floorName, plainName, oursName)
	if err != nil {
		return err
	}
	done, event, processors := map[string]string{}, map[string]string{}, map[string]string{}
	for name, one := range all {
		done[name], event[name] = ms(median(one.total())), ms(median(one.event))
		processors[name] = fmt.Sprintf("%s of %s", ms(median(one.processor)-median(one.startProcessor)), ms(median(one.processor)))
	}
	r := ratio(median(all[oursName].total()), median(all[plainName].total()))
	b.table.add(row{
		what: "start + first event, TLS, 128 MB share by " + how, values: done,
		budget: "≤ 1/8 of plain", measured: fmt.Sprintf("1/%.1f", 1/r), met: r <= 1.0/8,
	})
	b.table.add(row{what: "of that the event", values: event, measured: event[oursName]})
	b.table.add(row{what: "processor time for the event, of all", values: processors, measured: processors[oursName]})
	if all, _, err = b.beginnings(ctx, distance{tls: true}, b.rounds, 128, 10, togetherName, oursName); err != nil {
		return err
	}
	done = map[string]string{}
	for name, one := range all {
		done[name] = ms(median(one.total()))
	}
	r = ratio(median(all[oursName].total()), median(all[togetherName].total()))
	b.table.add(row{what: "start + first batch of 10, the same", values: done, measured: fmt.Sprintf("1/%.1f of plain*", 1/r)})
	return nil
}

// distance does the same with VideoSDK 100 ms away and AWS 2 ms, and counts in round trips to VideoSDK.
func (b *bench) distance(ctx context.Context) error {
	d := distance{tls: true, videosdk: 100 * time.Millisecond, aws: 2 * time.Millisecond}
	all, _, err := b.beginnings(ctx, d, b.rounds, 0, 1, plainName, oursName)
	if err != nil {
		return err
	}
	done, event := map[string]string{}, map[string]string{}
	for name, one := range all {
		done[name] = fmt.Sprintf("%.2f", ratio(median(one.total()), d.videosdk))
		event[name] = fmt.Sprintf("%.2f", ratio(median(one.event), d.videosdk))
	}
	total, inside := ratio(median(all[oursName].total()), d.videosdk), ratio(median(all[oursName].event), d.videosdk)
	b.table.add(row{
		what: "start + first event, TLS, VideoSDK 100 ms and AWS 2 ms away, in round trips to VideoSDK", values: done,
		budget: "≤ 4.3", measured: done[oursName], met: total <= 4.3,
	})
	b.table.add(row{what: "of that the event", values: event, budget: "≤ 2.2", measured: event[oursName], met: inside <= 2.2})
	return nil
}
