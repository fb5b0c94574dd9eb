package template

import (
	"encoding/json"
	"regexp"
	"slices"
)

// apiChecks are about the HTTP API.
var apiChecks = []check{
	{"nobody unsigned gets in", routesAreSigned},
	{"requests are throttled", requestsAreThrottled},
	{"calls are logged without what callers put in them", callsAreLogged},
}

func routesAreSigned(p *project) (found problems) {
	var got []string
	for _, f := range p.template.Functions {
		for _, r := range f.Routes {
			got = append(got, r.Method+" "+r.Path+" "+r.Authorizer+" "+r.PayloadVersion+" "+f.LogicalID)
		}
	}
	want := []string{"POST /v1/sessions/end AWS_IAM 2.0 ApiFunction"}
	if p.parameters["WebhookSecretId"] != "" {
		// They carry signatures of their own, which the function verifies.
		want = append(want, "OPTIONS /v1/webhooks/{source} NONE 2.0 WebhookFunction", "POST /v1/webhooks/{source} NONE 2.0 WebhookFunction")
	}
	found.compare("routes", got, want)
	for _, api := range p.of(kindHTTPAPI) {
		if value(api.properties, "Auth", "EnableIamAuthorizer") != true {
			found.addf("%s lets requests in with %v", api.logicalID, api.properties["Auth"])
		}
	}
	return found
}

func requestsAreThrottled(p *project) (found problems) {
	for _, api := range p.of(kindHTTPAPI) {
		rate, burst := value(api.properties, "DefaultRouteSettings", "ThrottlingRateLimit"), value(api.properties, "DefaultRouteSettings", "ThrottlingBurstLimit")
		if text(orEmpty(rate)) != p.parameters["RequestRate"] || text(orEmpty(burst)) != p.parameters["RequestBurst"] {
			found.addf("%s lets through %v requests a second and %v at once", api.logicalID, rate, burst)
		}
	}
	return found
}

// mayBeLogged are the variables of a call that hold nothing secret.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
var mayBeLogged = []string{
	"$context.requestId", "$context.requestTime", "$context.routeKey", "$context.path", "$context.status", "$context.responseLatency",
	"$context.responseLength", "$context.identity.userArn", "$context.identity.sourceIp", "$context.error.message",
	"$context.integrationErrorMessage",
}

var loggedVariable = regexp.MustCompile(`\$[\w.]+`)

func callsAreLogged(p *project) (found problems) {
	for _, api := range p.of(kindHTTPAPI) {
		settings, _ := api.properties["AccessLogSettings"].(map[string]any)
		if got := settings["DestinationArn"]; got != p.arn("ApiAccessLogGroup") {
			found.addf("%s logs to %v", api.logicalID, got)
		}
		format, _ := settings["Format"].(string)
		var fields map[string]string
		if err := json.Unmarshal([]byte(format), &fields); err != nil {
			found.addf("%s logs no JSON: %v", api.logicalID, err)
		}
		logged := loggedVariable.FindAllString(format, -1)
		for _, variable := range logged {
			if !slices.Contains(mayBeLogged, variable) {
				found.addf("%s logs %s", api.logicalID, variable)
			}
		}
		for _, needed := range []string{"$context.requestId", "$context.status", "$context.identity.userArn", "$context.routeKey"} {
			if !slices.Contains(logged, needed) {
				found.addf("%s does not log %s", api.logicalID, needed)
			}
		}
	}
	return found
}
