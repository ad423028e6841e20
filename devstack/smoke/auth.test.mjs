// Drives the ways to sign in of a running stack with supabase-js. Needs SUPABASE_URL,
// SUPABASE_ANON_KEY and SUPABASE_SERVICE_ROLE_KEY, and a stack that offers anonymous
// users, phones, google, github, single sign-on at corp.example and manual linking.
import assert from 'node:assert/strict'
import { createHmac, randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { createClient } from '@supabase/supabase-js'

const url = process.env.SUPABASE_URL
const home = 'http://localhost:9999/welcome'
const password = 'correct horse'
// Node 20 has no WebSocket of its own, and nothing here listens.
const noRealtime = { realtime: { transport: class {} } }

// The verifier of a flow lives in the storage, in a browser and here.
const newClient = (key = process.env.SUPABASE_ANON_KEY, auth = {}) => {
  const kept = new Map()
  const storage = {
    getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => kept.set(k, v), removeItem: (k) => kept.delete(k),
  }
  return createClient(url, key, {
    auth: { storage, autoRefreshToken: false, detectSessionInUrl: false, ...auth }, ...noRealtime,
  })
}
const newPKCEClient = () => newClient(undefined, { flowType: 'pkce' })
const admin = newClient(process.env.SUPABASE_SERVICE_ROLE_KEY).auth.admin

const ok = ({ data, error }) => {
  assert.equal(error, null, error && `${error.code} ${error.message}`)
  return data
}
const refused = ({ error }, code) => assert.equal(error?.code, code, error?.message)
const newEmail = (domain = 'example.com') => `smoke-${randomUUID()}@${domain}`
const mails = async (to) => (await fetch(`${url}/mailbox?to=${encodeURIComponent(to)}`)).json()
const lastMail = async (to) => (await mails(to)).at(-1)

const signedUp = async (client, email = newEmail()) => {
  const { user } = ok(await client.auth.signUp({ email, password }))
  return { email, user }
}

// browse follows links until it is sent home, and fills a form in on the way.
const browse = async (from, form) => {
  for (let hops = 0; hops < 6; hops++) {
    let page = await fetch(from, { redirect: 'manual' })
    if (page.status === 200) {
      page = await fetch(from, { redirect: 'manual', method: 'POST', body: new URLSearchParams(form) })
    }
    const next = page.headers.get('location')
    assert.ok(next, `${page.status} ${await page.text()}`)
    if (next.startsWith(home)) return new URL(next)
    from = next
  }
  assert.fail('the browser goes in circles')
}

const totp = (secret) => {
  let bits = ''
  for (const c of secret) bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)))
  const step = Buffer.alloc(8)
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000)))
  const sum = createHmac('sha1', key).update(step).digest()
  return String((sum.readUInt32BE(sum.at(-1) & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

test('one-time code', async () => {
  const client = newClient()
  const email = newEmail()
  refused(await client.auth.signInWithOtp({ email, options: { shouldCreateUser: false } }), 'otp_disabled')
  ok(await client.auth.signInWithOtp({ email, options: { data: { team: 'red' } } }))
  const { code } = await lastMail(email)
  refused(await client.auth.verifyOtp({ email, type: 'email', token: code === '000000' ? '000001' : '000000' }), 'otp_expired')
  const { user, session } = ok(await client.auth.verifyOtp({ email, type: 'email', token: code }))
  assert.equal(user.user_metadata.team, 'red')
  assert.ok(session.refresh_token)
  refused(await client.auth.verifyOtp({ email, type: 'email', token: code }), 'otp_expired')
})

test('magic link, with tokens and with a code', async () => {
  const { email, user } = await signedUp(newClient())
  const client = newClient()
  ok(await client.auth.signInWithOtp({ email, options: { emailRedirectTo: home } }))
  const tokens = new URLSearchParams((await browse((await lastMail(email)).link)).hash.slice(1))
  const set = ok(await client.auth.setSession({
    access_token: tokens.get('access_token'), refresh_token: tokens.get('refresh_token'),
  }))
  assert.equal(set.user.id, user.id)

  const pkce = newPKCEClient()
  ok(await pkce.auth.signInWithOtp({ email, options: { emailRedirectTo: home } }))
  const back = await browse((await lastMail(email)).link)
  assert.equal(back.hash, '')
  const { session } = ok(await pkce.auth.exchangeCodeForSession(back.searchParams.get('code')))
  assert.equal(session.user.id, user.id)
})

test('recovery, with a code', async () => {
  const { email } = await signedUp(newClient())
  const client = newPKCEClient()
  ok(await client.auth.resetPasswordForEmail(email, { redirectTo: home }))
  const back = await browse((await lastMail(email)).link)
  const { redirectType } = ok(await client.auth.exchangeCodeForSession(back.searchParams.get('code')))
  assert.equal(redirectType, 'recovery')
  refused(await client.auth.updateUser({ password: 'abc' }), 'weak_password')
  ok(await client.auth.updateUser({ password: 'another horse' }))
  refused(await client.auth.signInWithPassword({ email, password }), 'invalid_credentials')
  ok(await client.auth.signInWithPassword({ email, password: 'another horse' }))
})

test('another address needs both to agree', async () => {
  const client = newClient()
  const { email } = await signedUp(client)
  const next = newEmail()
  const { user } = ok(await client.auth.updateUser({ email: next }))
  assert.equal(user.new_email, next)
  ok(await client.auth.resend({ type: 'email_change', email }))
  ok(await client.auth.verifyOtp({ type: 'email_change', email, token: (await lastMail(email)).code }))
  const done = ok(await client.auth.verifyOtp({ type: 'email_change', email: next, token: (await lastMail(next)).code }))
  assert.equal(done.user.email, next)
  assert.equal((await client.auth.reauthenticate()).error, null)
  assert.equal((await lastMail(next)).kind, 'reauthentication')
})

test('codes to phones', async () => {
  const client = newClient()
  const newPhone = () => `+49151${Math.floor(Math.random() * 1e9).toString().padStart(9, '0')}`
  const [phone, next] = [newPhone(), newPhone()]
  ok(await client.auth.signInWithOtp({ phone }))
  ok(await client.auth.resend({ type: 'sms', phone }))
  const { user } = ok(await client.auth.verifyOtp({ phone, type: 'sms', token: (await lastMail(phone)).code }))
  assert.equal(`+${user.phone}`, phone)
  assert.equal(`+${ok(await client.auth.updateUser({ phone: next })).user.new_phone}`, next)
  ok(await client.auth.resend({ type: 'phone_change', phone }))
  const changed = ok(await client.auth.verifyOtp({ phone: next, type: 'phone_change', token: (await lastMail(next)).code }))
  assert.equal(`+${changed.user.phone}`, next)
  const factor = ok(await client.auth.mfa.enroll({ factorType: 'phone', phone: next }))
  const challenge = ok(await client.auth.mfa.challenge({ factorId: factor.id }))
  ok(await client.auth.mfa.verify({ factorId: factor.id, challengeId: challenge.id, code: (await lastMail(next)).code }))
})

test('second factor', async () => {
  const client = newClient()
  const { user } = await signedUp(client)
  const factor = ok(await client.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'app' }))
  assert.match(factor.totp.qr_code, /^data:image\/svg\+xml/)
  assert.match(factor.totp.uri, /^otpauth:\/\/totp\//)
  refused(await client.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'app' }), 'mfa_factor_name_conflict')
  const right = totp(factor.totp.secret)
  refused(await client.auth.mfa.challengeAndVerify({ factorId: factor.id, code: right === '000000' ? '000001' : '000000' }), 'mfa_verification_failed')
  ok(await client.auth.mfa.challengeAndVerify({ factorId: factor.id, code: totp(factor.totp.secret) }))
  const level = ok(await client.auth.mfa.getAuthenticatorAssuranceLevel())
  assert.equal(level.currentLevel, 'aal2')
  assert.deepEqual(ok(await client.auth.mfa.listFactors()).totp.map((f) => f.id), [factor.id])
  assert.deepEqual(ok(await admin.mfa.listFactors({ userId: user.id })).factors.map((f) => f.id), [factor.id])
  ok(await client.auth.mfa.unenroll({ factorId: factor.id }))
})

