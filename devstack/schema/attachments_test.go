package schema_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	insertObject  = `select public.rpc_insert_attachment_storage_object($1, $2, $3, $4, $5, $6::text::jsonb)`
	registerFile  = `select public.rpc_register_entity_attachment($1, $2, $3, $4, $5, $6)`
	describeFile  = `select public.rpc_update_entity_attachment_metadata($1, $2, $3, $4, $5)`
	uploadAsOwner = `insert into storage.objects (bucket_id, name, owner_id) values ('attachments', $1, $2)`
)

func objectName(tenant, entityType, entity, file string) string {
	return tenant + "/" + entityType + "/" + entity + "/" + file
}

// attach adds an object of the caller's and gives the ids of its attachment and file.
func attach(c caller, entityType, entity, file, metadata string) (id, fileID string) {
	c.db.t.Helper()
	name := objectName(c.tenant(), entityType, entity, file)
	c.ok(insertObject, c.tenant(), entityType, entity, name, c.id, metadata)
	id = superOne[string](c.db, `select a.id from app.entity_attachments a join app.files f on f.id = a.file_id where f.storage_path = $1`, name)
	return id, superOne[string](c.db, `select file_id from app.entity_attachments where id = $1`, id)
}

func TestAttachmentsOfObjects(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	technician, member := d.member(admin, "technician"), d.member(admin, "member")
	wo := one[string](admin, `select public.rpc_create_work_order($1, 'W', p_assigned_to => $2)`, tenant, technician.id)
	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump')`, tenant)

	attach(technician, "work_order", wo, "a b.jpg", `{"content_type": "image/jpeg", "byte_size": 7, "label": "Before", "kind": "photo",
		"document_type_key": "photo", "is_controlled": "true", "effective_date": "2026-02-30", "revision_label": ""}`)
	for _, view := range []string{"v_entity_attachments", "v_work_order_attachments"} {
		require.Equal(t, objectName(tenant, "work_order", wo, "a b.jpg")+"|a b.jpg|image/jpeg|Before|photo|photo|true|"+technician.id,
			one[string](member, `select concat_ws('|', storage_path, filename, content_type, label, kind, document_type_key, is_controlled::text,
				effective_date, revision_label, created_by) from public.`+view))
	}
	require.Equal(t, 1, member.count(`select * from public.v_mobile_work_order_attachments where work_order_id = $1`, wo))
	require.Zero(t, otherAdmin.count(`select * from public.v_entity_attachments`))

	name := objectName(tenant, "work_order", wo, "n.txt")
	for code, args := range map[string][]any{
		"P0001": {tenant, "work_order", wo, objectName(tenant, "asset", wo, "n.txt"), admin.id, "{}"},
		"42501": {tenant, "work_order", wo, name, technician.id, "{}"},
		"22P02": {tenant, "work_order", wo, objectName("x", "work_order", wo, "n.txt"), admin.id, "{}"},
		"23505": {tenant, "work_order", wo, objectName(tenant, "work_order", wo, "a b.jpg"), admin.id, "{}"},
	} {
		admin.fails(code, insertObject, args...)
	}
	for _, bad := range []string{name + "/deeper", tenant + "/work_order/" + wo} {
		admin.fails("P0001", insertObject, tenant, "work_order", wo, bad, admin.id, "{}")
	}
	for _, spelt := range []struct{ argument, inPath, file string }{
		{"work_order", "WORK_ORDER", "1"}, {" Work_Order ", "work_order", "2"}, {"work_order", "work_order", ""},
	} {
		path := objectName(tenant, spelt.inPath, wo, spelt.file)
		admin.ok(insertObject, tenant, spelt.argument, wo, path, admin.id, "{}")
		require.Equal(t, "work_order "+spelt.file, one[string](admin, `
			select entity_type || ' ' || filename from public.v_entity_attachments where storage_path = $1`, path))
	}
	for metadata, code := range map[string]string{
		`{"label": "` + strings.Repeat("x", 256) + `"}`: "23514",
		`{"kind": "Bad!"}`:                                            "23514",
		`{"document_type_key": "poem"}`:                               "23503",
		`{"is_controlled": "perhaps"}`:                                "22P02",
		`{"tenant_id": "nobody"}`:                                     "22P02",
		`{"entity_type": "asset", "entity_id": "` + wo + `"}`:         "P0001",
		`{"entity_type": "work_order", "entity_id": "` + asset + `"}`: "P0001",
		`{"tenant_id": "` + other + `"}`:                              "42501",
	} {
		admin.fails(code, insertObject, tenant, "work_order", wo, name, admin.id, metadata)
	}
	d.anon().fails("42501", insertObject, tenant, "work_order", wo, name, technician.id, "{}")
	d.anon().fails("42501", insertObject, tenant, "work_order", wo, name, nil, "{}")
	d.anon().fails("P0001", insertObject, tenant, "work_order", wo, "y", nil, "{}")
	for _, c := range []caller{d.anon(), d.service()} {
		c.fails("P0001", insertObject, nil, nil, nil, nil, nil, nil)
	}
	admin.fails("42501", insertObject, nil, nil, nil, nil, nil, nil)
	admin.fails("P0001", insertObject, nil, nil, nil, nil, admin.id, nil)
	admin.fails("P0001", insertObject, tenant, nil, wo, name, admin.id, "{}")
	member.fails("42501", insertObject, tenant, "work_order", wo, name, member.id, "{}")
	otherAdmin.fails("42501", insertObject, tenant, "work_order", wo, name, otherAdmin.id, "{}")
	admin.fails("42501", insertObject, tenant, "work_order", unknown, objectName(tenant, "work_order", unknown, "n.txt"), admin.id, "{}")
	admin.fails("42501", insertObject, tenant, "project", wo, objectName(tenant, "project", wo, "n.txt"), admin.id, "{}")
	admin.fails("42501", insertObject, tenant, "incident", wo, objectName(tenant, "incident", wo, "n.txt"), admin.id, "{}")
	require.Zero(t, superOne[int](d, `select count(*) from storage.objects where name = $1`, name))

	// What the Storage service stores is taken where the caller said nothing.
	member.ok(insertObject, tenant, "Asset", asset, objectName(tenant, "asset", asset, "m.pdf"), member.id, `{"mimetype": "application/pdf", "size": 5}`)
	require.Equal(t, "m.pdf application/pdf false", one[string](member, `select concat_ws(' ', filename, content_type, label, is_controlled::text) from public.v_asset_attachments where asset_id = $1`, asset))
}

