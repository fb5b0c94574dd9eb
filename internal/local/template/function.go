package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Function is a Lambda function (AWS::Serverless::Function) with the
// properties of the section Globals merged in.
type Function struct {
	LogicalID string
	Name      string
	ARN       string
	// Handler is the name of the program in the deployment package.
	Handler string
	// Architecture is arm64 or x86_64.
	Architecture string
	// Environment are the function's own variables, without those that Lambda
	// sets.
	Environment map[string]string
	Timeout     time.Duration
	// MemoryMB is the memory size in MB.
	MemoryMB int
	// Allowed is what the function may do. SAM's own role for a function without
	// one is not known here, so it is empty then.
	Allowed []Statement
	Routes  []Route
	Queues  []QueueSource
	Rules   []Rule
	Async   AsyncInvocation
}

// Route is a route of an HTTP API that invokes a function.
type Route struct {
	// API is the logical id of the HTTP API.
	API    string
	Method string
	Path   string
	// Authorizer is who may call: AWS_IAM, or NONE for everybody.
	Authorizer string
	// PayloadVersion is the format of the event, 1.0 or 2.0.
	PayloadVersion string
}

// functionProperties names the properties known here; the fields that nothing
// reads are what a local run has no use for.
type functionProperties struct {
	Description   string
	FunctionName  string
	Runtime       string
	Handler       string
	CodeUri       string
	Architectures []string
	MemorySize    int
	Timeout       int // seconds
	Role          string
	Tracing       string
	LoggingConfig struct{ LogFormat, ApplicationLogLevel, LogGroup string }
	Environment   struct{ Variables map[string]scalar }
	Events        map[string]eventSource

	EventInvokeConfig eventInvokeConfig
	DeadLetterQueue   *deadLetterTarget
}

type eventSource struct {
	Type       string
	Properties json.RawMessage
}

// supportedRuntime is the only one that a bootstrap binary runs on here.
const supportedRuntime = "provided.al2023"

func readFunction(r resource, d *document, queues map[string]string) (Function, error) {
	merged, err := merge(d.globals, r.properties)
	if err != nil {
		return Function{}, err
	}
	// Defaults of AWS::Serverless::Function.
	properties := functionProperties{
		Architectures: []string{"x86_64"}, MemorySize: 128, Timeout: 3, EventInvokeConfig: defaultEventInvokeConfig,
	}
	if err := decode(merged, &properties); err != nil {
		return Function{}, err
	}
	if properties.Runtime != supportedRuntime {
		return Function{}, fmt.Errorf("runtime %q is not known here, only %s", properties.Runtime, supportedRuntime)
	}
	if len(properties.Architectures) != 1 {
		return Function{}, fmt.Errorf("a function has one architecture, not %d", len(properties.Architectures))
	}
	function := Function{
		LogicalID:    r.logicalID,
		Name:         r.identity.name,
		ARN:          r.identity.attributes["Arn"],
		Handler:      properties.Handler,
		Architecture: properties.Architectures[0],
		Environment:  make(map[string]string, len(properties.Environment.Variables)),
		Timeout:      time.Duration(properties.Timeout) * time.Second,
		MemoryMB:     properties.MemorySize,
	}
	if properties.Role != "" {
		if function.Allowed, err = d.roleOf(properties.Role); err != nil {
			return Function{}, err
		}
	}
	if function.Async, err = readAsync(properties, queues); err != nil {
		return Function{}, err
	}
	for name, value := range properties.Environment.Variables {
		function.Environment[name] = string(value)
	}
	for _, name := range slices.Sorted(maps.Keys(properties.Events)) {
		if err := function.addSource(properties.Events[name], d, queues); err != nil {
			return Function{}, fmt.Errorf("event %s: %w", name, err)
		}
	}
	return function, nil
}

func (f *Function) addSource(source eventSource, d *document, queues map[string]string) error {
	switch source.Type {
	case "SQS":
		queue, err := readQueueSource(source.Properties, queues)
		if err != nil {
			return err
		}
		f.Queues = append(f.Queues, queue)
		return nil
	case "HttpApi":
		route, err := readRoute(source.Properties, d)
		if err != nil {
			return err
		}
		f.Routes = append(f.Routes, route)
		return nil
	}
	return fmt.Errorf("the event source %s is not known here", source.Type)
}

func readRoute(source json.RawMessage, d *document) (Route, error) {
	var properties struct {
		ApiId                string
		Method               string
		Path                 string
		PayloadFormatVersion string
		Auth                 struct{ Authorizer string }
	}
	if err := decode(source, &properties); err != nil {
		return Route{}, err
	}
	api, ok := d.find(kindHTTPAPI, properties.ApiId)
	if !ok {
		return Route{}, fmt.Errorf("%q is no HTTP API of the template", properties.ApiId)
	}
	authorizer, err := defaultAuthorizer(api)
	if err != nil {
		return Route{}, fmt.Errorf("HTTP API %s: %w", api.logicalID, err)
	}
	if properties.Auth.Authorizer != "" {
		authorizer = properties.Auth.Authorizer
	}
	return Route{
		API:            api.logicalID,
		Method:         properties.Method,
		Path:           properties.Path,
		Authorizer:     authorizer,
		PayloadVersion: properties.PayloadFormatVersion,
	}, nil
}

func defaultAuthorizer(api resource) (string, error) {
	var properties struct {
		Description string
		Auth        struct {
			EnableIamAuthorizer bool
			DefaultAuthorizer   string
		}
		DefaultRouteSettings struct{ ThrottlingRateLimit, ThrottlingBurstLimit float64 }
		AccessLogSettings    struct{ DestinationArn, Format string }
	}
	if err := decode(api.properties, &properties); err != nil {
		return "", err
	}
	if properties.Auth.DefaultAuthorizer == "" {
		return "NONE", nil
	}
	return properties.Auth.DefaultAuthorizer, nil
}

// merge lays a function's own properties over the shared ones as SAM does:
// mappings are merged, everything else of the function's own wins. SAM appends
// lists to each other, which is refused here, because nothing needs it.
func merge(shared, own map[string]any) (map[string]any, error) {
	merged := maps.Clone(shared)
	for key, value := range own {
		switch base := merged[key].(type) {
		case []any:
			return nil, fmt.Errorf("%s is a list in the globals, which a function's own list would be appended to", key)
		case map[string]any:
			mapping, ok := value.(map[string]any)
			if !ok {
				return nil, fmt.Errorf("%s is a mapping in the globals", key)
			}
			var err error
			if value, err = merge(base, mapping); err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
		}
		merged[key] = value
	}
	return merged, nil
}
