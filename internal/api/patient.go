package api

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// answerGrace bounds how long a failed write waits for the answer.
const answerGrace = time.Second

// patiently lets connections hold back the failure of a write until what the
// server said has been read. A server that refuses a body early answers, and
// then resets the connection because nobody reads the rest; net/http drops the
// answer when the write fails first.
func patiently(dial func(ctx context.Context, network, addr string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &patientConn{Conn: c, over: make(chan struct{})}, nil
	}
}

type patientConn struct {
	net.Conn
	once sync.Once
	over chan struct{} // closed when there is no more to be read
}

func (c *patientConn) end() { c.once.Do(func() { close(c.over) }) }

// Read implements net.Conn.
func (c *patientConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		c.end()
	}
	return n, err
}

// Write implements net.Conn.
func (c *patientConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		t := time.NewTimer(answerGrace)
		defer t.Stop()
		select {
		case <-c.over:
		case <-t.C:
		}
	}
	return n, err
}

// Close implements net.Conn.
func (c *patientConn) Close() error {
	c.end()
	return c.Conn.Close()
}
