package auth

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" // the hash of RFC 6238
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"rsc.io/qr"
)

// factor is a second step in which a user proves who signs in.
type factor struct {
	ID               string     `json:"id"`
	CreatedAt        time.Time  `json:"created_at"`
	UpdatedAt        time.Time  `json:"updated_at"`
	Status           string     `json:"status"`
	FriendlyName     string     `json:"friendly_name,omitempty"`
	Type             string     `json:"factor_type"`
	LastChallengedAt *time.Time `json:"last_challenged_at"`
	Phone            string     `json:"phone"`

	secret string
}

func (u *user) hasVerifiedFactor() bool {
	for _, f := range u.Factors {
		if f.Status == "verified" {
			return true
		}
	}
	return false
}

func factorsOf(ctx context.Context, q querier, userID string) ([]factor, error) {
	rows, err := q.Query(ctx, `
		select id::text, created_at, updated_at, status::text, coalesce(friendly_name, ''), factor_type::text,
		       last_challenged_at, coalesce(phone, ''), coalesce(secret, '')
		from auth.mfa_factors where user_id = $1 order by created_at, id`, userID)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (f factor, err error) {
		err = row.Scan(&f.ID, &f.CreatedAt, &f.UpdatedAt, &f.Status, &f.FriendlyName, &f.Type,
			&f.LastChallengedAt, &f.Phone, &f.secret)
		f.CreatedAt, f.UpdatedAt = f.CreatedAt.UTC(), f.UpdatedAt.UTC()
		if f.LastChallengedAt != nil {
			*f.LastChallengedAt = f.LastChallengedAt.UTC()
		}
		return f, err
	})
}

// maxFactors is how many factors a user may have.
const maxFactors = 10

// factorExpiry is how long a factor waits for its first challenge.
const factorExpiry = 5 * time.Minute

// mayEnroll tells why a user may not have another factor of that name. No two have the
// same, nor both none.
func mayEnroll(u *user, name, aal string) error {
	for _, f := range u.Factors {
		if f.FriendlyName == name {
			return errFactorName(name)
		}
	}
	switch {
	case len(u.Factors) >= maxFactors:
		return unprocessable("too_many_enrolled_mfa_factors", "Maximum number of verified factors reached, unenroll to continue")
	case u.hasVerifiedFactor() && aal != "aal2":
		return failf(http.StatusForbidden, "insufficient_aal", "AAL2 required to enroll a new factor")
	}
	return nil
}

func errFactorName(name string) *apiError {
	return unprocessable("mfa_factor_name_conflict", "A factor with the friendly name %q for this user already exists", name)
}

