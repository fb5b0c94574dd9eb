package start

import (
	"bytes"
	"context"
	"io"
	"log"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"

	"videosdk-end-session/internal/config"
	"videosdk-end-session/internal/telemetry"
)

// twoLines is a handler that writes a line of each level.
type twoLines struct{ log *slog.Logger }

func (h twoLines) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	h.log.DebugContext(ctx, "fine")
	h.log.InfoContext(ctx, "coarse")
	return payload, nil
}

// keepLog puts back what Run and Setup change for the whole process.
func keepLog(t *testing.T) {
	t.Helper()
	before, writer, flags := slog.Default(), log.Writer(), log.Flags()
	t.Cleanup(func() {
		slog.SetDefault(before)
		slog.SetLogLoggerLevel(slog.LevelInfo)
		log.SetOutput(writer)
		log.SetFlags(flags)
	})
}

func TestAShareOfInvocationsIsLoggedInFull(t *testing.T) {
	tests := []struct {
		name       string
		rate, luck float64
		full       bool
	}{
		{"none", 0, 0, false},
		{"all", 1, 0.999999, true},
		{"a quarter, and this is one", 0.25, 0.249, true},
		{"a quarter, and this is none", 0.25, 0.25, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			keepLog(t)
			var out bytes.Buffer
			drawn := 0
			h := sampled{
				Handler: twoLines{telemetry.Setup(&out, telemetry.Options{})}, rate: tt.rate,
				luck: func() float64 { drawn++; return tt.luck },
			}
			if got, err := h.Invoke(t.Context(), []byte("p")); err != nil || string(got) != "p" {
				t.Errorf("Invoke() = %q, %v", got, err)
			}
			if full := strings.Contains(out.String(), "fine"); full != tt.full || !strings.Contains(out.String(), "coarse") {
				t.Errorf("logged %s, want it in full: %t", out.String(), tt.full)
			}
			if drawn != 1 {
				t.Errorf("drew %d lots for one invocation, want 1", drawn)
			}
		})
	}
}

func TestAFunctionThatCannotStartSaysWhy(t *testing.T) {
	keepLog(t)
	var out bytes.Buffer
	err := Run(func(string) string { return "" }, &out, config.SQS, func(Process) (lambda.Handler, error) {
		t.Error("built without a configuration")
		return nil, io.EOF
	})
	if err == nil || !strings.Contains(out.String(), `"message":"start.failed","error":"configuration: VIDEOSDK_SECRET_ID must be`) {
		t.Errorf("error = %v, logged %s", err, out.String())
	}
}
