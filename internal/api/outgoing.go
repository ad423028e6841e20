package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
)

// outgoing is the caller's body of a Stream. Every attempt gets a reader of its
// own, because a transport may still hold on to the one of the attempt before.
type outgoing struct {
	reader io.Reader
	seeker io.Seeker // nil when the body cannot go back
	start  int64     // where it stood
	size   int64     // -1 when unknown

	mu      sync.Mutex // held while reading
	current *sending
	touched bool  // something has been read, or tried to
	err     error // of the body itself
}

func newOutgoing(body io.Reader) *outgoing {
	o := &outgoing{reader: body, size: -1}
	if s, ok := body.(io.Seeker); ok {
		// A pipe has the method as well, but cannot do it.
		start, err := s.Seek(0, io.SeekCurrent)
		if err == nil {
			end, errEnd := s.Seek(0, io.SeekEnd)
			_, errBack := s.Seek(start, io.SeekStart)
			if errEnd == nil && errBack == nil && end >= start {
				o.seeker, o.start, o.size = s, start, end-start
			} else if errBack != nil {
				o.err = errBack
			}
		}
		return o
	}
	if b, ok := body.(*bytes.Buffer); ok {
		o.size = int64(b.Len())
	}
	return o
}

// open gives the reader of the next attempt.
func (o *outgoing) open() *sending {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.current = &sending{from: o}
	return o.current
}

// again is http.Request.GetBody, which the transport asks when it may send the
// request on another connection.
func (o *outgoing) again() (io.ReadCloser, error) {
	if !o.rewind() {
		return nil, errors.New("the body cannot be sent again")
	}
	return o.open(), nil
}

// rewind makes ready for another attempt and reports whether that is possible.
func (o *outgoing) rewind() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.err != nil:
		return false
	case !o.touched:
		return true
	case o.seeker == nil:
		return false
	}
	if _, err := o.seeker.Seek(o.start, io.SeekStart); err != nil {
		o.err = err
		return false
	}
	o.touched = false
	return true
}

// readError is what went wrong with the body itself.
func (o *outgoing) readError() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

var errReleased = errors.New("the attempt is over")

// sending is the body as one attempt reads it.
type sending struct{ from *outgoing }

// Read implements io.Reader.
func (s *sending) Read(p []byte) (int, error) {
	o := s.from
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.current != s {
		return 0, errReleased
	}
	if o.err != nil {
		return 0, o.err
	}
	o.touched = true
	n, err := o.reader.Read(p)
	if err != nil && err != io.EOF {
		o.err = err
	}
	return n, err
}

// Close implements io.Closer. The caller's body stays open.
func (s *sending) Close() error { return nil }

// release takes the body away from the transport. It waits for a Read under
// way, unless ctx ends first.
func (o *outgoing) release(ctx context.Context) {
	if o.mu.TryLock() {
		o.current = nil
		o.mu.Unlock()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		o.mu.Lock()
		defer o.mu.Unlock()
		o.current = nil
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}
