package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
	buf    []byte    // what is read before the transport takes it

	mu      sync.Mutex
	ctx     context.Context // of the attempt
	stall   *stallTimer     // of the attempt
	current *sending
	reading chan struct{} // closed when the Read under way returns; nil: none
	touched bool          // something has been read, or tried to
	sent    int64         // bytes read in this attempt
	err     error         // of the body itself

	panicked any // what Read of the body panicked with
}

func newOutgoing(body io.Reader) *outgoing {
	o := &outgoing{reader: body, size: -1}
	if b, ok := body.(*bytes.Buffer); ok {
		o.size = int64(b.Len())
		return o
	}
	seeker, start, size, err := Span(body)
	if seeker != nil {
		o.seeker, o.start, o.size = seeker, start, size
	}
	o.err = err
	return o
}

// Span tells where a body stands and how long it is from there. The seeker is
// nil when the body cannot go back. Fails when it is lost in between.
func Span(body io.Reader) (seeker io.Seeker, start, size int64, err error) {
	s, ok := body.(io.Seeker)
	if !ok {
		return nil, 0, 0, nil
	}
	// A pipe has the method as well, but cannot do it.
	start, err = s.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, 0, 0, nil //nolint:nilerr // it can be read, only not twice
	}
	end, errEnd := s.Seek(0, io.SeekEnd)
	if _, err := s.Seek(start, io.SeekStart); err != nil {
		return nil, 0, 0, err
	}
	if errEnd != nil || end < start {
		return nil, 0, 0, nil //nolint:nilerr // as above
	}
	return s, start, end - start, nil
}

// open gives the reader of the next attempt, which ends with ctx. It stops stall
// while it waits for the caller's body.
func (o *outgoing) open(ctx context.Context, stall *stallTimer) *sending {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ctx, o.stall = ctx, stall
	o.current = &sending{from: o, ctx: ctx, closed: make(chan struct{})}
	return o.current
}

// again is http.Request.GetBody, which the transport asks when it may send the
// request on another connection.
func (o *outgoing) again() (io.ReadCloser, error) {
	if !o.rewind() {
		return nil, errors.New("the body cannot be sent again")
	}
	return o.open(o.ctx, o.stall), nil
}

// rewind makes ready for another attempt and reports whether that is possible.
func (o *outgoing) rewind() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.err != nil || o.reading != nil:
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
	o.touched, o.sent = false, 0
	return true
}

// readError is what went wrong with the body itself.
func (o *outgoing) readError() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// release takes the body away from the transport. It waits for a Read under
// way, unless ctx ends first.
func (o *outgoing) release(ctx context.Context) {
	o.mu.Lock()
	o.current = nil
	reading := o.reading
	o.mu.Unlock()
	if reading == nil {
		return
	}
	select {
	case <-reading:
	case <-ctx.Done():
	}
}

// repanic goes on with a panic of the body, in the goroutine of the call.
func (o *outgoing) repanic() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.panicked != nil {
		panic(o.panicked)
	}
}

var (
	errNoReturn = errors.New("its Read did not return")
	errBadCount = errors.New("its Read gave an impossible number of bytes")
)

var errReleased = errors.New("the attempt is over")

// sending is the body as one attempt reads it.
type sending struct {
	from   *outgoing
	ctx    context.Context
	once   sync.Once
	closed chan struct{}
}

type readResult struct {
	n   int
	err error
}

// Read implements io.Reader. A transport that gives up waits for Read to
// return, and the caller's body may take its time, so the body is read beside
// it: the end of the context sets Read free.
func (s *sending) Read(p []byte) (int, error) {
	o := s.from
	o.mu.Lock()
	switch {
	case o.current != s || o.reading != nil:
		o.mu.Unlock()
		return 0, errReleased
	case o.err != nil:
		o.mu.Unlock()
		return 0, o.err
	case o.size >= 0 && o.sent >= o.size: // what it has grown by stays behind
		o.mu.Unlock()
		return 0, io.EOF
	}
	if o.buf == nil {
		o.buf = make([]byte, 32<<10)
	}
	o.touched = true
	reading := make(chan struct{})
	o.reading = reading
	o.mu.Unlock()

	part := o.buf[:min(len(p), len(o.buf))]
	if o.size >= 0 && int64(len(part)) > o.size-o.sent {
		part = part[:o.size-o.sent]
	}
	o.stall.pause()
	defer o.stall.resume()
	result := make(chan readResult, 1)
	go func() {
		n, err := 0, errNoReturn
		defer func() {
			v := recover() // it would end the program here, see repanic
			o.mu.Lock()
			o.panicked = v
			if n < 0 || n > len(part) {
				n, err = 0, errBadCount
			}
			o.sent += int64(n)
			switch {
			case errors.Is(err, io.EOF) && o.size >= 0 && o.sent < o.size:
				err = fmt.Errorf("it ended after %d of %d bytes: it became shorter while it was sent", o.sent, o.size)
				o.err = err
			case err != nil && !errors.Is(err, io.EOF):
				o.err = err
			}
			o.reading = nil
			o.mu.Unlock()
			close(reading)
			result <- readResult{n, err}
		}()
		n, err = o.reader.Read(part)
	}()
	select {
	case r := <-result:
		return copy(p, part[:r.n]), r.err
	case <-s.closed:
	case <-s.ctx.Done():
	}
	return 0, errReleased
}

// Close implements io.Closer. The caller's body stays open.
func (s *sending) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}
