package start

import (
	"bytes"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/smithy-go/logging"

	"videosdk-end-session/internal/telemetry"
)

func TestTheSDKWritesLinesOfTheLog(t *testing.T) {
	keepLog(t)
	var out bytes.Buffer
	log := sdkLog{telemetry.Setup(&out, telemetry.Options{}), t.Context()}
	log.Logf(logging.Warn, "answer %d", 1)
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "r1"})
	logging.WithContext(ctx, log).Logf(logging.Warn, "answer %d", 2)
	logging.WithContext(ctx, log).Logf(logging.Debug, "answer %d", 3)
	for _, part := range []string{
		`"level":"WARN","message":"aws.sdk","text":"answer 1"}`,
		`"level":"WARN","message":"aws.sdk","requestId":"r1","coldStart":true,"text":"answer 2"}`,
	} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("no %s in\n%s", part, out.String())
		}
	}
	if strings.Contains(out.String(), "answer 3") {
		t.Errorf("below the level:\n%s", out.String())
	}
}
