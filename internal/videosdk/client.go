// Package videosdk is the client for the four calls of the VideoSDK REST API that ending a session takes: the live sessions of a room,
// one session, the end of one, and the names of a room.
//
// It makes each call once. The one thing that it repeats is a call that VideoSDK refused with 401, once, with fresh credentials: such
// a call was not processed. Every other repetition is the use case's to decide, which knows what a call may have done. The call that ends
// a session is sent by the time that its caller gives, who has looked at the session just before, or not at all. Errors are
// *[endsession.Error] with class, code, VideoSDK's status, message and request id.
//
// Source of the foreign facts: docs.videosdk.live/api-reference/realtime-communication, and the behaviour of the vendor's server SDKs.
package videosdk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"videosdk-end-session/internal/ahead"
	"videosdk-end-session/internal/endsession"
)

const (
	callTimeout = 8 * time.Second // of one call, its answer read
	maxAnswer   = 1 << 20         // bytes of an answer that are read
)

// Config is what a Client is made of. Every field is required.
type Config struct {
	Endpoint    string // base URL, with or without a trailing /v2
	Credentials CredentialSource
	Transport   http.RoundTripper
	Now         func() time.Time
}

// Client calls VideoSDK. It is safe for concurrent use and implements endsession.SessionReader and endsession.SessionEnder.
type Client struct {
	base        string
	credentials CredentialSource
	transport   http.RoundTripper
	now         func() time.Time
	signer      signer
}

// New returns a Client, or an error if the configuration lacks something.
func New(c Config) (*Client, error) {
	if c.Endpoint == "" || c.Credentials == nil || c.Transport == nil || c.Now == nil {
		return nil, errors.New("videosdk: endpoint, credentials, transport and clock are required")
	}
	return &Client{
		base:        strings.TrimSuffix(strings.TrimRight(c.Endpoint, "/"), "/v2") + "/v2",
		credentials: c.Credentials,
		transport:   c.Transport,
		now:         c.Now,
	}, nil
}

// NewTransport returns a transport that keeps a connection for every message of a batch; the default one keeps two a host. Connections
// can be opened ahead in it.
func NewTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           ahead.Dialing((&net.Dialer{Timeout: 3 * time.Second, KeepAlive: 30 * time.Second}).DialContext),
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          64,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   3 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

// Prepare gets the credentials and signs a token, so that the first call need not.
func (c *Client) Prepare(ctx context.Context) error {
	creds, err := c.credentials.Get(ctx)
	if err != nil {
		return secretError(err)
	}
	if _, err := c.signer.sign(creds, c.now()); err != nil {
		return secretError(err)
	}
	return nil
}

// Live lists up to two ongoing sessions of a room, named by its RoomID or else by its CustomRoomID. VideoSDK may ignore the filters:
// the caller checks that a listed session is the room's.
func (c *Client) Live(ctx context.Context, room endsession.Target) ([]endsession.Session, error) {
	query := url.Values{"status": {"ongoing"}, "perPage": {"2"}}
	if room.RoomID != "" {
		query.Set("roomId", room.RoomID)
	} else {
		query.Set("customRoomId", room.CustomRoomID)
	}
	answer, err := c.call(ctx, call{method: http.MethodGet, path: "/sessions?" + query.Encode(), notFound: endsession.CodeRoomNotFound})
	if err != nil {
		return nil, err
	}
	list, err := readList(answer.body)
	if err != nil || list == nil {
		return nil, answer.unreadable("expected a list of sessions")
	}
	sessions := make([]endsession.Session, len(list))
	for i, s := range list {
		sessions[i] = s.session()
	}
	return sessions, nil
}

// Session reads one session.
func (c *Client) Session(ctx context.Context, sessionID string) (endsession.Session, error) {
	answer, err := c.call(ctx, call{method: http.MethodGet, path: "/sessions/" + url.PathEscape(sessionID), notFound: endsession.CodeSessionNotFound})
	if err != nil {
		return endsession.Session{}, err
	}
	s, err := readOne(answer.body)
	if err != nil || s.ID == "" {
		return endsession.Session{}, answer.unreadable("expected a session")
	}
	return s.session(), nil
}

// Room reads the names of the room with that customRoomId. VideoSDK takes a roomId there as well: the caller checks the answer's
// customRoomId, which is empty if VideoSDK shows none.
func (c *Client) Room(ctx context.Context, customRoomID string) (endsession.Target, error) {
	answer, err := c.call(ctx, call{method: http.MethodGet, path: "/rooms/" + url.PathEscape(customRoomID), notFound: endsession.CodeRoomNotFound})
	if err != nil {
		return endsession.Target{}, err
	}
	room, err := readRoom(answer.body)
	if err != nil || room.RoomID == "" {
		return endsession.Target{}, answer.unreadable("expected a room")
	}
	return room, nil
}

// End asks for the end of one session. VideoSDK resolves the room by its id only, so both are required. An answer of 2xx that cannot
// be read is an accepted call: the session returned is zero. If there are no credentials and no connection by startBy, nothing is sent.
func (c *Client) End(ctx context.Context, roomID, sessionID string, startBy time.Time) (endsession.Session, error) {
	body, err := json.Marshal(struct {
		RoomID    string `json:"roomId"`
		SessionID string `json:"sessionId"`
	}{roomID, sessionID})
	if err != nil {
		return endsession.Session{}, err
	}
	answer, err := c.call(ctx, call{
		method: http.MethodPost, path: "/sessions/end", body: body, notFound: endsession.CodeSessionNotFound, startBy: startBy,
	})
	if err != nil {
		return endsession.Session{}, err
	}
	s, err := readOne(answer.body)
	if err != nil || s.ID == "" {
		return endsession.Session{}, nil
	}
	return s.session(), nil
}

