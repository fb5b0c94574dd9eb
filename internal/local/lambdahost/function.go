package lambdahost

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

const (
	// AccountID is the account in the ARN that functions see. It is the account
	// of AWS's own examples and the default one of moto.
	AccountID = "123456789012"

	// DefaultEnvironments is the limit that a Function without one gets.
	DefaultEnvironments = 10

	defaultRegion = "us-east-1"
)

// Function describes a function as its template does.
type Function struct {
	// Name of the function, told to it as AWS_LAMBDA_FUNCTION_NAME.
	Name string

	// Bootstrap is the path of the executable.
	Bootstrap string

	// Environment holds the function's own variables, credentials included.
	// Nothing else is inherited from this process. An entry replaces the
	// variable of that name which the host would set (a region, say), with the
	// exception of AWS_LAMBDA_RUNTIME_API. AWS_LAMBDA_MAX_CONCURRENCY is obeyed:
	// an environment then gets that many events at once.
	Environment map[string]string

	// Timeout of one invocation, required. The init phase does not count.
	Timeout time.Duration

	// InitTimeout is how long the process may take until it asks for its first
	// event. 0 means Lambda's 10 s.
	InitTimeout time.Duration

	// MemoryMB is told to the function and the report, and not enforced. 0
	// means 128, Lambda's default.
	MemoryMB int

	// Environments is the most execution environments at once, what a reserved
	// concurrency is on AWS. 0 means DefaultEnvironments.
	Environments int
}

// validated returns the function with its defaults, or every problem at once.
func (f Function) validated() (Function, error) {
	var problems []error
	if f.Name == "" {
		problems = append(problems, errors.New("a name is missing"))
	}
	if f.Timeout <= 0 {
		problems = append(problems, fmt.Errorf("timeout must be above 0, not %s", f.Timeout))
	}
	if f.MemoryMB < 0 {
		problems = append(problems, fmt.Errorf("memory must not be negative, as %d MB is", f.MemoryMB))
	}
	if f.Environments < 0 {
		problems = append(problems, fmt.Errorf("environments must not be negative, as %d is", f.Environments))
	}
	bootstrap, err := executable(f.Bootstrap)
	if err != nil {
		problems = append(problems, err)
	}
	if len(problems) > 0 {
		return Function{}, fmt.Errorf("function %q: %w", f.Name, errors.Join(problems...))
	}
	f.Bootstrap = bootstrap
	if f.MemoryMB == 0 {
		f.MemoryMB = 128
	}
	if f.Environments == 0 {
		f.Environments = DefaultEnvironments
	}
	return f, nil
}

// executable returns the absolute path of a file that can be executed. The
// path must be absolute because the process runs in the file's directory.
func executable(path string) (string, error) {
	if path == "" {
		return "", errors.New("the path of the bootstrap is missing")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("bootstrap: %w", err)
	}
	info, err := os.Stat(absolute)
	if err != nil {
		return "", fmt.Errorf("bootstrap: %w", err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return "", fmt.Errorf("bootstrap %s is not an executable file", absolute)
	}
	return absolute, nil
}

// concurrency is how many events one environment handles at once. It reads the
// variable as aws-lambda-go does, so that host and runtime agree.
func (f Function) concurrency() int {
	n, err := strconv.Atoi(f.Environment["AWS_LAMBDA_MAX_CONCURRENCY"])
	if err != nil || n < 1 {
		return 1
	}
	return n
}

// region is where the function believes that it runs.
func (f Function) region() string {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if value := f.Environment[name]; value != "" {
			return value
		}
	}
	return defaultRegion
}

// arn is the function's unqualified ARN.
func (f Function) arn() string {
	return fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", f.region(), AccountID, f.Name)
}

// variables is the whole environment of a process, for a Runtime API that
// listens on address. The names are Lambda's "defined runtime environment
// variables":
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func (f Function) variables(address, logStream string) []string {
	variables := map[string]string{
		"AWS_REGION":                      f.region(),
		"AWS_DEFAULT_REGION":              f.region(),
		"AWS_LAMBDA_FUNCTION_NAME":        f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_FORMAT":           "JSON",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + f.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      logStream,
		"LAMBDA_TASK_ROOT":                filepath.Dir(f.Bootstrap),
		"_HANDLER":                        "bootstrap",
		"PATH":                            "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
		"TZ":                              ":UTC",
		"LANG":                            "en_US.UTF-8",
	}
	for name, value := range f.Environment {
		variables[name] = value
	}
	variables["AWS_LAMBDA_RUNTIME_API"] = address

	list := make([]string, 0, len(variables))
	for name, value := range variables {
		list = append(list, name+"="+value)
	}
	return list
}
