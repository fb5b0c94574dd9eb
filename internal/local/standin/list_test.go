package standin_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"videosdk-end-session/internal/local/standin"
)

type wireList struct {
	PageInfo struct{ CurrentPage, PerPage, LastPage, Total int }
	Data     []wireSession
}

// twoRooms has an ended and a live session in room-a, and a live one, the newest of all, in room-b. Ids end in 1, 2 and 3.
func twoRooms(t *testing.T, options standin.Options) *bench {
	t.Helper()
	b := newBench(t, options)
	b.room(standin.Room{ID: "room-a", CustomID: "custom-a"},
		standin.Session{ID: testID(2), Start: morning.Add(-time.Hour)},
		standin.Session{ID: testID(1), Start: morning.Add(-3 * time.Hour), End: morning.Add(-2 * time.Hour)},
	)
	b.room(standin.Room{ID: "room-b"}, standin.Session{ID: testID(3), Start: morning.Add(-time.Minute)})
	return b
}

func testID(n int) string { return fmt.Sprintf("%024x", n) }

func TestList(t *testing.T) {
	tests := []struct {
		name        string
		options     standin.Options
		query       string
		want        []int // the sessions, by the number of their id
		info        [4]int
		assumptions []string
	}{
		{"all, newest first", standin.Options{}, "", []int{3, 2, 1}, [4]int{1, 20, 1, 3}, []string{"order of a list", "default page size"}},
		{"of a room", standin.Options{}, "roomId=room-a&perPage=9", []int{2, 1}, [4]int{1, 9, 1, 2}, []string{"order of a list"}},
		{"of a custom room", standin.Options{}, "customRoomId=custom-a&perPage=9", []int{2, 1}, [4]int{1, 9, 1, 2}, []string{"order of a list"}},
		{"of a room by both names", standin.Options{}, "roomId=room-b&customRoomId=custom-a&perPage=9", nil, [4]int{1, 9, 1, 0}, []string{"pages of an empty list"}},
		{"customRoomId is no roomId", standin.Options{}, "roomId=custom-a&perPage=9", nil, [4]int{1, 9, 1, 0}, []string{"unknown room in a list", "pages of an empty list"}},
		{"live", standin.Options{}, "roomId=room-a&status=ongoing&perPage=1", []int{2}, [4]int{1, 1, 1, 1}, nil},
		{"ended", standin.Options{}, "roomId=room-a&status=ended&perPage=1", []int{1}, [4]int{1, 1, 1, 1}, nil},
		{"first page", standin.Options{}, "perPage=2", []int{3, 2}, [4]int{1, 2, 2, 3}, []string{"order of a list"}},
		{"second page", standin.Options{}, "perPage=2&page=2", []int{1}, [4]int{2, 2, 2, 3}, []string{"order of a list"}},
		{"beyond the last page", standin.Options{}, "perPage=2&page=3", nil, [4]int{3, 2, 2, 3}, []string{"order of a list"}},
		{"far beyond the last page", standin.Options{}, "perPage=100&page=1000000", nil, [4]int{1_000_000, 100, 1, 3}, []string{"order of a list"}},
		{"unknown room", standin.Options{}, "roomId=nowhere&perPage=2", nil, [4]int{1, 2, 1, 0}, []string{"unknown room in a list", "pages of an empty list"}},
		{"unknown custom room", standin.Options{}, "customRoomId=nowhere&perPage=2", nil, [4]int{1, 2, 1, 0}, []string{"unknown room in a list", "pages of an empty list"}},
		{"filters ignored", standin.Options{IgnoreFilters: true}, "roomId=room-a&status=ended&perPage=2", []int{3, 2}, [4]int{1, 2, 2, 3},
			[]string{"filters ignored", "order of a list"}},
		{"filters ignored for an unknown room", standin.Options{IgnoreFilters: true, UnknownRoomList: 404}, "roomId=nowhere&perPage=1", []int{3},
			[4]int{1, 1, 3, 3}, []string{"filters ignored", "order of a list"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			answered := twoRooms(t, tt.options).do(http.MethodGet, "/v2/sessions?"+tt.query, "")
			got := decode[wireList](t, answered.body)
			var ids, want []string
			for _, session := range got.Data {
				ids = append(ids, session.ID)
			}
			for _, number := range tt.want {
				want = append(want, testID(number))
			}
			if diff := cmp.Diff(want, ids); diff != "" || answered.status != http.StatusOK {
				t.Errorf("status %d, sessions (-want +got):\n%s", answered.status, diff)
			}
			info := [4]int{got.PageInfo.CurrentPage, got.PageInfo.PerPage, got.PageInfo.LastPage, got.PageInfo.Total}
			if diff := cmp.Diff(tt.info, info); diff != "" {
				t.Errorf("currentPage, perPage, lastPage, total (-want +got):\n%s", diff)
			}
			assumed := tt.assumptions
			if tt.info[3] > 0 {
				assumed = append(assumed, customRoomIDShown)
			}
			if diff := cmp.Diff(assumed, answered.assumptions(), cmpopts.EquateEmpty(), inAnyOrder); diff != "" {
				t.Errorf("assumptions (-want +got):\n%s", diff)
			}
			if got.Data == nil {
				t.Error("data is null, not a list")
			}
		})
	}
}

