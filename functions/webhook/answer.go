package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/gateway"
	"videosdk-end-session/internal/webhook"
)

// retryAfter is how long a sender is asked to wait when something here is out of order.
const retryAfter = 30 * time.Second

func answer(status int, body []byte) gateway.Answer {
	return gateway.Answer{StatusCode: status, Headers: map[string]string{"content-type": "application/json"}, Body: string(body)}
}

// receipt is the body of the answer to a genuine webhook.
type receipt struct {
	Status string `json:"status"` // accepted or ignored
	Reason string `json:"reason,omitempty"`
	ID     string `json:"id,omitempty"` // of the trigger, as its outcome will tell it
	Delay  int    `json:"delaySeconds,omitempty"`
}

func (r receipt) answer(status int) gateway.Answer {
	body, err := json.Marshal(r)
	if err != nil { // only a defect can make texts unmarshalable
		return gateway.Answer{StatusCode: http.StatusInternalServerError}
	}
	return answer(status, body)
}

func accepted(v webhook.Verdict) gateway.Answer {
	return receipt{Status: "accepted", ID: v.Request.ID, Delay: int(v.Delay / time.Second)}.answer(v.Status)
}

// ignored answers with 200: senders repeat anything else for hours, and some then stop sending at all.
func ignored(reason string) gateway.Answer {
	return receipt{Status: "ignored", Reason: reason}.answer(http.StatusOK)
}

// problem is an RFC 9457 problem document.
type problem struct {
	Title  string          `json:"title"`
	Status int             `json:"status"`
	Detail string          `json:"detail"`
	Code   endsession.Code `json:"code"`
	Errors []string        `json:"errors,omitempty"`
}

// refused answers a webhook that is not taken. Whoever is not proven to be the source is told nothing: not what is missing, and not how
// a source is configured.
func refused(why *endsession.Error) gateway.Answer {
	status := statusOf(why)
	if status == http.StatusUnauthorized {
		return gateway.Answer{StatusCode: status, Headers: map[string]string{}}
	}
	p := problem{Title: http.StatusText(status), Status: status, Code: why.Code}
	headers := map[string]string{"content-type": "application/problem+json"}
	switch status {
	case http.StatusServiceUnavailable:
		p.Detail = "the webhook could not be decided; send it again"
		headers["retry-after"] = strconv.Itoa(int(retryAfter / time.Second))
	default:
		p.Detail, p.Errors = why.Message, why.Problems
	}
	body, err := json.Marshal(p)
	if err != nil {
		return gateway.Answer{StatusCode: http.StatusInternalServerError}
	}
	return gateway.Answer{StatusCode: status, Headers: headers, Body: string(body)}
}

func statusOf(why *endsession.Error) int {
	switch why.Code {
	case endsession.CodeWebhookRefused:
		return http.StatusUnauthorized
	case endsession.CodeWebhookSourceUnknown:
		return http.StatusNotFound
	case endsession.CodeBodyTooLarge:
		return http.StatusRequestEntityTooLarge
	}
	if why.Class == endsession.Permanent {
		return http.StatusBadRequest
	}
	return http.StatusServiceUnavailable
}

func notAllowed() gateway.Answer {
	return gateway.Answer{StatusCode: http.StatusMethodNotAllowed, Headers: map[string]string{"allow": "POST"}}
}

// allowed gives a sender of CloudEvents the permission that it asks for.
func allowed(origin string, rated bool) gateway.Answer {
	headers := map[string]string{"allow": "POST", "webhook-allowed-origin": origin}
	if rated {
		headers["webhook-allowed-rate"] = "*" // the gateway throttles
	}
	return gateway.Answer{StatusCode: http.StatusOK, Headers: headers}
}
