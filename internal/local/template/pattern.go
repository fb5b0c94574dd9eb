package template

import "regexp"

// forbidden is how a pattern begins that forbids a word: ^(?!word$).
// CloudFormation's regular expressions, which are Java's, know look-ahead, Go's
// do not; this form of it is read apart.
var forbidden = regexp.MustCompile(`^\^?\(\?!((?:[^()\\]|\\.)*)\$\)`)

// allowedPattern is the AllowedPattern of a parameter.
type allowedPattern struct {
	matched   *regexp.Regexp
	unmatched *regexp.Regexp // nil when the pattern forbids no word
}

func newAllowedPattern(pattern string) (allowedPattern, error) {
	var p allowedPattern
	var err error
	if word := forbidden.FindStringSubmatch(pattern); word != nil {
		if p.unmatched, err = whole(word[1]); err != nil {
			return allowedPattern{}, err
		}
		pattern = pattern[len(word[0]):]
	}
	p.matched, err = whole(pattern)
	return p, err
}

// whole makes a pattern match the whole value, as CloudFormation does.
func whole(pattern string) (*regexp.Regexp, error) {
	return regexp.Compile("^(?:" + pattern + ")$")
}

func (p allowedPattern) allows(value string) bool {
	return p.matched.MatchString(value) && (p.unmatched == nil || !p.unmatched.MatchString(value))
}
