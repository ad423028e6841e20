package outbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// maxContent is how much of an answer's body is kept.
const maxContent = 1 << 20

// request is a row of net.http_request_queue.
type request struct {
	id      int64
	method  string
	url     string
	headers []byte // JSON
	body    []byte
	timeout time.Duration
}

// answer is a row of net._http_response: a status, or the reason why there is none.
type answer struct {
	status      *int
	contentType *string
	headers     map[string]string
	content     *string
	timedOut    bool
	err         *string
}

// nowhere are the addresses reserved for documentation (RFC 5737, RFC 3849).
// Nobody is there, so a request to them is one that is never answered.
var nowhere = []netip.Prefix{
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("2001:db8::/32"),
}

// toNowhere says whether the request goes to such an address.
func (r request) toNowhere() bool {
	u, err := url.Parse(strings.TrimSpace(r.url))
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return err == nil && slices.ContainsFunc(nowhere, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// answer sends the request. A redirect is an answer like any other.
func (o *Outbox) answer(ctx context.Context, r request) answer {
	timeout, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	a, err := o.exchange(timeout, r)
	if err != nil {
		reason := err.Error()
		a = answer{timedOut: errors.Is(timeout.Err(), context.DeadlineExceeded)}
		if a.timedOut {
			reason = fmt.Sprintf("timeout of %d ms reached", r.timeout.Milliseconds())
		}
		a.err = &reason
	}
	return a
}

func (o *Outbox) exchange(ctx context.Context, r request) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, r.url, bytes.NewReader(r.body))
	if err != nil {
		return answer{}, err
	}
	if err := setHeaders(req.Header, r.headers); err != nil {
		return answer{}, err
	}
	resp, err := o.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxContent))
	if err != nil {
		return answer{}, err
	}
	headers := make(map[string]string, len(resp.Header))
	for name, values := range resp.Header {
		headers[strings.ToLower(name)] = plain(strings.Join(values, ", "))
	}
	return answer{
		status:      &resp.StatusCode,
		contentType: new(plain(resp.Header.Get("Content-Type"))),
		headers:     headers,
		content:     new(plain(string(body))),
	}, nil
}

// plain makes text of what PostgreSQL would not take as text.
func plain(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// setHeaders takes the names as they are spelled: two that differ in case only are
// both sent. What is no string is sent as its JSON text, and null not at all.
func setHeaders(h http.Header, object []byte) error {
	var values map[string]json.RawMessage
	if len(object) == 0 {
		return nil
	}
	if err := json.Unmarshal(object, &values); err != nil {
		return fmt.Errorf("headers: %w", err)
	}
	for name, raw := range values {
		var text *string
		if json.Unmarshal(raw, &text) != nil {
			text = new(string(raw))
		}
		if text != nil {
			h[name] = []string{*text}
		}
	}
	return nil
}
