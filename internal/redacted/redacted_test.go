package redacted_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"videosdk-end-session/internal/redacted"
)

func TestStringNeverPrintsItself(t *testing.T) {
	const value = "s3cr3t-value"
	secret := redacted.New(value)
	pair := struct {
		Key    string
		Secret redacted.String
		Hidden redacted.String
	}{"key", secret, secret}

	printed := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
		printed[verb] = fmt.Sprintf(verb, secret)
		printed["struct "+verb] = fmt.Sprintf(verb, pair)
		printed["pointer "+verb] = fmt.Sprintf(verb, &pair)
	}
	printed["error"] = errors.Join(fmt.Errorf("with %v", secret)).Error()
	printed["print"] = fmt.Sprint(secret, pair)

	for name, v := range map[string]any{"value": secret, "struct": pair, "map": map[redacted.String]redacted.String{secret: secret}} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("marshal %s: %v", name, err)
		}
		printed["json "+name] = string(b)
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		printed["slog "+name] = log.String()
	}
	for how, got := range printed {
		if strings.Contains(got, value) || strings.Contains(got, fmt.Sprintf("%x", value)) {
			t.Errorf("%s printed the secret: %s", how, got)
		}
		if how != "%T" && !strings.HasSuffix(how, "%T") && !strings.Contains(got, "[redacted]") {
			t.Errorf("%s printed no mask: %s", how, got)
		}
	}
	if got := secret.Reveal(); got != value {
		t.Errorf("Reveal() = %q, want the value", got)
	}
}
