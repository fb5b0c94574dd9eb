package simulation

import (
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// luck is a source of random numbers that depends on nothing but the seed and its name. Everything that happens has a luck of its own,
// so it does not matter which goroutine asks first, and a seed is replayed exactly.
type luck struct{ *rand.Rand }

func newLuck(seed uint64, name ...string) luck {
	h := fnv.New64a()
	for _, part := range name {
		_, _ = h.Write([]byte(part))
		_, _ = h.Write([]byte{0})
	}
	return luck{rand.New(rand.NewPCG(seed, h.Sum64()))}
}

// chance is true with the probability p.
func (l luck) chance(p float64) bool { return l.Float64() < p }

// between returns a duration from least to below most. Its nanoseconds keep events from happening at the same instant, where the order
// would be the scheduler's.
func (l luck) between(least, most time.Duration) time.Duration {
	return least + time.Duration(l.Int64N(int64(most-least)))
}

// among returns one of the choices.
func among[T any](l luck, choices ...T) T { return choices[l.IntN(len(choices))] }
