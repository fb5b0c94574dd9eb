package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mutation is one step of the production code, broken. Its old text stands exactly once in its file.
type mutation struct {
	name string // what is broken
	file string // from the module's root
	old  string
	new  string
}

// apply returns the text of the mutation's file with the mutation in it.
func (m mutation) apply(root string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(m.file)))
	if err != nil {
		return nil, fmt.Errorf("read the file to mutate: %w", err)
	}
	if n := strings.Count(string(text), m.old); n != 1 || m.old == m.new {
		return nil, fmt.Errorf("the mutation does not apply: its text stands %d times in %s, want once", n, m.file)
	}
	return []byte(strings.Replace(string(text), m.old, m.new, 1)), nil
}

const (
	useCase = "internal/endsession/"
	ledger  = "internal/ledger/"
)

// isSimulated tells whether the simulation has a part in what is broken.
func (m mutation) isSimulated() bool {
	return strings.HasPrefix(m.file, useCase) || strings.HasPrefix(m.file, ledger)
}

// mutations is everything that is broken in turn.
var mutations = slices.Concat(promises, webhooks)

// promises breaks each step of the use case, and the ledger.
var promises = []mutation{
	// propose
	{"no times are checked", useCase + "propose.go",
		"func (a *attempt) checkTimes() (proposal, bool) {\n", "func (a *attempt) checkTimes() (proposal, bool) {\n\treturn proposal{}, false\n"},
	{"a session may begin an hour after the trigger", useCase + "endsession.go",
		"StartTolerance = 30 * time.Second", "StartTolerance = time.Hour"},
	{"no session is too young for its trigger", useCase + "propose.go",
		"start.After(latest) {", "false && start.After(latest) {"},
	{"every session is refused as too young", useCase + "propose.go",
		"start.After(latest) {", "start.After(latest) || true {"},
	{"a booking's window does not bind its session", useCase + "propose.go",
		"if early || late {", "if false && (early || late) {"},
	{"a session without a readable start counts", useCase + "propose.go",
		"if r.SessionID != \"\" {\n\t\t\treturn proposal{}, false", "if r.SessionID != \"\" || true {\n\t\t\treturn proposal{}, false"},
	{"every session is the one that is named", useCase + "propose.go",
		"return session.ID != \"\" &&", "return true || session.ID != \"\" &&"},
	{"a session that does not show its customRoomId is nobody's", useCase + "propose.go",
		"if named == \"\" || !slices", "if true || !slices"},
	{"a session that does not show its customRoomId is anybody's", useCase + "propose.go",
		"s.CustomRoomID == \"\" && s.RoomID == room.RoomID {", "s.CustomRoomID == \"\" {"},
	{"a roomId counts as a customRoomId", useCase + "propose.go",
		"if room.CustomRoomID != named &&", "if false &&"},
	{"the event leaves out a customRoomId that VideoSDK does not show", useCase + "record.go",
		"s.CustomRoomID == \"\" && s.ID != \"\" &&", "false && s.ID != \"\" &&"},
	{"a look at the room counts as one at the session", useCase + "propose.go",
		"session: best, seen: seen}", "session: best, seen: seen.Add(a.with.Clock.Now().Sub(seen))}"},
	{"an end is sent however long ago the look was", "internal/videosdk/client.go",
		"\tif !call.startBy.IsZero() {\n\t\tleft", "\tif false {\n\t\tleft"},
	{"an end waits for a connection however long ago the look was", "internal/videosdk/client.go",
		"late.Reset(left())", "late.Reset(time.Hour)"},
	{"net/http repeats an end by itself", "internal/videosdk/client.go",
		"request.GetBody = nil //", "//"},
	{"an end is sent again however long ago the look was", "internal/videosdk/client.go",
		"late.Reset(left()); left() <= 0 {", "late.Reset(left()); false {"},
	{"failures that may pass are outcomes", useCase + "propose.go",
		"default:\n\t\treturn true", "default:\n\t\treturn false"},
	{"refused credentials are an outcome on queues", useCase + "propose.go",
		"return !a.with.Policy.FinalCredentials", "return false"},
	{"a dry run is none", useCase + "claim.go",
		"if a.request.DryRun || a.with.Policy.DryRun {", "if false {"},

	// claim
	{"nothing is claimed before the end", useCase + "claim.go",
		"func() { held, won, err = a.with.Ledger.Store(ctx, prev, next) })",
		"func() { held, won = next, true })"},
	{"a claim is won although another holds it", useCase + "claim.go",
		"\tif won {\n\t\ta.entry = next\n", "\tif won = true; won {\n\t\ta.entry = next\n"},
	{"another target under the same identity is no conflict", useCase + "claim.go",
		"case held.Target != a.request.Target:", "case false:"},
	{"a claim in progress counts as free", useCase + "claim.go",
		"case now.Before(held.LeaseUntil):", "case false:"},
	{"a claim has no lease", useCase + "claim.go",
		"LeaseUntil: a.lease,", "LeaseUntil: time.Time{},"},
	{"a lease never runs out", useCase + "claim.go",
		"LeaseUntil: a.lease,", "LeaseUntil: now.Add(Retention),"},
	{"the ledger forgets after an hour", useCase + "endsession.go",
		"Retention = 15 * 24 * time.Hour", "Retention = time.Hour"},
	{"a recorded outcome counts as published", useCase + "claim.go",
		"a.entry, a.result.Duplicate = held, true", "held.State = Published\n\t\t\ta.entry, a.result.Duplicate = held, true"},

	// take over
	{"a take-over pins anew", useCase + "claim.go",
		"p, err = a.reconsider(work, held.Pin)", "p, err = a.propose(work)"},
	{"a take-over does not look", useCase + "propose.go",
		"session, err := a.readSession(ctx, pin.SessionID)\n\tif e := AsError(err); e != nil {",
		"session, err := pinned(pin), error(nil)\n\tif e := AsError(err); e != nil {"},
	{"a take-over does not see that the session has ended", useCase + "propose.go",
		"case session.Ended():\n\t\treturn proposal{outcome: AlreadyEnded", "case false:\n\t\treturn proposal{outcome: AlreadyEnded"},
	{"a take-over checks no times", useCase + "propose.go",
		"\t}\n\tif p, refused := a.checkTimes(); refused {\n\t\treturn p, nil\n\t}\n\tif p, refused := a.guard(session); refused {",
		"\t}\n\tif p, refused := a.guard(session); refused {"},

	// end
	{"what is told in passing makes a list unreadable", "internal/videosdk/session.go",
		"if !isOfAnotherType(err) {", "if true {"},
	{"a queue is no more patient than a caller", useCase + "repeat.go",
		"patient := a.with.Policy.Patient &&", "patient := false &&"},
	{"every failure is waited for", useCase + "repeat.go",
		"a.with.Policy.Patient && e.Code == CodeVideoSDKThrottled", "a.with.Policy.Patient"},
	{"callers wait as long as a queue", useCase + "repeat.go",
		"patient := a.with.Policy.Patient && e.Code", "patient := e.Code"},
	{"a booking's window may close while VideoSDK throttles", useCase + "propose.go",
		"if p.outcome == \"\" {", "if false {"},
	{"an end is called again without a look", useCase + "end.go",
		"if made > 0 || a.with", "if a.with"},
	{"a look counts for an hour", useCase + "end.go",
		"const freshness = 2 * time.Second", "const freshness = time.Hour"},
	{"an end is called again although the session has ended", useCase + "end.go",
		"\t\t\tcase session.Ended():", "\t\t\tcase false:"},
	{"the end of another session counts", useCase + "end.go",
		"if answer.ID != p.pin.SessionID {", "if false {"},
	{"an end that was only accepted counts as done", useCase + "end.go",
		"\treturn proposal{outcome: Ending, pin: p.pin, session: answer}", "\treturn proposal{outcome: Ended, pin: p.pin, session: answer}"},

	{"a claim is released although its call may have had its effect", useCase + "claim.go",
		"if !a.unsure {", "if true {"},

	// record
	{"it is published without being recorded", useCase + "record.go",
		"func() { _, won, err = a.with.Ledger.Store(ctx, a.entry, next) })", "func() { won = true })"},
	{"who was taken over publishes all the same", useCase + "record.go",
		"if !won {", "if false && !won {"},

	// publish and complete
	{"an event is rendered anew when it is published", useCase + "publish.go",
		"\t\t\tdue = append(due, a)\n",
		"\t\t\tif again, err := s.with.Outbox.Detail(Report{ID: a.key, Outcome: a.entry.Outcome, Request: a.request}); err == nil {\n" +
			"\t\t\t\ta.entry.Detail = again\n\t\t\t}\n\t\t\tdue = append(due, a)\n"},
	{"a failed publish is dropped", useCase + "publish.go",
		"\t\t\ta.fail(&Error{Code: CodePublishFailed, Message: \"the outcome is recorded and could not be published yet\", Err: errs[i]})\n", ""},
	{"one failed publish fails none of the others' messages", useCase + "publish.go",
		"if errs[i] != nil {", "if errs[0] != nil {"},
	{"it is complete before it is published", useCase + "record.go",
		"entry.Detail, entry.RecordedAt = Recorded,", "entry.Detail, entry.RecordedAt = Published,"},

	// the ledger
	{"the ledger ignores the owner", ledger + "ledger.go",
		" && a.Owner == b.Owner", ""},
	{"the ledger ignores the state", ledger + "ledger.go",
		" && a.State == b.State", ""},
	{"the ledger replaces anything", ledger + "ledger.go",
		"return same(held, prev) || same(held, next)", "return true"},
}