// call is one call of the API.
type call struct {
	method   string
	path     string // below /v2, with the query
	body     []byte // JSON; nil for none
	notFound endsession.Code
	startBy  time.Time // not to be sent later than this; zero for no such time
}

// answer is what VideoSDK answered with 2xx.
type answer struct {
	status  int
	header  http.Header
	body    []byte            // cut off after maxAnswer bytes, or where the connection broke
	private *strings.Replacer // for what is told of the answer
}

func (a answer) unreadable(expected string) error {
	return &endsession.Error{
		Code: endsession.CodeVideoSDKUnreadable, Message: fmt.Sprintf("VideoSDK answered %d with an unreadable body, %s", a.status, expected),
		HTTPStatus: a.status, RequestID: requestID(a.header, a.private),
	}
}

// call makes one call, and makes it again with fresh credentials and a new token if VideoSDK refuses those it had.
func (c *Client) call(ctx context.Context, call call) (answer, error) {
	secrets, cancel := c.untilStart(ctx, call)
	defer cancel()
	creds, err := c.credentials.Get(secrets)
	if err != nil {
		return answer{}, secretError(err)
	}
	used := c.now() // after Get, which may have fetched what is about to be refused
	got, err := c.attempt(ctx, call, creds)
	if e := endsession.AsError(err); e == nil || e.Code != endsession.CodeVideoSDKUnauthorized {
		return got, err
	}
	fresh, refreshErr := c.credentials.Refresh(secrets, used)
	if refreshErr != nil {
		// Still the refusal, but it may pass if only the refresh failed for now.
		refused := endsession.AsError(err)
		refused.Class, refused.Err = endsession.AsError(secretError(refreshErr)).Class, refreshErr
		return answer{}, refused
	}
	return c.attempt(ctx, call, fresh)
}

// untilStart returns a context for what a call needs before it can be sent.
func (c *Client) untilStart(ctx context.Context, call call) (context.Context, context.CancelFunc) {
	if call.startBy.IsZero() {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, call.startBy.Sub(c.now()))
}

func tooLate() error {
	return &endsession.Error{
		Code: endsession.CodeVideoSDKUnavailable, Message: "the call could not be sent soon enough after the look at the session",
	}
}

// secretError is the failure to get credentials at all.
func secretError(err error) error {
	var known *endsession.Error
	switch {
	case errors.Is(err, ErrInvalidCredentials):
		return &endsession.Error{Code: endsession.CodeSecretInvalid, Class: endsession.Credentials, Message: "the VideoSDK secret: " + ErrInvalidCredentials.Error()}
	case errors.As(err, &known):
		return known
	default:
		return &endsession.Error{Code: endsession.CodeSecretUnavailable, Message: "the VideoSDK secret could not be read", Err: err}
	}
}

func (c *Client) attempt(ctx context.Context, call call, creds Credentials) (answer, error) {
	token, err := c.signer.sign(creds, c.now())
	if err != nil {
		return answer{}, secretError(err)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var connected bool
	trace := httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected = true }}
	if !call.startBy.IsZero() {
		left := func() time.Duration { return call.startBy.Sub(c.now()) }
		if left() <= 0 {
			return answer{}, tooLate()
		}
		var giveUp context.CancelCauseFunc
		ctx, giveUp = context.WithCancelCause(ctx)
		defer giveUp(nil)
		late := time.AfterFunc(left(), func() { giveUp(tooLate()) })
		defer late.Stop()
		// Both are called again where net/http makes another attempt, having sent nothing on the connection that it had.
		trace.GetConn = func(string) {
			if late.Reset(left()); left() <= 0 {
				giveUp(tooLate()) // now, not as soon as the timer gets to it
			}
		}
		trace.GotConn = func(httptrace.GotConnInfo) { connected = true; late.Stop() }
	}
	ctx = httptrace.WithClientTrace(ctx, &trace)
	request, err := http.NewRequestWithContext(ctx, call.method, c.base+call.path, bytes.NewReader(call.body))
	if err != nil {
		return answer{}, &endsession.Error{Code: endsession.CodeInternal, Message: "the call to VideoSDK could not be built", Err: err}
	}
	request.Header.Set("Authorization", token) // raw: VideoSDK takes no Bearer prefix
	request.Header.Set("Accept", "application/json")
	if call.body != nil {
		request.Header.Set("Content-Type", "application/json")
		request.GetBody = nil // so that net/http does not repeat it by itself, as it would where HTTP/2 refuses the stream
	}
	// Not by an http.Client: that follows redirects, and would carry the token to another place.
	response, err := c.transport.RoundTrip(request)
	if err != nil {
		if late, gaveUp := errors.AsType[*endsession.Error](context.Cause(ctx)); gaveUp && !connected {
			return answer{}, late
		}
		return answer{}, &endsession.Error{
			Code: endsession.CodeVideoSDKUnavailable, Message: "VideoSDK did not answer", Uncertain: connected, Err: err,
		}
	}
	defer func() { _ = response.Body.Close() }()
	// What was read before an error is all there is: an accepted call stays accepted, and an error's text is only a text.
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	private := masking(token, creds)
	if response.StatusCode/100 == 2 {
		return answer{status: response.StatusCode, header: response.Header, body: body, private: private}, nil
	}
	if response.StatusCode == http.StatusUnauthorized {
		c.signer.forget(token)
	}
	return answer{}, refusal{response: response, body: body, notFound: call.notFound, now: c.now(), private: private}.error()
}
