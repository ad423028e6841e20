package auth

import (
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter counts calls per IP address. A nil limiter allows everything.
type limiter struct {
	burst int

	mu   sync.Mutex
	byIP map[string]*rate.Limiter
}

const rateWindow = 5 * time.Minute

func newLimiter(perWindow int) *limiter {
	if perWindow <= 0 {
		return nil
	}
	return &limiter{burst: perWindow, byIP: map[string]*rate.Limiter{}}
}

func (l *limiter) allow(r *http.Request, now time.Time) error {
	if l == nil {
		return nil
	}
	ip := clientIP(r)
	l.mu.Lock()
	b := l.byIP[ip]
	if b == nil {
		b = rate.NewLimiter(rate.Every(rateWindow/time.Duration(l.burst)), l.burst)
		l.byIP[ip] = b
	}
	l.mu.Unlock()
	if !b.AllowN(now, 1) {
		return failf(http.StatusTooManyRequests, "over_request_rate_limit", "Request rate limit reached")
	}
	return nil
}
