// Drives a running stack with supabase-js: what it relies on must hold.
// Needs SUPABASE_URL and SUPABASE_ANON_KEY.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { before, test } from 'node:test'
import { createClient } from '@supabase/supabase-js'

const url = process.env.SUPABASE_URL
const key = process.env.SUPABASE_ANON_KEY
// Node 20 has no WebSocket of its own, and nothing here listens.
const noRealtime = { realtime: { transport: class {} } }
const newClient = () =>
  createClient(url, key, { auth: { persistSession: false, autoRefreshToken: false }, ...noRealtime })

const email = `smoke-${randomUUID()}@example.com`
const password = 'correct horse'
const supabase = newClient()
let tenantId

const ok = ({ data, error }) => {
  assert.equal(error, null, error && `${error.code} ${error.message}`)
  return data
}

const createWorkOrder = (args) =>
  supabase.rpc('rpc_create_work_order', { p_tenant_id: tenantId, ...args })

before(async () => {
  const signedUp = ok(await supabase.auth.signUp({
    email, password, options: { data: { first_name: 'Ada', last_name: 'Byron' } },
  }))
  assert.equal(signedUp.user.email, email)
  assert.ok(signedUp.session.access_token)
  tenantId = ok(await supabase.rpc('rpc_create_tenant', {
    p_name: 'Smoke', p_slug: `smoke-${randomUUID().slice(0, 8)}`,
  }))
  assert.match(tenantId, /^[0-9a-f-]{36}$/)
  assert.equal(ok(await supabase.rpc('rpc_set_tenant_context', { p_tenant_id: tenantId })), null)
  const { session } = ok(await supabase.auth.refreshSession())
  const claims = JSON.parse(Buffer.from(session.access_token.split('.')[1], 'base64url'))
  assert.equal(claims.tenant_id, tenantId)
  for (const [title, priority] of [['One', 'low'], ['Two, (half)', 'high'], ['Three', 'high']]) {
    ok(await createWorkOrder({ p_title: title, p_priority: priority }))
  }
})

test('password grant: right, wrong, and signing up twice', async () => {
  const other = newClient()
  const { user } = ok(await other.auth.signInWithPassword({ email, password }))
  assert.equal(user.user_metadata.first_name, 'Ada')
  const wrong = await other.auth.signInWithPassword({ email, password: 'wrong' })
  assert.equal(wrong.error.code, 'invalid_credentials')
  assert.equal(wrong.error.status, 400)
  const again = await other.auth.signUp({ email, password })
  assert.equal(again.error.code, 'user_already_exists')
  const weak = await other.auth.signUp({ email: `weak-${email}`, password: 'abc' })
  assert.equal(weak.error.code, 'weak_password')
})

test('refresh grant rotates, and sign-out ends the session', async () => {
  const other = newClient()
  const { session } = ok(await other.auth.signInWithPassword({ email, password }))
  const { session: next } = ok(await other.auth.refreshSession())
  assert.notEqual(next.refresh_token, session.refresh_token)
  ok(await other.auth.getUser())
  assert.equal((await other.auth.signOut({ scope: 'local' })).error, null)
  const late = await other.auth.refreshSession({ refresh_token: next.refresh_token })
  assert.ok(['refresh_token_not_found', 'session_not_found'].includes(late.error.code), late.error.code)
})

test('updating the user merges its data', async () => {
  const { user } = ok(await supabase.auth.updateUser({ data: { colour: 'green' } }))
  assert.equal(user.user_metadata.colour, 'green')
  assert.equal(user.user_metadata.first_name, 'Ada')
})

test('filtered, ordered and counted reads', async () => {
  const { data, count, error } = await supabase.from('v_work_orders')
    .select('title,priority', { count: 'exact' })
    .eq('priority', 'high').order('title', { ascending: false }).range(0, 0)
  assert.equal(error, null)
  assert.equal(count, 2)
  assert.deepEqual(data, [{ title: 'Two, (half)', priority: 'high' }])
  const either = ok(await supabase.from('v_work_orders').select('title')
    .or('priority.eq.low,title.eq."Two, (half)"').order('title'))
  assert.deepEqual(either.map((r) => r.title), ['One', 'Two, (half)'])
  assert.equal(ok(await supabase.from('v_work_orders').select('id').in('title', ['One', 'Two, (half)'])).length, 2)
  const { count: head } = await supabase.from('v_work_orders').select('*', { count: 'exact', head: true })
  assert.equal(head, 3)
})

test('single-object reads', async () => {
  const one = ok(await supabase.from('v_tenants').select('*').eq('id', tenantId).single())
  assert.equal(one.name, 'Smoke')
  assert.equal(ok(await supabase.from('v_tenants').select('*').eq('id', randomUUID()).maybeSingle()), null)
  const none = await supabase.from('v_tenants').select('*').eq('id', randomUUID()).single()
  assert.equal(none.error.code, 'PGRST116')
  assert.equal(none.status, 406)
})

