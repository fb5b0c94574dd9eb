package publish_test

import (
	"time"

	"videosdk-end-session/internal/endsession"
)

// The session is the one of VideoSDK's own documentation, whose link get_session is the address of all sessions there too:
// https://docs.videosdk.live/api-reference/realtime-communication/end-session
func liveSession() endsession.Session {
	return endsession.Session{
		ID: "62429766903bdf001299cac5", RoomID: "abcd-efgh-lmnop", CustomRoomID: "booking-4711",
		Start: "2022-03-29T05:21:42.829Z", Status: "ongoing",
		Participants: []endsession.Participant{
			{ID: "demo-1", Name: "John", Timelog: []endsession.Presence{{Start: "2022-03-29T05:21:43.663Z"}}},
			{ID: "demo-2", Name: "Ada Lovelace", Timelog: []endsession.Presence{
				{Start: "2022-03-29T05:21:50.110Z", End: "2022-03-29T05:22:10.004Z"},
				{Start: "2022-03-29T05:23:00.000Z"},
			}},
		},
		Links: endsession.Links{
			Room:    "https://api.videosdk.live/v2/rooms/abcd-efgh-lmnop",
			Session: "https://api.videosdk.live/v2/sessions/",
		},
	}
}

func endedSession() endsession.Session {
	s := liveSession()
	s.End, s.Status = "2022-03-29T05:30:00.512Z", "ended"
	for i := range s.Participants {
		stays := s.Participants[i].Timelog
		stays[len(stays)-1].End = s.End
	}
	return s
}

// derivedSession is the session in the shape that VideoSDK's own SDK meets: without a status and links.
func derivedSession() endsession.Session {
	s := endedSession()
	s.StatusDerived, s.Links = true, endsession.Links{}
	return s
}

func namedSession() endsession.Session {
	return endsession.Session{CustomRoomID: "booking-4711"}
}

func cancelled() endsession.Request {
	return endsession.Request{
		Target: endsession.Target{CustomRoomID: "booking-4711"},
		Source: "calcom", ID: "BOOKING_CANCELLED:u1:2022-03-29T05:29:58Z", Reason: "booking cancelled",
		OccurredAt: time.Date(2022, 3, 29, 5, 29, 58, 0, time.UTC),
		Trace:      "Root=1-62429766-abcdef012345678912345678",
	}
}

// report returns a report of the outcome as the use case makes it.
func report(outcome endsession.Outcome, s endsession.Session, err *endsession.Error) endsession.Report {
	r := cancelled()
	return endsession.Report{ID: r.Key(), Outcome: outcome, Request: r, Session: s, Err: err}
}

// reports are realistic ones, one for each outcome.
func reports() []endsession.Report {
	afterTrigger := &endsession.Error{
		Code: endsession.CodeSessionAfterTrigger, Class: endsession.Permanent,
		Message: "the session began at 2022-03-29T05:45:00Z, after the trigger happened at 2022-03-29T05:29:58Z",
	}
	dry := report(endsession.DryRun, liveSession(), nil)
	dry.ID += ":dry-run"
	noReason := report(endsession.NotActive, namedSession(), &endsession.Error{
		Code: endsession.CodeRoomNotFound, Class: endsession.NotFound, Message: "VideoSDK answered 404: Room not found.",
		HTTPStatus: 404, RequestID: "b9d1f2c0-5f0e-4f0e-9a3c-0d6c1f0b7a11",
	})
	noReason.Request.Reason = ""
	return []endsession.Report{
		report(endsession.Ended, endedSession(), nil),
		report(endsession.Ending, liveSession(), nil),
		report(endsession.AlreadyEnded, derivedSession(), nil),
		noReason,
		report(endsession.Refused, namedSession(), afterTrigger),
		report(endsession.Failed, liveSession(), &endsession.Error{
			Code: endsession.CodeVideoSDKRejected, Class: endsession.Permanent, Message: "VideoSDK answered 422: the session cannot be ended",
			HTTPStatus: 422, VendorCode: "E42", RequestID: "1f4d2c9e-3d3b-4c55-8e0a-6b1f5a0c9d22",
		}),
		dry,
	}
}
