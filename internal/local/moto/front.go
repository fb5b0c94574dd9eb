package moto

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// soonest is the least time from a request to its answer. Below it, answers
// overtake the request's body and the SDK drops the connection; no network is
// as fast.
const soonest = time.Millisecond

// targetHeader names the operation in AWS's JSON protocol.
const targetHeader = "X-Amz-Target"

// front is everything between a caller and moto, from the outside to the
// inside: hold the answer, count the call, a test's faults, DynamoDB one at a
// time.
func front(moto http.Handler, counted *calls, intercept func(http.Handler) http.Handler) http.Handler {
	handler := oneAtATime(moto)
	if intercept != nil {
		handler = intercept(handler)
	}
	return hold(count(counted, handler))
}

// hold lets no answer come sooner than a network could bring it.
func hold(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		timer := time.NewTimer(soonest)
		defer timer.Stop()
		select {
		case <-timer.C:
			next.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	})
}

// oneAtATime passes requests to DynamoDB on one after the other. One that was
// passed on is seen through even when its caller goes away, because moto does
// the same, and the next one must not meet it.
func oneAtATime(next http.Handler) http.Handler {
	turn := make(chan struct{}, 1)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isDynamoDB(r) {
			next.ServeHTTP(w, r)
			return
		}
		select {
		case turn <- struct{}{}:
		case <-r.Context().Done():
			return
		}
		defer func() { <-turn }()
		next.ServeHTTP(w, r.WithContext(context.WithoutCancel(r.Context())))
	})
}

func isDynamoDB(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get(targetHeader), "DynamoDB_")
}

// passOn is the reverse proxy to moto.
func passOn(moto *url.URL) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(moto)
			// moto makes queue URLs of the host that it was asked by.
			r.Out.Host = r.In.Host
		},
		// No proxy of the environment, and no compression that nobody asked for.
		Transport:      &http.Transport{DisableCompression: true},
		ModifyResponse: addChecksum,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, fmt.Sprintf("the moto server does not answer: %v", err), http.StatusBadGateway)
		},
	}
}

// addChecksum adds the CRC-32 that DynamoDB sends and moto does not; the SDK
// warns when it is missing.
func addChecksum(response *http.Response) error {
	if !isDynamoDB(response.Request) {
		return nil
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if err := response.Body.Close(); err != nil {
		return err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	response.Header.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	return nil
}