func TestWhoMayAttach(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	requestor, from, to := d.member(admin, "requestor"), d.member(admin, "technician"), d.member(admin, "technician")
	_, outsider := d.tenant()
	site := one[string](admin, `select public.rpc_create_location($1, 'Site')`, tenant)
	supplier := one[string](admin, `select public.rpc_create_supplier($1, 'S')`, tenant)
	handover := one[string](from, `select public.rpc_create_shift_handover($1, null, now(), now(), $2)`, tenant, to.id)
	try := func(c caller, entityType, entity string) error {
		_, err := c.exec(insertObject, tenant, entityType, entity, objectName(tenant, entityType, entity, fmt.Sprint(serial.Add(1))), c.id, "{}")
		return err
	}
	for _, entity := range []struct {
		kind, id string
		allowed  []caller
		denied   []caller
	}{
		{"location", site, []caller{admin, requestor}, []caller{outsider}},
		{"supplier", supplier, []caller{admin, requestor}, []caller{outsider}},
		{"shift_handover", handover, []caller{from, to}, []caller{admin, requestor, outsider}},
	} {
		for _, c := range entity.allowed {
			require.NoError(t, try(c, entity.kind, entity.id), entity.kind)
		}
		for _, c := range entity.denied {
			require.Equal(t, "42501", sqlState(try(c, entity.kind, entity.id)), entity.kind)
		}
	}
	require.Equal(t, 2, requestor.count(`select * from public.v_location_attachments where location_id = $1`, site))
}

