package credentials_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"videosdk-end-session/internal/credentials"
)

const ttl = 5 * time.Minute

// vault is a Secrets Manager whose secret is what the test last put there. Its fetches take a while.
type vault struct {
	mu       sync.Mutex
	output   secretsmanager.GetSecretValueOutput
	err      error
	take     time.Duration // of each fetch, after its answer is settled
	asked    []string      // secret ids, one for each fetch
	running  int
	together int // the most fetches that ran at the same time
}

func (v *vault) GetSecretValue(
	ctx context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options),
) (*secretsmanager.GetSecretValueOutput, error) {
	output, take, err := v.begin(*in.SecretId)
	defer v.end()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(take):
	}
	if err != nil {
		return nil, err
	}
	return &output, nil
}

func (v *vault) begin(id string) (secretsmanager.GetSecretValueOutput, time.Duration, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked = append(v.asked, id)
	v.running++
	v.together = max(v.together, v.running)
	return v.output, v.take, v.err
}

func (v *vault) end() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.running--
}

func (v *vault) put(value string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.output, v.err = secretsmanager.GetSecretValueOutput{SecretString: &value}, nil
}

func (v *vault) fail(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.err = err
}

func (v *vault) slow(take time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.take = take
}

func (v *vault) fetches() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.asked)
}

// world is a cache with the vault that it asks, in a bubble of its own time.
type world struct {
	*testing.T
	vault *vault
	cache *credentials.Cache[string]

	mu       sync.Mutex
	warnings []error
}

var (
	errOutage = errors.New("no such host")
	errParse  = errors.New("not a secret")
)

// parse takes every document but an empty one and "broken".
func parse(document []byte) (string, error) {
	if text := string(document); text != "" && text != "broken" {
		return text, nil
	}
	return "", errParse
}

func inWorld(t *testing.T, f func(*world)) {
	t.Helper()
	inWorldWith(t, func(*credentials.Config[string]) {}, f)
}

// inWorldWith is inWorld with a change to the cache's configuration.
func inWorldWith(t *testing.T, change func(*credentials.Config[string]), f func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, vault: &vault{}}
		w.vault.put("first")
		w.vault.slow(time.Second)
		w.cache = w.newCache("the-secret", change)
		f(w)
	})
}

func (w *world) newCache(id string, change func(*credentials.Config[string])) *credentials.Cache[string] {
	w.Helper()
	c := credentials.Config[string]{
		Secrets: w.vault, SecretID: id, TTL: ttl, Parse: parse, Now: time.Now,
		Stale: func(_ context.Context, err error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.warnings = append(w.warnings, err)
		},
	}
	change(&c)
	cache, err := credentials.New(c)
	if err != nil {
		w.Fatal(err)
	}
	return cache
}

func (w *world) warned() []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.warnings
}

// get gets the value and checks it and how many fetches there have been since the beginning.
func (w *world) get(want string, fetches int) {
	w.Helper()
	got, err := w.cache.Get(w.Context())
	w.check(got, err, want, fetches)
}

func (w *world) refresh(after time.Time, want string, fetches int) {
	w.Helper()
	got, err := w.cache.Refresh(w.Context(), after)
	w.check(got, err, want, fetches)
}

func (w *world) check(got string, err error, want string, fetches int) {
	w.Helper()
	if err != nil || got != want {
		w.Errorf("got %q, %v, want %q", got, err, want)
	}
	if n := w.vault.fetches(); n != fetches {
		w.Errorf("%d fetches, want %d", n, fetches)
	}
}

// all runs a call concurrently, many times, and returns when all are done.
func all(call func()) {
	var calls sync.WaitGroup
	for range 50 {
		calls.Go(call)
	}
	calls.Wait()
}
