package webhook

import (
	"strconv"
	"strings"
	"time"
)

// layouts are the forms of times that sources write: RFC 3339, and the same with a blank, a zone's name or a zone without colon, as Ruby
// and Java do. All of them name a zone: a time without one could be any of 24.
var layouts = []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z0700", "2006-01-02 15:04:05 UTC"}

// parseTime reads a time in one of the layouts, or Unix seconds.
func parseTime(text string) (time.Time, bool) {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		const least, most = 0, 253402300799 // the years 1970 and 9999
		if !(seconds > least && seconds <= most) || strings.ContainsAny(text, "xXpP_") {
			return time.Time{}, false
		}
		whole := int64(seconds)
		return time.Unix(whole, int64((seconds-float64(whole))*1e9)).UTC(), true
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil && !t.IsZero() {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
