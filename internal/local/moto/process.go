package moto

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"
)

// process is the Python process of a moto server.
type process struct {
	pid    int
	output *output
	exited chan struct{} // closed when the process is gone
	failed error         // how it ended; read after exited
}

// environment is the whole environment of the moto server. Nothing of the
// developer's own reaches it, above all no AWS profile.
var environment = []string{
	"PYTHONUNBUFFERED=1",
	"PYTHONUTF8=1",
	"PYTHONNOUSERSITE=1",
	"PYTHONWARNINGS=ignore",
	"AWS_ACCESS_KEY_ID=local",
	"AWS_SECRET_ACCESS_KEY=local",
	"AWS_DEFAULT_REGION=us-east-1",
	"AWS_CONFIG_FILE=" + os.DevNull,
	"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
	"AWS_EC2_METADATA_DISABLED=true",
	"MOTO_DISABLE_GLOBAL_CORS=true",
}

// launch starts a moto server on a port that the system chooses.
func launch(executable string, log io.Writer) (*process, error) {
	p := &process{output: newOutput(log), exited: make(chan struct{})}
	command := exec.Command(executable, "-H", "127.0.0.1", "-p", "0")
	command.Env = environment
	command.Stdout = p.output
	command.Stderr = p.output
	command.SysProcAttr = attributes()
	started := make(chan error)
	go p.run(command, started)
	err := <-started
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("moto server %q is missing, run `make .venv`: %w", executable, err)
	}
	if err != nil {
		return nil, fmt.Errorf("failed to start moto server %q: %w", executable, err)
	}
	return p, nil
}

// run starts the process and waits for its end. It keeps its thread, because
// the kernel ends the process when the thread that started it dies.
func (p *process) run(command *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := command.Start(); err != nil {
		started <- err
		return
	}
	p.pid = command.Process.Pid
	started <- nil
	p.failed = command.Wait()
	close(p.exited)
}

// kill ends the process and waits until it is gone. moto keeps nothing that
// would be worth a gentler end.
func (p *process) kill() {
	select {
	case <-p.exited:
		return
	default:
	}
	killGroup(p.pid)
	<-p.exited
}

// awaitAnswer returns the host and port of the moto server when it answers.
func (p *process) awaitAnswer(ctx context.Context) (string, error) {
	var address string
	select {
	case address = <-p.output.address:
	case <-p.exited:
		return "", p.death()
	case <-ctx.Done():
		return "", fmt.Errorf("%w; it printed: %s", context.Cause(ctx), p.output.printed())
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		err := ask(ctx, client, address)
		if err == nil {
			return address, nil
		}
		select {
		case <-retry.C:
		case <-p.exited:
			return "", p.death()
		case <-ctx.Done():
			return "", errors.Join(context.Cause(ctx), err)
		}
	}
}

// ask gets a page that moto has without loading a service.
func ask(ctx context.Context, client *http.Client, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/moto-api/", nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func (p *process) death() error {
	return fmt.Errorf("it ended by itself (%v) and printed: %s", p.failed, p.output.printed())
}

// startupLine is how werkzeug, moto's web server, names its port.
var startupLine = regexp.MustCompile(`Running on http://(127\.0\.0\.1:\d+)\s`)

// outputLimit bounds in bytes what is kept for the message of a failed start.
const outputLimit = 8 << 10

// output passes on what the process prints, and until the start is complete
// keeps it: to find the address in it, and for the message of a failed start.
type output struct {
	address chan string // holds the address when it was printed

	mu       sync.Mutex
	log      io.Writer
	kept     []byte
	complete bool
}

func newOutput(log io.Writer) *output {
	if log == nil {
		log = io.Discard
	}
	return &output{address: make(chan string, 1), log: log}
}

// Write never fails: a log that cannot be written must not end the server.
func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, _ = o.log.Write(data)
	if o.complete {
		return len(data), nil
	}
	o.kept = append(o.kept, data...)
	if found := startupLine.FindSubmatch(o.kept); found != nil {
		o.address <- string(found[1])
		o.complete = true
	}
	if surplus := len(o.kept) - outputLimit; surplus > 0 {
		o.kept = o.kept[surplus:]
	}
	return len(data), nil
}

func (o *output) printed() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.TrimSpace(string(o.kept))
}