func TestListRefusesWhatItDoesNotKnow(t *testing.T) {
	b := twoRooms(t, standin.Options{})
	tests := []struct {
		name, query string
		problems    []string
	}{
		{"unknown parameters", "room=a&limit=2", []string{"limit is unknown", "room is unknown"}},
		{"status", "status=active", []string{"status is not ongoing or ended"}},
		{"page", "page=0&perPage=101", []string{"page is not a number from 1", "perPage is not a number from 1 to 100"}},
		{"page is no number", "page=two", []string{"page is not a number"}},
		{"empty parameter", "roomId=&status=ongoing", []string{"roomId is empty"}},
		{"parameter given twice", "roomId=room-a&roomId=room-b", []string{"roomId is given more than once"}},
		{"malformed escape", "roomId=%zz", []string{"malformed"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := b.do(http.MethodGet, "/v2/sessions?"+tt.query, "")
			if got.status != http.StatusBadRequest {
				t.Errorf("status %d, want 400", got.status)
			}
			for _, problem := range tt.problems {
				if !strings.Contains(got.message(), problem) {
					t.Errorf("message %q does not say %q", got.message(), problem)
				}
			}
		})
	}
}

func TestUnknownThings(t *testing.T) {
	tests := []struct {
		name         string
		options      standin.Options
		method, path string
		body         string
		status       int
		assumption   string
	}{
		{"room in a list, 400", standin.Options{UnknownRoomList: 400}, "GET", "/v2/sessions?roomId=nowhere", "", 400, "unknown room in a list"},
		{"room in a list, 402", standin.Options{UnknownRoomList: 402}, "GET", "/v2/sessions?roomId=nowhere", "", 402, "unknown room in a list"},
		{"room in a list, 404", standin.Options{UnknownRoomList: 404}, "GET", "/v2/sessions?customRoomId=nowhere", "", 404, "unknown room in a list"},
		{"room", standin.Options{}, "GET", "/v2/rooms/nowhere", "", 400, "unknown room"},
		{"room, 402", standin.Options{UnknownRoom: 402}, "GET", "/v2/rooms/nowhere", "", 402, "unknown room"},
		{"room in an end call", standin.Options{}, "POST", "/v2/sessions/end", `{"roomId":"nowhere"}`, 400, "unknown room"},
		{"room in an end call, 404", standin.Options{UnknownRoom: 404}, "POST", "/v2/sessions/end", `{"roomId":"nowhere"}`, 404, "unknown room"},
		{"session", standin.Options{}, "GET", "/v2/sessions/" + testID(9), "", 404, "unknown session"},
		{"method", standin.Options{}, "DELETE", "/v2/sessions/" + testID(1), "", 404, "unknown endpoint"},
		{"path", standin.Options{}, "GET", "/v2/recordings", "", 404, "unknown endpoint"},
		{"path below a room", standin.Options{}, "GET", "/v2/rooms/validate/room-a", "", 404, "unknown endpoint"},
		{"path without a version", standin.Options{}, "GET", "/sessions", "", 404, "unknown endpoint"},
		{"trailing slash", standin.Options{}, "GET", "/v2/sessions/", "", 404, "unknown endpoint"},
		{"query on a session", standin.Options{}, "GET", "/v2/sessions/" + testID(1) + "?expand=1", "", 400, "invalid request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := twoRooms(t, tt.options)
			got := b.do(tt.method, tt.path, tt.body)
			if got.status != tt.status || got.message() == "" {
				t.Errorf("got %d %s, want %d and a message", got.status, got.body, tt.status)
			}
			if diff := cmp.Diff([]string{tt.assumption}, got.assumptions()); diff != "" {
				t.Errorf("assumptions (-want +got):\n%s", diff)
			}
			calls := b.Calls()
			if len(calls) != 1 || calls[0].Status != tt.status || calls[0].URI != tt.path {
				t.Errorf("recorded as %+v", calls)
			}
		})
	}
}

func TestIdentifiersAreUnescaped(t *testing.T) {
	b := newBench(t, standin.Options{})
	b.room(standin.Room{ID: "abcd-efgh-ijkl", CustomID: "Büro 4/2?"})
	got := b.do(http.MethodGet, "/v2/rooms/B%C3%BCro%204%2F2%3F", "")
	if got.status != http.StatusOK || decode[wireSession](t, got.body).RoomID != "abcd-efgh-ijkl" {
		t.Errorf("got %d %s", got.status, got.body)
	}
}
