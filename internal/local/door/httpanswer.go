package door

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// httpAnswer is a function's answer on its way to the client.
type httpAnswer struct {
	status  int
	headers map[string]string
	cookies []string
	body    []byte
}

// decodeAnswer reads what a function returned, in payload format 2.0. An answer
// that is no object with a statusCode is the body itself, status 200 and
// application/json. An error means an answer for which API Gateway says 500.
func decodeAnswer(payload []byte) (httpAnswer, error) {
	var raw struct {
		StatusCode      json.RawMessage        `json:"statusCode"`
		Headers         map[string]headerValue `json:"headers"`
		Cookies         []string               `json:"cookies"`
		Body            *string                `json:"body"`
		IsBase64Encoded bool                   `json:"isBase64Encoded"`
	}
	if !bytes.HasPrefix(bytes.TrimSpace(payload), []byte("{")) || !hasStatusCode(payload) {
		return httpAnswer{
			status:  http.StatusOK,
			headers: map[string]string{"Content-Type": "application/json"},
			body:    payload,
		}, nil
	}
	if err := json.Unmarshal(payload, &raw); err != nil {
		return httpAnswer{}, fmt.Errorf("malformed proxy response: %w", err)
	}
	answer := httpAnswer{cookies: raw.Cookies, headers: make(map[string]string, len(raw.Headers))}
	if err := json.Unmarshal(raw.StatusCode, &answer.status); err != nil || answer.status < 200 || answer.status > 599 {
		return httpAnswer{}, fmt.Errorf("malformed proxy response: statusCode %s", raw.StatusCode)
	}
	for name, value := range raw.Headers {
		answer.headers[name] = string(value)
	}
	if raw.Body != nil {
		answer.body = []byte(*raw.Body)
	}
	if raw.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(string(answer.body))
		if err != nil {
			return httpAnswer{}, errors.New("malformed proxy response: the body is not base64")
		}
		answer.body = decoded
	}
	return answer, nil
}

func hasStatusCode(payload []byte) bool {
	var fields map[string]json.RawMessage
	return json.Unmarshal(payload, &fields) == nil && fields["statusCode"] != nil
}

// headerValue accepts the strings, numbers and booleans that API Gateway takes
// as header values.
type headerValue string

// UnmarshalJSON refuses objects, lists and null.
func (v *headerValue) UnmarshalJSON(data []byte) error {
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return err
	}
	switch value := value.(type) {
	case string:
		*v = headerValue(value)
	case float64, bool:
		*v = headerValue(data)
	default:
		return fmt.Errorf("%s is not a header value", data)
	}
	return nil
}

// write sends the answer. Headers that describe the connection are the server's
// own business. An answer without a content type gets text/plain, which is what
// HTTP APIs are seen to do.
func (a httpAnswer) write(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Type", "text/plain;charset=UTF-8")
	for name, value := range a.headers {
		switch http.CanonicalHeaderKey(name) {
		case "Connection", "Content-Length", "Keep-Alive", "Transfer-Encoding", "Upgrade":
			continue
		}
		header.Set(name, value)
	}
	for _, cookie := range a.cookies {
		header.Add("Set-Cookie", cookie)
	}
	w.WriteHeader(a.status)
	// A client that has gone is the only cause of an error.
	_, _ = w.Write(a.body)
}

// refuse answers as API Gateway does for itself.
func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": message})
}
