package postgres

import (
	"context"
	"net"
)

// FreePort returns a port of 127.0.0.1 that nobody listens on at the moment.
func FreePort(ctx context.Context) (int, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
