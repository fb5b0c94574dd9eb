// Package lambdahost runs unmodified Lambda bootstrap binaries on this
// machine, as the Lambda service would: it serves the public Runtime API on a
// loopback port, starts the binary as a process, hands it events and turns
// what it posts, or how it dies, into the answer of a synchronous Invoke call.
//
// What callers may rely on:
//
//   - One execution environment is one process with one Runtime API. It is
//     started on demand, is reused once its runtime has asked for the next
//     event, and never gets more events at once than it can poll for
//     (AWS_LAMBDA_MAX_CONCURRENCY, otherwise one).
//   - There are never more environments than [Function].Environments; a call
//     that would need another is refused with [ErrThrottled], as Lambda answers
//     429 above a reserved concurrency.
//   - Function errors, timeouts, crashes and failed starts are answers
//     ([Response] with FunctionError set), not Go errors. A Go error means that
//     no function ran, or that the caller stopped waiting.
//   - No process outlives the host: [Host.Close] waits for them, and on Linux
//     the kernel kills them with the host's process.
//
// Where this differs from AWS, on purpose: nothing is frozen between events,
// memory and processor are not limited, idle environments stay until Close, a
// failed init is not tried a second time within the invocation, and the only
// extensions are those that register for no event, which is what
// aws-lambda-go's WithEnableSIGTERM does.
//
// The Runtime API is described at
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
package lambdahost
