package telemetry_test

import (
	"log/slog"
	"testing"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/telemetry"
)

// Each service on the way adds a Parent of its own to the header; what is searched for is the Root.
func TestTheTraceIDIsTheRoot(t *testing.T) {
	for header, want := range map[string]string{
		"Root=1-62429766-abcdef012345678912345678": "1-62429766-abcdef012345678912345678",
		"Sampled=?;Root=1-a;Lineage=x:1":           "1-a",
		"Root=":                                    "",
		"Parent=1-a":                               "",
		"":                                         "",
	} {
		log, out := setup(t, slog.LevelInfo)
		telemetry.Triggers{Log: log, Door: "sqs"}.Attempted(invocation(t, "r1"), result(func(r *endsession.Result) { r.Request.Trace = header }))
		got := ""
		for _, m := range members(t, out.lines(t)[0]) {
			if m.name == "traceId" {
				got = string(m.value)
			}
		}
		if want != "" {
			want = `"` + want + `"`
		}
		if got != want {
			t.Errorf("traceId of %q = %s, want %s", header, got, want)
		}
	}
}
