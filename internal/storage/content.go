package storage

import (
	"bytes"
	"context"
	"crypto/md5" // what Storage's entity tags are
	"errors"
	"hash"
	"io"

	"github.com/workorder-systems/sdk-go/internal/api"
)

// Content is the body of an upload, which may have to be sent again or compared
// with what is stored.
type Content struct {
	reader      io.Reader
	seeker      io.Seeker // nil when the body cannot go back
	start, size int64     // of a body that can go back; size is -1 otherwise

	// Of a body that cannot go back.
	sum     hash.Hash // of what has been read
	read    int64
	touched bool
	lost    error // it stands elsewhere now, and cannot be read
}

// NewContent makes the Content of a body, from where it stands to its end.
func NewContent(body io.Reader) *Content {
	if b, ok := body.(*bytes.Buffer); ok {
		body = bytes.NewReader(b.Next(b.Len()))
	}
	seeker, start, size, err := api.Span(body)
	if seeker != nil {
		return &Content{reader: body, seeker: seeker, start: start, size: size}
	}
	return &Content{reader: body, size: -1, sum: md5.New(), lost: err}
}

// open gives the content from its beginning, false when it cannot.
func (c *Content) open() (io.Reader, bool) {
	if c.seeker == nil {
		return (*passing)(c), !c.touched
	}
	_, err := c.seeker.Seek(c.start, io.SeekStart)
	return c.reader, err == nil
}

// passing reads a body that cannot go back and keeps its sum.
type passing Content

// Read implements io.Reader.
func (c *passing) Read(p []byte) (int, error) {
	if c.lost != nil {
		return 0, c.lost
	}
	c.touched = true
	n, err := c.reader.Read(p)
	_, _ = c.sum.Write(p[:n]) // never fails
	c.read += int64(n)
	return n, err
}

// digest reads the content to its end and gives its length and MD5 sum. Nothing
// reads it afterwards, unless ctx ends in the midst of a Read.
func (c *Content) digest(ctx context.Context) (int64, []byte, error) {
	type result struct {
		size     int64
		sum      []byte
		err      error
		panicked any
	}
	done := make(chan result, 1)
	go func() {
		r := result{err: errNoReturn}
		defer func() {
			r.panicked = recover() // it would end the program here
			done <- r
		}()
		r.size, r.sum, r.err = c.readAll(ctx)
	}()
	select {
	case r := <-done:
		if r.panicked != nil {
			panic(r.panicked)
		}
		return r.size, r.sum, r.err
	case <-ctx.Done():
		return 0, nil, ctx.Err()
	}
}

var errNoReturn = errors.New("reading it did not return")

func (c *Content) readAll(ctx context.Context) (int64, []byte, error) {
	if c.seeker == nil {
		_, err := io.Copy(io.Discard, whileIn{ctx, (*passing)(c)})
		return c.read, c.sum.Sum(nil), err
	}
	if _, err := c.seeker.Seek(c.start, io.SeekStart); err != nil {
		return 0, nil, err
	}
	h := md5.New()
	n, err := io.Copy(h, whileIn{ctx, io.LimitReader(c.reader, c.size)})
	return n, h.Sum(nil), err
}

// whileIn reads for as long as ctx lasts.
type whileIn struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (w whileIn) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.r.Read(p)
}
