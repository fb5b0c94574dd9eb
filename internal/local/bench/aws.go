package main

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// soonest is the least time from a call to its answer. Below it, answers overtake the call's body and the SDK drops the connection; no
// network is as fast.
const soonest = time.Millisecond

// cloud stands for AWS where moto would be the slowest part of every measurement: it takes the five calls that the functions make, in the
// services' wire format, and refuses whatever it does not know.
type cloud struct {
	secret string // the value of every secret
	hold   bool   // answers come soonest after the call at the soonest; not needed where the network is slower

	mu         sync.Mutex
	items      map[string]item
	calls      map[string]int // by operation
	events     int            // entries of PutEvents
	pieces     int            // of 64 KB, which is what they are billed by
	writeUnits int            // of DynamoDB, for each write whether its condition held or not
}

// item is a DynamoDB item: attributes with their type, as on the wire.
type item map[string]map[string]any

// size is that of an item as DynamoDB counts it, in bytes:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func (i item) size() int {
	total := 0
	for name, typed := range i {
		total += len(name)
		for kind, value := range typed {
			switch text, _ := value.(string); kind {
			case "S":
				total += len(text)
			case "N":
				total += (len(text)+1)/2 + 1
			default: // what the functions write has no other
				total++
			}
		}
	}
	return total
}

// bytes returns the size of all items.
func (c *cloud) bytes() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	total := 0
	for _, i := range c.items {
		total += i.size()
	}
	return total
}

// forget counts from now on.
func (c *cloud) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.items)
	clear(c.calls)
	c.events, c.pieces, c.writeUnits = 0, 0, 0
}

func newCloud(secret string, hold bool) *cloud {
	return &cloud{secret: secret, hold: hold, items: map[string]item{}, calls: map[string]int{}}
}

// refusal is an error as AWS's JSON protocols answer it.
type refusal struct {
	Type    string `json:"__type"`
	Message string `json:"message"`
	Item    item   `json:"Item,omitempty"`
}

func (r *refusal) Error() string { return r.Type + ": " + r.Message }

func unknown(format string, args ...any) error {
	return &refusal{Type: "ValidationException", Message: "the stand-in does not know " + fmt.Sprintf(format, args...)}
}

// ServeHTTP implements http.Handler.
func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	status := http.StatusOK
	answer, err := c.answer(r, body)
	if err != nil {
		status = http.StatusBadRequest
		var r *refusal
		if !errors.As(err, &r) {
			r = &refusal{Type: "SerializationException", Message: err.Error()}
		}
		answer = r
	}
	document, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	header := w.Header()
	header.Set("Content-Type", r.Header.Get("Content-Type"))
	header.Set("X-Amzn-Requestid", "bench")
	header.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(document)), 10))
	if c.hold {
		time.Sleep(time.Until(arrived.Add(soonest)))
	}
	w.WriteHeader(status)
	_, _ = w.Write(document) // a caller who has gone is no error of the stand-in's
}

func (c *cloud) answer(r *http.Request, body []byte) (any, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls[operation]++
	if r.Method != http.MethodPost || r.URL.Path != "/" || !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=") {
		return nil, unknown("%s %s without a signature", r.Method, r.URL.Path)
	}
	switch operation {
	case "GetSecretValue":
		return map[string]any{"ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:videosdk", "Name": "videosdk", "SecretString": c.secret}, nil
	case "GetItem":
		return c.getItem(body)
	case "PutItem":
		return c.putItem(body)
	case "PutEvents":
		return c.putEvents(body)
	case "SendMessage":
		return sendMessage(body)
	default:
		return nil, unknown("the operation %q", operation)
	}
}

func (c *cloud) getItem(body []byte) (any, error) {
	var in struct{ Key item }
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	key, _ := in.Key["pk"]["S"].(string)
	if held, exists := c.items[key]; exists {
		return map[string]any{"Item": held}, nil
	}
	return map[string]any{}, nil
}

// conditions are the conditions that the functions set, as written; each looks at the item that is there and at the values of the call.
var conditions = map[string]func(held, values item) bool{
	"attribute_not_exists(pk)": func(held, _ item) bool { return held == nil },
	"attribute_exists(pk)":     func(held, _ item) bool { return held != nil },
	"attribute_not_exists(pk) OR expiresAt <= :now OR (#owner = :nextOwner AND #state = :nextState)": func(held, values item) bool {
		return held == nil || is(held, values, "next")
	},
	"(#owner = :prevOwner AND #state = :prevState) OR (#owner = :nextOwner AND #state = :nextState)": func(held, values item) bool {
		return held != nil && (is(held, values, "prev") || is(held, values, "next"))
	},
}

func is(held, values item, which string) bool {
	return held["owner"]["S"] == values[":"+which+"Owner"]["S"] && held["state"]["S"] == values[":"+which+"State"]["S"]
}

func (c *cloud) putItem(body []byte) (any, error) {
	var in struct {
		Item                      item
		ConditionExpression       string
		ExpressionAttributeNames  map[string]string
		ExpressionAttributeValues item
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	condition, known := conditions[in.ConditionExpression]
	if !known {
		return nil, unknown("the condition %q", in.ConditionExpression)
	}
	key, _ := in.Item["pk"]["S"].(string)
	if key == "" {
		return nil, unknown("an item without pk")
	}
	held := c.items[key]
	c.writeUnits += (max(held.size(), in.Item.size()) + 1023) / 1024
	if !condition(held, in.ExpressionAttributeValues) {
		return nil, &refusal{
			Type: "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", Message: "The conditional request failed", Item: held,
		}
	}
	c.items[key] = in.Item
	return map[string]any{}, nil
}

func (c *cloud) putEvents(body []byte) (any, error) {
	var in struct {
		Entries []struct{ Source, DetailType, Detail, EventBusName string }
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	if len(in.Entries) == 0 || len(in.Entries) > 10 {
		return nil, unknown("a call with %d entries", len(in.Entries))
	}
	out := make([]map[string]string, len(in.Entries))
	for i, e := range in.Entries {
		if e.Source == "" || e.DetailType == "" || e.EventBusName == "" || !json.Valid([]byte(e.Detail)) {
			return nil, unknown("an entry like number %d", i)
		}
		c.events++
		c.pieces += (len(e.Source) + len(e.DetailType) + len(e.Detail) + 64<<10 - 1) / (64 << 10)
		out[i] = map[string]string{"EventId": fmt.Sprintf("event-%d", c.events)}
	}
	return map[string]any{"Entries": out, "FailedEntryCount": 0}, nil
}

func sendMessage(body []byte) (any, error) {
	var in struct{ QueueUrl, MessageBody string }
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	if in.QueueUrl == "" || in.MessageBody == "" {
		return nil, unknown("a message without queue or body")
	}
	sum := md5.Sum([]byte(in.MessageBody))
	return map[string]any{"MessageId": "message", "MD5OfMessageBody": hex.EncodeToString(sum[:])}, nil
}

// count returns how often an operation was called.
func (c *cloud) count(operation string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls[operation]
}

// all returns how many calls there were.
func (c *cloud) all() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	var n int
	for _, calls := range c.calls {
		n += calls
	}
	return n
}

// published returns how many events were taken.
func (c *cloud) published() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.events
}
