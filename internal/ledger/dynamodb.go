package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"videosdk-end-session/internal/endsession"
)

// Caller makes the calls GetItem and PutItem of DynamoDB, as awsjson.Client does: in is the call's document, out takes the answer's.
type Caller interface {
	Call(ctx context.Context, operation string, in, out any) error
}

// Refusal is an error that DynamoDB has answered, as awsjson.Error is.
type Refusal interface {
	error
	ErrorCode() string
	Body() []byte // the answer's document
}

// DynamoDB is a ledger in a DynamoDB table with the partition key pk (string) and the TTL attribute expiresAt (epoch seconds).
type DynamoDB struct {
	calls Caller
	table string
	now   func() time.Time
}

// NewDynamoDB returns the ledger in the named table.
func NewDynamoDB(calls Caller, table string, now func() time.Time) *DynamoDB {
	return &DynamoDB{calls: calls, table: table, now: now}
}

// attribute is an attribute's value on the wire, of the two types that the ledger uses; of another type it has neither:
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
type attribute struct {
	S *string `json:"S,omitempty"`
	N *string `json:"N,omitempty"`
}

// getItem is the document of a GetItem call.
type getItem struct {
	TableName      string
	Key            item
	ConsistentRead bool
}

// putItem is the document of a PutItem call.
type putItem struct {
	TableName                           string
	Item                                item
	ConditionExpression                 string
	ExpressionAttributeNames            names
	ExpressionAttributeValues           values
	ReturnValuesOnConditionCheckFailure string
}

// names are the attributes that conditions name: reserved words of DynamoDB, hence the placeholders.
type names struct {
	Owner string `json:"#owner"`
	State string `json:"#state"`
}

// values are what conditions compare with.
type values struct {
	NextOwner *attribute `json:":nextOwner"`
	NextState *attribute `json:":nextState"`
	PrevOwner *attribute `json:":prevOwner,omitempty"`
	PrevState *attribute `json:":prevState,omitempty"`
	Now       *attribute `json:":now,omitempty"`
}

// answered is the document of an answer, or of the refusal of a condition, with the item that is there.
type answered struct{ Item *item }

// item is an entry as the attributes that it has.
type item struct {
	Key          *attribute `json:"pk,omitempty"`
	State        *attribute `json:"state,omitempty"`
	Owner        *attribute `json:"owner,omitempty"`
	LeaseUntil   *attribute `json:"leaseUntil,omitempty"` // epoch milliseconds, to be read by people and code
	RoomID       *attribute `json:"roomId,omitempty"`
	CustomRoomID *attribute `json:"customRoomId,omitempty"`
	SessionID    *attribute `json:"sessionId,omitempty"`
	PinRoomID    *attribute `json:"pinRoomId,omitempty"`
	PinSessionID *attribute `json:"pinSessionId,omitempty"`
	Outcome      *attribute `json:"outcome,omitempty"`
	Code         *attribute `json:"code,omitempty"`
	Detail       *attribute `json:"detail,omitempty"`
	RecordedAt   *attribute `json:"recordedAt,omitempty"` // as recordedLayout
	ExpiresAt    *attribute `json:"expiresAt,omitempty"`  // epoch seconds
}

// recordedLayout is RFC 3339 in UTC, with nanoseconds.
const recordedLayout = "2006-01-02T15:04:05.999999999Z"

// An entry may replace what the caller last saw, or itself: if the answer to a write got lost, the SDK writes again.
const (
	ifAbsent = "attribute_not_exists(pk) OR expiresAt <= :now OR (#owner = :nextOwner AND #state = :nextState)"
	ifSame   = "(#owner = :prevOwner AND #state = :prevState) OR (#owner = :nextOwner AND #state = :nextState)"
)

// Load implements endsession.Ledger with a strongly consistent read.
func (d *DynamoDB) Load(ctx context.Context, key string) (endsession.Entry, bool, error) {
	var out answered
	err := d.calls.Call(ctx, "GetItem", getItem{TableName: d.table, Key: item{Key: text(key)}, ConsistentRead: true}, &out)
	if err != nil {
		return endsession.Entry{}, false, fmt.Errorf("get the ledger's item %s: %w", key, err)
	}
	if out.Item == nil {
		return endsession.Entry{}, false, nil
	}
	return d.read(*out.Item)
}

