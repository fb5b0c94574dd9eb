package stack

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"videosdk-end-session/internal/local/cloud"
	"videosdk-end-session/internal/local/lambdahost"
)

// Answer is what the HTTP API answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Post posts a body to a path of the HTTP API, signed as its IAM authorization asks.
func (s *Stack) Post(ctx context.Context, path string, header http.Header, body []byte) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+path, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	if header != nil {
		request.Header = header.Clone()
	}
	signer, hash := s.Cloud.SDKConfig(), sha256.Sum256(body)
	keys, err := signer.Credentials.Retrieve(ctx)
	if err != nil {
		return Answer{}, fmt.Errorf("credentials of the local AWS: %w", err)
	}
	if err := v4.NewSigner().SignHTTP(ctx, keys, request, hex.EncodeToString(hash[:]), "execute-api", Region, time.Now()); err != nil {
		return Answer{}, fmt.Errorf("sign the request: %w", err)
	}
	return s.do(request)
}

// Invoke invokes a function directly, as the console and the CLI do.
func (s *Stack) Invoke(ctx context.Context, logicalID string, payload []byte) (lambdahost.Response, error) {
	host, ok := s.hosts[logicalID]
	if !ok {
		return lambdahost.Response{}, fmt.Errorf("no function %s", logicalID)
	}
	return host.Invoke(ctx, lambdahost.Invocation{Payload: payload})
}

// Kill kills all running environments of a function, as a crash does.
func (s *Stack) Kill(logicalID string) { s.hosts[logicalID].Kill() }

// Published returns everything that was published on the outcome bus since the start.
func (s *Stack) Published(ctx context.Context) ([]cloud.Envelope, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	more, err := s.Cloud.Outcomes(ctx)
	s.published = append(s.published, more...)
	return slices.Clone(s.published), err
}
