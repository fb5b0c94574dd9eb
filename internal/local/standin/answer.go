package standin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// answer is what goes back to a client, before any fault falsifies it.
type answer struct {
	status      int
	body        []byte
	assumptions []string
}

// found answers 200 with a body that is known to encode.
func found(body any, assumptions ...string) *answer {
	return &answer{status: http.StatusOK, body: encode(body), assumptions: assumptions}
}

// showing answers 200 with a session as it stands at now.
func (s *Server) showing(shown *session, now time.Time, assumptions ...string) *answer {
	if s.assumesCustomRoomID(shown) {
		assumptions = append(assumptions, assumeCustomRoomIDShown)
	}
	return found(s.sessionOnWire(shown, now), assumptions...)
}

// refused answers with a message.
func refused(status int, message string, assumptions ...string) *answer {
	return &answer{status: status, body: encode(wireError{Message: message}), assumptions: assumptions}
}

// encode writes one of this package's own types as JSON. They consist of texts, numbers and times, so it cannot fail.
func encode(body any) []byte {
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("standin: cannot encode %T: %v", body, err))
	}
	return encoded
}
