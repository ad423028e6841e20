package auth_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack/auth"
)

// withMailbox is a service whose messages the test reads.
func withMailbox(t *testing.T, configure ...func(*auth.Config)) (*service, *auth.Mailbox) {
	t.Helper()
	box := &auth.Mailbox{}
	return newService(t, append(configure, func(c *auth.Config) { c.Mailbox = box })...), box
}

func newest(t *testing.T, box *auth.Mailbox, to string) auth.Mail {
	t.Helper()
	mails := box.To(to)
	require.NotEmpty(t, mails, to)
	return mails[len(mails)-1]
}

// verify gives the newest code that was sent to an address.
func (s *service) verify(t *testing.T, box *auth.Mailbox, kind, field, address string) answer {
	t.Helper()
	return s.do(t, "POST", "/verify", "", map[string]any{"type": kind, field: address, "token": newest(t, box, address).Code})
}

func wantOK(t *testing.T, a answer) answer {
	t.Helper()
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	return a
}

func wantCode(t *testing.T, status int, code string, a answer) {
	t.Helper()
	require.Equal(t, code, a.code(), a.Body)
	require.Equal(t, status, a.Status)
}

func TestMailboxFindsAddressesAsPeopleWriteThem(t *testing.T) {
	s, box := withMailbox(t, func(c *auth.Config) { c.Phone = true })
	wantOK(t, s.do(t, "POST", "/otp", "", map[string]any{"email": "Ada@Example.com"}))
	wantOK(t, s.do(t, "POST", "/otp", "", map[string]any{"phone": "+49 1511 2345678"}))
	for _, to := range []string{"ada@example.com", "Ada@Example.COM", "4915112345678", "+4915112345678", " 4915112345678"} {
		require.Len(t, box.To(to), 1, to)
	}
	require.Len(t, box.To(""), 2)
	require.Empty(t, box.To("ada@example"))
}

func TestInvitedUserWhoSignsUpGetsAMail(t *testing.T) {
	s, box := withMailbox(t, func(c *auth.Config) { c.ConfirmEmail = true })
	invite := func() answer {
		return s.do(t, "POST", "/invite", s.adminToken(t), map[string]any{"email": "a@example.com", "data": map[string]any{"pay": 7}})
	}
	first := wantOK(t, invite())
	require.Equal(t, first.userID(), wantOK(t, invite()).userID(), "who has not accepted is invited again")
	require.Len(t, box.To("a@example.com"), 2)

	up := s.signUp(t, "a@example.com")
	require.Equal(t, first.userID(), up.userID())
	require.Empty(t, up.metadata(), "what the administrator wrote is not for whoever signs up")
	require.Empty(t, up.Body["identities"])
	require.Equal(t, "signup", newest(t, box, "a@example.com").Kind)
	wantOK(t, s.verify(t, box, "signup", "email", "a@example.com"))
	require.Equal(t, "invalid_credentials", s.signIn(t, "a@example.com", password).code(), "the password of a stranger does not count")
	wantCode(t, 422, "email_exists", invite())
}

func TestSignupOfAnUnconfirmedAddress(t *testing.T) {
	t.Run("sends another mail", func(t *testing.T) {
		s, box := withMailbox(t, func(c *auth.Config) { c.ConfirmEmail, c.RateLimits.MailEvery = true, time.Minute })
		first := s.signUp(t, "a@example.com")
		again := map[string]any{"email": "a@example.com", "password": "another horse"}
		wantCode(t, 429, "over_email_send_rate_limit", s.do(t, "POST", "/signup", "", again))
		s.clock.Advance(2 * time.Minute)
		require.Equal(t, first.userID(), wantOK(t, s.do(t, "POST", "/signup", "", again)).userID())
		require.Len(t, box.To("a@example.com"), 2)
		wantOK(t, s.verify(t, box, "email", "email", "a@example.com"))
		wantOK(t, s.signIn(t, "a@example.com", password))
		require.NotEqual(t, first.userID(), s.signUp(t, "a@example.com").userID(), "once confirmed, it is not given away")
	})
	t.Run("confirms it where nothing is to be confirmed", func(t *testing.T) {
		s, _ := withMailbox(t)
		made := wantOK(t, s.do(t, "POST", "/admin/users", s.adminToken(t), map[string]any{"email": "a@example.com", "password": password}))
		require.Equal(t, "email_not_confirmed", s.signIn(t, "a@example.com", password).code())
		up := s.signUp(t, "a@example.com")
		require.Equal(t, made.userID(), up.userID())
		require.NotEmpty(t, up.str("access_token"))
		wantOK(t, s.signIn(t, "a@example.com", password))
		wantCode(t, 422, "user_already_exists", s.do(t, "POST", "/signup", "", map[string]any{"email": "a@example.com", "password": password}))
	})
	t.Run("a code does so as well", func(t *testing.T) {
		s, box := withMailbox(t)
		wantOK(t, s.do(t, "POST", "/admin/users", s.adminToken(t), map[string]any{"email": "a@example.com"}))
		wantOK(t, s.do(t, "POST", "/otp", "", map[string]any{"email": "a@example.com"}))
		mail := newest(t, box, "a@example.com")
		require.Equal(t, "magiclink", mail.Kind)
		wantOK(t, s.do(t, "POST", "/verify", "", map[string]any{"type": "magiclink", "token_hash": mail.TokenHash}))
	})
}

