package stack_test

import (
	"context"
	"net/http"
	"slices"
	"time"

	"videosdk-end-session/internal/local/standin"
	"videosdk-end-session/internal/local/template"
)

// badVideoSDK is VideoSDK on bad days. What is wrong for good is mended after the first delivery of every trigger.
func badVideoSDK() setting {
	rows := slices.DeleteFunc(videoSDKRows(), func(r row) bool { return r.slow })
	return setting{key: "videosdk", adjust: redelivering(8 * time.Second), rounds: []round{{rows: rows, unnamed: true, mend: mendAll}}}
}

func videoSDKRows() []row {
	rows := slices.Concat(badLists(), badLooks(), badEnds())
	for i := range rows {
		rows[i].name = "VideoSDK's " + rows[i].name
	}
	return rows
}

// slowVideoSDK are the days on which VideoSDK makes the functions wait.
func slowVideoSDK() setting {
	rows := slices.DeleteFunc(videoSDKRows(), func(r row) bool { return !r.slow })
	return setting{key: "slow", rounds: []round{{rows: rows, unnamed: true, mend: mendAll}}, adjust: waiting(8 * time.Second)}
}

// waiting shortens the functions' timeout, because they do wait for it.
func waiting(timeout time.Duration) func(*template.Template) {
	return func(t *template.Template) {
		redelivering(timeout)(t)
		oneByOne(t)
		for i := range t.Functions {
			t.Functions[i].Timeout = timeout
		}
	}
}

func mendAll(_ context.Context, w *world) error {
	w.Standin.ClearFaults()
	w.awsFaults.mend()
	return nil
}

// The meanings of a fault's Times.
const (
	always = 0
	once   = 1
)

// answers is VideoSDK answering with a status.
func answers(on standin.Operation, status, times int) standin.Fault {
	return standin.Fault{On: on, Do: standin.Answer, Status: status, Times: times}
}

// does is VideoSDK misbehaving.
func does(on standin.Operation, what standin.Misbehaviour, times int) standin.Fault {
	return standin.Fault{On: on, Do: what, Times: times}
}

// late is VideoSDK taking its time, once.
func late(on standin.Operation) standin.Fault {
	return standin.Fault{On: on, Do: standin.Slow, Delay: latency, Times: once}
}

// afterEffect lets the request have its effect, once.
func afterEffect(f standin.Fault) standin.Fault {
	f.When, f.Times = standin.AfterEffect, once
	return f
}

// throttles is VideoSDK asking for a wait.
func throttles(on standin.Operation, retryAfter string, times int) standin.Fault {
	f := answers(on, http.StatusTooManyRequests, times)
	f.Header = http.Header{"Retry-After": {retryAfter}}
	return f
}

func with(faults ...standin.Fault) func(*cell) []standin.Fault {
	return func(*cell) []standin.Fault { return faults }
}

// throttlesUntil is VideoSDK asking for a wait until a date, which has whole seconds.
func throttlesUntil(on standin.Operation) func(*cell) []standin.Fault {
	return func(*cell) []standin.Fault {
		return []standin.Fault{throttles(on, time.Now().Add(2*time.Second).UTC().Format(http.TimeFormat), once)}
	}
}