func TestPoliciesOfTheBucket(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	technician, member := d.member(admin, "technician"), d.member(admin, "member")
	_, outsider := d.tenant()
	wo := one[string](admin, `select public.rpc_create_work_order($1, 'W', p_assigned_to => $2)`, tenant, technician.id)
	name := objectName(tenant, "work_order", wo, "x.txt")

	for _, bad := range []string{"x.txt", name + "/y", "a/work_order/b/x.txt", objectName(tenant, "project", wo, "x.txt")} {
		technician.fails("42501", uploadAsOwner, bad, technician.id)
	}
	member.fails("42501", uploadAsOwner, name, member.id)
	technician.fails("42501", uploadAsOwner, name, admin.id)
	technician.fails("42501", uploadAsOwner, name, nil)
	technician.fails("42501", `insert into storage.objects (bucket_id, name, owner_id) values ('elsewhere', $1, $2)`, name, technician.id)
	d.anon().fails("42501", uploadAsOwner, name, nil)
	technician.with("client_id", "app").fails("42501", uploadAsOwner, name, technician.id)
	technician.ok(uploadAsOwner, name, technician.id)
	require.Equal(t, 1, technician.count(`select * from public.v_work_order_attachments where storage_path = $1 and content_type is null and created_by = $2`, name, technician.id))

	read := `select * from storage.objects where name = $1`
	for _, c := range []caller{technician, member, admin} {
		require.Equal(t, 1, c.count(read, name))
	}
	require.Zero(t, outsider.count(read, name))
	require.Zero(t, d.anon().count(read, name))

	update := `update storage.objects set metadata = '{}' where name = $1`
	stranger := technician.with("client_id", "app")
	for _, statement := range []string{read, update, `delete from storage.objects where name = $1`} {
		require.Zero(t, stranger.count(statement, name), "an OAuth client without a grant: %s", statement)
	}
	require.Equal(t, []int{1, 0, 1, 0}, []int{technician.count(update, name), member.count(update, name), admin.count(update, name), outsider.count(update, name)})
	technician.fails("42501", `update storage.objects set name = $2 where name = $1`, name, objectName(tenant, "work_order", wo, "y.txt"))

	remove := `delete from storage.objects where name = $1`
	require.Equal(t, []int{0, 0, 1}, []int{member.count(remove, name), outsider.count(remove, name), technician.count(remove, name)})

	// An object whose file has no link left is for every member of the tenant to
	// remove, but no longer to see, which a condition would need.
	d.super(`insert into storage.objects (bucket_id, name, owner_id) values ('attachments', $1, $2)`, objectName(tenant, "work_order", wo, "z.txt"), technician.id)
	d.super(`alter table app.entity_attachments disable trigger prune`)
	d.super(`delete from app.entity_attachments`)
	require.Equal(t, []int{0, 1}, []int{outsider.count(`delete from storage.objects`), member.count(`delete from storage.objects`)})
}

// With a grant an OAuth client does what its user may.
func TestGrantedClientsUseTheBucket(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	wo := one[string](admin, createWO, tenant, "W")
	name := objectName(tenant, "work_order", wo, "x.txt")
	client := admin.with("client_id", "app")
	admin.ok(`select public.rpc_replace_oauth_client_tenant_grants('app', $1)`, []string{tenant})

	client.ok(uploadAsOwner, name, admin.id)
	require.Equal(t, 1, client.count(`select * from storage.objects where name = $1`, name))
	require.Equal(t, 1, client.count(`update storage.objects set metadata = '{}' where name = $1`, name))
	require.Equal(t, 1, client.count(`update public.v_work_order_attachments set label = 'L'`))
	admin.ok(`select public.rpc_replace_oauth_client_tenant_grants('app', null)`)
	client.fails("42501", `update public.v_work_order_attachments set label = 'L'`)
	client.fails("42501", `delete from public.v_work_order_attachments`)
	require.Zero(t, client.count(`delete from storage.objects where name = $1`, name))
	admin.ok(`select public.rpc_replace_oauth_client_tenant_grants('app', $1)`, []string{tenant})
	require.Equal(t, 1, client.count(`delete from storage.objects where name = $1`, name))
}

