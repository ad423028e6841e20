package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/jsonbtext"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// SignatureHeader carries the signature of a delivery.
const SignatureHeader = "X-Plugin-Signature"

// The other headers of a delivery. They are not signed, and the config of an
// installation can replace them: what an event is stands in its body.
const (
	DeliveryIDHeader = "X-Plugin-Delivery-Id"
	EventTypeHeader  = "X-Plugin-Event-Type"
)

// Sign is the signature of a body as the platform computes it: HMAC-SHA256 over
// the bytes, in lower-case hex. The key is the text of the secret, byte for byte.
func Sign(body []byte, secret types.Secret) string {
	return hex.EncodeToString(mac(body, secret))
}

// SignPayload is the signature that the platform wants of a payload that is sent
// to it (rpc_plugin_ingest_webhook): not of the bytes sent, but of Canonical.
// client.Plugins.IngestWebhook does this by itself. Fails with ErrInvalidInput as
// Canonical does.
func SignPayload(payload []byte, secret types.Secret) (string, error) {
	text, err := Canonical(payload)
	if err != nil {
		return "", err
	}
	return Sign(text, secret), nil
}

// Canonical is JSON as PostgreSQL writes the jsonb value that it becomes: a space
// behind colons and commas, keys by length and then by bytes, the last of equal
// keys, numbers without exponent but with their trailing zeros. Fails with
// ErrInvalidInput for what is no JSON, or what jsonb cannot hold, such as U+0000.
func Canonical(payload []byte) ([]byte, error) {
	text, err := jsonbtext.Of(payload)
	if err != nil {
		return nil, sdkerr.Invalid("webhook.Canonical", "the payload", err.Error())
	}
	return text, nil
}

// Verify reports whether signature is that of the body by one of the secrets, for
// programs that do not use Handler. It takes the same time for every signature of
// the same length. Empty secrets never match.
//
// body must be the bytes as they came, before any decoding. The value of the
// header is trimmed and its case does not matter.
func Verify(body []byte, signature string, secrets ...types.Secret) bool {
	got, err := hex.DecodeString(strings.TrimSpace(signature))
	if err != nil || len(got) != sha256.Size {
		return false
	}
	ok := false
	for _, s := range secrets {
		if s != "" && hmac.Equal(got, mac(body, s)) {
			ok = true // and go on: which secret matched takes no time of its own
		}
	}
	return ok
}

func mac(body []byte, secret types.Secret) []byte {
	m := hmac.New(sha256.New, []byte(secret.Reveal()))
	m.Write(body)
	return m.Sum(nil)
}
