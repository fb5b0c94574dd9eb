package stack_test

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"videosdk-end-session/internal/local/template"
)

// gate is where the functions reach one service of AWS. While it is shut, connections are refused. That happens before anybody knows
// which operation they are for, so it is always all operations of a service.
type gate struct {
	variable string // that tells the SDK of the gate
	aws      *url.URL
	address  string
	server   *http.Server
}

func (g *gate) open(context.Context, *world) error {
	listener, err := net.Listen("tcp", cmp.Or(g.address, "127.0.0.1:0"))
	if err != nil {
		return err
	}
	g.address = listener.Addr().String()
	g.server = &http.Server{Handler: &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(g.aws) },
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }, // as the service itself does
	}}
	go func() { _ = g.server.Serve(listener) }() // until it is shut
	return nil
}

func (g *gate) shut(context.Context, *world) error { return g.server.Close() }

// refusedConnections are days on which connections to one service of AWS are refused, and then no more.
func refusedConnections() setting {
	dynamoDB := &gate{variable: "AWS_ENDPOINT_URL_DYNAMODB"}
	eventBridge := &gate{variable: "AWS_ENDPOINT_URL_EVENTBRIDGE"}
	secretsManager := &gate{variable: "AWS_ENDPOINT_URL_SECRETS_MANAGER"}
	queues := &gate{variable: "AWS_ENDPOINT_URL_SQS"}
	gates := []*gate{dynamoDB, eventBridge, secretsManager, queues}
	refused := func(g *gate, service, code string) round {
		rows := []row{{name: service + " refuses connections", want: passing(code, "ending")}}
		return round{rows: rows, begin: g.shut, mend: g.open}
	}
	secrets := refused(secretsManager, "Secrets Manager", "secret_unavailable")
	secrets.rows[0].want = secrets.rows[0].want.but(resent("secret_unavailable", "ending"))
	secrets.begin = func(ctx context.Context, w *world) error {
		return errors.Join(forgotten(ctx, w), secretsManager.shut(ctx, w))
	}
	return setting{
		key: "refused", gates: gates, webhook: true,
		adjust: func(t *template.Template) {
			redelivering(5 * time.Second)(t)
			oneByOne(t)
			for _, g := range gates {
				g.start(t)
			}
		},
		rounds: []round{
			refused(dynamoDB, "DynamoDB", "ledger_unavailable"), refused(eventBridge, "EventBridge", "publish_failed"), secrets,
			{
				rows: []row{
					{
						name: "SQS refuses connections, and VideoSDK is away", want: passing("videosdk_unavailable", "ending").only(byBus),
						faults: with(videoSDKAway),
					},
					{name: "SQS refuses connections", want: resent("queue_unavailable", "ending")},
					{
						name: "SQS refuses connections, and the message is no request", want: rejected("delay_not_supported").only(byQueue),
						triggers: oneTrigger(set("delaySeconds", 5)),
					},
				},
				begin: queues.shut,
				// No dead letter comes out before it is open again. The SDK tries for three seconds at most.
				during: func(ctx context.Context, w *world) error {
					select {
					case <-ctx.Done():
						return ctx.Err()
					case <-time.After(6 * time.Second):
						return queues.open(ctx, w)
					}
				},
				mend: mendAll,
			},
		},
	}
}

// start opens the gate and sends the functions through it.
func (g *gate) start(t *template.Template) {
	aws, err := url.Parse(t.Queues[0].URL)
	if err == nil {
		g.aws = &url.URL{Scheme: aws.Scheme, Host: aws.Host}
		err = g.open(context.Background(), nil)
	}
	if err != nil {
		panic(err)
	}
	for i := range t.Functions {
		t.Functions[i].Environment[g.variable] = "http://" + g.address
	}
}
