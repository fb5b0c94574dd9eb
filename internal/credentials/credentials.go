// Package credentials reads a secret from AWS Secrets Manager and keeps it.
//
// A value is used for its time to live, then fetched again, by one caller for all that wait. If that fails, the old value is served and
// a warning given: a secret that worked is better than none. A caller whom the value failed asks for a fresh one. AWS's own caching
// library for Go is not used: it sleeps for seconds on a refresh and does not obey the context.
package credentials

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/singleflight"

	"videosdk-end-session/internal/endsession"
)

const (
	fetchTimeout = 5 * time.Second  // of one fetch, whoever waits for it
	staleRetry   = 10 * time.Second // between fetches, and between warnings, while an old value is served because they fail
)

// SecretGetter is the one call of Secrets Manager that is needed.
type SecretGetter interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// Config is what a Cache is made of. Only Fetched may be nil.
type Config[T any] struct {
	Secrets  SecretGetter
	SecretID string        // name or ARN
	TTL      time.Duration // age at which a value is fetched again
	// Parse reads the secret's bytes. Its error must not quote them.
	Parse func([]byte) (T, error)
	Now   func() time.Time
	// Stale is told of a fetch that failed while there is an old value, at most once in staleRetry.
	Stale func(context.Context, error)
	// Fetched is told of every fetch that brought a value, and how long it took.
	Fetched func(context.Context, time.Duration)
}

// Cache holds one secret. It is safe for concurrent use.
type Cache[T any] struct {
	with   Config[T]
	flight singleflight.Group

	mu      sync.Mutex
	value   T
	fetched time.Time // when the value's fetch began; zero without a value
	retry   time.Time // no refresh of a stale value before this
	warned  time.Time // when a warning was given last
}

// New returns an empty Cache, or an error if the configuration lacks something.
func New[T any](c Config[T]) (*Cache[T], error) {
	if c.Secrets == nil || c.SecretID == "" || c.TTL <= 0 || c.Parse == nil || c.Now == nil || c.Stale == nil {
		return nil, errors.New("credentials: client, secret id, time to live, parser, clock and warning are required")
	}
	if c.Fetched == nil {
		c.Fetched = func(context.Context, time.Duration) {}
	}
	return &Cache[T]{with: c}, nil
}

// Get returns the value, at most TTL old unless Secrets Manager fails. It returns an error only if there never was a value: an
// *endsession.Error of CodeSecretUnavailable, whose class tells whether it may pass, or that of the parser.
func (c *Cache[T]) Get(ctx context.Context) (T, error) {
	now := c.now()
	value, fetched, retry := c.held()
	if !fetched.IsZero() && (now.Sub(fetched) < c.with.TTL || now.Before(retry)) {
		return value, nil
	}
	fresh, err := c.fetch(ctx)
	if err == nil || fetched.IsZero() {
		return fresh, err
	}
	return value, nil
}

// Refresh returns a value whose fetch began after the given time, which callers set to when they began to use the one that failed
// them. So many callers who fail together cause one fetch. On an error there is no value: the old one is known to be no good.
func (c *Cache[T]) Refresh(ctx context.Context, after time.Time) (T, error) {
	// A fetch that was under way already may have begun too early; then the next one has not.
	var value T
	for range 2 {
		held, fetched, _ := c.held()
		if fetched.After(after) {
			return held, nil
		}
		var err error
		if value, err = c.fetch(ctx); err != nil {
			return value, err
		}
	}
	return value, nil
}

// now is the wall clock's time: the monotonic clock may stand still while a Lambda function is frozen.
func (c *Cache[T]) now() time.Time { return c.with.Now().Round(0) }

func (c *Cache[T]) held() (value T, fetched, retry time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.value, c.fetched, c.retry
}

// fetch fetches the secret, or waits for the fetch that is under way. The fetch goes on if the one who began it gives up, since
// others may wait for it.
func (c *Cache[T]) fetch(ctx context.Context) (T, error) {
	done := c.flight.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		return c.load(ctx)
	})
	var none T
	select {
	case <-ctx.Done():
		return none, unavailable(endsession.Transient, fmt.Errorf("wait for the secret: %w", ctx.Err()))
	case result := <-done:
		if result.Err != nil {
			return none, result.Err
		}
		return result.Val.(T), nil
	}
}

// load fetches the secret and keeps its value. If that fails, an old value is served for a while before the next try.
func (c *Cache[T]) load(ctx context.Context) (T, error) {
	began := c.now()
	value, err := c.read(ctx)
	if err != nil {
		if c.postpone(c.now()) {
			c.with.Stale(ctx, err)
		}
		return value, err
	}
	c.keep(value, began)
	c.with.Fetched(ctx, c.now().Sub(began))
	return value, nil
}

func (c *Cache[T]) keep(value T, fetched time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.value, c.fetched, c.retry = value, fetched, time.Time{}
}

// postpone puts off the next fetch of all but those whom the old value has failed. It reports whether a warning is due.
func (c *Cache[T]) postpone(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retry = now.Add(staleRetry)
	if c.fetched.IsZero() || now.Sub(c.warned) < staleRetry {
		return false
	}
	c.warned = now
	return true
}

func (c *Cache[T]) read(ctx context.Context) (T, error) {
	var none T
	out, err := c.with.Secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &c.with.SecretID})
	if err != nil {
		return none, unavailable(classOf(err), fmt.Errorf("get the secret: %w", err))
	}
	document := out.SecretBinary
	if document == nil && out.SecretString == nil {
		// Secrets Manager keeps no secret without a value: something else has answered, or half of it.
		return none, unavailable(endsession.Transient, errors.New("get the secret: the answer has no value"))
	}
	if out.SecretString != nil {
		document = []byte(*out.SecretString)
	}
	value, err := c.with.Parse(document)
	if err != nil {
		return none, fmt.Errorf("read the secret: %w", err)
	}
	return value, nil
}

func unavailable(class endsession.Class, err error) error {
	return &endsession.Error{Code: endsession.CodeSecretUnavailable, Class: class, Message: "the secret could not be read", Err: err}
}

// classOf tells what somebody must mend from what passes by itself.
func classOf(err error) endsession.Class {
	var refusal smithy.APIError
	if !errors.As(err, &refusal) {
		return endsession.Transient
	}
	switch refusal.ErrorCode() {
	case "ResourceNotFoundException", "AccessDeniedException", "DecryptionFailure", "InvalidParameterException", "InvalidRequestException":
		return endsession.Credentials
	default:
		return endsession.Transient
	}
}