func TestWritableViewsAnswerWithWhatIsStored(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	technician := d.member(admin, "technician")
	wo := one[string](admin, createWO, tenant, "W")
	id, _ := attach(admin, "work_order", wo, "a", `{"label": "old"}`)
	entry := one[string](admin, `select public.rpc_log_work_order_time($1, $2, 5)`, tenant, wo)
	for view, c := range map[string]struct {
		id     string
		change string
	}{
		"v_work_order_attachments": {id, `label = 'new', filename = 'x', storage_path = 'x', bucket_id = 'x', content_type = 'x', created_by_name = 'x',
			created_at = '2020-01-01', updated_at = '2020-01-01'`},
		"v_work_order_time_entries": {entry, `minutes = 6, user_name = 'x', created_by = null, created_by_name = 'x', tenant_id = gen_random_uuid(),
			id = gen_random_uuid(), created_at = '2020-01-01', updated_at = '2020-01-01'`},
	} {
		echo := one[string](admin, `update public.`+view+` v set `+c.change+` where id = $1 returning to_jsonb(v)::text`, c.id)
		require.JSONEq(t, one[string](admin, `select to_jsonb(v)::text from public.`+view+` v where id = $1`, c.id), echo)
		require.NotContains(t, echo, `"x"`)
	}
	handed := one[string](admin, `update public.v_work_order_time_entries set user_id = $2 where id = $1 returning user_id`, entry, technician.id)
	require.Equal(t, technician.id, handed)
}

func TestAnonymousWritesOfTheViewsTouchNothing(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	wo := one[string](admin, createWO, tenant, "W")
	attach(admin, "work_order", wo, "a", "{}")
	admin.ok(`select public.rpc_log_work_order_time($1, $2, 5)`, tenant, wo)
	for _, view := range []string{"v_work_order_attachments", "v_work_order_time_entries"} {
		require.Zero(t, d.anon().count(`delete from public.`+view))
		require.Zero(t, d.anon().count(`update public.`+view+` set updated_at = now()`))
		require.Equal(t, 1, admin.count(`select * from public.`+view))
	}
}

func TestMetadataOfAttachments(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	technician, member, manager := d.member(admin, "technician"), d.member(admin, "member"), d.member(admin, "manager")
	_, outsider := d.tenant()
	wo := one[string](admin, `select public.rpc_create_work_order($1, 'W', p_assigned_to => $2)`, tenant, technician.id)
	id, _ := attach(technician, "work_order", wo, "a", `{"label": "old"}`)
	show := func() string {
		return one[string](member, `select concat_ws('|', label, kind, document_type_key, is_controlled::text) from public.v_work_order_attachments where id = $1`, id)
	}
	technician.ok(describeFile, id, "L", "k_1", "photo", true)
	manager.ok(describeFile, id, nil, nil, nil, nil)
	require.Equal(t, "L|k_1|photo|true", show())
	for _, c := range []caller{member, outsider, d.anon()} {
		c.fails("P0001", describeFile, id, "L", nil, nil, nil)
	}
	admin.fails("P0001", describeFile, unknown, "L", nil, nil, nil)
	admin.fails("23514", describeFile, id, "", nil, nil, nil)
	admin.fails("23514", describeFile, id, nil, "Bad!", nil, nil)
	admin.fails("23503", describeFile, id, nil, nil, "poem", nil)

	patch := `update public.v_work_order_attachments set `
	technician.fails("P0001", patch+`work_order_id = $2 where id = $1`, id, unknown)
	technician.fails("P0001", patch+`created_by = $2 where id = $1`, id, admin.id)
	technician.fails("23502", patch+`is_controlled = null where id = $1`, id)
	technician.fails("23514", patch+`label = '' where id = $1`, id)
	technician.fails("23503", patch+`document_type_key = 'poem' where id = $1`, id)
	member.fails("42501", patch+`label = 'x' where id = $1`, id)
	require.Zero(t, outsider.count(patch+`label = 'x' where id = $1`, id))
	technician.ok(patch+`label = null, document_type_key = null, filename = 'ignored' where id = $1`, id)
	require.Equal(t, "k_1|true", show())
	require.Equal(t, 1, admin.count(`select * from public.v_work_order_attachments where filename = 'a' and updated_at > created_at`))
	member.fails("42501", `delete from public.v_work_order_attachments where id = $1`, id)
	admin.fails("55000", `delete from public.v_entity_attachments where id = $1`, id)
	require.Equal(t, 1, manager.count(`delete from public.v_work_order_attachments where id = $1`, id))
	require.Zero(t, superOne[int](d, `select count(*) from storage.objects`)+superOne[int](d, `select count(*) from app.files`))
	require.NotZero(t, superOne[int](d, `select count(*) from audit.entity_changes where table_name = 'entity_attachments' and operation = 'DELETE'`))
}