func TestUsersOfAnOrganisationHaveNoOtherWayIn(t *testing.T) {
	s, box := withMailbox(t)
	up := s.signUp(t, "a@example.com")
	s.exec(t, `update auth.users set is_sso_user = true where id = $1`, up.userID())
	token := up.str("access_token")
	for _, body := range []map[string]any{{"password": "another horse"}, {"email": "b@example.com"}, {"nonce": "1"}} {
		wantCode(t, 422, "user_sso_managed", s.do(t, "PUT", "/user", token, body))
	}
	wantOK(t, s.do(t, "PUT", "/user", token, map[string]any{"email": "a@example.com", "data": map[string]any{"k": "v"}}))
	require.Equal(t, "invalid_credentials", s.signIn(t, "a@example.com", password).code())
	wantOK(t, s.do(t, "POST", "/recover", "", map[string]any{"email": "a@example.com"}))
	require.Empty(t, box.To("a@example.com"))
	require.NotEqual(t, up.userID(), s.signUp(t, "a@example.com").userID(), "the address is somebody else's here")
}

func TestAnonymousUserNeedsAnAddressForAPassword(t *testing.T) {
	s, _ := withMailbox(t, func(c *auth.Config) { c.Anonymous = true })
	token := s.do(t, "POST", "/signup", "", map[string]any{}).str("access_token")
	wantCode(t, 422, "validation_failed", s.do(t, "PUT", "/user", token, map[string]any{"password": password}))
	u := wantOK(t, s.do(t, "PUT", "/user", token, map[string]any{"password": password, "email": "a@example.com"}))
	require.Equal(t, map[string]any{"provider": "email", "providers": []any{"email"}}, u.Body["app_metadata"])
	wantOK(t, s.signIn(t, "a@example.com", password))
}

func TestChangeOfAnAddressBeginsAnewWithEveryMail(t *testing.T) {
	s, box := withMailbox(t)
	token := s.signUp(t, "a@example.com").str("access_token")
	s.signUp(t, "c@example.com")
	wantCode(t, 422, "email_exists", s.do(t, "PUT", "/user", token, map[string]any{"email": "c@example.com"}))
	wantOK(t, s.do(t, "PUT", "/user", token, map[string]any{"email": "b@example.com"}))
	old := newest(t, box, "a@example.com").Code
	require.Equal(t, "200", wantOK(t, s.verify(t, box, "email_change", "email", "a@example.com")).str("code"))
	wantOK(t, s.do(t, "POST", "/resend", "", map[string]any{"type": "email_change", "email": "a@example.com"}))
	require.Len(t, box.To("a@example.com"), 2)
	require.Len(t, box.To("b@example.com"), 2)
	require.NotEqual(t, old, newest(t, box, "a@example.com").Code)
	require.Equal(t, "200", wantOK(t, s.verify(t, box, "email_change", "email", "b@example.com")).str("code"), "the other has to agree again")
	require.Equal(t, "b@example.com", wantOK(t, s.verify(t, box, "email_change", "email", "a@example.com")).user()["email"])
	wantOK(t, s.do(t, "POST", "/resend", "", map[string]any{"type": "email_change", "email": "b@example.com"}))
	require.Len(t, box.To("b@example.com"), 2, "there is nothing to send any more")
}

