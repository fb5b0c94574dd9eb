package lambdahost

import "bytes"

// maxLineBytes bounds what is held of a line that does not end: the size of one
// CloudWatch Logs event.
const maxLineBytes = 1 << 20

// lineWriter cuts what is written to it into lines. It belongs to one process
// output and is written by one goroutine.
type lineWriter struct {
	emit    func(line string)
	pending []byte
}

// Write never fails.
func (w *lineWriter) Write(p []byte) (int, error) {
	w.pending = append(w.pending, p...)
	for {
		end := bytes.IndexByte(w.pending, '\n')
		if end < 0 {
			break
		}
		w.emit(string(bytes.TrimSuffix(w.pending[:end], []byte("\r"))))
		w.pending = w.pending[end+1:]
	}
	if len(w.pending) >= maxLineBytes {
		w.flush()
	}
	return len(p), nil
}

// flush emits a last line that had no end.
func (w *lineWriter) flush() {
	if len(w.pending) > 0 {
		w.emit(string(w.pending))
		w.pending = nil
	}
}
