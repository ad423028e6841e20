package sdkerr

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Bounds of the texts in an Error, in bytes.
const (
	maxMessage = 1000
	maxDetails = 1000
	maxRaw     = 300 // an answer of unknown form
)

// Redacted stands where a secret was.
const Redacted = "[redacted]"

// minSecret is the length from which a known secret is searched for in texts.
// Shorter ones would blot out ordinary words.
const minSecret = 6

var (
	// A JWT starts with a base64url JSON object: "ey" or, with a space or line
	// break after the brace, "ew"/"eyA".
	secretPattern = regexp.MustCompile(`\be[wy][A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*|\bsb_secret_[A-Za-z0-9_-]+|\bwosk_[0-9a-fA-F]{8,}`)
	// The query and the fragment of a URL inside a text.
	queryPattern = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>?#]*)[?#][^\s"'<>]*`)
	// User and password of a URL inside a text.
	userinfoPattern = regexp.MustCompile(`(://)[^\s"'<>/@]+@`)
)

// clean redacts the given secrets and what looks like one, and cuts s to at
// most n bytes. It cuts last: half a secret would not be recognised.
func clean(s string, n int, secrets ...string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	for _, secret := range secrets {
		if len(secret) < minSecret {
			continue
		}
		for _, form := range forms(secret) {
			s = strings.ReplaceAll(s, form, Redacted)
		}
	}
	s = secretPattern.ReplaceAllString(s, Redacted)
	if strings.Contains(s, "://") {
		s = queryPattern.ReplaceAllString(s, "$1")
		s = userinfoPattern.ReplaceAllString(s, "$1")
	}
	return cut(s, n)
}

// forms are the ways in which a text may repeat a secret.
func forms(secret string) []string {
	out := []string{secret}
	if js, err := json.Marshal(secret); err == nil && len(js) > len(secret)+2 {
		out = append(out, string(js[1:len(js)-1]))
	}
	if q := url.QueryEscape(secret); q != secret {
		out = append(out, q, url.PathEscape(secret))
	}
	return out
}

// cut shortens s to at most n bytes without splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	n -= len("…")
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// cause keeps an error for errors.Is while hiding its text: errors of the
// network and of foreign code may print whole URLs.
type cause struct {
	err  error
	text string
}

func (c *cause) Error() string { return c.text }

// Is lets errors.Is look into the hidden error.
func (c *cause) Is(target error) bool { return errors.Is(c.err, target) }

// GoString keeps %#v from printing the hidden error.
func (c *cause) GoString() string { return c.text }

// netCause is a cause that is a net.Error.
type netCause struct {
	cause
	timeout bool
}

// Timeout implements net.Error.
func (c *netCause) Timeout() bool { return c.timeout }

// Temporary implements net.Error.
func (c *netCause) Temporary() bool { return c.timeout }

// safeCause wraps err so that only its harmless parts can be reached. Context
// errors and the SDK's own are harmless as they are.
func safeCause(err error, secrets ...string) error {
	if err == nil {
		return nil
	}
	if err == context.Canceled || err == context.DeadlineExceeded { //nolint:errorlint // exactly these
		return err
	}
	hidden := cause{err: err, text: causeText(err, secrets...)}
	var ne net.Error
	if errors.As(err, &ne) {
		return &netCause{cause: hidden, timeout: ne.Timeout()}
	}
	return &hidden
}

// causeText is the text of err without query strings and secrets. The URL that
// net/http puts before its errors goes altogether.
func causeText(err error, secrets ...string) string {
	if err == nil {
		return ""
	}
	var ue *url.Error
	if errors.As(err, &ue) && ue.Err != nil {
		return causeText(ue.Err, secrets...)
	}
	return clean(err.Error(), maxRaw, secrets...)
}

func isContextError(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
