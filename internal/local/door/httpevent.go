package door

import (
	"encoding/base64"
	"encoding/json"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// httpEvent is the payload format 2.0 of an HTTP API:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
type httpEvent struct {
	Version               string             `json:"version"`
	RouteKey              string             `json:"routeKey"`
	RawPath               string             `json:"rawPath"`
	RawQueryString        string             `json:"rawQueryString"`
	Cookies               []string           `json:"cookies,omitempty"`
	Headers               map[string]string  `json:"headers"`
	QueryStringParameters map[string]string  `json:"queryStringParameters,omitempty"`
	PathParameters        map[string]string  `json:"pathParameters,omitempty"`
	RequestContext        httpRequestContext `json:"requestContext"`
	Body                  string             `json:"body,omitempty"`
	IsBase64Encoded       bool               `json:"isBase64Encoded"`
}

type httpRequestContext struct {
	AccountID    string          `json:"accountId"`
	APIID        string          `json:"apiId"`
	Authorizer   *httpAuthorizer `json:"authorizer,omitempty"`
	DomainName   string          `json:"domainName"`
	DomainPrefix string          `json:"domainPrefix"`
	HTTP         httpDescription `json:"http"`
	RequestID    string          `json:"requestId"`
	RouteKey     string          `json:"routeKey"`
	Stage        string          `json:"stage"`
	Time         string          `json:"time"`
	TimeEpoch    int64           `json:"timeEpoch"`
}

type httpDescription struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

type httpAuthorizer struct {
	IAM httpIAM `json:"iam"`
}

// httpIAM names who signed. Only the access key is the request's; the rest says
// what AWS would look up for it.
type httpIAM struct {
	AccessKey string `json:"accessKey"`
	AccountID string `json:"accountId"`
	CallerID  string `json:"callerId"`
	UserARN   string `json:"userArn"`
	UserID    string `json:"userId"`
}

// arrival is a request with what the gateway found out about it.
type arrival struct {
	request    *http.Request
	body       []byte
	route      *Route
	parameters map[string]string
	requestID  string
	traceID    string
	time       time.Time
	accountID  string
}

// event encodes the request for the function.
func (a arrival) event() ([]byte, error) {
	r := a.request
	body, isBase64 := encodeBody(r.Header.Get("Content-Type"), a.body)
	domain := hostName(r.Host)
	prefix, _, _ := strings.Cut(domain, ".")
	event := httpEvent{
		Version:               "2.0",
		RouteKey:              a.route.key(),
		RawPath:               r.URL.Path,
		RawQueryString:        r.URL.RawQuery,
		Cookies:               cookies(r.Header),
		Headers:               a.headers(),
		QueryStringParameters: queryParameters(r.URL.Query()),
		PathParameters:        a.parameters,
		Body:                  body,
		IsBase64Encoded:       isBase64,
		RequestContext: httpRequestContext{
			AccountID:    a.accountID,
			APIID:        "local",
			Authorizer:   a.authorizer(),
			DomainName:   domain,
			DomainPrefix: prefix,
			HTTP: httpDescription{
				Method:    r.Method,
				Path:      r.URL.Path,
				Protocol:  r.Proto,
				SourceIP:  hostName(r.RemoteAddr),
				UserAgent: r.UserAgent(),
			},
			RequestID: a.requestID,
			RouteKey:  a.route.key(),
			Stage:     "$default",
			Time:      a.time.UTC().Format("02/Jan/2006:15:04:05 +0000"),
			TimeEpoch: a.time.UnixMilli(),
		},
	}
	return json.Marshal(event)
}

// headers are the request's, in lower case and with the values of one name
// joined by commas, together with those that the gateway adds. Cookies have a
// field of their own; hop-by-hop headers (RFC 9110, section 7.6.1) end here.
func (a arrival) headers() map[string]string {
	headers := make(map[string]string)
	for name, values := range a.request.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	for _, name := range []string{"cookie", "connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"} {
		delete(headers, name)
	}
	headers["host"] = a.request.Host
	headers["x-amzn-trace-id"] = a.traceID
	headers["x-forwarded-proto"] = "http"
	if a.request.TLS != nil {
		headers["x-forwarded-proto"] = "https"
	}
	if _, port, err := net.SplitHostPort(a.request.Host); err == nil {
		headers["x-forwarded-port"] = port
	}
	source := hostName(a.request.RemoteAddr)
	if before := headers["x-forwarded-for"]; before != "" {
		source = before + ", " + source
	}
	headers["x-forwarded-for"] = source
	return headers
}

func (a arrival) authorizer() *httpAuthorizer {
	if !a.route.Signed {
		return nil
	}
	return &httpAuthorizer{IAM: httpIAM{
		AccessKey: accessKey(a.request),
		AccountID: a.accountID,
		CallerID:  "local",
		UserARN:   "arn:aws:iam::" + a.accountID + ":user/local",
		UserID:    "local",
	}}
}

// cookies are the single cookies of all Cookie headers, in their order.
func cookies(header http.Header) []string {
	var list []string
	for _, line := range header.Values("Cookie") {
		for cookie := range strings.SplitSeq(line, ";") {
			if cookie = strings.TrimSpace(cookie); cookie != "" {
				list = append(list, cookie)
			}
		}
	}
	return list
}

// queryParameters are the decoded parameters; repeated ones are joined by
// commas.
func queryParameters(query url.Values) map[string]string {
	if len(query) == 0 {
		return nil
	}
	parameters := make(map[string]string, len(query))
	for name, values := range query {
		parameters[name] = strings.Join(values, ",")
	}
	return parameters
}

// encodeBody returns the body as the event carries it. AWS documents that
// "binary" bodies are base64-encoded and not which those are. Assumed here, as
// observed by others and unproven: text/*, application/json, application/xml
// and application/javascript are text; everything else, a missing type
// included, is binary. Text that is not UTF-8 cannot stand in JSON; it is
// encoded too, so that a signature over it can be verified.
func encodeBody(contentType string, body []byte) (encoded string, isBase64 bool) {
	if len(body) == 0 {
		return "", false
	}
	if isText(contentType) && utf8.Valid(body) {
		return string(body), false
	}
	return base64.StdEncoding.EncodeToString(body), true
}

func isText(contentType string) bool {
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	switch mediaType {
	case "application/json", "application/xml", "application/javascript":
		return true
	}
	return strings.HasPrefix(mediaType, "text/")
}

// hostName cuts the port off.
func hostName(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}
