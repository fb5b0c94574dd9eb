package videosdk

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"videosdk-end-session/internal/endsession"
)

// refusal is an answer other than 2xx. VideoSDK documents no error table; the reading of the codes is that of its own server SDKs.
type refusal struct {
	response *http.Response
	body     []byte
	notFound endsession.Code
	now      time.Time
	private  *strings.Replacer
}

// masking replaces what an answer must not tell anybody, should VideoSDK repeat what it was sent.
func masking(token string, creds Credentials) *strings.Replacer {
	return strings.NewReplacer(token, "[redacted]", creds.Secret.Reveal(), "[redacted]", creds.APIKey, "[redacted]")
}

// error returns the refusal as an error whose text holds neither the token nor the credentials.
func (r refusal) error() error {
	status := r.response.StatusCode
	message, vendorCode := r.text()
	e := &endsession.Error{
		HTTPStatus: status, RequestID: requestID(r.response.Header, r.private), VendorCode: endsession.Truncate(r.private.Replace(vendorCode)),
	}
	switch {
	case status >= 400 && status < 500 && isPage(r.body) && !sameFromAll(status):
		e.Code = endsession.CodeVideoSDKUnreadable // another server's answer: VideoSDK's API speaks JSON
	case status == http.StatusBadRequest && isRoomNotFound(message), status == http.StatusPaymentRequired, status == http.StatusNotFound:
		e.Code, e.Class = r.notFound, endsession.NotFound // 402 is not about billing
	case status == http.StatusUnauthorized:
		e.Code, e.Class = endsession.CodeVideoSDKUnauthorized, endsession.Credentials
	case status == http.StatusForbidden:
		e.Code, e.Class = endsession.CodeVideoSDKForbidden, endsession.Credentials
	case status == http.StatusConflict:
		e.Code, e.Class = endsession.CodeVideoSDKConflict, endsession.Permanent
	case status == http.StatusTooManyRequests:
		e.Code, e.RetryAfter = endsession.CodeVideoSDKThrottled, r.retryAfter()
	case status >= 500, status == http.StatusRequestTimeout:
		e.Code, e.RetryAfter, e.Uncertain = endsession.CodeVideoSDKUnavailable, r.retryAfter(), true
	case status >= 400:
		e.Code, e.Class = endsession.CodeVideoSDKRejected, endsession.Permanent
	default:
		// A redirect comes from something on the way, not from VideoSDK.
		e.Code = endsession.CodeVideoSDKUnreadable
	}
	text := fmt.Sprintf("VideoSDK answered %d", status)
	if message != "" {
		text += ": " + r.private.Replace(message)
	}
	e.Message = endsession.Truncate(text)
	return e
}

// isPage reports whether a body is an HTML page.
func isPage(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
}

// sameFromAll reports whether a status means the same whoever answers with it.
func sameFromAll(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	default:
		return false
	}
}

// isRoomNotFound knows the two messages of room look-ups that mean not found and come with 400.
func isRoomNotFound(message string) bool {
	return message == "Room not found." || message == "RoomId is invalid."
}

// text returns the vendor's message and code: the first of the known fields, or the body itself where it is plain text. JSON of another
// form, cut off, or after something else such as a byte order mark, is not quoted: a session in it would tell names.
func (r refusal) text() (message, code string) {
	var fields struct {
		Message       text `json:"message"`
		Error         text `json:"error"`
		Msg           text `json:"msg"`
		StatusMessage text `json:"statusMessage"`
		Code          text `json:"code"`
		ErrorCode     text `json:"errorCode"`
	}
	if err := json.Unmarshal(r.body, &fields); err != nil {
		plain := strings.TrimSpace(string(r.body))
		if strings.Contains(plain, "{") || strings.HasPrefix(plain, "[") || strings.HasPrefix(plain, `"`) {
			return "", ""
		}
		return plain, ""
	}
	message = string(cmp.Or(fields.Message, fields.Error, fields.Msg, fields.StatusMessage))
	return message, string(cmp.Or(fields.Code, fields.ErrorCode))
}

// maxRetryAfter is the longest wait that is reported. No invocation lives that long, so what is longer says the same.
const maxRetryAfter = 24 * time.Hour

// retryAfter reads Retry-After (RFC 9110, section 10.2.3): seconds or a date. What is neither, or past, asks for nothing.
func (r refusal) retryAfter() time.Duration {
	value := r.response.Header.Get("Retry-After")
	// A number out of range comes as the nearest one that is in range.
	if seconds, err := strconv.Atoi(value); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(max(seconds, 0), int(maxRetryAfter/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(r.now), 0), maxRetryAfter)
	}
	return 0
}

// requestID returns VideoSDK's own id of a call, under whichever name it has.
func requestID(h http.Header, private *strings.Replacer) string {
	for _, name := range []string{"x-request-id", "request-id", "x-amzn-requestid", "x-amz-request-id"} {
		if id := h.Get(name); id != "" {
			return endsession.Truncate(private.Replace(id))
		}
	}
	return ""
}
