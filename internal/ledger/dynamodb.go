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
	Key            map[string]attribute
	ConsistentRead bool
}

// putItem is the document of a PutItem call.
type putItem struct {
	TableName                           string
	Item                                map[string]attribute
	ConditionExpression                 string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           map[string]attribute
	ReturnValuesOnConditionCheckFailure string
}

// answered is the document of an answer, or of the refusal of a condition, with the item that is there.
type answered struct{ Item map[string]attribute }

// The attributes of an item. The two that conditions name are reserved words of DynamoDB, hence the placeholders below.
const (
	attrKey          = "pk"
	attrState        = "state"
	attrOwner        = "owner"
	attrLease        = "leaseUntil" // epoch milliseconds, to be read by people and code
	attrRoomID       = "roomId"
	attrCustomRoomID = "customRoomId"
	attrSessionID    = "sessionId"
	attrPinRoom      = "pinRoomId"
	attrPinSession   = "pinSessionId"
	attrOutcome      = "outcome"
	attrCode         = "code"
	attrDetail       = "detail"
	attrRecordedAt   = "recordedAt" // as recordedLayout
	attrExpires      = "expiresAt"  // epoch seconds
)

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
	err := d.calls.Call(ctx, "GetItem", getItem{TableName: d.table, Key: map[string]attribute{attrKey: text(key)}, ConsistentRead: true}, &out)
	if err != nil {
		return endsession.Entry{}, false, fmt.Errorf("get the ledger's item %s: %w", key, err)
	}
	if len(out.Item) == 0 {
		return endsession.Entry{}, false, nil
	}
	return d.read(out.Item)
}

// Store implements endsession.Ledger with one conditional write that brings back the item which stood in its way.
func (d *DynamoDB) Store(ctx context.Context, prev, next endsession.Entry) (endsession.Entry, bool, error) {
	in := putItem{
		TableName:                           d.table,
		Item:                                item(next),
		ReturnValuesOnConditionCheckFailure: "ALL_OLD",
		ExpressionAttributeNames:            map[string]string{"#owner": attrOwner, "#state": attrState},
		ExpressionAttributeValues:           map[string]attribute{":nextOwner": text(next.Owner), ":nextState": text(string(next.State))},
	}
	if prev.Key == "" {
		in.ConditionExpression = ifAbsent
		in.ExpressionAttributeValues[":now"] = number(d.now().Unix())
	} else {
		in.ConditionExpression = ifSame
		in.ExpressionAttributeValues[":prevOwner"] = text(prev.Owner)
		in.ExpressionAttributeValues[":prevState"] = text(string(prev.State))
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
	if len(stood.Item) == 0 {
		return endsession.Entry{}, false, nil
	}
	held, _, err := d.read(stood.Item)
	return held, false, err
}

// read returns an item as an entry, and false if it has expired.
func (d *DynamoDB) read(attributes map[string]attribute) (endsession.Entry, bool, error) {
	entry, err := parse(attributes)
	if err != nil || !live(entry, d.now()) {
		return endsession.Entry{}, false, err
	}
	return entry, true, nil
}

// item returns an entry as the attributes that it has.
func item(e endsession.Entry) map[string]attribute {
	attributes := map[string]attribute{attrExpires: number(e.ExpiresAt.Unix())}
	for _, field := range []struct{ name, value string }{
		{attrKey, e.Key}, {attrState, string(e.State)}, {attrOwner, e.Owner},
		{attrRoomID, e.Target.RoomID}, {attrCustomRoomID, e.Target.CustomRoomID}, {attrSessionID, e.Target.SessionID},
		{attrPinRoom, e.Pin.RoomID}, {attrPinSession, e.Pin.SessionID},
		{attrOutcome, string(e.Outcome)}, {attrCode, string(e.Code)}, {attrDetail, string(e.Detail)},
	} {
		if field.value != "" {
			attributes[field.name] = text(field.value)
		}
	}
	if !e.LeaseUntil.IsZero() {
		attributes[attrLease] = number(e.LeaseUntil.UnixMilli())
	}
	if !e.RecordedAt.IsZero() {
		attributes[attrRecordedAt] = text(e.RecordedAt.UTC().Format(recordedLayout))
	}
	return attributes
}

// parse reads what item wrote. Attributes that it does not know are left alone.
func parse(attributes map[string]attribute) (endsession.Entry, error) {
	var bad error
	str := func(name string) string {
		value, exists := attributes[name]
		switch {
		case !exists:
			return ""
		case value.S != nil:
			return *value.S
		default:
			bad = errors.Join(bad, fmt.Errorf("the ledger's attribute %s is no string", name))
			return ""
		}
	}
	num := func(name string) int64 {
		value, exists := attributes[name]
		switch {
		case !exists:
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
		Key: str(attrKey), State: endsession.State(str(attrState)), Owner: str(attrOwner),
		Target:    endsession.Target{RoomID: str(attrRoomID), CustomRoomID: str(attrCustomRoomID), SessionID: str(attrSessionID)},
		Pin:       endsession.Pin{RoomID: str(attrPinRoom), SessionID: str(attrPinSession)},
		Outcome:   endsession.Outcome(str(attrOutcome)),
		Code:      endsession.Code(str(attrCode)),
		ExpiresAt: time.Unix(num(attrExpires), 0).UTC(),
	}
	if detail := str(attrDetail); detail != "" {
		e.Detail = []byte(detail)
	}
	if ms := num(attrLease); ms != 0 {
		e.LeaseUntil = time.UnixMilli(ms).UTC()
	}
	if at := str(attrRecordedAt); at != "" {
		t, err := time.Parse(recordedLayout, at)
		if err != nil {
			bad = errors.Join(bad, fmt.Errorf("the ledger's attribute %s: %w", attrRecordedAt, err))
		}
		e.RecordedAt = t
	}
	switch e.State {
	case endsession.Claimed, endsession.Recorded, endsession.Published:
	default:
		// Of a later version, perhaps: it must not be taken for a claim, and taken over.
		bad = errors.Join(bad, fmt.Errorf("the ledger's attribute %s is %q, which is no state", attrState, e.State))
	}
	if bad != nil {
		return endsession.Entry{}, bad
	}
	return e, nil
}

func text(s string) attribute { return attribute{S: &s} }

func number(n int64) attribute { return attribute{N: new(strconv.FormatInt(n, 10))} }
