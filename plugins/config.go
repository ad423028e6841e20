package plugins

import (
	"bytes"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// The time that an endpoint has to answer: the platform would cut anything else
// to these, but fails on what is no whole number.
const (
	minTimeout = time.Second
	maxTimeout = 2 * time.Minute
)

var (
	headerName  = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
	headerValue = regexp.MustCompile(`^[^\x00-\x08\x0a-\x1f\x7f]*$`)
)

// WebhookConfig is the part of an installation's config that the platform reads.
// Programs may keep more in the config: it is any JSON.
type WebhookConfig struct {
	// WebhookURL is where deliveries are posted, http or https. Without it they are
	// dead at once.
	WebhookURL string
	// Timeout is how long the endpoint has to answer, from one second to two
	// minutes, in milliseconds. Zero: 15 seconds.
	Timeout time.Duration
	// Headers are sent with every delivery. They cannot be Content-Type, nor one of
	// the platform's own, X-Plugin-….
	Headers map[string]string
}

// JSON is the config as Install and UpdateInstallation take it. They check it.
func (c WebhookConfig) JSON() json.RawMessage {
	config := map[string]any{"webhook_url": c.WebhookURL}
	if c.Timeout != 0 {
		config["timeout_ms"] = c.Timeout.Milliseconds()
	}
	if len(c.Headers) > 0 {
		config["headers"] = c.Headers
	}
	text, err := json.Marshal(config)
	if err != nil {
		return nil // strings and a number are always JSON
	}
	return text
}

// checkConfig refuses a config with which nothing can be delivered, or which would
// replace what the platform says about a delivery. What the platform does not read
// may be anything.
func checkConfig(op string, config json.RawMessage) error {
	if len(config) == 0 {
		return nil
	}
	if !json.Valid(config) {
		return sdkerr.Invalid(op, "Config", "must be JSON")
	}
	if bytes.TrimSpace(config)[0] != '{' {
		return nil // the platform reads nothing in it
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(config, &members); err != nil {
		return sdkerr.Invalid(op, "Config", "must be JSON")
	}
	refuse := func(member, reason string) error { return sdkerr.Invalid(op, "Config."+member, reason) }
	if raw := members["webhook_url"]; len(raw) > 0 && !isNull(raw) && !isWebhookURL(raw) {
		return refuse("webhook_url", "must be an http or https URL")
	}
	if raw := members["timeout_ms"]; len(raw) > 0 && !isNull(raw) && !isTimeout(raw) {
		return refuse("timeout_ms", "must be a whole number from 1000 to 120000, in digits")
	}
	if raw := members["headers"]; len(raw) > 0 && !isNull(raw) {
		if reason := badHeaders(raw); reason != "" {
			return refuse("headers", reason)
		}
	}
	return nil
}

func isNull(raw json.RawMessage) bool { return string(bytes.TrimSpace(raw)) == "null" }

func isWebhookURL(raw json.RawMessage) bool {
	var text string
	if json.Unmarshal(raw, &text) != nil || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return false
	}
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != ""
}

// isTimeout wants digits: the platform fails on 1000.0 and on 1.5, for all tenants.
func isTimeout(raw json.RawMessage) bool {
	ms, err := strconv.ParseUint(string(raw), 10, 32)
	return err == nil && ms >= uint64(minTimeout.Milliseconds()) && ms <= uint64(maxTimeout.Milliseconds())
}

// badHeaders says what is wrong with the headers, "" when nothing is. Names that
// differ in case only are the same header for who receives them.
func badHeaders(raw json.RawMessage) string {
	var headers map[string]*string
	if json.Unmarshal(raw, &headers) != nil {
		return "must be an object of texts"
	}
	var names []string
	for name, value := range headers {
		folded := strings.ToLower(name)
		switch {
		case !headerName.MatchString(name):
			return "hold a name that no header can have"
		case folded == "content-type" || strings.HasPrefix(folded, "x-plugin-"):
			return "cannot set " + folded + ", which the platform does"
		case slices.Contains(names, folded):
			return "set " + folded + " twice, in different case"
		case value == nil:
			return "must be an object of texts"
		case !headerValue.MatchString(*value):
			return "hold a value that no header can have"
		}
		names = append(names, folded)
	}
	return ""
}
