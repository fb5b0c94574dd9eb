package trigger_test

import (
	"testing"
	"time"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/trigger"
)

func TestDirect(t *testing.T) {
	later := now.Add(time.Hour)
	tests := []struct {
		name      string
		payload   string
		requestID string
		want      endsession.Request
		err       *endsession.Error
	}{
		{
			name: "the invocation gives what the document lacks", payload: `{"roomId":"r"}`, requestID: "invocation-1",
			want: endsession.Request{Target: endsession.Target{RoomID: "r"}, Source: "direct", ID: "invocation-1", OccurredAt: later, Trace: trace},
		},
		{
			name:      "an execution of Step Functions names itself and its time",
			payload:   `{"roomId":"r","source":"step-functions","id":"arn:aws:states:eu-central-1:123456789012:execution:End:e1","occurredAt":"2026-11-23T10:00:00.123Z"}`,
			requestID: "invocation-1",
			want: endsession.Request{
				Target: endsession.Target{RoomID: "r"}, Source: "step-functions", ID: "arn:aws:states:eu-central-1:123456789012:execution:End:e1",
				OccurredAt: at(10, 0).Add(123 * time.Millisecond), Trace: trace,
			},
		},
		{
			name: "no id anywhere", payload: `{"roomId":"r"}`,
			want: endsession.Request{Target: endsession.Target{RoomID: "r"}, Source: "direct", OccurredAt: later, Trace: trace},
			err:  refused(endsession.CodeInvalidRequest, "id must not be empty"),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := trigger.Direct([]byte(tt.payload), tt.requestID, trace, later)
			wantError(t, tt.err, err)
			wantRequest(t, tt.want, got)
		})
	}
}