// Store implements endsession.Ledger with one conditional write that brings back the item which stood in its way.
func (d *DynamoDB) Store(ctx context.Context, prev, next endsession.Entry) (endsession.Entry, bool, error) {
	in := putItem{
		TableName:                           d.table,
		Item:                                itemOf(next),
		ReturnValuesOnConditionCheckFailure: "ALL_OLD",
		ExpressionAttributeNames:            names{Owner: "owner", State: "state"},
		ExpressionAttributeValues:           values{NextOwner: text(next.Owner), NextState: text(string(next.State))},
	}
	if prev.Key == "" {
		in.ConditionExpression = ifAbsent
		in.ExpressionAttributeValues.Now = number(d.now().Unix())
	} else {
		in.ConditionExpression = ifSame
		in.ExpressionAttributeValues.PrevOwner, in.ExpressionAttributeValues.PrevState = text(prev.Owner), text(string(prev.State))
	}
	err := d.calls.Call(ctx, "PutItem", in, nil)
	if err == nil {
		return next, true, nil
	}
	var refusal Refusal
	if !errors.As(err, &refusal) || refusal.ErrorCode() != "ConditionalCheckFailedException" {
		return endsession.Entry{}, false, fmt.Errorf("put the ledger's item %s: %w", next.Key, err)
	}
	var stood answered
	if err := json.Unmarshal(refusal.Body(), &stood); err != nil {
		return endsession.Entry{}, false, fmt.Errorf("read what stood in the way of the ledger's item %s: %w", next.Key, err)
	}
	if stood.Item == nil {
		return endsession.Entry{}, false, nil
	}
	held, _, err := d.read(*stood.Item)
	return held, false, err
}

// read returns an item as an entry, and false if it has expired.
func (d *DynamoDB) read(i item) (endsession.Entry, bool, error) {
	entry, err := parse(i)
	if err != nil || !live(entry, d.now()) {
		return endsession.Entry{}, false, err
	}
	return entry, true, nil
}

func itemOf(e endsession.Entry) item {
	i := item{
		Key: text(e.Key), State: text(string(e.State)), Owner: text(e.Owner),
		RoomID: text(e.Target.RoomID), CustomRoomID: text(e.Target.CustomRoomID), SessionID: text(e.Target.SessionID),
		PinRoomID: text(e.Pin.RoomID), PinSessionID: text(e.Pin.SessionID),
		Outcome: text(string(e.Outcome)), Code: text(string(e.Code)), Detail: text(string(e.Detail)), ExpiresAt: number(e.ExpiresAt.Unix()),
	}
	if !e.LeaseUntil.IsZero() {
		i.LeaseUntil = number(e.LeaseUntil.UnixMilli())
	}
	if !e.RecordedAt.IsZero() {
		i.RecordedAt = text(e.RecordedAt.UTC().Format(recordedLayout))
	}
	return i
}

// parse reads what itemOf wrote. Attributes that it does not know are left alone.
func parse(i item) (endsession.Entry, error) {
	var bad error
	str := func(name string, value *attribute) string {
		switch {
		case value == nil:
			return ""
		case value.S != nil:
			return *value.S
		default:
			bad = errors.Join(bad, fmt.Errorf("the ledger's attribute %s is no string", name))
			return ""
		}
	}
	num := func(name string, value *attribute) int64 {
		switch {
		case value == nil:
			return 0
		case value.N != nil:
			n, err := strconv.ParseInt(*value.N, 10, 64)
			if err != nil {
				bad = errors.Join(bad, fmt.Errorf("the ledger's attribute %s: %w", name, err))
			}
			return n
		default:
			bad = errors.Join(bad, fmt.Errorf("the ledger's attribute %s is no number", name))
			return 0
		}
	}
	e := endsession.Entry{
		Key: str("pk", i.Key), State: endsession.State(str("state", i.State)), Owner: str("owner", i.Owner),
		Target: endsession.Target{
			RoomID: str("roomId", i.RoomID), CustomRoomID: str("customRoomId", i.CustomRoomID), SessionID: str("sessionId", i.SessionID),
		},
		Pin:       endsession.Pin{RoomID: str("pinRoomId", i.PinRoomID), SessionID: str("pinSessionId", i.PinSessionID)},
		Outcome:   endsession.Outcome(str("outcome", i.Outcome)),
		Code:      endsession.Code(str("code", i.Code)),
		ExpiresAt: time.Unix(num("expiresAt", i.ExpiresAt), 0).UTC(),
	}
	if detail := str("detail", i.Detail); detail != "" {
		e.Detail = []byte(detail)
	}
	if ms := num("leaseUntil", i.LeaseUntil); ms != 0 {
		e.LeaseUntil = time.UnixMilli(ms).UTC()
	}
	if at := str("recordedAt", i.RecordedAt); at != "" {
		t, err := time.Parse(recordedLayout, at)
		if err != nil {
			bad = errors.Join(bad, fmt.Errorf("the ledger's attribute recordedAt: %w", err))
		}
		e.RecordedAt = t
	}
	switch e.State {
	case endsession.Claimed, endsession.Recorded, endsession.Published:
	default:
		// Of a later version, perhaps: it must not be taken for a claim, and taken over.
		bad = errors.Join(bad, fmt.Errorf("the ledger's attribute state is %q, which is no state", e.State))
	}
	if bad != nil {
		return endsession.Entry{}, bad
	}
	return e, nil
}

// text returns a string, or nothing for an empty one.
func text(s string) *attribute {
	if s == "" {
		return nil
	}
	return &attribute{S: &s}
}

func number(n int64) *attribute { return &attribute{N: new(strconv.FormatInt(n, 10))} }
