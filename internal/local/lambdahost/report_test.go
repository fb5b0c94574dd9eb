package lambdahost

import (
	"testing"
	"time"
)

func TestReportString(t *testing.T) {
	tests := map[string]struct {
		report Report
		want   string
	}{
		"cold": {
			Report{RequestID: "r-1", Duration: 12340 * time.Microsecond, InitDuration: 45670 * time.Microsecond, MemoryMB: 128, MaxMemoryMB: 21, Status: StatusSuccess},
			"REPORT RequestId: r-1 Duration: 12.34 ms Billed Duration: 59 ms Memory Size: 128 MB Max Memory Used: 21 MB Init Duration: 45.67 ms",
		},
		"warm": {
			Report{RequestID: "r-2", Duration: 12340 * time.Microsecond, MemoryMB: 128, MaxMemoryMB: 21, Status: StatusSuccess},
			"REPORT RequestId: r-2 Duration: 12.34 ms Billed Duration: 13 ms Memory Size: 128 MB Max Memory Used: 21 MB",
		},
		"whole milliseconds are not rounded up": {
			Report{RequestID: "r-3", Duration: 12 * time.Millisecond, MemoryMB: 128, MaxMemoryMB: 21},
			"REPORT RequestId: r-3 Duration: 12.00 ms Billed Duration: 12 ms Memory Size: 128 MB Max Memory Used: 21 MB",
		},
		"no /proc": {
			Report{RequestID: "r-4", Duration: time.Millisecond, MemoryMB: 128},
			"REPORT RequestId: r-4 Duration: 1.00 ms Billed Duration: 1 ms Memory Size: 128 MB",
		},
		"timeout": {
			Report{RequestID: "r-5", Duration: 3 * time.Second, MemoryMB: 128, Status: StatusTimeout, ErrorType: ErrorTypeTimeout},
			"REPORT RequestId: r-5 Duration: 3000.00 ms Billed Duration: 3000 ms Memory Size: 128 MB Status: timeout Error Type: Sandbox.Timedout",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.report.String(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
