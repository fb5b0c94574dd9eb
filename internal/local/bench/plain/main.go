// Command plain ends sessions for the messages of a queue as one would write it at first: the SDK's default configuration, a client for
// each service, the secret fetched when the first message needs it, the messages one after the other, an event published for each. It
// makes the same calls as the function sqs: the room's live session, the claim, the end, the record, the event, the mark that it is
// published. What it lacks is everything that makes the promises hold when something fails.
//
// With PLAIN_TOGETHER=true it handles the messages of a batch at the same time.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventbridgetypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/golang-jwt/jwt/v5"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	c, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		slog.Error("start", "error", err)
		os.Exit(1)
	}
	f := &function{
		items: dynamodb.NewFromConfig(c), bus: eventbridge.NewFromConfig(c), secrets: secretsmanager.NewFromConfig(c),
		together: os.Getenv("PLAIN_TOGETHER") == "true",
	}
	lambda.Start(f.handle)
}

type function struct {
	items    *dynamodb.Client
	bus      *eventbridge.Client
	secrets  *secretsmanager.Client
	together bool

	mu     sync.Mutex
	cached *credentials
}

type credentials struct {
	APIKey string `json:"apiKey"`
	Secret string `json:"secret"`
}

type trigger struct {
	ID         string `json:"id"`
	RoomID     string `json:"roomId"`
	Source     string `json:"source"`
	OccurredAt string `json:"occurredAt"`
}

type session struct {
	ID           string            `json:"id"`
	RoomID       string            `json:"roomId"`
	CustomRoomID string            `json:"customRoomId"`
	Start        string            `json:"start"`
	End          *string           `json:"end"`
	Status       string            `json:"status"`
	Participants []json.RawMessage `json:"participants"`
}

func (f *function) handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	failed := make([]bool, len(event.Records))
	one := func(i int) {
		if err := f.end(ctx, event.Records[i]); err != nil {
			slog.Error("message", "id", event.Records[i].MessageId, "error", err)
			failed[i] = true
		}
	}
	var wg sync.WaitGroup
	for i := range event.Records {
		if f.together {
			wg.Go(func() { one(i) })
		} else {
			one(i)
		}
	}
	wg.Wait()
	response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for i, m := range event.Records {
		if failed[i] {
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
	}
	return response, nil
}

// end takes one message all the way.
func (f *function) end(ctx context.Context, m events.SQSMessage) error {
	var t trigger
	if err := json.Unmarshal([]byte(m.Body), &t); err != nil {
		return err
	}
	var list struct {
		Data []session `json:"data"`
	}
	query := url.Values{"roomId": {t.RoomID}, "status": {"ongoing"}, "perPage": {"2"}}
	if err := f.call(ctx, http.MethodGet, "/v2/sessions?"+query.Encode(), nil, &list); err != nil {
		return err
	}
	if len(list.Data) == 0 {
		return fmt.Errorf("nobody is in room %s", t.RoomID)
	}
	live := list.Data[0]
	if err := f.put(ctx, t, live, "claimed", "", "attribute_not_exists(pk)"); err != nil {
		return err
	}
	var ended session
	if err := f.call(ctx, http.MethodPost, "/v2/sessions/end", map[string]string{"roomId": live.RoomID, "sessionId": live.ID}, &ended); err != nil {
		return err
	}
	detail, err := json.Marshal(map[string]any{"id": t.ID, "outcome": "ending", "trigger": t, "session": ended})
	if err != nil {
		return err
	}
	if err := f.put(ctx, t, live, "recorded", string(detail), "attribute_exists(pk)"); err != nil {
		return err
	}
	out, err := f.bus.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []eventbridgetypes.PutEventsRequestEntry{{
		EventBusName: aws.String(os.Getenv("EVENT_BUS_NAME")), Source: aws.String("videosdk.end-session"),
		DetailType: aws.String("Session End Succeeded"), Detail: aws.String(string(detail)), Time: aws.Time(time.Now()),
	}}})
	if err != nil {
		return err
	}
	if out.FailedEntryCount > 0 {
		return fmt.Errorf("the event was not taken: %s", aws.ToString(out.Entries[0].ErrorMessage))
	}
	if err := f.put(ctx, t, live, "published", string(detail), "attribute_exists(pk)"); err != nil {
		return err
	}
	slog.Info("ended", "trigger", t.ID, "room", live.RoomID, "session", live.ID)
	return nil
}

// put writes how far a trigger got.
func (f *function) put(ctx context.Context, t trigger, live session, state, detail, condition string) error {
	item := map[string]dynamodbtypes.AttributeValue{
		"pk":        &dynamodbtypes.AttributeValueMemberS{Value: t.Source + "/" + t.ID},
		"state":     &dynamodbtypes.AttributeValueMemberS{Value: state},
		"roomId":    &dynamodbtypes.AttributeValueMemberS{Value: live.RoomID},
		"sessionId": &dynamodbtypes.AttributeValueMemberS{Value: live.ID},
		"expiresAt": &dynamodbtypes.AttributeValueMemberN{Value: strconv.FormatInt(time.Now().Add(15*24*time.Hour).Unix(), 10)},
	}
	if detail != "" {
		item["detail"] = &dynamodbtypes.AttributeValueMemberS{Value: detail}
	}
	_, err := f.items.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: aws.String(os.Getenv("LEDGER_TABLE")), Item: item, ConditionExpression: &condition,
	})
	return err
}

// call calls VideoSDK with a token of its own.
func (f *function) call(ctx context.Context, method, path string, body, into any) error {
	c, err := f.credentials(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"apikey": c.APIKey, "permissions": []string{"allow_join", "allow_mod"}, "version": 2, "roles": []string{"crawler"},
		"iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	}).SignedString([]byte(c.Secret))
	if err != nil {
		return err
	}
	var content io.Reader
	if body != nil {
		document, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(document)
	}
	request, err := http.NewRequestWithContext(ctx, method, os.Getenv("VIDEOSDK_API_ENDPOINT")+path, content)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("VideoSDK answered %d: %s", response.StatusCode, answer)
	}
	return json.Unmarshal(answer, into)
}

// credentials fetches the secret once.
func (f *function) credentials(ctx context.Context) (*credentials, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cached != nil {
		return f.cached, nil
	}
	out, err := f.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(os.Getenv("VIDEOSDK_SECRET_ID"))})
	if err != nil {
		return nil, err
	}
	var c credentials
	if err := json.Unmarshal([]byte(aws.ToString(out.SecretString)), &c); err != nil {
		return nil, err
	}
	f.cached = &c
	return f.cached, nil
}
