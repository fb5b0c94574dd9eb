package lambdahost

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNewNamesEveryProblem(t *testing.T) {
	directory := t.TempDir()
	tests := map[string]struct {
		function Function
		want     []string
	}{
		"nothing given": {Function{}, []string{"name is missing", "timeout must be above 0", "path of the bootstrap is missing"}},
		"negative numbers": {Function{Name: "f", Bootstrap: directory, Timeout: -1, MemoryMB: -1, Environments: -1},
			[]string{"timeout must be above 0", "memory must not be negative", "environments must not be negative", "is not an executable file"}},
		"no such file": {Function{Name: "f", Bootstrap: directory + "/bootstrap", Timeout: time.Second}, []string{"no such file"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := New(tt.function, Options{})
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not named in: %v", want, err)
				}
			}
		})
	}
}

func TestProcessEnvironment(t *testing.T) {
	t.Setenv("LAMBDAHOST_TEST_SECRET_OF_THE_HOST", "leaked")
	host := start(t, Options{}, func(f *Function) {
		f.MemoryMB = 256
		f.Environment["LEDGER_TABLE"] = "ledger"
		f.Environment["AWS_LAMBDA_RUNTIME_API"] = "127.0.0.1:1" // not the caller's to choose
		f.Environment["AWS_DEFAULT_REGION"] = "eu-west-1"
	})
	got := decode[[]string](t, invoke(t, host, order{Do: "environment"}))
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"AWS_DEFAULT_REGION=eu-west-1",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
		"AWS_LAMBDA_FUNCTION_NAME=under-test",
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_FORMAT=JSON",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/under-test",
		"AWS_REGION=eu-west-1",
		"LAMBDA_TASK_ROOT=" + executable[:strings.LastIndex(executable, "/")],
		"LANG=en_US.UTF-8",
		startVariable + "=serve",
		"LEDGER_TABLE=ledger",
		"PATH=/usr/local/bin:/usr/bin/:/bin:/opt/bin",
		"TZ=:UTC",
		"_HANDLER=bootstrap",
	}
	// These differ from run to run, or (the trace) are the runtime's own.
	for _, name := range []string{"AWS_LAMBDA_RUNTIME_API=127.0.0.1:", "AWS_LAMBDA_LOG_STREAM_NAME=", "_X_AMZN_TRACE_ID="} {
		i := slices.IndexFunc(got, func(entry string) bool { return strings.HasPrefix(entry, name) })
		if i < 0 {
			t.Errorf("%s… is missing", name)
			continue
		}
		got = slices.Delete(got, i, i+1)
	}
	// os/exec sets the working directory's variable.
	got = slices.DeleteFunc(got, func(entry string) bool { return strings.HasPrefix(entry, "PWD=") })
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
