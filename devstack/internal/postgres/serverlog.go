package postgres

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
)

// serverLog passes the server's lines on and keeps the last ones for errors.
type serverLog struct {
	log *slog.Logger

	mu      sync.Mutex
	partial []byte
	last    []string
	silent  bool
}

const keptLines = 12

func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.partial = append(l.partial, p...)
	for {
		i := bytes.IndexByte(l.partial, '\n')
		if i < 0 {
			return len(p), nil
		}
		line := string(l.partial[:i])
		l.partial = l.partial[i+1:]
		l.last = append(l.last, line)
		if len(l.last) > keptLines {
			l.last = l.last[1:]
		}
		if !l.silent {
			l.log.Debug("postgres: " + line)
		}
	}
}

func (l *serverLog) quiet() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.silent = true
}

func (l *serverLog) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.last, "\n")
}
