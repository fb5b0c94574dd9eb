// Package standin is a stand-in for the VideoSDK REST API, for tests and for the local stack.
//
// VideoSDK itself cannot be reached from a test. The stand-in keeps rooms with successive sessions and their participants, and answers
// over real HTTP in VideoSDK's own wire format: it verifies the raw HS256 token and each of its claims, refuses every parameter, field
// and path that it does not know, and can be told to misbehave (see Fault). It shares no code with this project's VideoSDK client, so
// that a mistake made there is not cancelled by the same mistake here.
//
// Its endpoints are
//
//	GET  /v2/sessions?roomId=|customRoomId=&status=&page=&perPage=
//	GET  /v2/sessions/{sessionId}
//	POST /v2/sessions/end
//	GET  /v2/rooms/{roomId or customRoomId}
//
// and, to drive it from a command line without authentication (it listens on loopback only),
//
//	POST   /_standin/rooms               {"roomId","customRoomId","sessions":[{"id","start","rawStart","end","alongside",
//	                                       "participants":[{"participantId","name","timelog":[{"start","end"}]}]}]}
//	POST   /_standin/sessions/{id}/end   as if everybody had left
//	POST   /_standin/faults              {"on","when","do","about","times","status","headers","body","delay"}
//	DELETE /_standin/faults
//	GET    /_standin/calls
//
// Sessions carry the private fields that VideoSDK's objects are known to carry: the API key, and chat link, location, device and e-mail
// addresses filled with PrivateMarker, so that a test finds a leaked raw body by looking for one word.
//
// # Assumptions
//
// What nobody outside VideoSDK knows had to be chosen. Each answer that rests on such a choice says so in the header
// X-Stand-In-Assumption, once for each of these:
//
//   - body of a refused token: 401 with a message that names the problem.
//   - status of an expired token: 401; the message is documented.
//   - body for a token of the wrong role: 403.
//   - unknown room in a list: 200 with no data, or Options.UnknownRoomList.
//   - unknown room: 400 "Room not found.", or the status of Options.UnknownRoom.
//   - unknown session: 404; also for a session of another room in an end call.
//   - nothing to end: the room has no live session; 400, or the status of Options.EndedStatus.
//   - ended session refused: an end call for a session that has ended; 400, or the status of Options.EndedStatus.
//   - ended session stands for the next: such a call acts on the room's live session (EndedReading ActOnNext).
//   - ignoreClosed: answers 200 with the session that is closed already.
//   - session already ending: a second end call answers like the first and changes nothing.
//   - several live sessions: an end call without sessionId acts on the newest.
//   - vsdkForceKill: ends at once, and the answer shows the end.
//   - end shown at once: the answer to the end call has the end set (Options.EndInAnswer).
//   - customRoomId as roomId: documented for the end call, never proven (Options.CustomRoomIDEnds).
//   - invalid request: 400 with a message that names every problem, 413 for a body over 1 MiB.
//   - unknown endpoint: 404.
//   - filters ignored: a list shows every session there is (Options.IgnoreFilters).
//   - order of a list: newest start first.
//   - default page size: 20.
//   - pages of an empty list: one.
//   - customRoomId of a session: shown, though the sample on VideoSDK's page has none, or left out (Options.CustomRoomIDUnshown).
//   - shape of a room: the fields of the answer to GET /v2/rooms/{id}.
//   - body of an injected error: a message, where a Fault brings no body of its own.
package standin
