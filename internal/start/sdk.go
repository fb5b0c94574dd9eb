package start

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/aws/smithy-go/logging"
)

// sdkLog writes what the AWS SDK has to say to the log. Its own way would be plain text on standard error.
type sdkLog struct {
	log *slog.Logger
	ctx context.Context
}

// WithContext implements logging.ContextLogger.
func (l sdkLog) WithContext(ctx context.Context) logging.Logger { return sdkLog{l.log, ctx} }

// Logf implements logging.Logger.
func (l sdkLog) Logf(class logging.Classification, format string, v ...any) {
	level := slog.LevelDebug
	if class == logging.Warn {
		level = slog.LevelWarn
	}
	l.log.Log(l.ctx, level, "aws.sdk", "text", fmt.Sprintf(format, v...))
}
