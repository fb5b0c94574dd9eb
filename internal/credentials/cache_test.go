package credentials_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/credentials"
	"videosdk-end-session/internal/endsession"
)

func TestNewRefusesWhatIsIncomplete(t *testing.T) {
	complete := credentials.Config[string]{
		Secrets: &vault{}, SecretID: "s", TTL: ttl, Parse: parse, Now: time.Now, Stale: func(context.Context, error) {},
	}
	tests := []struct {
		name string
		omit func(*credentials.Config[string])
		fine bool
	}{
		{name: "complete", omit: func(*credentials.Config[string]) {}, fine: true},
		{name: "no client", omit: func(c *credentials.Config[string]) { c.Secrets = nil }},
		{name: "no secret id", omit: func(c *credentials.Config[string]) { c.SecretID = "" }},
		{name: "no time to live", omit: func(c *credentials.Config[string]) { c.TTL = 0 }},
		{name: "negative time to live", omit: func(c *credentials.Config[string]) { c.TTL = -time.Second }},
		{name: "no parser", omit: func(c *credentials.Config[string]) { c.Parse = nil }},
		{name: "no clock", omit: func(c *credentials.Config[string]) { c.Now = nil }},
		{name: "no warning", omit: func(c *credentials.Config[string]) { c.Stale = nil }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			config := complete
			tt.omit(&config)
			cache, err := credentials.New(config)
			if (err == nil) != tt.fine || (cache != nil) != tt.fine {
				t.Errorf("New() = %v, %v", cache, err)
			}
		})
	}
}

func TestSecretIsReadAsItIs(t *testing.T) {
	text := "text"
	tests := []struct {
		name   string
		id     string
		output secretsmanager.GetSecretValueOutput
		want   string
	}{
		{name: "by name", id: "prod/videosdk", output: secretsmanager.GetSecretValueOutput{SecretString: &text}, want: "text"},
		{
			name: "by ARN", id: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/videosdk-AbCdEf",
			output: secretsmanager.GetSecretValueOutput{SecretString: &text}, want: "text",
		},
		{name: "binary", id: "s", output: secretsmanager.GetSecretValueOutput{SecretBinary: []byte("bytes")}, want: "bytes"},
		{name: "text before binary", id: "s", output: secretsmanager.GetSecretValueOutput{SecretString: &text, SecretBinary: []byte("bytes")}, want: "text"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.vault.output = tt.output
				got, err := w.newCache(tt.id, func(*credentials.Config[string]) {}).Get(w.Context())
				if got != tt.want || err != nil {
					w.Errorf("Get() = %q, %v, want %q", got, err, tt.want)
				}
				if diff := cmp.Diff([]string{tt.id}, w.vault.asked); diff != "" {
					w.Errorf("asked for (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestAnAnswerWithoutAValueMayPass(t *testing.T) {
	inWorld(t, func(w *world) {
		w.vault.output = secretsmanager.GetSecretValueOutput{}
		got, err := w.newCache("s", func(*credentials.Config[string]) {}).Get(w.Context())
		if e := endsession.AsError(err); e == nil || e.Code != endsession.CodeSecretUnavailable || e.Class != endsession.Transient {
			w.Errorf("Get() = %q, %v, want a transient secret_unavailable", got, err)
		}
	})
}

// TestAge counts from the beginning of a fetch, as the secret may change while it is under way.
func TestAge(t *testing.T) {
	inWorld(t, func(w *world) {
		began := time.Now()
		w.get("first", 1)
		w.vault.put("second")
		w.get("first", 1)
		time.Sleep(time.Until(began.Add(ttl - time.Nanosecond)))
		w.get("first", 1)
		time.Sleep(time.Nanosecond)
		w.get("second", 2)
		time.Sleep(ttl - time.Second - time.Nanosecond)
		w.get("second", 2)
		time.Sleep(time.Nanosecond)
		w.get("second", 3)
		if warned := w.warned(); len(warned) > 0 {
			w.Errorf("warned of %v", warned)
		}
	})
}

func TestOneFetchAtATime(t *testing.T) {
	inWorld(t, func(w *world) {
		for round := 1; round <= 3; round++ {
			value := fmt.Sprint("value ", round)
			w.vault.put(value)
			all(func() { w.get(value, round) })
			time.Sleep(ttl)
		}
		if w.vault.together != 1 {
			w.Errorf("%d fetches at the same time", w.vault.together)
		}
	})
}

// TestOldValueIsServed has refreshes that fail: the old value goes on, one fetch and one warning in ten seconds.
func TestOldValueIsServed(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*vault)
		cause error
		takes time.Duration
	}{
		{name: "out of reach", spoil: func(v *vault) { v.fail(errOutage) }, cause: errOutage, takes: time.Second},
		{name: "no longer a secret", spoil: func(v *vault) { v.put("broken") }, cause: errParse, takes: time.Second},
		{name: "hanging", spoil: func(v *vault) { v.slow(time.Hour) }, cause: context.DeadlineExceeded, takes: 5 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.get("first", 1)
				time.Sleep(ttl)
				tt.spoil(w.vault)
				for failed := 1; failed <= 3; failed++ {
					began := time.Now()
					all(func() { w.get("first", 1+failed) })
					if took := time.Since(began); took != tt.takes {
						w.Errorf("refresh %d took %v, want %v", failed, took, tt.takes)
					}
					all(func() { w.get("first", 1+failed) })
					time.Sleep(10*time.Second - time.Nanosecond)
					all(func() { w.get("first", 1+failed) })
					warned := w.warned()
					if len(warned) != failed || !errors.Is(warned[failed-1], tt.cause) {
						w.Errorf("warned of %v, want one warning for each refresh", warned)
					}
					time.Sleep(time.Nanosecond)
				}
				w.vault.slow(time.Second)
				w.vault.put("second")
				w.get("second", 5)
				w.get("second", 5)
				time.Sleep(ttl)
				w.get("second", 6)
				if n := len(w.warned()); n != 3 {
					w.Errorf("%d warnings, want none for refreshes that succeeded", n)
				}
			})
		})
	}
}

