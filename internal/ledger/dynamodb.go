package ledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"videosdk-end-session/internal/endsession"
)

// Items is the part of DynamoDB that the ledger needs.
type Items interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
}

// DynamoDB is a ledger in a DynamoDB table with the partition key pk (string) and the TTL attribute expiresAt (epoch seconds).
type DynamoDB struct {
	items Items
	table string
	now   func() time.Time
}

// NewDynamoDB returns the ledger in the named table.
func NewDynamoDB(items Items, table string, now func() time.Time) *DynamoDB {
	return &DynamoDB{items: items, table: table, now: now}
}

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
	out, err := d.items.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &d.table, Key: map[string]types.AttributeValue{attrKey: text(key)}, ConsistentRead: aws.Bool(true),
	})
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
	input := &dynamodb.PutItemInput{
		TableName:                           &d.table,
		Item:                                item(next),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		ExpressionAttributeNames:            map[string]string{"#owner": attrOwner, "#state": attrState},
		ExpressionAttributeValues:           map[string]types.AttributeValue{":nextOwner": text(next.Owner), ":nextState": text(string(next.State))},
	}
	if prev.Key == "" {
		input.ConditionExpression = aws.String(ifAbsent)
		input.ExpressionAttributeValues[":now"] = number(d.now().Unix())
	} else {
		input.ConditionExpression = aws.String(ifSame)
		input.ExpressionAttributeValues[":prevOwner"] = text(prev.Owner)
		input.ExpressionAttributeValues[":prevState"] = text(string(prev.State))
	}
	_, err := d.items.PutItem(ctx, input)
	var stood *types.ConditionalCheckFailedException
	switch {
	case err == nil:
		return next, true, nil
	case !errors.As(err, &stood):
		return endsession.Entry{}, false, fmt.Errorf("put the ledger's item %s: %w", next.Key, err)
	case len(stood.Item) == 0:
		return endsession.Entry{}, false, nil
	}
	held, _, err := d.read(stood.Item)
	return held, false, err
}

// read returns an item as an entry, and false if it has expired.
func (d *DynamoDB) read(attributes map[string]types.AttributeValue) (endsession.Entry, bool, error) {
	entry, err := parse(attributes)
	if err != nil || !live(entry, d.now()) {
		return endsession.Entry{}, false, err
	}
	return entry, true, nil
}

// item returns an entry as the attributes that it has.
func item(e endsession.Entry) map[string]types.AttributeValue {
	attributes := map[string]types.AttributeValue{attrExpires: number(e.ExpiresAt.Unix())}
	for name, value := range map[string]string{
		attrKey: e.Key, attrState: string(e.State), attrOwner: e.Owner,
		attrRoomID: e.Target.RoomID, attrCustomRoomID: e.Target.CustomRoomID, attrSessionID: e.Target.SessionID,
		attrPinRoom: e.Pin.RoomID, attrPinSession: e.Pin.SessionID,
		attrOutcome: string(e.Outcome), attrCode: string(e.Code), attrDetail: string(e.Detail),
	} {
		if value != "" {
			attributes[name] = text(value)
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
func parse(attributes map[string]types.AttributeValue) (endsession.Entry, error) {
	var bad error
	str := func(name string) string {
		switch value := attributes[name].(type) {
		case nil:
			return ""
		case *types.AttributeValueMemberS:
			return value.Value
		default:
			bad = errors.Join(bad, fmt.Errorf("the ledger's attribute %s is no string", name))
			return ""
		}
	}
	num := func(name string) int64 {
		switch value := attributes[name].(type) {
		case nil:
			return 0
		case *types.AttributeValueMemberN:
			n, err := strconv.ParseInt(value.Value, 10, 64)
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

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
