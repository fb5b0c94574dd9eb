// Package redacted has the type of everything that must never be printed.
package redacted

import (
	"fmt"
	"log/slog"
)

// String is a secret. It prints as [redacted] by every verb of fmt, in slog and in JSON; only Reveal returns what it holds.
type String struct{ value string }

const mask = "[redacted]"

// New returns value as a secret.
func New(value string) String { return String{value} }

// Reveal returns the secret itself, to be used and not to be kept.
func (s String) Reveal() string { return s.value }

// Format prints the mask, whatever the verb.
func (String) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(mask)) }

// String returns the mask.
func (String) String() string { return mask }

// LogValue returns the mask.
func (String) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalText returns the mask, also as a key of a JSON object.
func (String) MarshalText() ([]byte, error) { return []byte(mask), nil }