test('anonymous user who gives an address', async () => {
  const client = newClient()
  const { user } = ok(await client.auth.signInAnonymously({ options: { data: { team: 'red' } } }))
  assert.equal(user.is_anonymous, true)
  const email = newEmail()
  ok(await client.auth.updateUser({ email }))
  const { user: me } = ok(await client.auth.getUser())
  assert.equal(me.email, email)
  assert.equal(me.is_anonymous, false)
})

test('OAuth provider', async () => {
  const client = newPKCEClient()
  const email = newEmail()
  const options = { redirectTo: home, queryParams: { login_hint: email }, skipBrowserRedirect: true }
  const flow = ok(await client.auth.signInWithOAuth({ provider: 'google', options }))
  const code = (await browse(flow.url)).searchParams.get('code')
  refused(await newPKCEClient().auth.exchangeCodeForSession(code), 'pkce_code_verifier_not_found')
  const { session, user } = ok(await client.auth.exchangeCodeForSession(code))
  assert.equal(user.email, email)
  assert.ok(session.provider_token)

  const plain = newClient()
  const implicit = ok(await plain.auth.signInWithOAuth({ provider: 'google', options }))
  const tokens = new URLSearchParams((await browse(implicit.url)).hash.slice(1))
  const set = ok(await plain.auth.setSession({
    access_token: tokens.get('access_token'), refresh_token: tokens.get('refresh_token'),
  }))
  assert.equal(set.user.id, user.id)

  const denied = ok(await client.auth.signInWithOAuth({ provider: 'github', options: { redirectTo: home, skipBrowserRedirect: true } }))
  assert.equal((await browse(denied.url, { deny: '1' })).searchParams.get('error'), 'access_denied')
})

