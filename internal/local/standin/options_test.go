package standin_test

import (
	"strings"
	"testing"
	"time"

	"videosdk-end-session/internal/local/standin"
)

func TestNewRefusesOptions(t *testing.T) {
	tests := []struct {
		name     string
		options  standin.Options
		problems []string
	}{
		{"empty pair", standin.Options{Secret: " \n"}, []string{"API key is empty", "secret is empty"}},
		{"everything wrong", standin.Options{
			Shape: 7, EndedReading: 8, EndDelay: -time.Second, EndInAnswer: true, EndedStatus: 200, UnknownRoom: 200, UnknownRoomList: 500,
		}, []string{
			"API key is empty", "secret is empty", "shape 7", "ended session 8", "-1s is negative", "cannot be delayed",
			"EndedStatus 200", "UnknownRoom 200", "UnknownRoomList 500",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := standin.New(tt.options)
			if err == nil {
				t.Fatal("they were accepted")
			}
			for _, problem := range tt.problems {
				if !strings.Contains(err.Error(), problem) {
					t.Errorf("error %q does not say %q", err, problem)
				}
			}
		})
	}
}