// TestRefreshThatSucceedsEndsTheWait has a value that lives shorter than the wait after a failure.
func TestRefreshThatSucceedsEndsTheWait(t *testing.T) {
	inWorldWith(t, func(c *credentials.Config[string]) { c.TTL = 2 * time.Second }, func(w *world) {
		w.get("first", 1)
		time.Sleep(2 * time.Second)
		w.vault.fail(errOutage)
		w.get("first", 2)
		w.vault.put("second")
		w.refresh(time.Now().Add(-time.Millisecond), "second", 3)
		time.Sleep(time.Second)
		w.vault.put("third")
		w.get("third", 4)
	})
}

func TestNoValueYet(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*vault)
		cause error
	}{
		{name: "out of reach", spoil: func(v *vault) { v.fail(errOutage) }, cause: errOutage},
		{name: "no secret", spoil: func(v *vault) { v.put("broken") }, cause: errParse},
		{name: "hanging", spoil: func(v *vault) { v.slow(time.Hour) }, cause: context.DeadlineExceeded},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				tt.spoil(w.vault)
				all(func() {
					if got, err := w.cache.Get(w.Context()); got != "" || !errors.Is(err, tt.cause) {
						w.Errorf("Get() = %q, %v, want an error", got, err)
					}
				})
				if n := w.vault.fetches(); n != 1 {
					w.Errorf("%d fetches for concurrent callers, want 1", n)
				}
				if warned := w.warned(); len(warned) > 0 {
					w.Errorf("warned of an old value that there is not: %v", warned)
				}
				// An error is not kept: the next caller asks again.
				w.vault.slow(time.Second)
				w.vault.put("first")
				w.get("first", 2)
			})
		})
	}
}

func TestEveryFetchThatBringsAValueIsTold(t *testing.T) {
	var took []time.Duration
	inWorldWith(t, func(c *credentials.Config[string]) {
		c.Fetched = func(_ context.Context, d time.Duration) { took = append(took, d) }
	}, func(w *world) {
		w.get("first", 1)
		w.get("first", 1)
		w.vault.fail(errOutage)
		time.Sleep(ttl)
		w.get("first", 2)
		w.vault.put("second")
		w.vault.slow(2 * time.Second)
		all(func() { w.refresh(time.Now().Add(-time.Millisecond), "second", 3) })
		if diff := cmp.Diff([]time.Duration{time.Second, 2 * time.Second}, took); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}