// enrollFactor begins a factor, which counts once a code of it was right.
func (s *server) enrollFactor(w http.ResponseWriter, r *http.Request) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	var p struct {
		FriendlyName string `json:"friendly_name"`
		FactorType   string `json:"factor_type"`
		Issuer       string `json:"issuer"`
		Phone        string `json:"phone"`
	}
	if err := readJSON(w, r, &p); err != nil {
		return err
	}
	switch {
	case p.FactorType == "phone" && !s.Phone:
		return unprocessable("mfa_phone_enroll_not_enabled", "MFA enroll is disabled for Phone")
	case p.FactorType == "phone":
		if p.Phone, err = normalizePhone(p.Phone); err != nil {
			return err
		}
	case p.FactorType != "totp":
		return badRequest("validation_failed", "factor_type needs to be totp, phone, or webauthn")
	}
	if p.Issuer == "" {
		site, _ := url.Parse(s.SiteURL)
		p.Issuer = site.Host
	}
	answer := map[string]any{"type": p.FactorType, "friendly_name": p.FriendlyName}
	ctx := r.Context()
	err = s.tx(ctx, func(tx pgx.Tx) error {
		if err := s.dropExpiredFactors(ctx, tx, c.userID); err != nil {
			return err
		}
		u, err := findUser(ctx, tx, `where id = $1 for update`, c.userID)
		if err != nil {
			return errCallerGone(err)
		}
		if err := mayEnroll(u, p.FriendlyName, c.aal); err != nil {
			return err
		}
		id, secret := uuid.NewString(), ""
		answer["id"] = id
		if p.FactorType == "phone" {
			answer["phone"] = p.Phone
		} else {
			if secret, err = newSecret(); err != nil {
				return err
			}
			if answer["totp"], err = totpAnswer(p.Issuer, u.Email, secret); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `
			insert into auth.mfa_factors (id, user_id, friendly_name, factor_type, status, created_at, updated_at, secret, phone)
			values ($1, $2, $3, $4, 'unverified', $5, $5, $6, $7)`,
			id, u.ID, p.FriendlyName, p.FactorType, s.Now(), nullIfEmpty(secret), nullIfEmpty(p.Phone))
		if isUniqueViolation(err) {
			return errFactorName(p.FriendlyName) // but for blanks around it
		}
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, u, "factor_in_progress", map[string]any{"factor_id": id})
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// dropExpiredFactors forgets the factors that a user has given up before the first
// challenge.
func (s *server) dropExpiredFactors(ctx context.Context, tx pgx.Tx, userID string) error {
	_, err := tx.Exec(ctx, `
		delete from auth.mfa_factors f
		where user_id = $1 and status = 'unverified' and created_at < $2
		and not exists (select from auth.mfa_challenges c where c.factor_id = f.id)`, userID, s.Now().Add(-factorExpiry))
	return err
}

var secretEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

func newSecret() (string, error) {
	var raw [20]byte
	_, err := rand.Read(raw[:])
	return secretEncoding.EncodeToString(raw[:]), err
}

// totpAnswer is what an authenticator needs to know: as text, and as a picture.
func totpAnswer(issuer, account, secret string) (map[string]string, error) {
	uri := "otpauth://totp/" + url.PathEscape(issuer+":"+account) + "?" + url.Values{
		"algorithm": {"SHA1"}, "digits": {"6"}, "issuer": {issuer}, "period": {"30"}, "secret": {secret},
	}.Encode()
	code, err := qr.Encode(uri, qr.M)
	if err != nil {
		return nil, err
	}
	var svg bytes.Buffer
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %[1]d" shape-rendering="crispEdges">`, code.Size)
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&svg, `<rect x="%d" y="%d" width="1" height="1"/>`, x, y)
			}
		}
	}
	svg.WriteString(`</svg>`)
	return map[string]string{"qr_code": svg.String(), "secret": secret, "uri": uri}, nil
}

const totpPeriod = 30 // seconds

// totp is the code of RFC 6238 at a time.
func totp(secret string, at time.Time) (string, error) {
	key, err := secretEncoding.DecodeString(secret)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, at.Unix()/totpPeriod)
	sum := mac.Sum(nil)
	n := binary.BigEndian.Uint32(sum[sum[len(sum)-1]&0xf:]) & 0x7fffffff
	return fmt.Sprintf("%06d", n%1_000_000), nil
}

// totpMatches allows for a clock that is a step off.
func totpMatches(secret, code string, now time.Time) bool {
	for _, step := range []time.Duration{0, -totpPeriod * time.Second, totpPeriod * time.Second} {
		want, err := totp(secret, now.Add(step))
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return true
		}
	}
	return false
}

// ownFactor finds the factor in the path among the caller's.
func (s *server) ownFactor(ctx context.Context, tx pgx.Tx, r *http.Request, userID string) (*user, factor, error) {
	u, err := findUser(ctx, tx, `where id = $1 for update`, userID)
	if err != nil {
		return nil, factor{}, errCallerGone(err)
	}
	f, err := factorIn(u, r)
	return u, f, err
}

func factorIn(u *user, r *http.Request) (factor, error) {
	id, err := uuid.Parse(r.PathValue("factor"))
	if err != nil {
		return factor{}, failf(http.StatusNotFound, "validation_failed", "factor_id must be an UUID")
	}
	for _, f := range u.Factors {
		if f.ID == id.String() {
			return f, nil
		}
	}
	return factor{}, failf(http.StatusNotFound, "mfa_factor_not_found", "Factor not found")
}

// challengeExpiry is how long a challenge waits for its code.
const challengeExpiry = 5 * time.Minute