// badLists are the bad answers to the look for the room's live session. Nothing has happened yet.
func badLists() []row {
	const on = standin.OpListSessions
	noRoom := answers(on, http.StatusBadRequest, always)
	noRoom.Body = `{"message":"Room not found."}`
	return []row{
		{name: "list: 400", faults: with(answers(on, 400, always)), want: settled("failed videosdk_rejected")},
		{name: "list: 400, Room not found.", faults: with(noRoom), want: settled("not_active room_not_found")},
		{name: "list: 401 once", faults: with(answers(on, 401, once)), want: settled("ending")},
		{name: "list: 401 for ever", faults: with(answers(on, 401, always)), want: credentials("videosdk_unauthorized")},
		{name: "list: 402", faults: with(answers(on, 402, always)), want: settled("not_active room_not_found")},
		{name: "list: 403", faults: with(answers(on, 403, always)), want: credentials("videosdk_forbidden")},
		{name: "list: 404", faults: with(answers(on, 404, always)), want: settled("not_active room_not_found")},
		{name: "list: 409", faults: with(answers(on, 409, always)), want: settled("failed videosdk_conflict")},
		{name: "list: 429 once, Retry-After in seconds", faults: with(throttles(on, "1", once)), want: settled("ending")},
		{name: "list: 429 once, Retry-After a date", faults: throttlesUntil(on), want: settled("ending")},
		{name: "list: 429 once, Retry-After garbage", faults: with(throttles(on, "a while", once)), want: settled("ending")},
		{
			name: "list: 429 for an hour", faults: with(throttles(on, "3600", always)), want: passing("videosdk_throttled", "ending"),
			retryAfter: "3600",
		},
		{
			name: "list: 429 for a while, without Retry-After", slow: true, faults: with(answers(on, http.StatusTooManyRequests, always)),
			want: passing("videosdk_throttled", "ending"),
		},
		{name: "list: 500 once", faults: with(answers(on, 500, once)), want: settled("ending")},
		{name: "list: 500 for a while", faults: with(answers(on, 500, always)), want: passing("videosdk_unavailable", "ending")},
		{name: "list: 503 for a while", faults: with(answers(on, 503, always)), want: passing("videosdk_unavailable", "ending")},
		{name: "list: hangs", slow: true, faults: with(does(on, standin.Hang, always)), want: passing("videosdk_unavailable", "ending")},
		{name: "list: connection reset once", faults: with(does(on, standin.Reset, once)), want: settled("ending")},
		{
			name: "list: connection reset for a while", want: passing("videosdk_unavailable", "ending"),
			faults: with(does(on, standin.Reset, always)),
		},
		{name: "list: late", faults: with(late(on)), want: settled("ending")},
		{name: "list: 200 with HTML", faults: with(does(on, standin.Garbage, always)), want: passing("videosdk_unreadable", "ending")},
		{name: "list: 200 with 5 MB", faults: with(does(on, standin.BigBody, always)), want: passing("videosdk_unreadable", "ending")},
		{name: "list: 204", faults: with(does(on, standin.NoContent, always)), want: passing("videosdk_unreadable", "ending")},
		{name: "list: half of its JSON", faults: with(does(on, standin.Truncated, always)), want: passing("videosdk_unreadable", "ending")},
		{name: "list: redirected", faults: with(does(on, standin.Redirect, always)), want: passing("videosdk_unreadable", "ending")},
	}
}

// badLooks are the bad answers to the look at a session that a trigger names.
func badLooks() []row {
	const on = standin.OpGetSession
	rows := []row{
		{name: "look: 400", faults: with(answers(on, 400, always)), want: settled("failed videosdk_rejected")},
		{name: "look: 401 for ever", faults: with(answers(on, 401, always)), want: credentials("videosdk_unauthorized")},
		{name: "look: 402", faults: with(answers(on, 402, always)), want: settled("failed session_not_found")},
		{name: "look: 404", faults: with(answers(on, 404, always)), want: settled("failed session_not_found")},
		{name: "look: 429 once", faults: with(throttles(on, "1", once)), want: settled("ending")},
		{name: "look: 500 for a while", faults: with(answers(on, 500, always)), want: passing("videosdk_unavailable", "ending")},
		{name: "look: hangs", slow: true, faults: with(does(on, standin.Hang, always)), want: passing("videosdk_unavailable", "ending")},
		{name: "look: connection reset once", faults: with(does(on, standin.Reset, once)), want: settled("ending")},
		{
			name: "look: connection reset for a while", want: passing("videosdk_unavailable", "ending"),
			faults: with(does(on, standin.Reset, always)),
		},
		{name: "look: late", faults: with(late(on)), want: settled("ending")},
		{name: "look: 200 with HTML", faults: with(does(on, standin.Garbage, always)), want: passing("videosdk_unreadable", "ending")},
		{name: "look: 204", faults: with(does(on, standin.NoContent, always)), want: passing("videosdk_unreadable", "ending")},
	}
	for i := range rows {
		rows[i].triggers = oneTrigger(bySession)
	}
	return rows
}

