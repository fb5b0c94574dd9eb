package webhook

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// arity is how many arguments a function takes.
type arity struct{ least, most int }

// anyNumber is the most arguments of a function that takes as many as it is given.
const anyNumber = 1 << 10

// functions are those of JMESPath: jmespath.org/specification.html#built-in-functions.
var functions = map[string]arity{
	"abs": {1, 1}, "avg": {1, 1}, "ceil": {1, 1}, "contains": {2, 2}, "ends_with": {2, 2}, "floor": {1, 1}, "join": {2, 2}, "keys": {1, 1},
	"length": {1, 1}, "map": {2, 2}, "max": {1, 1}, "max_by": {2, 2}, "merge": {1, anyNumber}, "min": {1, 1}, "min_by": {2, 2},
	"not_null": {1, anyNumber}, "reverse": {1, 1}, "sort": {1, 1}, "sort_by": {2, 2}, "starts_with": {2, 2}, "sum": {1, 1},
	"to_array": {1, 1}, "to_number": {1, 1}, "to_string": {1, 1}, "type": {1, 1}, "values": {1, 1},
}

// lexemes are what tells the calls in an expression: texts, which may hold anything, a name with the parenthesis after it, and any other
// character.
var lexemes = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("(?s)" + `'(?:\\'|[^'])*'|"(?:\\.|[^"\\])*"` + "|`(?:\\\\.|[^`\\\\])*`" + `|([A-Za-z_][A-Za-z0-9_]*)[ \t\r\n]*\(|[^ \t\r\n]`)
})

// call is a bracket that is open, and what is known of the arguments in it.
type call struct {
	name     string // of the function; empty for any other bracket
	at       int
	commas   int
	hasWords bool
}

// checkCalls checks the functions that an expression calls. The library finds a wrong name or a wrong number of arguments only when it
// gets there, which may be on the one event that mattered. The expression must be one that it compiles.
func checkCalls(text string) error {
	open := []call{{}}
	var before string
	for _, at := range lexemes().FindAllStringSubmatchIndex(text, -1) {
		lexeme, top := text[at[0]:at[1]], &open[len(open)-1]
		switch lexeme {
		case ",":
			top.commas++
		case ")", "]", "}":
			if err := top.check(text); err != nil {
				return err
			}
			open = open[:max(1, len(open)-1)]
		default:
			top.hasWords = true
			switch {
			case at[2] >= 0:
				open = append(open, call{name: text[at[2]:at[3]], at: at[2]})
			case lexeme == "(" && strings.ContainsAny(before, ")]}@'\"`"):
				return fmt.Errorf("position %d: expected the name of a function before the parenthesis", position(text, at[0]))
			case strings.ContainsAny(lexeme, "([{") && len(lexeme) == 1:
				open = append(open, call{})
			}
		}
		before = lexeme[len(lexeme)-1:]
	}
	return nil
}

func (c call) check(text string) error {
	if c.name == "" {
		return nil
	}
	takes, known := functions[c.name]
	given := c.commas
	if c.hasWords {
		given++
	}
	switch {
	case !known:
		return fmt.Errorf("position %d: there is no function of this name", position(text, c.at))
	case given < takes.least || given > takes.most:
		return fmt.Errorf("position %d: the function takes %s, not %d", position(text, c.at), takes, given)
	default:
		return nil
	}
}

// String tells the number of arguments in words.
func (a arity) String() string {
	switch {
	case a.most == anyNumber:
		return fmt.Sprintf("at least %d argument", a.least)
	case a.most == 1:
		return "1 argument"
	default:
		return fmt.Sprintf("%d arguments", a.most)
	}
}
