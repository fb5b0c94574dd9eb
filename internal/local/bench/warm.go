package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// pair is a running variant and its world.
type pair struct {
	*process
	name  string
	close func()
}

// all starts each variant in a world of its own, and has it handle a batch so that it is warm.
func (b *bench) all(ctx context.Context, d distance, memoryMB, batch int, names ...string) (_ []*pair, closeAll func(), err error) {
	var pairs []*pair
	closeAll = func() {
		for _, p := range pairs {
			p.close()
		}
	}
	defer func() {
		if err != nil {
			closeAll()
		}
	}()
	for _, v := range b.variants(names...) {
		w, err := newWorld(d, b.folder)
		if err != nil {
			return nil, nil, err
		}
		r, err := start(v, w, memoryMB)
		if err != nil {
			w.close()
			return nil, nil, err
		}
		p := &pair{process: r, name: v.name, close: func() { r.close(); w.close() }}
		pairs = append(pairs, p)
		for range 3 {
			if _, err := p.event(ctx, batch); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", v.name, err)
			}
		}
	}
	return pairs, closeAll, nil
}

// event is one batch of n fresh messages, and how long it took.
func (p *pair) event(ctx context.Context, n int) (time.Duration, error) {
	payload, err := p.world.messages(n)
	if err != nil {
		return 0, err
	}
	report, err := p.invoke(ctx, payload)
	return report.Duration, err
}

// warm tells how long an event takes in a process that has handled some, besides the time that VideoSDK and AWS take.
func (b *bench) warm(ctx context.Context) error {
	for _, delay := range []time.Duration{0, 50 * time.Millisecond} {
		pairs, closeAll, err := b.all(ctx, distance{}, 0, 1, floorName, plainName, oursName)
		if err != nil {
			return err
		}
		events := b.events
		if delay > 0 {
			events /= 10 // most of it is waiting
		}
		own := map[string][]time.Duration{}
		for _, p := range pairs {
			p.world.setDelay(delay)
		}
		for range events {
			for _, p := range pairs {
				before := p.world.spent.Load()
				took, err := p.event(ctx, 1)
				if err != nil {
					closeAll()
					return fmt.Errorf("%s: %w", p.name, err)
				}
				own[p.name] = append(own[p.name], took-time.Duration(p.world.spent.Load()-before))
			}
		}
		closeAll()
		values := map[string]string{}
		for name, all := range own {
			values[name] = us(median(all))
		}
		b.table.add(row{
			what: fmt.Sprintf("warm event, VideoSDK at %d ms, own time", delay.Milliseconds()), values: values,
			measured: fmt.Sprintf("%.2f × plain", ratio(median(own[oursName]), median(own[plainName]))),
		})
	}
	return nil
}

// instructions tells what the processor does for an event.
func (b *bench) instructions(ctx context.Context) error {
	what := "warm event, thousand instructions"
	values, counts := map[string]string{}, map[string]float64{}
	for _, v := range b.variants(floorName, plainName, oursName) {
		count, err := instructionsOf(ctx, v, 1, b.counted)
		if errors.Is(err, errNoValgrind) {
			b.table.add(row{what: what, measured: "not measured: " + err.Error()})
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
		counts[v.name], values[v.name] = count, fmt.Sprintf("%.0f", count)
	}
	r := counts[oursName] / counts[plainName]
	b.table.add(row{what: what, values: values, budget: "≤ 0.6 × plain", measured: fmt.Sprintf("%.2f × plain", r), met: r <= 0.6})
	return nil
}

// batch tells what ten messages take that come together, with VideoSDK at 50 ms.
func (b *bench) batch(ctx context.Context) error {
	const size, delay = 10, 50 * time.Millisecond
	pairs, closeAll, err := b.all(ctx, distance{}, 0, size, plainName, togetherName, oursName)
	if err != nil {
		return err
	}
	defer closeAll()
	took, alone := map[string][]time.Duration{}, map[string][]time.Duration{}
	processor, publishes, connections := map[string]time.Duration{}, map[string]int{}, map[string]int64{}
	rounds := max(b.events/20, 5)
	for range rounds {
		for _, p := range pairs {
			p.world.setDelay(delay)
			one, err := p.event(ctx, 1)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			alone[p.name] = append(alone[p.name], one)
			calls, accepted := p.world.cloud.count("PutEvents"), p.world.accepted.Load()
			before, err := p.processor()
			if err != nil {
				return err
			}
			ten, err := p.event(ctx, size)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			after, err := p.processor()
			if err != nil {
				return err
			}
			took[p.name] = append(took[p.name], ten)
			processor[p.name] += after - before
			publishes[p.name] += p.world.cloud.count("PutEvents") - calls
			connections[p.name] += p.world.accepted.Load() - accepted
		}
	}
	times, processors, calls, dialled := map[string]string{}, map[string]string{}, map[string]string{}, map[string]string{}
	for name := range took {
		times[name] = ms(median(took[name]))
		processors[name] = us(processor[name] / time.Duration(rounds))
		calls[name] = fmt.Sprintf("%.1f", float64(publishes[name])/float64(rounds))
		dialled[name] = fmt.Sprintf("%.1f", float64(connections[name])/float64(rounds))
	}
	r := ratio(median(took[oursName]), median(alone[oursName]))
	b.table.add(row{
		what: "batch of 10, VideoSDK at 50 ms", values: times,
		budget: "≤ 1.1 × one message", measured: fmt.Sprintf("%.2f × one message", r), met: r <= 1.1,
	})
	b.table.add(row{
		what: "publish calls for it", values: calls, budget: "1", measured: calls[oursName], met: publishes[oursName] == rounds,
	})
	b.table.add(row{
		what: "new connections for it, warm", values: dialled, budget: "0", measured: dialled[oursName], met: connections[oursName] == 0,
	})
	r = ratio(processor[oursName], processor[plainName])
	b.table.add(row{
		what: "processor time for it", values: processors, budget: "≤ 0.35 × plain", measured: fmt.Sprintf("%.2f × plain", r), met: r <= 0.35,
	})
	return nil
}

// duplicate tells what it takes to handle a trigger again whose outcome is published, beside a fresh one.
func (b *bench) duplicate(ctx context.Context) error {
	pairs, closeAll, err := b.all(ctx, distance{}, 0, 1, oursName)
	if err != nil {
		return err
	}
	defer closeAll()
	p := pairs[0]
	var fresh, again []time.Duration
	for range b.events {
		payload, err := p.world.messages(1)
		if err != nil {
			return err
		}
		for _, times := range []*[]time.Duration{&fresh, &again} {
			report, err := p.invoke(ctx, payload)
			if err != nil {
				return err
			}
			*times = append(*times, report.Duration)
		}
	}
	r := ratio(median(again), median(fresh))
	b.table.add(row{
		what: "a duplicate of a published trigger, VideoSDK at 0 ms", values: map[string]string{oursName: ms(median(again))},
		budget: "≤ 0.5 × fresh", measured: fmt.Sprintf("%.2f × %s", r, ms(median(fresh))), met: r <= 0.5,
	})
	return nil
}
