package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/ledger"
	"videosdk-end-session/internal/ledger/ledgertest"
	"videosdk-end-session/internal/local/cloud"
	"videosdk-end-session/internal/local/moto"
	"videosdk-end-session/internal/local/moto/mototest"
	"videosdk-end-session/internal/local/template"
)

// table provisions template.yaml in a local AWS and returns a client and the name of its ledger table.
func table(t *testing.T) (*dynamodb.Client, string) {
	t.Helper()
	server := mototest.Start(t, moto.Config{})
	read, err := template.Read("../../template.yaml", template.Stack{
		Name: "ledger", AccountID: moto.AccountID, Region: "us-east-1", Endpoint: server.URL(),
	}, map[string]string{"VideoSdkSecretId": "unused"})
	if err != nil {
		t.Fatal(err)
	}
	provisioned, err := cloud.Provision(t.Context(), cloud.Config{Template: read, SecretName: "unused", SecretValue: "{}"})
	if err != nil {
		t.Fatal(err)
	}
	return dynamodb.NewFromConfig(provisioned.SDKConfig()), read.Tables[0].Name
}

func TestDynamoDB(t *testing.T) {
	client, name := table(t)
	ledgertest.Run(t, func(_ *testing.T, now func() time.Time) endsession.Ledger {
		return ledger.NewDynamoDB(client, name, now)
	})
}

// items answers in place of DynamoDB.
type items struct {
	get map[string]types.AttributeValue
	put error
}

func (i items) GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return &dynamodb.GetItemOutput{Item: i.get}, nil
}

func (i items) PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return nil, i.put
}

func TestAnItemThatCannotBeReadIsAnError(t *testing.T) {
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	number := func(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }
	for name, item := range map[string]map[string]types.AttributeValue{
		"no state":                         {"pk": text("k")},
		"a state that is a number":         {"pk": text("k"), "state": number("1")},
		"a state of a later version":       {"pk": text("k"), "state": text("archived")},
		"an expiry that is a text":         {"pk": text("k"), "state": text("claimed"), "expiresAt": text("soon")},
		"an expiry that is no integer":     {"pk": text("k"), "state": text("claimed"), "expiresAt": number("1.5")},
		"a time of recording that is none": {"pk": text("k"), "state": text("recorded"), "recordedAt": text("soon")},
		"a time of recording not in UTC":   {"pk": text("k"), "state": text("recorded"), "recordedAt": text("2026-11-23T10:00:00+01:00")},
	} {
		t.Run(name, func(t *testing.T) {
			d := ledger.NewDynamoDB(items{get: item, put: &types.ConditionalCheckFailedException{Item: item}}, "t", time.Now)
			if _, _, err := d.Load(t.Context(), "k"); err == nil {
				t.Error("Load() accepted it")
			}
			if _, _, err := d.Store(t.Context(), endsession.Entry{}, endsession.Entry{Key: "k"}); err == nil {
				t.Error("Store() accepted it")
			}
		})
	}
}

func TestAFailedWriteIsAnError(t *testing.T) {
	away := errors.New("away")
	d := ledger.NewDynamoDB(items{put: away}, "t", time.Now)
	if _, ok, err := d.Store(t.Context(), endsession.Entry{}, endsession.Entry{Key: "k"}); ok || !errors.Is(err, away) {
		t.Errorf("Store() = %v, %v; want the failure", ok, err)
	}
}
