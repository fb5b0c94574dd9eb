package credentials_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// TestCallerGivesUp has callers with less time than the fetch that they wait for. It goes on for the others.
func TestCallerGivesUp(t *testing.T) {
	gets := map[string]func(*world, context.Context) (string, error){
		"get":     func(w *world, ctx context.Context) (string, error) { return w.cache.Get(ctx) },
		"refresh": func(w *world, ctx context.Context) (string, error) { return w.cache.Refresh(ctx, time.Now()) },
	}
	for name, get := range gets {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				began := time.Now()
				var patient sync.WaitGroup
				hurried, cancel := context.WithTimeout(w.Context(), 300*time.Millisecond)
				defer cancel()
				patient.Go(func() {
					time.Sleep(100 * time.Millisecond) // the fetch is the hurried caller's
					all(func() { w.get("first", 1) })
					if took := time.Since(began); took != time.Second {
						w.Errorf("the others waited %v, want 1s", took)
					}
				})
				got, err := get(w, hurried)
				if got != "" || !errors.Is(err, context.DeadlineExceeded) {
					w.Errorf("got %q, %v, want an error", got, err)
				}
				if took := time.Since(began); took != 300*time.Millisecond {
					w.Errorf("gave up after %v, want 300ms", took)
				}
				patient.Wait()
			})
		})
	}
}

// TestCallerWithAnOldValueGivesUp is served the old one, and it is no failed refresh.
func TestCallerWithAnOldValueGivesUp(t *testing.T) {
	inWorld(t, func(w *world) {
		w.get("first", 1)
		time.Sleep(ttl)
		w.vault.put("second")
		began := time.Now()
		hurried, cancel := context.WithTimeout(w.Context(), 300*time.Millisecond)
		defer cancel()
		got, err := w.cache.Get(hurried)
		w.check(got, err, "first", 2)
		if took := time.Since(began); took != 300*time.Millisecond {
			w.Errorf("waited %v, want 300ms", took)
		}
		time.Sleep(time.Second) // the fetch goes on
		w.get("second", 2)
		if warned := w.warned(); len(warned) > 0 {
			w.Errorf("warned of %v", warned)
		}
	})
}