func (s *server) challengeFactor(w http.ResponseWriter, r *http.Request) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	answer := map[string]any{}
	err = s.tx(ctx, func(tx pgx.Tx) error {
		u, f, err := s.ownFactor(ctx, tx, r, c.userID)
		if err != nil {
			return err
		}
		if err := s.audit(ctx, tx, u, "challenge_created", map[string]any{"factor_id": f.ID, "factor_status": f.Status}); err != nil {
			return err
		}
		now := s.Now()
		var code string
		if f.Type == "phone" {
			if f.LastChallengedAt != nil {
				if err := tooSoon(f.LastChallengedAt.Add(s.RateLimits.MailEvery).Sub(now), true); err != nil {
					return err
				}
			}
			if code, err = newCode(); err != nil {
				return err
			}
			s.Mailbox.add(Mail{Kind: "factor", To: f.Phone, Code: code, SentAt: now.UTC()})
			code = tokenHash(f.Phone, code)
		}
		id := uuid.NewString()
		answer["id"], answer["type"], answer["expires_at"] = id, f.Type, now.Add(challengeExpiry).Unix()
		_, err = tx.Exec(ctx, `insert into auth.mfa_challenges (id, factor_id, created_at, otp_code) values ($1, $2, $3, $4)`,
			id, f.ID, now, nullIfEmpty(code))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `update auth.mfa_factors set last_challenged_at = $2 where id = $1`, f.ID, now)
		return err
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// verifyFactor takes the code of a factor: the session gets the second level, and
// the user's sessions of the first end.
func (s *server) verifyFactor(w http.ResponseWriter, r *http.Request) error {
	if err := s.verifyLimit.allow(r, s.Now()); err != nil {
		return err
	}
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	var p struct {
		ChallengeID string `json:"challenge_id"`
		Code        string `json:"code"`
	}
	if err := readJSON(w, r, &p); err != nil {
		return err
	}
	if c.sessionID == "" {
		return failf(http.StatusForbidden, "session_not_found", "Session not found")
	}
	ctx := r.Context()
	var answer *tokenResponse
	err = s.tx(ctx, func(tx pgx.Tx) error {
		u, f, err := s.ownFactor(ctx, tx, r, c.userID)
		if err != nil {
			return err
		}
		if err := s.checkChallenge(ctx, tx, f, p.ChallengeID, p.Code); err != nil {
			return err
		}
		if answer, err = s.raise(ctx, tx, u, f, c.sessionID); err != nil {
			return err
		}
		return s.audit(ctx, tx, u, "verification_attempted", map[string]any{"factor_id": f.ID, "challenge_id": p.ChallengeID})
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// checkChallenge uses a challenge up, if the code answers it.
func (s *server) checkChallenge(ctx context.Context, tx pgx.Tx, f factor, challenge, code string) error {
	id, err := uuid.Parse(challenge)
	if err != nil {
		return errNoChallenge()
	}
	var made time.Time
	var verified *time.Time
	var hash string
	err = tx.QueryRow(ctx, `
		select created_at, verified_at, coalesce(otp_code, '') from auth.mfa_challenges
		where id = $1 and factor_id = $2 for update`, id.String(), f.ID).Scan(&made, &verified, &hash)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return errNoChallenge()
	case err != nil:
		return err
	case verified != nil: // Auth makes no difference between this and another machine
		return unprocessable("mfa_ip_address_mismatch", "Challenge and verify IP addresses mismatch.")
	case s.Now().After(made.Add(challengeExpiry)):
		return unprocessable("mfa_challenge_expired", "MFA challenge %s has expired, verify against another challenge or create a new challenge.", id)
	}
	right := f.Type == "totp" && totpMatches(f.secret, code, s.Now()) ||
		f.Type == "phone" && hash != "" && hash == tokenHash(f.Phone, code)
	if !right {
		return unprocessable("mfa_verification_failed", "Invalid %s code entered", strings.ToUpper(f.Type))
	}
	_, err = tx.Exec(ctx, `update auth.mfa_challenges set verified_at = $2 where id = $1`, id.String(), s.Now())
	return err
}

func errNoChallenge() *apiError {
	return unprocessable("mfa_factor_not_found", "MFA factor with the provided challenge ID not found")
}

// raise gives a session the second level of assurance.
func (s *server) raise(ctx context.Context, tx pgx.Tx, u *user, f factor, session string) (*tokenResponse, error) {
	now := s.Now()
	method := f.Type
	if method == "phone" {
		method = "mfa/phone"
	}
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{`update auth.mfa_factors set status = 'verified', updated_at = $2 where id = $1`, []any{f.ID, now}},
		{`update auth.sessions set aal = 'aal2', factor_id = $2, updated_at = $3 where id = $1`, []any{session, f.ID, now}},
		{`insert into auth.mfa_amr_claims (session_id, created_at, updated_at, authentication_method) values ($1, $2, $2, $3)
		  on conflict (session_id, authentication_method) do update set updated_at = excluded.updated_at`, []any{session, now, method}},
		{`delete from auth.sessions where user_id = $1 and coalesce(aal, 'aal1') < 'aal2'`, []any{u.ID}},
		{`delete from auth.mfa_factors where user_id = $1 and status = 'unverified' and factor_type = $2`, []any{u.ID, f.Type}},
	} {
		if _, err := tx.Exec(ctx, step.sql, step.args...); err != nil {
			return nil, err
		}
	}
	var parent *string // whose holder can still refresh
	err := tx.QueryRow(ctx, `
		select token from auth.refresh_tokens
		where session_id = $1 and not coalesce(revoked, false) order by id desc limit 1`, session).Scan(&parent)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, err
	}
	if err := s.revoke(ctx, tx, `session_id = $1 and not coalesce(revoked, false)`, session); err != nil {
		return nil, err
	}
	refresh, err := s.insertRefreshToken(ctx, tx, u.ID, session, parent)
	if err != nil {
		return nil, err
	}
	if u, err = findUser(ctx, tx, `where id = $1`, u.ID); err != nil {
		return nil, err
	}
	return s.tokenResponse(ctx, tx, u, session, refresh, method)
}

func (s *server) unenrollFactor(w http.ResponseWriter, r *http.Request) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	return s.deleteFactor(w, r, c.userID, "factor_unenrolled", func(f factor) error {
		if f.Status == "verified" && c.aal != "aal2" {
			return unprocessable("insufficient_aal", "AAL2 required to unenroll verified factor")
		}
		return nil
	})
}

