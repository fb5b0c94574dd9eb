package trigger

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// unpaired reports whether a JSON string has half of a surrogate pair by an escape, which is what a sender leaves that cuts text in the
// middle of an emoji. It is no character (RFC 8259, section 8.2): the decoder puts U+FFFD in its place, and two ids could become one.
func unpaired(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		first, ok := escaped(raw[i:])
		if !ok {
			i++ // what is escaped here is no beginning of another escape
			continue
		}
		i += 5
		if !utf16.IsSurrogate(first) {
			continue
		}
		if second, _ := escaped(raw[i+1:]); utf16.DecodeRune(first, second) == utf8.RuneError {
			return true
		}
		i += 6
	}
	return false
}

// escaped returns the UTF-16 code unit that an escape such as \u00e4 at the beginning of raw stands for, and false if there is none.
func escaped(raw []byte) (rune, bool) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	return rune(unit), err == nil
}
