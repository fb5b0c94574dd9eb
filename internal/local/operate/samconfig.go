package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"strings"

	"github.com/BurntSushi/toml"
)

// samconfig holds the settings that samconfig.toml has for `sam deploy` in its environment "default". What this command passes to SAM
// goes before those, so it passes nothing that they say.
type samconfig map[string]any

// readSAMConfig reads samconfig.toml in the working directory. Where there is none, there are no settings.
func readSAMConfig() (samconfig, error) {
	var file struct {
		Default struct {
			Global, Deploy struct{ Parameters map[string]any }
		}
	}
	if _, err := toml.DecodeFile("samconfig.toml", &file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("samconfig.toml: %w", err)
	}
	settings := samconfig{}
	maps.Copy(settings, file.Default.Global.Parameters)
	maps.Copy(settings, file.Default.Deploy.Parameters)
	return settings, nil
}

func (s samconfig) text(key string) string {
	text, _ := s[key].(string)
	return text
}

func (s samconfig) has(key string) bool {
	_, ok := s[key]
	return ok
}

// overrides returns the parameters of the template, each element one or more of Key=Value, as SAM takes them. They may stand in one text
// or in a list.
func (s samconfig) overrides() ([]string, error) {
	switch value := s["parameter_overrides"].(type) {
	case nil:
		return nil, nil
	case string:
		return []string{value}, nil
	case []any:
		var all []string
		for _, element := range value {
			text, ok := element.(string)
			if !ok {
				return nil, fmt.Errorf("samconfig.toml: parameter_overrides holds %v, which is not text such as \"Key=Value\"", element)
			}
			all = append(all, text)
		}
		return all, nil
	default:
		return nil, errors.New("samconfig.toml: parameter_overrides must be a text or a list of texts such as \"Key=Value\"")
	}
}

// overridden returns the value that one of the overrides gives to a parameter of the template. Values may stand in double quotes.
func overridden(overrides []string, parameter string) (string, bool) {
	// As in SAM: a value ends at a blank, unless it is quoted.
	found := regexp.MustCompile(`(?:^| )` + parameter + `=(?:"([^"]*)"|([^ "]+))`).FindStringSubmatch(strings.Join(overrides, " "))
	if found == nil {
		return "", false
	}
	return found[1] + found[2], true
}
