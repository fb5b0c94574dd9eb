package moto

import (
	"maps"
	"net/http"
	"strings"
	"sync"
)

// calls counts operations.
type calls struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *calls) add(operation string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[operation]++
}

func (c *calls) all() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.counts)
}

// iamPrefixes are the names that IAM policies use for the services that the
// X-Amz-Target header names.
var iamPrefixes = map[string]string{
	"DynamoDB_20120810": "dynamodb",
	"AWSEvents":         "events",
	"AmazonSQS":         "sqs",
	"secretsmanager":    "secretsmanager",
}

// count counts the requests of the JSON protocol.
func count(counted *calls, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if operation, ok := Operation(r); ok {
			counted.add(operation)
		}
		next.ServeHTTP(w, r)
	})
}

// Operation returns the operation that a request of the JSON protocol asks for,
// named as an IAM policy names it.
func Operation(r *http.Request) (string, bool) {
	service, name, ok := strings.Cut(r.Header.Get(targetHeader), ".")
	if !ok {
		return "", false
	}
	if prefix, known := iamPrefixes[service]; known {
		service = prefix
	}
	return service + ":" + name, true
}
