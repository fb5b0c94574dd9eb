package samples

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"videosdk-end-session/internal/local/cloud"
	"videosdk-end-session/internal/local/deliveries"
	"videosdk-end-session/internal/local/stack"
	"videosdk-end-session/internal/local/standin"
)

// tooLong is the delay of a trigger from which on its outcome is not waited for.
const tooLong = 10 * time.Second

// Entries returns the entries of all sources for the webhook secret.
func Entries(files []deliveries.File) map[string]stack.Entry {
	entries := map[string]stack.Entry{}
	for _, f := range files {
		entries[f.Source] = f.Entry
	}
	return entries
}

// EventSources returns the template's parameters by which the events of the samples for the bus are triggers.
func EventSources(files []deliveries.File) (map[string]string, error) {
	sources, types := "videosdk.trigger", "End Session"
	for _, f := range files {
		for _, s := range f.Samples {
			if s.Door != "bus" {
				continue
			}
			var event cloud.Envelope
			body, err := s.Body(time.Now())
			if err == nil {
				err = json.Unmarshal(body, &event)
			}
			if err != nil {
				return nil, fmt.Errorf("sample %s: %w", f.Of(s), err)
			}
			sources, types = sources+","+event.Source, types+","+event.DetailType
		}
	}
	return map[string]string{"TriggerEventSources": sources, "TriggerDetailTypes": types}, nil
}

// IsSent tells whether a sample can be sent with the entries of its file. Of what is left alone on a queue or a bus nothing is to be seen
// from outside.
func IsSent(s deliveries.Sample) bool {
	return s.Also == nil && (s.Door == "" || s.Door == "webhook" || s.Want.Trigger != nil)
}

// ArrangeWebhook begins the meeting that the sample's trigger means, if it has one.
func ArrangeWebhook(videosdk *standin.Server, s deliveries.Sample) error {
	var target struct{ RoomID, CustomRoomID string }
	if s.Want.Trigger == nil {
		return nil
	}
	if err := json.Unmarshal(s.Want.Trigger, &target); err != nil {
		return err
	}
	room := standin.Room{ID: cmp.Or(target.RoomID, "room-of-"+target.CustomRoomID), CustomID: target.CustomRoomID}
	if err := videosdk.AddRoom(room); err != nil {
		return err
	}
	_, err := videosdk.StartSession(room.ID, standin.Session{
		Start: time.Now().Add(-18 * time.Minute), Participants: []standin.Participant{{ID: "demo-1", Name: ParticipantName}},
	})
	return err
}

// SendWebhook sends the sample through its door and waits for what becomes of it.
func SendWebhook(ctx context.Context, on *stack.Stack, source string, s deliveries.Sample) (Sent, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	before, err := on.Published(ctx)
	if err != nil {
		return Sent{}, err
	}
	payload, err := s.Body(time.Now())
	if err != nil {
		return Sent{}, err
	}
	var sent Sent
	switch s.Door {
	case "queue":
		_, err = on.Cloud.Send(ctx, cloud.Message{Queue: "TriggerQueue", Body: string(payload)})
	case "bus":
		var event cloud.Envelope
		if err = json.Unmarshal(payload, &event); err == nil {
			_, err = on.PutEvent(ctx, event.Source, event.DetailType, event.Detail)
		}
	default:
		sent, err = post(ctx, on, source, s, payload)
	}
	if err != nil || s.Want.Trigger == nil {
		return sent, err
	}
	if sent.KeptBack = time.Duration(s.Want.DelaySeconds) * time.Second; sent.KeptBack > tooLong {
		return sent, nil
	}
	sent.KeptBack = 0
	return sent, sent.await(ctx, on, len(before), false)
}

func post(ctx context.Context, on *stack.Stack, source string, s deliveries.Sample, payload []byte) (Sent, error) {
	header := map[string]string{}
	for name, value := range s.Headers {
		rendered, err := deliveries.Body([]byte(value), time.Now())
		if err != nil {
			return Sent{}, err
		}
		header[name] = string(rendered)
	}
	answer, err := on.SendWebhook(ctx, stack.Webhook{
		Source: source, ID: fmt.Sprintf("msg_%s_%d", source, time.Now().UnixNano()), Payload: payload, Header: header,
	})
	if err != nil {
		return Sent{}, err
	}
	sent := Sent{Answer: fmt.Sprint(answer.Status)}
	var body struct{ Reason, Code, PlainToken string }
	if err := json.Unmarshal(answer.Body, &body); err != nil {
		return sent, fmt.Errorf("the answer %d is not JSON: %w", answer.Status, err)
	}
	sent.Ignored, sent.Code = body.Reason, body.Code
	if body.PlainToken != "" {
		sent.Answer += " with the answer to the challenge"
	}
	return sent, nil
}

// WebhookDifferences says in what way the sample's fate is not the expected one.
func WebhookDifferences(s deliveries.Sample, got Sent) []string {
	var differences []string
	differ := func(what string, got, want any) {
		if got != want {
			differences = append(differences, fmt.Sprintf("%s is %q, expected %q", what, got, want))
		}
	}
	outcome, accepted := "", []string{fmt.Sprint(http.StatusBadRequest)}
	switch {
	case s.Want.Trigger != nil:
		accepted = []string{fmt.Sprint(http.StatusAccepted), fmt.Sprint(http.StatusOK), ""}
		if got.KeptBack == 0 {
			outcome = "ending"
		}
	case s.Want.Ignored != "":
		accepted = []string{fmt.Sprint(http.StatusOK)}
	case s.Want.Answer != nil:
		accepted = []string{fmt.Sprint(http.StatusOK) + " with the answer to the challenge"}
	}
	for _, status := range accepted {
		if got.Answer == status {
			accepted = nil
		}
	}
	if accepted != nil {
		differ("the answer", got.Answer, accepted[0])
	}
	differ("the outcome", got.Outcome, outcome)
	differ("the code", got.Code, s.Want.Code)
	differ("the reason", got.Ignored, s.Want.Ignored)
	return differences
}