test('RPC results: scalar, array, object and void', async () => {
  assert.equal(ok(await supabase.rpc('rpc_has_permission',
    { p_tenant_id: tenantId, p_permission_key: 'workorder.create' }, { get: true })), true)
  assert.equal(ok(await supabase.rpc('rpc_get_user_permissions', { p_tenant_id: tenantId })).length, 65)
  const graph = ok(await supabase.rpc('rpc_get_workflow_graph',
    { p_tenant_id: tenantId, p_entity_type: 'work_order' }))
  assert.equal(graph.transitions.length, 7)
  const department = ok(await supabase.rpc('rpc_create_department', { p_tenant_id: tenantId, p_name: 'Line' }))
  const gone = await supabase.rpc('rpc_delete_department',
    { p_tenant_id: tenantId, p_department_id: department })
  assert.equal(gone.error, null)
  assert.equal(gone.status, 204)
})

test('errors keep their code and status', async () => {
  const cases = [
    [createWorkOrder({ p_title: 'x', p_priority: 'urgent' }), '23503', 409],
    [createWorkOrder({ p_title: '' }), '23514', 400],
    [createWorkOrder({}), 'PGRST202', 404],
    [supabase.from('v_nothing').select('*'), 'PGRST205', 404],
    [supabase.from('v_work_orders').select('nothing'), '42703', 400],
    [supabase.from('v_work_orders').select('*').eq('id', 'not-a-uuid'), '22P02', 400],
    [newClient().rpc('rpc_create_tenant', { p_name: 'a', p_slug: 'abc' }), '28000', 403],
    [newClient().from('v_audit_entity_changes').select('*'), '42501', 401],
    [supabase.schema('private').from('x').select('*'), 'PGRST106', 406],
  ]
  for (const [call, code, status] of cases) {
    const { error, status: got } = await call
    assert.equal(error?.code, code)
    assert.equal(got, status, code)
  }
  assert.deepEqual(ok(await newClient().from('v_work_orders').select('*')), [])
})

test('attachments: upload, download, sign, list and remove', async () => {
  const workOrder = ok(await createWorkOrder({ p_title: 'With a file' }))
  const files = supabase.storage.from('attachments')
  const folder = `${tenantId}/work_order/${workOrder}`
  const path = `${folder}/${randomUUID()}-note (1).txt`
  const uploaded = ok(await files.upload(path, 'Bearing is worn', { contentType: 'text/plain', metadata: { by: 'Ada' } }))
  assert.equal(uploaded.path, path)
  assert.equal(uploaded.fullPath, `attachments/${path}`)
  const [row] = ok(await supabase.from('v_work_order_attachments').select('*').eq('work_order_id', workOrder))
  assert.equal(row.storage_path, path)

  assert.equal(await ok(await files.download(path)).text(), 'Bearing is worn')
  const info = ok(await files.info(path))
  assert.equal(info.size, 15)
  assert.deepEqual(info.metadata, { by: 'Ada' })
  assert.equal(ok(await files.exists(path)), true)
  assert.equal((await files.exists(`${folder}/none`)).data, false)
  const { signedUrl } = ok(await files.createSignedUrl(path, 60))
  assert.equal(await (await fetch(signedUrl)).text(), 'Bearing is worn')
  assert.equal((await fetch(`${signedUrl}x`)).status, 400)
  const [many] = ok(await files.createSignedUrls([path], 60))
  assert.equal(await (await fetch(many.signedUrl)).text(), 'Bearing is worn')
  assert.deepEqual(ok(await files.list(folder)).map((f) => `${folder}/${f.name}`), [path])

  const blob = `${folder}/${randomUUID()}-photo.png`
  ok(await files.upload(blob, new Blob(['pixels'], { type: 'image/png' })))
  ok(await files.update(blob, new Blob(['more pixels'], { type: 'image/png' })))
  assert.equal(await ok(await files.download(blob)).text(), 'more pixels')

  const again = await files.upload(path, 'x')
  assert.equal(again.error.statusCode, '409')
  const outside = await files.upload(`${randomUUID()}/work_order/${workOrder}/a.txt`, 'x')
  assert.equal(outside.error.message, 'new row violates row-level security policy')
  assert.equal((await newClient().storage.from('attachments').download(path)).error !== null, true)
  assert.deepEqual(ok(await files.remove([path, blob])).map((f) => f.name).sort(), [path, blob].sort())
  assert.equal((await files.download(path)).error !== null, true)
})

test('a bad token is refused', async () => {
  const forged = createClient(url, key, {
    ...noRealtime,
    accessToken: async () => 'eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYXV0aGVudGljYXRlZCJ9.c2ln',
  })
  const { error, status } = await forged.from('v_tenants').select('*')
  assert.equal(status, 401)
  assert.equal(error.code, 'PGRST301')
})
