package standin

// assumptionHeader labels an answer that rests on an assumption. It is sent once for each.
const assumptionHeader = "X-Stand-In-Assumption"

// The package comment says what was assumed under each of these names.
const (
	assumeTokenBody         = "body of a refused token"
	assumeExpiredStatus     = "status of an expired token"
	assumeRoleBody          = "body for a token of the wrong role"
	assumeUnknownRoomList   = "unknown room in a list"
	assumeUnknownRoom       = "unknown room"
	assumeUnknownSession    = "unknown session"
	assumeNothingToEnd      = "nothing to end"
	assumeEndedRefused      = "ended session refused"
	assumeEndedActsOnNext   = "ended session stands for the next"
	assumeIgnoreClosed      = "ignoreClosed"
	assumeAlreadyEnding     = "session already ending"
	assumeSeveralLive       = "several live sessions"
	assumeForceKill         = "vsdkForceKill"
	assumeEndInAnswer       = "end shown at once"
	assumeCustomRoomID      = "customRoomId as roomId"
	assumeInvalidRequest    = "invalid request"
	assumeUnknownEndpoint   = "unknown endpoint"
	assumeFiltersIgnored    = "filters ignored"
	assumeListOrder         = "order of a list"
	assumePageSize          = "default page size"
	assumeEmptyList         = "pages of an empty list"
	assumeCustomRoomIDShown = "customRoomId of a session"
	assumeRoomShape         = "shape of a room"
	assumeInjectedBody      = "body of an injected error"
)
