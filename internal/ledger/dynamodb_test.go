package ledger_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"videosdk-end-session/internal/awsjson"
	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/ledger"
	"videosdk-end-session/internal/ledger/ledgertest"
	"videosdk-end-session/internal/local/cloud"
	"videosdk-end-session/internal/local/moto"
	"videosdk-end-session/internal/local/moto/mototest"
	"videosdk-end-session/internal/local/template"
)

// table provisions template.yaml in a local AWS and returns a client and the name of its ledger table.
func table(t *testing.T) (*awsjson.Client, string) {
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
	client, err := awsjson.New(awsjson.DynamoDB, provisioned.SDKConfig(), awsjson.Clock{Now: time.Now, Sleep: wait})
	if err != nil {
		t.Fatal(err)
	}
	return client, read.Tables[0].Name
}

func TestDynamoDB(t *testing.T) {
	client, name := table(t)
	ledgertest.Run(t, func(_ *testing.T, now func() time.Time) endsession.Ledger {
		return ledger.NewDynamoDB(client, name, now)
	})
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// items answers in place of DynamoDB.
type items struct {
	get string // a document
	put error
}

func (i items) Call(_ context.Context, operation string, _, out any) error {
	if operation == "PutItem" {
		return i.put
	}
	return json.Unmarshal([]byte(i.get), out)
}

func TestAnItemThatCannotBeReadIsAnError(t *testing.T) {
	for name, item := range map[string]string{
		"no state":                         `"pk": {"S": "k"}`,
		"a state that is a number":         `"pk": {"S": "k"}, "state": {"N": "1"}`,
		"a state of another type":          `"pk": {"S": "k"}, "state": {"SS": ["claimed"]}`,
		"a state of a later version":       `"pk": {"S": "k"}, "state": {"S": "archived"}`,
		"an expiry that is a text":         `"pk": {"S": "k"}, "state": {"S": "claimed"}, "expiresAt": {"S": "soon"}`,
		"an expiry that is no integer":     `"pk": {"S": "k"}, "state": {"S": "claimed"}, "expiresAt": {"N": "1.5"}`,
		"a time of recording that is none": `"pk": {"S": "k"}, "state": {"S": "recorded"}, "recordedAt": {"S": "soon"}`,
		"a time of recording not in UTC":   `"pk": {"S": "k"}, "state": {"S": "recorded"}, "recordedAt": {"S": "2026-11-23T10:00:00+01:00"}`,
	} {
		t.Run(name, func(t *testing.T) {
			document := `{"Item": {` + item + `}}`
			refusal := &awsjson.Error{Status: 400, Code: "ConditionalCheckFailedException", Document: []byte(document)}
			d := ledger.NewDynamoDB(items{get: document, put: refusal}, "t", time.Now)
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
	for name, failure := range map[string]error{
		"without an answer":       away,
		"with another refusal":    errors.Join(away, &awsjson.Error{Status: 400, Code: "ResourceNotFoundException", Document: []byte(`{}`)}),
		"with an unread document": errors.Join(away, &awsjson.Error{Status: 400, Code: "ConditionalCheckFailedException", Document: []byte(`<html>`)}),
	} {
		t.Run(name, func(t *testing.T) {
			d := ledger.NewDynamoDB(items{put: failure}, "t", time.Now)
			if _, ok, err := d.Store(t.Context(), endsession.Entry{}, endsession.Entry{Key: "k"}); ok || err == nil {
				t.Errorf("Store() = %v, %v; want the failure", ok, err)
			}
		})
	}
}

func TestAnItemThatIsGoneAgainIsNoEntry(t *testing.T) {
	refusal := &awsjson.Error{Status: 400, Code: "ConditionalCheckFailedException", Document: []byte(`{"message":"The conditional request failed"}`)}
	d := ledger.NewDynamoDB(items{put: refusal}, "t", time.Now)
	if held, ok, err := d.Store(t.Context(), endsession.Entry{}, endsession.Entry{Key: "k"}); ok || err != nil || held.Key != "" {
		t.Errorf("Store() = %+v, %v, %v; want nothing", held, ok, err)
	}
}