test('identities', async () => {
  const client = newPKCEClient()
  const { user } = await signedUp(client)
  const work = newEmail()
  const link = { provider: 'github', options: { redirectTo: home, queryParams: { login_hint: work } } }
  const { url: to } = ok(await client.auth.linkIdentity(link))
  ok(await client.auth.exchangeCodeForSession((await browse(to)).searchParams.get('code')))
  const { identities } = ok(await client.auth.getUserIdentities())
  assert.deepEqual(identities.map((i) => i.provider), ['email', 'github'])
  assert.equal(identities[1].user_id, user.id)
  const again = await browse(ok(await client.auth.linkIdentity(link)).url)
  assert.equal(again.searchParams.get('error_code'), 'identity_already_exists')
  ok(await client.auth.unlinkIdentity(identities[1]))
  refused(await client.auth.unlinkIdentity(identities[0]), 'single_identity_not_deletable')
})

test('ID token', async () => {
  const app = 'http://localhost:7777/'
  const email = newEmail()
  const ask = new URLSearchParams({ client_id: 'devstack', response_type: 'code', redirect_uri: app, login_hint: email })
  const page = await fetch(`${url}/provider/google/authorize?${ask}`, { redirect: 'manual' })
  const code = new URL(page.headers.get('location')).searchParams.get('code')
  const answer = await fetch(`${url}/provider/google/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'authorization_code', client_id: 'devstack', redirect_uri: app, code }),
  })
  const { id_token: token } = await answer.json()
  const client = newClient()
  const { user } = ok(await client.auth.signInWithIdToken({ provider: 'google', token }))
  assert.equal(user.email, email)
  refused(await client.auth.signInWithIdToken({ provider: 'apple', token }), 'provider_disabled')
  assert.equal((await client.auth.signInWithIdToken({ provider: 'google', token: 'x' })).error.status, 400)
})

test('single sign-on', async () => {
  const client = newPKCEClient()
  const email = newEmail('corp.example')
  const { url: to } = ok(await client.auth.signInWithSSO({ domain: 'corp.example', options: { redirectTo: home } }))
  const { user } = ok(await client.auth.exchangeCodeForSession((await browse(to, { email })).searchParams.get('code')))
  assert.equal(user.email, email)
  refused(await client.auth.signInWithSSO({ domain: 'nobody.example' }), 'sso_provider_not_found')
})

test('administration: links, invitations, sign-out, deletion, OAuth clients', async () => {
  const email = newEmail()
  const invited = ok(await admin.inviteUserByEmail(email, { data: { team: 'red' } })).user
  const client = newClient()
  ok(await client.auth.verifyOtp({ type: 'invite', token_hash: (await lastMail(email)).token_hash }))
  const link = ok(await admin.generateLink({ type: 'magiclink', email }))
  assert.equal(link.user.id, invited.id)
  const { session } = ok(await newClient().auth.verifyOtp({ type: 'magiclink', token_hash: link.properties.hashed_token }))
  assert.equal((await admin.signOut(session.access_token, 'global')).error, null)
  refused(await client.auth.refreshSession(), 'refresh_token_not_found')
  ok(await admin.deleteUser(invited.id, true))
  assert.ok(ok(await admin.getUserById(invited.id)).user.deleted_at)

  const made = ok(await admin.oauth.createClient({ client_name: 'App', redirect_uris: [home] }))
  assert.ok(made.client_secret)
  assert.ok(ok(await admin.oauth.listClients()).clients.some((c) => c.client_id === made.client_id))
  const renamed = ok(await admin.oauth.updateClient(made.client_id, { client_name: 'Other' }))
  assert.equal(renamed.client_name, 'Other')
  assert.notEqual(ok(await admin.oauth.regenerateClientSecret(made.client_id)).client_secret, made.client_secret)
  assert.equal(ok(await admin.oauth.getClient(made.client_id)).client_secret, undefined)
  assert.equal((await admin.oauth.deleteClient(made.client_id)).error, null)
  refused(await admin.oauth.getClient(made.client_id), 'oauth_client_not_found')
})