// badEnds are the bad answers to the call that ends the session, which may have had its effect.
func badEnds() []row {
	const on = standin.OpEndSession
	return []row{
		{name: "end: 400", faults: with(answers(on, 400, always)), want: settled("failed videosdk_rejected")},
		{name: "end: 401 once", faults: with(answers(on, 401, once)), want: settled("ending")},
		{name: "end: 401 for ever", faults: with(answers(on, 401, always)), want: credentials("videosdk_unauthorized")},
		{name: "end: 402", faults: with(answers(on, 402, always)), want: settled("failed session_not_found")},
		{name: "end: 403", faults: with(answers(on, 403, always)), want: credentials("videosdk_forbidden")},
		{name: "end: 404", faults: with(answers(on, 404, always)), want: settled("failed session_not_found")},
		{name: "end: 409, still live", faults: with(answers(on, 409, always)), want: settled("failed videosdk_conflict")},
		{name: "end: 409, ended by then", faults: with(afterEffect(answers(on, 409, once))), want: settled("already_ended"), ended: true},
		{name: "end: 429 once, Retry-After in seconds", faults: with(throttles(on, "1", once)), want: settled("ending")},
		{name: "end: 429 once, Retry-After a date", faults: throttlesUntil(on), want: settled("ending")},
		{name: "end: 429 once, Retry-After garbage", faults: with(throttles(on, "a while", once)), want: settled("ending")},
		{
			name: "end: 429 for an hour", faults: with(throttles(on, "3600", always)), want: passing("videosdk_throttled", "ending"),
			retryAfter: "3600",
		},
		{
			name: "end: 429 for a while, without Retry-After", slow: true, faults: with(answers(on, http.StatusTooManyRequests, always)),
			want: passing("videosdk_throttled", "ending"),
		},
		{name: "end: 500 once, before the effect", faults: with(answers(on, 500, once)), want: settled("ending")},
		{name: "end: 500 once, after the effect", faults: with(afterEffect(answers(on, 500, once))), want: settled("ended")},
		{name: "end: 500 for a while", slow: true, faults: with(answers(on, 500, always)), want: passing("videosdk_unavailable", "ending")},
		{name: "end: 503 once, after the effect", faults: with(afterEffect(answers(on, 503, once))), want: settled("ended")},
		{name: "end: hangs before the effect", slow: true, faults: with(does(on, standin.Hang, always)), want: passing("videosdk_unavailable", "ending")},
		{
			name: "end: hangs after the effect", slow: true, faults: with(afterEffect(does(on, standin.Hang, once))),
			want: passing("videosdk_unavailable", "already_ended"), ended: true,
		},
		{name: "end: connection reset before the effect", faults: with(does(on, standin.Reset, once)), want: settled("ending")},
		{name: "end: connection reset after the effect", faults: with(afterEffect(does(on, standin.Reset, once))), want: settled("ended")},
		{name: "end: late", faults: with(late(on)), want: settled("ending")},
		{name: "end: 200 with HTML", faults: with(afterEffect(does(on, standin.Garbage, once))), want: settled("ending")},
		{name: "end: 200 with 5 MB", faults: with(afterEffect(does(on, standin.BigBody, once))), want: settled("ending")},
		{name: "end: 204", faults: with(afterEffect(does(on, standin.NoContent, once))), want: settled("ending")},
		{name: "end: half of its JSON", faults: with(afterEffect(does(on, standin.Truncated, once))), want: settled("ending")},
		{name: "end: cut off half-way", faults: with(afterEffect(does(on, standin.CutOff, once))), want: settled("ending")},
		{name: "end: redirected for a while", faults: with(does(on, standin.Redirect, always)), want: passing("videosdk_unreadable", "ending")},
	}
}
