package simulation

import (
	"time"

	"videosdk-end-session/internal/endsession"
)

// reading is how the stand-in takes an end call for a session that is not live: nobody outside VideoSDK knows.
type reading string

const (
	refuses    reading = "refuses"      // an error, or the ended session
	actsOnNext reading = "acts on next" // the call ends whatever lives in the room
)

// settings is what kind of world a seed is: how it reads the unknown, how much goes wrong, and how far the clocks are apart.
type settings struct {
	reading     reading
	endedAnswer int           // what the reading refuses answers for an ended session: 400, 404, 409, or 200
	asyncEnd    time.Duration // an accepted end shows after up to this long
	busyAnswer  int           // what an end call for a session that is about to end gets: 200 or 409
	forgets     bool          // an ended session is not found any more
	unfiltered  float64       // how often the list ignores its filter
	blurred     float64       // how often a session's start is missing or impossible
	unshown     bool          // sessions and rooms do not show the room's customRoomId

	videoSkew  time.Duration // VideoSDK's clock less the true time
	senderSkew time.Duration // the senders' clocks less the true time
	policy     endsession.Policy

	faults, crashes, freezes float64 // per call
	duplicates               float64 // per trigger and delivery
	eager                    float64 // how often the room's next session begins right after one has ended
	fickle                   float64 // how often a session ends right after somebody has looked at it
	outages                  []outage
	visibility               time.Duration
	maxReceive               int
	triggers                 int
	rooms                    int
	horizon                  time.Duration // until when triggers happen
	burst                    bool          // they happen at once and wait for the same batch
	tight                    bool          // ends are answered when there is hardly time to record them, and the next delivery is there already
}

// outage is a time in which one part of the world is away.
type outage struct {
	what     string // "credentials", "videosdk", "ledger" or "outbox"
	from, to time.Duration
}

func newSettings(l luck) settings {
	s := settings{
		reading:     among(l, refuses, actsOnNext),
		endedAnswer: among(l, 200, 400, 404, 409),
		asyncEnd:    among(l, 0, 0, 2*time.Second, 20*time.Second, 90*time.Second),
		busyAnswer:  among(l, 200, 200, 409),
		forgets:     l.chance(0.1),
		unfiltered:  among(l, 0, 0, 0, 0.2),
		blurred:     among(l, 0, 0, 0.2),
		videoSkew:   among(l, 0, -24*time.Second, 24*time.Second, l.between(-24*time.Second, 24*time.Second)),
		senderSkew:  l.between(-time.Second, time.Second),
		policy: endsession.Policy{
			MaxTriggerAge: among(l, 5*time.Minute, time.Hour, 24*time.Hour, 24*time.Hour, 336*time.Hour),
			BookingLead:   15 * time.Minute, BookingGrace: among(l, 2*time.Minute, time.Hour), Patient: l.chance(0.5),
		},
		faults:     among(l, 0, 0.05, 0.2, 0.4),
		crashes:    among(l, 0, 0, 0.03, 0.1),
		freezes:    among(l, 0, 0, 0.02, 0.08, 0.15),
		duplicates: among(l, 0, 0.2, 0.5),
		eager:      among(l, 0.2, 0.6, 0.95),
		fickle:     among(l, 0, 0.1, 0.4),
		visibility: among(l, 10*time.Second, 30*time.Second, 180*time.Second, 180*time.Second),
		maxReceive: among(l, 3, 20, 20),
		triggers:   1 + l.IntN(4),
		rooms:      1 + l.IntN(4),
		horizon:    among(l, 3*time.Second, time.Minute, 30*time.Minute, 5*time.Hour),
	}
	if s.burst = l.chance(0.15); s.burst {
		s.triggers, s.rooms, s.horizon = 3+l.IntN(3), 6, 3*time.Second
	}
	if s.tight = l.chance(0.1); s.tight {
		s.triggers, s.duplicates, s.faults, s.freezes = 2, 0.95, 0.05, 0
	}
	for range among(l, 0, 0, 1, 2) {
		from := l.between(0, s.horizon)
		s.outages = append(s.outages, outage{
			what: among(l, "credentials", "credentials", "videosdk", "ledger", "outbox"), from: from, to: from + l.between(5*time.Second, 40*time.Minute),
		})
	}
	s.unshown = l.chance(0.3)
	return s
}