func TestRegisteringFiles(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	member := d.member(admin, "member")
	wo, second := one[string](admin, createWO, tenant, "A"), one[string](admin, createWO, tenant, "B")
	_, file := attach(admin, "work_order", wo, "f", "{}")

	link := one[string](admin, registerFile, tenant, " Work_Order ", second, file, "L", "k")
	require.Equal(t, 1, member.count(`select * from public.v_work_order_attachments where id = $1 and work_order_id = $2 and label = 'L' and created_by = $3`, link, second, admin.id))
	admin.fails("23505", registerFile, tenant, "work_order", second, file, nil, nil)
	admin.fails("P0001", registerFile, tenant, "work_order", wo, unknown, nil, nil)
	admin.fails("42501", registerFile, tenant, "project", wo, file, nil, nil)
	admin.fails("42501", registerFile, tenant, "work_order", unknown, file, nil, nil)
	member.fails("42501", registerFile, tenant, "work_order", wo, file, nil, nil)
	third := one[string](admin, createWO, tenant, "C")
	admin.fails("23514", registerFile, tenant, "work_order", third, file, "", nil)
	admin.fails("23514", registerFile, tenant, "work_order", third, file, nil, "Bad!")
	otherAdmin.fails("P0001", registerFile, other, "work_order", one[string](otherAdmin, createWO, other, "W"), file, nil, nil)
	d.anon().fails("28000", registerFile, tenant, "work_order", wo, file, nil, nil)

	admin.ok(`delete from public.v_work_order_attachments where id = $1`, link)
	admin.ok(registerFile, tenant, "work_order", second, file, nil, nil)
	admin.ok(`delete from public.v_work_order_attachments where file_id = $1`, file)
	admin.fails("P0001", registerFile, tenant, "work_order", wo, file, nil, nil)
	require.Zero(t, superOne[int](d, `select count(*) from storage.objects`))
}

func TestTheLastOfTwoLinksTakesTheFileAlong(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	for range 10 {
		wo, second := one[string](admin, createWO, tenant, "A"), one[string](admin, createWO, tenant, "B")
		first, file := attach(admin, "work_order", wo, "f", "{}")
		link := one[string](admin, registerFile, tenant, "work_order", second, file, nil, nil)
		var wg sync.WaitGroup
		for _, id := range []string{first, link} {
			wg.Go(func() {
				_, err := admin.exec(`delete from public.v_work_order_attachments where id = $1`, id)
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	require.Zero(t, superOne[int](d, `select count(*) from app.files`)+superOne[int](d, `select count(*) from storage.objects`))
}

func TestAttachmentsGoWithTheirParent(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	site := one[string](admin, `select public.rpc_create_location($1, 'Site')`, tenant)
	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump', p_location_id => $2)`, tenant, site)
	wo := one[string](admin, createWO, tenant, "W")
	supplier := one[string](admin, `select public.rpc_create_supplier($1, 'S')`, tenant)
	handover := one[string](admin, `select public.rpc_create_shift_handover($1, null, now(), now(), $2)`, tenant, admin.id)
	attach(admin, "location", site, "l", "{}")
	attach(admin, "supplier", supplier, "s", "{}")
	attach(admin, "shift_handover", handover, "h", "{}")
	_, file := attach(admin, "asset", asset, "a", "{}")
	admin.ok(registerFile, tenant, "work_order", wo, file, nil, nil)
	left := func() int { return superOne[int](d, `select count(*) from storage.objects`) }

	require.Equal(t, 4, left())
	admin.ok(`select public.rpc_delete_asset($1, $2)`, tenant, asset)
	require.Equal(t, 4, left(), "the file of the asset belongs to the work order too")
	d.super(`delete from app.work_orders`)
	require.Equal(t, 3, left())
	admin.ok(`select public.rpc_delete_location($1, $2)`, tenant, site)
	d.super(`delete from app.suppliers`)
	require.Equal(t, 1, left())
	d.super(`delete from app.tenants`)
	require.Zero(t, left())
}
