package stack_test

import (
	"testing"
	"time"

	"videosdk-end-session/internal/local/stack"
	"videosdk-end-session/internal/local/standin"
)

// A redrive sends the body again with a new message id and a new time of sending, as send does here.
func TestRedrivenTriggersEndNothing(t *testing.T) {
	tests := []struct {
		name   string
		maxAge string
		code   string
	}{
		{name: "too old", maxAge: "24h", code: "trigger_too_old"},
		{name: "young enough, and older than the meeting", maxAge: "336h", code: "session_after_trigger"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := startWith(t, stack.Config{
				Standin: standin.Options{APIKey: apiKey, Secret: secret}, Parameters: map[string]string{"MaxTriggerAge": tt.maxAge},
			})
			rooms := []string{"room-1", "room-2", "room-3"}
			for _, room := range rooms {
				live(t, s, room, time.Hour)
				send(t, s, "two-days-old-"+room, room, time.Now().Add(-48*time.Hour))
			}
			for _, room := range rooms {
				if got := await(t, s, "two-days-old-"+room); got.Outcome != "refused" || got.Error == nil || got.Error.Code != tt.code {
					t.Errorf("outcome = %s", got.raw)
				}
			}
			wantEnds(t, s, 0, 0)
			wantIdle(t, s)
		})
	}
}