func TestLinksOfAChangeOfAddress(t *testing.T) {
	s, _ := withMailbox(t)
	s.signUp(t, "a@example.com")
	s.signUp(t, "c@example.com")
	link := func(kind, next string) answer {
		return s.do(t, "POST", "/admin/generate_link", s.adminToken(t), map[string]any{"type": kind, "email": "a@example.com", "new_email": next})
	}
	use := func(a answer) answer {
		return wantOK(t, s.do(t, "POST", "/verify", "", map[string]any{"type": "email_change", "token_hash": a.str("hashed_token")}))
	}
	wantCode(t, 422, "email_exists", link("email_change_new", "c@example.com"))
	require.Equal(t, "200", use(wantOK(t, link("email_change_current", "b@example.com"))).str("code"))
	require.Equal(t, "200", use(wantOK(t, link("email_change_new", "b@example.com"))).str("code"), "each link begins the change anew")

	current, next := wantOK(t, link("email_change_current", "b@example.com")), wantOK(t, link("email_change_new", "b@example.com"))
	use(current)
	require.Equal(t, "b@example.com", use(next).user()["email"])
}

func TestNumbersChangeAndAreIdentities(t *testing.T) {
	s, box := withMailbox(t, func(c *auth.Config) { c.Phone = true })
	token := s.signUp(t, "a@example.com").str("access_token")
	change := func(phone string) {
		wantOK(t, s.do(t, "PUT", "/user", token, map[string]any{"phone": phone}))
	}
	change("4915100000001")
	u := wantOK(t, s.verify(t, box, "phone_change", "phone", "4915100000001")).user()
	require.Equal(t, "4915100000001", u["phone"])
	require.ElementsMatch(t, []any{"email", "phone"}, u["app_metadata"].(map[string]any)["providers"])
	require.Len(t, u["identities"], 2)

	change("4915100000002")
	wantOK(t, s.do(t, "POST", "/resend", "", map[string]any{"type": "phone_change", "phone": "4915100000002"}))
	require.Len(t, box.To("4915100000002"), 1, "the account is found by its number so far")
	wantOK(t, s.do(t, "POST", "/resend", "", map[string]any{"type": "phone_change", "phone": "4915100000001"}))
	require.Len(t, box.To("4915100000002"), 2)
	u = wantOK(t, s.verify(t, box, "phone_change", "phone", "4915100000002")).user()
	require.Len(t, u["identities"], 2)
	for _, i := range u["identities"].([]any) {
		if i := i.(map[string]any); i["provider"] == "phone" {
			require.Equal(t, "4915100000002", i["identity_data"].(map[string]any)["phone"])
		}
	}
	for _, kind := range []string{"sms", "phone_change"} {
		wantCode(t, 400, "validation_failed", s.do(t, "POST", "/verify", "", map[string]any{"type": kind, "token_hash": "x"}))
	}

	taken := map[string]any{"email": "b@example.com", "phone": "4915100000002"}
	wantCode(t, 422, "phone_exists", s.do(t, "POST", "/admin/users", s.adminToken(t), taken))
}

func TestReauthenticationNeedsAConfirmedNumber(t *testing.T) {
	s, box := withMailbox(t, func(c *auth.Config) { c.Phone = true })
	wantOK(t, s.do(t, "POST", "/otp", "", map[string]any{"phone": "4915100000001"}))
	token := wantOK(t, s.verify(t, box, "sms", "phone", "4915100000001")).str("access_token")
	wantOK(t, s.do(t, "GET", "/reauthenticate", token, nil))
	s.exec(t, `update auth.users set phone_confirmed_at = null`)
	wantCode(t, 422, "phone_not_confirmed", s.do(t, "GET", "/reauthenticate", token, nil))
}

func TestDeletedUsersCodesAreWorthless(t *testing.T) {
	s, box := withMailbox(t)
	up := s.signUp(t, "a@example.com")
	wantOK(t, s.do(t, "POST", "/recover", "", map[string]any{"email": "a@example.com"}))
	wantOK(t, s.do(t, "DELETE", "/admin/users/"+up.userID(), s.adminToken(t), map[string]any{"should_soft_delete": true}))
	wantCode(t, 403, "otp_expired", s.do(t, "POST", "/verify", "", map[string]any{
		"type": "recovery", "token_hash": newest(t, box, "a@example.com").TokenHash,
	}))
}

