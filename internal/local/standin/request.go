package standin

import (
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxRequestBody is the size in bytes above which a body is refused.
const maxRequestBody = 1 << 20

// request is a request to VideoSDK as far as it could be understood. Its problems are answered once the token has been verified.
type request struct {
	operation Operation
	header    http.Header

	// What the request asks for, empty where it names none. roomID is a customRoomId where a look-up or an end call gave one.
	roomID, customRoomID, sessionID string

	list listQuery
	end  endOptions

	problems []string
	tooLarge bool
}

// listQuery is what a list of sessions may ask for beside the room.
type listQuery struct {
	status        string
	page, perPage int
	// defaultSize is set if the request left the page's size to VideoSDK.
	defaultSize bool
}

// endOptions are the options of an end call.
type endOptions struct {
	ignoreClosed, forceKill bool
}

// readRequest understands what a request asks for. It fails only if the client goes away before it has sent its body.
func readRequest(r *http.Request) (*request, error) {
	q := &request{operation: OpOther, header: r.Header}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequestBody+1))
	if err != nil {
		return q, fmt.Errorf("failed to read the body: %w", err)
	}
	q.tooLarge = len(body) > maxRequestBody

	path := segments(r.URL)
	switch {
	case r.Method == http.MethodGet && slices.Equal(path, []string{"v2", "sessions"}):
		q.operation = OpListSessions
		q.readList(r.URL.RawQuery)
	case r.Method == http.MethodPost && slices.Equal(path, []string{"v2", "sessions", "end"}):
		q.operation = OpEndSession
		q.readEnd(body)
	case r.Method == http.MethodGet && len(path) == 3 && path[0] == "v2" && path[1] == "sessions":
		q.operation, q.sessionID = OpGetSession, path[2]
	case r.Method == http.MethodGet && len(path) == 3 && path[0] == "v2" && path[1] == "rooms":
		q.operation, q.roomID = OpGetRoom, path[2]
	}
	if q.operation != OpListSessions && r.URL.RawQuery != "" {
		q.problems = append(q.problems, "the query is unknown")
	}
	return q, nil
}

// segments splits a path before it is unescaped, so that an escaped slash stays within an identifier. A path with an empty segment
// has none: it is no endpoint.
func segments(u *url.URL) []string {
	parts := strings.Split(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	for i, part := range parts {
		unescaped, err := url.PathUnescape(part)
		if err != nil || unescaped == "" {
			return nil
		}
		parts[i] = unescaped
	}
	return parts
}

// readList reads the query of a list. Each parameter may be given once and never empty.
func (q *request) readList(raw string) {
	refuse := func(format string, values ...any) { q.problems = append(q.problems, fmt.Sprintf(format, values...)) }
	query, err := url.ParseQuery(raw)
	if err != nil {
		refuse("the query is malformed")
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if len(query[name]) > 1 {
			refuse("%s is given more than once", name)
		}
		if query[name][0] == "" {
			refuse("%s is empty", name)
		}
	}
	parameter := func(name string) string {
		defer query.Del(name)
		return query.Get(name)
	}
	count := func(name string, otherwise, most int) int {
		text := parameter(name)
		if text == "" {
			return otherwise
		}
		value, err := strconv.Atoi(text)
		if err != nil || value < 1 || value > most {
			refuse("%s is not a number from 1 to %d", name, most)
			return otherwise
		}
		return value
	}

	q.roomID, q.customRoomID = parameter("roomId"), parameter("customRoomId")
	q.list.defaultSize = !query.Has("perPage")
	q.list.page, q.list.perPage = count("page", 1, maxPage), count("perPage", defaultPageSize, maxPageSize)
	q.list.status = parameter("status")
	if !slices.Contains([]string{"", statusOngoing, statusEnded}, q.list.status) {
		refuse("status is not %s or %s", statusOngoing, statusEnded)
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		refuse("%s is unknown", name)
	}
}

// readEnd reads the body of an end call.
func (q *request) readEnd(body []byte) {
	d := readDocument(body)
	if mediaType, _, err := mime.ParseMediaType(q.header.Get("Content-Type")); err != nil || mediaType != "application/json" {
		d.refuse("Content-Type", "is not application/json")
	}
	if !d.has("roomId") {
		d.refuse("roomId", "is missing")
	}
	q.roomID, q.sessionID = d.text("roomId"), d.text("sessionId")
	q.end = endOptions{ignoreClosed: d.flag("ignoreClosed"), forceKill: d.flag("vsdkForceKill")}
	d.close()
	q.problems = *d.problems
}