// deleteFactor removes a factor; sessions that stood on it fall back to the first
// level.
func (s *server) deleteFactor(w http.ResponseWriter, r *http.Request, userID, action string, may func(factor) error) error {
	ctx := r.Context()
	var id string
	err := s.tx(ctx, func(tx pgx.Tx) error {
		u, f, err := s.ownFactor(ctx, tx, r, userID)
		if err != nil {
			return err
		}
		if err := may(f); err != nil {
			return err
		}
		if err := s.audit(ctx, tx, u, action, map[string]any{"factor_id": f.ID, "factor_status": f.Status}); err != nil {
			return err
		}
		id = f.ID
		_, err = tx.Exec(ctx, `update auth.sessions set aal = 'aal1', factor_id = null where user_id = $1 and factor_id = $2`, userID, f.ID)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `delete from auth.mfa_factors where id = $1`, f.ID)
		return err
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]string{"id": id})
	return nil
}

func (s *server) adminListFactors(w http.ResponseWriter, r *http.Request) error {
	id, err := s.adminTarget(r)
	if err != nil {
		return err
	}
	u, err := findUser(r.Context(), s.Pool, `where id = $1`, id)
	if err != nil {
		return errTargetGone(err)
	}
	if u.Factors == nil {
		u.Factors = []factor{}
	}
	writeJSON(w, http.StatusOK, u.Factors)
	return nil
}

func (s *server) adminDeleteFactor(w http.ResponseWriter, r *http.Request) error {
	id, err := s.adminTarget(r)
	if err != nil {
		return err
	}
	if _, err := findUser(r.Context(), s.Pool, `where id = $1`, id); err != nil {
		return errTargetGone(err)
	}
	return s.deleteFactor(w, r, id, "factor_deleted", func(factor) error { return nil })
}
