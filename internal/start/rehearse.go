package start

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"videosdk-end-session/internal/rehearsal"
	"videosdk-end-session/internal/telemetry"
)

// rehearse builds the function a second time, on a stage, and has it handle an event there.
func rehearse(ctx context.Context, p Process, build func(Process) (lambda.Handler, error)) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	stage := rehearsal.New(p.Now(), string(p.Function))
	defer stage.Close()
	event, err := stage.Event()
	if err != nil {
		return err
	}
	endpoint := rehearsal.Endpoint
	p.Dial = stage.Dial
	p.AWS = aws.Config{
		Region: "us-east-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("rehearsal", "rehearsal", ""),
		HTTPClient: awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.DialContext, t.Proxy = stage.Dial, nil }),
	}
	p.Config.VideoSDKAPIEndpoint = endpoint
	p.Config.DryRun = false // so that all is rehearsed
	p.Log = slog.New(slog.NewJSONHandler(io.Discard, &slog.HandlerOptions{Level: p.Config.LogLevel}))
	p.Triggers = telemetry.Triggers{Log: p.Log, Door: string(p.Function)}
	p.Webhooks = telemetry.Webhooks{Log: p.Log, Door: string(p.Function)}
	p.ahead = &[]preparation{} // which nobody does
	handler, err := build(p)
	if err != nil {
		return err
	}
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: "rehearsal"})
	if _, err := handler.Invoke(ctx, event); err != nil {
		return err
	}
	return stage.Played()
}
