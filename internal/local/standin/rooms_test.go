package standin_test

import (
	"strings"
	"testing"
	"time"

	"videosdk-end-session/internal/local/standin"
)

func TestAddRoomRefuses(t *testing.T) {
	b := twoRooms(t, standin.Options{})
	for name, tt := range map[string]struct {
		room    standin.Room
		problem string
	}{
		"no id":              {standin.Room{CustomID: "x"}, "needs an id"},
		"id taken":           {standin.Room{ID: "room-a"}, `room "room-a" exists already`},
		"customRoomId taken": {standin.Room{ID: "room-z", CustomID: "custom-a"}, `that of room "room-a"`},
	} {
		t.Run(name, func(t *testing.T) {
			if err := b.AddRoom(tt.room); err == nil || !strings.Contains(err.Error(), tt.problem) {
				t.Errorf("got %v, want an error with %q", err, tt.problem)
			}
		})
	}
	if err := b.AddRoom(standin.Room{ID: "room-z"}); err != nil {
		t.Errorf("a refused room was left behind: %v", err)
	}
}

func TestStartSessionRefuses(t *testing.T) {
	b := twoRooms(t, standin.Options{})
	tests := []struct {
		name, room string
		session    standin.Session
		problem    string
	}{
		{"unknown room", "nowhere", standin.Session{}, `no room "nowhere"`},
		{"second live one", "room-a", standin.Session{}, "has a live session"},
		{"id taken", "room-a", standin.Session{ID: testID(1), Alongside: true}, "exists already"},
		{"id of another form", "room-a", standin.Session{ID: "ABC", Alongside: true}, "24 hexadecimal digits"},
		{"end without a start", "room-a", standin.Session{End: morning}, "no start"},
		{"end to come", "room-a", standin.Session{Start: morning, End: morning.Add(time.Hour)}, "still to come"},
		{"end before the start", "room-a", standin.Session{Start: morning, End: morning.Add(-time.Hour)}, "ends before"},
		{"participant without an id", "room-a", standin.Session{Alongside: true, Participants: []standin.Participant{{Name: "John"}}}, "#1 has no id"},
		{"participant twice", "room-a", standin.Session{Alongside: true, Participants: []standin.Participant{{ID: "p"}, {ID: "p"}}}, "twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := b.StartSession(tt.room, tt.session); err == nil || !strings.Contains(err.Error(), tt.problem) {
				t.Errorf("got %v, want an error with %q", err, tt.problem)
			}
		})
	}
	if err := b.EndSession(testID(9)); err == nil {
		t.Error("an unknown session was ended")
	}
}

func TestSuccessiveSessionsHaveTheirOwnIDs(t *testing.T) {
	b := newBench(t, standin.Options{})
	seen := map[string]bool{}
	b.room(standin.Room{ID: "room-a"})
	for range 3 {
		id, err := b.StartSession("room-a", standin.Session{Participants: []standin.Participant{{ID: "p"}}})
		if err != nil {
			t.Fatal(err)
		}
		if !objectIDForm.MatchString(id) || seen[id] || !b.isLive(id) {
			t.Errorf("id %q, seen before: %t, live: %t", id, seen[id], b.isLive(id))
		}
		seen[id] = true
		if err := b.EndSession(id); err != nil {
			t.Fatal(err)
		}
	}
}
