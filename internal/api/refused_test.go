package api

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// refusing is a server that answers before it has read the body, and resets the
// connection with the rest of it unread.
func refusing(t *testing.T, answer string) *Conn {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				r := bufio.NewReader(c)
				for line := "-"; line != "\r\n" && err == nil; {
					line, err = r.ReadString('\n')
				}
				_, _ = io.WriteString(c, answer)
				_ = c.(*net.TCPConn).SetLinger(0)
				_ = c.Close()
			}()
		}
	}()
	tr := NewTransport()
	t.Cleanup(tr.CloseIdleConnections)
	c, err := New(Config{BaseURL: "http://" + l.Addr().String(), APIKey: testKey, Transport: tr, sleep: func(time.Duration) {}})
	require.NoError(t, err)
	return c
}

const tooLargeAnswer = "HTTP/1.1 413 Payload Too Large\r\nContent-Type: application/json\r\nContent-Length: 70\r\nConnection: close\r\n\r\n" +
	`{"statusCode":"413","error":"Payload too large","message":"too large"}`

func TestAnswerThatComesBeforeTheBodyIsSentCounts(t *testing.T) {
	c := refusing(t, tooLargeAnswer)
	body := strings.Repeat("x", 8<<20)
	for range 30 { // who is first is a matter of luck
		_, err := c.Stream(t.Context(), put(strings.NewReader(body)))
		e := failure(t, err)
		require.Equal(t, http.StatusRequestEntityTooLarge, e.HTTPStatus, "%v", err)
		require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
	}
}

// Without an answer the connection's failure is told, without a wait for one.
func TestResetWithoutAnAnswerIsToldAtOnce(t *testing.T) {
	for _, said := range []string{"", "HTTP/1.1 413 Payl"} {
		c := refusing(t, said)
		start := time.Now()
		_, err := c.Stream(t.Context(), put(readOnly{strings.NewReader(strings.Repeat("x", 8<<20))}))
		require.ErrorIs(t, err, sdkerr.ErrUnavailable)
		require.Less(t, time.Since(start), answerGrace)
	}
}
