package standin_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/local/standin"
)

func TestCallsAreRecordedInOrder(t *testing.T) {
	b := twoRooms(t, standin.Options{})
	var requestIDs []string
	for _, request := range []struct{ method, path, body string }{
		{http.MethodGet, "/v2/sessions?customRoomId=custom-a&status=ongoing&perPage=2", ""},
		{http.MethodGet, "/v2/sessions/" + testID(2), ""},
		{http.MethodGet, "/v2/rooms/custom-a", ""},
		{http.MethodPost, "/v2/sessions/end", `{"roomId":"room-a","sessionId":"` + testID(2) + `"}`},
		{http.MethodPut, "/v2/sessions/" + testID(2), `{}`},
		{http.MethodGet, "/_standin/calls", ""}, // not one of them
	} {
		requestIDs = append(requestIDs, b.do(request.method, request.path, request.body).header.Get("X-Request-Id"))
	}
	want := []standin.Call{
		{Operation: standin.OpListSessions, Method: "GET", URI: "/v2/sessions?customRoomId=custom-a&status=ongoing&perPage=2",
			CustomRoomID: "custom-a", Status: 200, Assumptions: []string{customRoomIDShown}},
		{Operation: standin.OpGetSession, Method: "GET", URI: "/v2/sessions/" + testID(2), SessionID: testID(2), Status: 200,
			Assumptions: []string{customRoomIDShown}},
		{Operation: standin.OpGetRoom, Method: "GET", URI: "/v2/rooms/custom-a", RoomID: "custom-a", Status: 200,
			Assumptions: []string{"shape of a room"}},
		{Operation: standin.OpEndSession, Method: "POST", URI: "/v2/sessions/end", RoomID: "room-a", SessionID: testID(2), Status: 200,
			Acted: true, ActedOn: testID(2), Assumptions: []string{customRoomIDShown}},
		{Operation: standin.OpOther, Method: "PUT", URI: "/v2/sessions/" + testID(2), Status: 404, Assumptions: []string{"unknown endpoint"}},
	}
	for i := range want {
		want[i].At, want[i].RequestID = morning, requestIDs[i]
		if requestIDs[i] == "" {
			t.Errorf("answer %d has no x-request-id", i)
		}
	}
	if diff := cmp.Diff(want, b.Calls()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
