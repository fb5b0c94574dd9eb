package webhook

import (
	"testing"
	"time"
)

func TestTimes(t *testing.T) {
	ten := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		// RFC 3339, and what Ruby and Java write instead
		"2026-11-23T10:00:00Z":           ten,
		"2026-11-23T10:00:00.123456789Z": ten.Add(123456789),
		"2026-11-23T11:00:00+01:00":      ten,
		"2026-11-23T15:30:00+05:30":      ten,
		"2026-11-23T02:00:00-0800":       ten,
		"2026-11-23T10:00:00.5+0000":     ten.Add(time.Second / 2),
		"2026-11-23 10:00:00Z":           ten,
		"2026-11-23 11:00:00+01:00":      ten,
		"2026-11-23 10:00:00 +0000":      ten,
		"2026-11-23 10:00:00.25 -0000":   ten.Add(time.Second / 4),
		"2026-11-23 10:00:00 UTC":        ten,
		"9999-12-31T23:59:59Z":           time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		"0001-01-01T00:00:01Z":           time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), // which a request refuses, by the year

		// Unix seconds
		"1795428000":     ten,
		"1795428000.5":   ten.Add(time.Second / 2),
		"1.795428e9":     ten,
		"1":              time.Unix(1, 0).UTC(),
		"253402300799":   time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		"253402300799.0": time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	} {
		got, ok := parseTime(text)
		if !ok || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%s is %s, %t; want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", "soon", "2026-11-23", "2026-11-23T10:00:00", "2026-11-23 10:00:00", "2026-11-23T10:00:00 CET", "2026-11-23 10:00:00 PST", "2026-11-23T10:00Z",
		"2026-02-30T10:00:00Z", "2026-11-23T25:00:00Z", "2026-11-23T10:00:60Z", "2026-11-23T10:00:00Z ", "x2026-11-23T10:00:00Z", "10000-01-01T00:00:00Z",
		"2026-11-23T10:00:00+99:99", "Mon, 23 Nov 2026 10:00:00 GMT", "2026-11-23T10:00:00Z\x00",
		"0001-01-01T00:00:00Z",                                                     // what a Go program sends for a time that it never set
		"0", "-0", "-1", "0.0", "253402300800", "1795428000000", "1e400", "-1e400", // the year 9999 is the last, and milliseconds are none
		"NaN", "nan", "Inf", "+Inf", "-Inf", "infinity", "0x6b0465a0", "0x1p30", "1_795_428_000", "1795428000s", " 1795428000", "１７９５４２８０００",
	} {
		if got, ok := parseTime(text); ok {
			t.Errorf("%q is %s", text, got)
		}
	}
}
