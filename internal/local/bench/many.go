package main

import (
	"context"
	"fmt"
	"time"
)

// manyMessages sends thousands of messages in batches of ten, with VideoSDK at 0 ms, and tells the time and the memory that they take.
func (b *bench) manyMessages(ctx context.Context) error {
	const batch, turn = 10, 500 // a variant's turn is that many messages
	pairs, closeAll, err := b.all(ctx, distance{}, 0, batch, togetherName, oursName)
	if err != nil {
		return err
	}
	defer closeAll()
	took, processor := map[string]time.Duration{}, map[string]time.Duration{}
	early, late := map[string]int{}, map[string]int{} // MB at most
	for sent := turn; sent <= b.many; sent += turn {
		for _, p := range pairs {
			before, err := p.processor()
			if err != nil {
				return err
			}
			spent, peak, err := p.turn(ctx, turn/batch, batch)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			after, err := p.processor()
			if err != nil {
				return err
			}
			took[p.name] += spent
			processor[p.name] += after - before
			late[p.name] = peak
			if sent == 1000 {
				early[p.name] = peak
			}
		}
	}
	for _, p := range pairs {
		if got, want := p.world.cloud.published(), b.many+3*batch; got != want {
			return fmt.Errorf("%s published %d events for %d messages", p.name, got, want)
		}
	}
	times, processors, memory := map[string]string{}, map[string]string{}, map[string]string{}
	for name := range took {
		times[name] = fmt.Sprintf("%.2f s", took[name].Seconds())
		processors[name] = fmt.Sprintf("%.2f s", processor[name].Seconds())
		memory[name] = fmt.Sprintf("%d MB", late[name])
	}
	r := ratio(took[oursName], took[togetherName])
	b.table.add(row{
		what: fmt.Sprintf("%d messages in batches of %d, VideoSDK at 0 ms", b.many, batch), values: times,
		budget: "≤ 0.4 × plain*", measured: fmt.Sprintf("%.2f × plain*", r), met: r <= 0.4,
	})
	b.table.add(row{
		what: "processor time for them", values: processors, measured: fmt.Sprintf("%.2f × plain*", ratio(processor[oursName], processor[togetherName])),
	})
	b.table.add(row{
		what: "peak memory after them", values: memory, budget: "≤ 24 MB", measured: memory[oursName], met: late[oursName] <= 24,
	})
	b.table.add(row{
		what: "peak memory after them, beside that after the 1,000th", values: map[string]string{oursName: fmt.Sprintf("%d MB", early[oursName])},
		budget: "at most 1 MB more", measured: fmt.Sprintf("%d MB more", late[oursName]-early[oursName]), met: late[oursName]-early[oursName] <= 1,
	})
	return nil
}

// turn sends some batches, made beforehand, and returns how long they took and the memory of the process at most.
func (p *pair) turn(ctx context.Context, batches, size int) (time.Duration, int, error) {
	if err := p.world.newAccount(); err != nil {
		return 0, 0, err
	}
	var payloads [][]byte
	for range batches {
		payload, err := p.world.messages(size)
		if err != nil {
			return 0, 0, err
		}
		payloads = append(payloads, payload)
	}
	var peak int
	began := time.Now()
	for _, payload := range payloads {
		report, err := p.invoke(ctx, payload)
		if err != nil {
			return 0, 0, err
		}
		peak = report.MaxMemoryMB
	}
	return time.Since(began), peak, nil
}
