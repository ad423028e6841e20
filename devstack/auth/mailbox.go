package auth

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Mail is a message that a real Auth service would have sent.
type Mail struct {
	// Kind is what the message is about: signup, invite, magiclink, recovery,
	// email_change, reauthentication, sms, phone_change or factor.
	Kind string `json:"kind"`
	// To is an e-mail address, or a phone number without the plus sign.
	To string `json:"to"`
	// Code is what the user types.
	Code string `json:"code"`
	// TokenHash is the same for programs; empty in messages to phones and about
	// re-authentication.
	TokenHash string `json:"token_hash,omitempty"`
	// Link is what the user follows, with TokenHash.
	Link string `json:"link,omitempty"`
	// SentAt is when it was sent.
	SentAt time.Time `json:"sent_at"`
}

// maxMails is how many messages a mailbox keeps.
const maxMails = 10_000

// Mailbox keeps messages instead of sending them: the newest ten thousand. Its
// zero value is ready.
type Mailbox struct {
	mu    sync.Mutex
	mails []Mail
}

func (b *Mailbox) add(m Mail) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.mails) == maxMails {
		b.mails = slices.Delete(b.mails, 0, maxMails/10)
	}
	b.mails = append(b.mails, m)
}

// To returns the messages to an address or a phone number, the oldest first, and all
// messages for "". The case of the address does not matter, nor the number's plus sign.
func (b *Mailbox) To(address string) []Mail {
	address = strings.TrimLeft(address, "+ ")
	b.mu.Lock()
	defer b.mu.Unlock()
	found := []Mail{}
	for _, m := range b.mails {
		if address == "" || strings.EqualFold(m.To, address) {
			found = append(found, m)
		}
	}
	return found
}
