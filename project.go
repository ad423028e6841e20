package workorder

import (
	"net"
	"net/url"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// checkProject refuses a session that was made for another project than the one
// at baseURL: its token is none of that server's business.
func checkProject(op string, src TokenSource, baseURL string) error {
	s := sessionOf(src)
	if s == nil || s.zero() || sameProject(s.realm, baseURL) {
		return nil
	}
	return sdkerr.New(op, ErrInvalidInput, "the session is of %s, the client of %s", s.realm, baseURL)
}

// sameProject compares base URLs. The names of this machine count as one.
func sameProject(a, b string) bool {
	ua, errA := url.Parse(a)
	ub, errB := url.Parse(b)
	if a == b || errA != nil || errB != nil {
		return a == b
	}
	return ua.Scheme == ub.Scheme && ua.Port() == ub.Port() && ua.Path == ub.Path &&
		isThisMachine(ua.Hostname()) && isThisMachine(ub.Hostname())
}

func isThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