func TestLinksWantATypeAndAToken(t *testing.T) {
	s, _ := withMailbox(t)
	for _, query := range []string{"?type=magiclink", "?token=x"} {
		wantCode(t, 400, "validation_failed", s.do(t, "GET", "/verify"+query, "", nil))
	}
}

func TestFactorsHaveNamesOfTheirOwn(t *testing.T) {
	s, _ := withMailbox(t, func(c *auth.Config) { c.Phone = true })
	token := s.signUp(t, "a@example.com").str("access_token")
	enroll := func(name string) answer {
		return s.do(t, "POST", "/factors", token, map[string]any{"factor_type": "phone", "phone": "4915100000001", "friendly_name": name})
	}
	first := wantOK(t, enroll(""))
	wantCode(t, 422, "mfa_factor_name_conflict", enroll(""))
	named := wantOK(t, enroll("app"))
	wantCode(t, 422, "mfa_factor_name_conflict", enroll("app"))
	for _, blank := range []string{" ", "  "} {
		wantOK(t, enroll(blank))
	}
	wantOK(t, s.do(t, "POST", "/factors/"+named.str("id")+"/challenge", token, nil))

	s.clock.Advance(6 * time.Minute)
	wantOK(t, enroll(""))
	var ids []any
	for _, f := range s.do(t, "GET", "/user", token, nil).Body["factors"].([]any) {
		ids = append(ids, f.(map[string]any)["id"])
	}
	require.Len(t, ids, 2, "those that were never challenged are forgotten")
	require.Contains(t, ids, named.str("id"))
	require.NotContains(t, ids, first.str("id"))
}

func TestChallengesOfFactors(t *testing.T) {
	s, box := withMailbox(t, func(c *auth.Config) { c.Phone = true })
	const phone = "4915100000001"
	token := s.signUp(t, "a@example.com").str("access_token")
	factor := "/factors/" + wantOK(t, s.do(t, "POST", "/factors", token, map[string]any{"factor_type": "phone", "phone": phone})).str("id")
	challenge := wantOK(t, s.do(t, "POST", factor+"/challenge", token, nil)).str("id")
	verify := func(challenge string) answer {
		return s.do(t, "POST", factor+"/verify", token, map[string]any{"challenge_id": challenge, "code": newest(t, box, phone).Code})
	}
	for _, none := range []string{"x", "00000000-0000-4000-8000-000000000000"} {
		wantCode(t, 422, "mfa_factor_not_found", verify(none))
	}
	wantOK(t, verify(challenge))
	wantCode(t, 422, "mfa_ip_address_mismatch", verify(challenge))
	challenge = wantOK(t, s.do(t, "POST", factor+"/challenge", token, nil)).str("id")
	s.clock.Advance(6 * time.Minute)
	wantCode(t, 422, "mfa_challenge_expired", verify(challenge))

	// The address that the user has already is none to prove anything for.
	in := s.signIn(t, "a@example.com", password).str("access_token")
	wantOK(t, s.do(t, "PUT", "/user", in, map[string]any{"email": "a@example.com"}))
	wantCode(t, 401, "insufficient_aal", s.do(t, "PUT", "/user", in, map[string]any{"email": "b@example.com"}))
}

func TestFlowsOfMailsBeginWithTheMail(t *testing.T) {
	s, box := withMailbox(t)
	s.signUp(t, "a@example.com")
	for path, want := range map[string]string{"/otp": "", "/recover": "flow_state_expired"} {
		wantOK(t, s.do(t, "POST", path+"?redirect_to=http://localhost:9999/", "", map[string]any{
			"email": "a@example.com", "code_challenge": challenge(), "code_challenge_method": "s256",
		}))
		s.clock.Advance(6 * time.Minute)
		back, _ := s.follow(t, "GET", newest(t, box, "a@example.com").Link, nil)
		require.Equal(t, want, s.exchange(t, back.Query().Get("code")).code(), path)
	}
}
