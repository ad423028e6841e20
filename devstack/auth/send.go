package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
)

// tokenType is what a one-time token is good for.
type tokenType string

const (
	confirmationToken     tokenType = "confirmation_token"
	recoveryToken         tokenType = "recovery_token"
	reauthenticationToken tokenType = "reauthentication_token"
	newEmailToken         tokenType = "email_change_token_new"
	currentEmailToken     tokenType = "email_change_token_current"
	phoneChangeToken      tokenType = "phone_change_token"
)

// sentAt is the column of auth.users with the time of the last message of a kind.
var sentAt = map[tokenType]string{
	confirmationToken:     "confirmation_sent_at",
	recoveryToken:         "recovery_sent_at",
	reauthenticationToken: "reauthentication_sent_at",
	newEmailToken:         "email_change_sent_at",
	currentEmailToken:     "email_change_sent_at",
	phoneChangeToken:      "phone_change_sent_at",
}

// message is a one-time token on its way to its user.
type message struct {
	token    tokenType
	kind     string // of the Mail
	to       string
	phone    bool
	redirect string // where the link leads in the end
	challenge
}

// pkcePrefix begins the hashes of tokens whose link comes back with a code.
const pkcePrefix = "pkce_"

// linkMethods are how sessions that begin with the code of a link were begun.
var linkMethods = map[string]string{"signup": "email/signup"}

func linkMethod(kind string) string {
	if name, ok := linkMethods[kind]; ok {
		return name
	}
	return kind
}

// send makes a token and sends it, unless the last one was sent only just now.
func (s *server) send(ctx context.Context, tx pgx.Tx, u *user, m message) error {
	if err := s.mayMail(ctx, tx, u.ID, m); err != nil {
		return err
	}
	return s.sendNow(ctx, tx, u, m)
}

// mayMail keeps users from being flooded with messages.
func (s *server) mayMail(ctx context.Context, tx pgx.Tx, userID string, m message) error {
	if s.RateLimits.MailEvery <= 0 {
		return nil
	}
	var last *time.Time
	err := tx.QueryRow(ctx, `select `+sentAt[m.token]+` from auth.users where id = $1 for update`, userID).Scan(&last)
	if err != nil {
		return err
	}
	if last == nil {
		return nil
	}
	return tooSoon(last.Add(s.RateLimits.MailEvery).Sub(s.Now()), m.phone)
}

// tooSoon refuses a message for which it is so long too early.
func tooSoon(left time.Duration, phone bool) error {
	if left <= 0 {
		return nil
	}
	code := "over_email_send_rate_limit"
	if phone {
		code = "over_sms_send_rate_limit"
	}
	return failf(http.StatusTooManyRequests, code,
		"For security purposes, you can only request this after %d seconds.", int(left.Seconds()))
}

// requested are what asking for a token is called in the audit log.
var requested = map[tokenType]string{
	recoveryToken:         "user_recovery_requested",
	confirmationToken:     "user_confirmation_requested",
	reauthenticationToken: "user_reauthenticate_requested",
}

// sendNow makes a token and sends it.
func (s *server) sendNow(ctx context.Context, tx pgx.Tx, u *user, m message) error {
	if action := requested[m.token]; action != "" && m.kind != "invite" {
		if err := s.audit(ctx, tx, u, action, nil); err != nil {
			return err
		}
	}
	mail, err := s.issue(ctx, tx, u, m)
	if err != nil {
		return err
	}
	s.Mailbox.add(mail)
	return nil
}

// issue makes a token in the place of the one before, and the message about it.
func (s *server) issue(ctx context.Context, tx pgx.Tx, u *user, m message) (Mail, error) {
	code, err := newCode()
	if err != nil {
		return Mail{}, err
	}
	now := s.Now()
	hash := tokenHash(m.to, code)
	if m.given() {
		hash = pkcePrefix + hash
		_, err := s.beginFlow(ctx, tx, flow{
			userID: u.ID, provider: "email", method: linkMethod(m.kind), challenge: m.challenge, redirect: s.allowed(m.redirect),
		})
		if err != nil {
			return Mail{}, err
		}
	}
	_, err = tx.Exec(ctx, `
		insert into auth.one_time_tokens (user_id, token_type, token_hash, relates_to, created_at, updated_at)
		values ($1, $2, $3, $4, $5, $5)
		on conflict (user_id, token_type) do update
		set token_hash = excluded.token_hash, relates_to = excluded.relates_to,
		    created_at = excluded.created_at, updated_at = excluded.updated_at`,
		u.ID, string(m.token), hash, m.to, now)
	if err != nil {
		return Mail{}, err
	}
	if _, err := tx.Exec(ctx, `update auth.users set `+sentAt[m.token]+` = $2 where id = $1`, u.ID, now); err != nil {
		return Mail{}, err
	}
	mail := Mail{Kind: m.kind, To: m.to, Code: code, SentAt: now.UTC()}
	if !m.phone && m.token != reauthenticationToken {
		mail.TokenHash = hash
		mail.Link = s.Issuer + "/verify?" + url.Values{
			"token": {hash}, "type": {m.kind}, "redirect_to": {s.allowed(m.redirect)},
		}.Encode()
	}
	return mail, nil
}

// newCode returns six random digits.
func newCode() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%06d", n), nil
}

// tokenHash is what is stored of a code: it is worth nothing with another address.
func tokenHash(address, code string) string {
	sum := sha256.Sum224([]byte(address + code))
	return hex.EncodeToString(sum[:])
}

// redirectOf is where the caller wants links to lead.
func redirectOf(r *http.Request) string {
	if to := r.URL.Query().Get("redirect_to"); to != "" {
		return to
	}
	return r.Header.Get("Redirect_to")
}

// allowed keeps links on this machine: anywhere else they could carry tokens away.
func (s *server) allowed(redirect string) string {
	if u, err := url.Parse(redirect); err == nil && onThisMachine(u) {
		return redirect
	}
	return s.SiteURL
}
