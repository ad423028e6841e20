package schema_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// fillLabor is the part of fill for certifications and shifts.
func fillLabor(admin caller, technician string) {
	tenant := admin.tenant()
	lift := one[string](admin, `insert into public.v_certification_catalogs (tenant_id, name) values ($1, 'Lift') returning id`, tenant)
	admin.ok(`insert into public.v_technician_certifications (tenant_id, technician_id, certification_id, issued_at, issued_by) values ($1, $2, $3, '2030-01-01', $4)`, tenant, technician, lift, admin.id)
	admin.ok(`insert into public.v_shift_templates (tenant_id, technician_id, day_of_week, start_time, end_time) values ($1, $2, 1, '08:00', '16:00')`, tenant, technician)
}

func TestLaborRecordsAreWrittenThroughTheirViews(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	manager := d.member(admin, "manager")
	ada := one[string](admin, `select public.rpc_create_technician($1, $2)`, tenant, admin.id)
	theirs := one[string](otherAdmin, `select public.rpc_create_technician($1, $2)`, other, otherAdmin.id)

	for _, view := range []string{"v_skill_catalogs", "v_certification_catalogs"} {
		create := `insert into public.` + view + ` (tenant_id, name, code) values ($1, $2, $3) returning id`
		manager.fails("42501", create, tenant, "Weld", nil)
		admin.fails("42501", create, other, "Weld", nil)
		admin.fails("23514", create, tenant, "", nil)
		admin.fails("23514", create, tenant, strings.Repeat("x", 256), nil)
		admin.fails("23514", create, tenant, "Weld", "Weld")
		one[string](admin, create, tenant, "Weld", "weld")
		admin.fails("23505", create, tenant, "Weld 2", "weld")
		one[string](otherAdmin, create, other, "Weld", "weld")
		require.Zero(t, manager.count(`update public.`+view+` set name = 'Mine'`))
		require.Equal(t, 1, manager.count(`select * from public.`+view+` where name = 'Weld'`))
	}
	admin.fails("23514", `insert into public.v_certification_catalogs (tenant_id, name, validity_days) values ($1, 'X', 0)`, tenant)

	skill := `insert into public.v_technician_skills (tenant_id, technician_id, skill_id, proficiency) select $1::uuid, $2::uuid, id, $3 from public.v_skill_catalogs`
	manager.fails("42501", skill, tenant, ada, nil)
	admin.fails("23514", skill, tenant, ada, "")
	admin.fails("23503", skill, tenant, theirs, nil)
	admin.ok(skill, tenant, ada, "expert")
	admin.fails("23505", skill, tenant, ada, nil)

	certify := `insert into public.v_technician_certifications (tenant_id, technician_id, certification_id, issued_at, expires_at) select $1::uuid, $2::uuid, id, $3::date, $4::date from public.v_certification_catalogs`
	manager.fails("42501", certify, tenant, ada, "2031-01-31", nil)
	admin.fails("23502", certify, tenant, ada, nil, nil)
	admin.fails("23503", certify, tenant, theirs, "2031-01-31", nil)
	admin.ok(certify, tenant, ada, "2031-01-31", nil)
	admin.ok(certify, tenant, ada, "2031-01-31", "2030-01-01")
	require.Equal(t, 2, manager.count(`select * from public.v_technician_certifications where technician_id = $1`, ada))

	template := `insert into public.v_shift_templates (tenant_id, technician_id, crew_id, day_of_week, start_time, end_time) values ($1, $2, $3, $4, $5, $6)`
	crew := one[string](admin, `select public.rpc_create_crew($1, 'Night')`, tenant)
	manager.fails("42501", template, tenant, ada, nil, 1, "08:00", "16:00")
	admin.fails("23514", template, tenant, nil, nil, 1, "08:00", "16:00")
	admin.fails("23514", template, tenant, ada, crew, 1, "08:00", "16:00")
	admin.fails("23514", template, tenant, ada, nil, 7, "08:00", "16:00")
	admin.fails("23514", template, tenant, ada, nil, 1, "22:00", "06:00")
	admin.fails("23503", template, tenant, theirs, nil, 1, "08:00", "16:00")
	admin.ok(template, tenant, nil, crew, 1, "08:00", "24:00")
	admin.ok(`select public.rpc_delete_crew($1, $2)`, tenant, crew)
	require.Zero(t, admin.count(`select * from public.v_shift_templates`))
}

func TestShiftsFromTemplates(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	_, outsider := d.tenant()
	requestor := d.member(admin, "requestor")
	ada := one[string](admin, `select public.rpc_create_technician($1, $2)`, tenant, admin.id)
	crew := one[string](admin, `select public.rpc_create_crew($1, 'Night')`, tenant)
	template := `insert into public.v_shift_templates (tenant_id, technician_id, crew_id, day_of_week, start_time, end_time, label) values ($1, $2, $3, $4, $5, $6, $7)`
	admin.ok(template, tenant, ada, nil, 1, "08:00", "16:00", "Mo")
	admin.ok(template, tenant, nil, crew, 0, "02:30", "03:30", "Su")
	admin.ok(template, tenant, ada, nil, 6, "20:00", "24:00", "Sa")
	// What was made, as "label start end" in UTC.
	generate := `select concat_ws(' ', g.label, to_char(g.start_at at time zone 'utc', 'MM-DD HH24:MI'), to_char(g.end_at at time zone 'utc', 'MM-DD HH24:MI'))
		from public.rpc_generate_shifts_from_templates($1, $2, $3) g`
	inBerlin := func(day string) (made []string, err error) {
		err = admin.do(t.Context(), func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), `set local timezone to 'Europe/Berlin'`); err != nil {
				return err
			}
			rows, err := tx.Query(t.Context(), generate, tenant, day, day)
			if err != nil {
				return err
			}
			made, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
		return made, err
	}

	for _, bad := range []caller{outsider, d.anon(), d.service()} {
		bad.fails("42501", generate, tenant, "2031-03-10", "2031-03-10")
	}
	admin.fails("42501", generate, nil, "2031-03-10", "2031-03-10")
	admin.fails("22000", generate, tenant, "2031-03-11", "2031-03-10")
	admin.fails("22000", generate, tenant, "2031-03-10", "2041-03-11")
	require.Empty(t, column[string](admin, generate, tenant, nil, "2031-03-10"))
	require.Empty(t, column[string](admin, generate, tenant, "2031-03-10", nil))
	require.Empty(t, column[string](admin, generate, tenant, "2031-03-11", "2031-03-14"))

	require.Equal(t, []string{"Mo 03-10 08:00 03-10 16:00"}, column[string](requestor, generate, tenant, "2031-03-10", "2031-03-10"))
	admin.ok(generate, tenant, "2031-03-10", "2031-03-10")
	require.Equal(t, "2 960", one[string](admin, `select concat_ws(' ', shift_count, scheduled_minutes) from public.v_technician_capacity where shift_date = '2031-03-10'`), "again makes it again")
	require.Equal(t, []string{"Sa 02-28 20:00 02-29 00:00", "Su 02-29 02:30 02-29 03:30", "Mo 03-01 08:00 03-01 16:00"},
		column[string](admin, generate, tenant, "2032-02-28", "2032-03-01"), "over a leap day")

	for _, tc := range []struct {
		day  string
		want []string
	}{
		{"2031-10-20", []string{"Mo 10-20 06:00 10-20 14:00"}},
		{"2031-10-27", []string{"Mo 10-27 07:00 10-27 15:00"}},
		{"2031-10-26", []string{"Su 10-26 01:30 10-26 02:30"}}, // the hour that comes twice
	} {
		made, err := inBerlin(tc.day)
		require.NoError(t, err)
		require.Equal(t, tc.want, made, tc.day)
	}
	_, err := inBerlin("2031-03-30") // the hour that does not come
	require.Equal(t, "23514", sqlState(err))
}

func TestShiftConflicts(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	_, outsider := d.tenant()
	requestor := d.member(admin, "requestor")
	ada := one[string](admin, `select public.rpc_create_technician($1, $2)`, tenant, admin.id)
	crew := one[string](admin, `select public.rpc_create_crew($1, 'Night')`, tenant)
	shift := `insert into public.v_shifts (tenant_id, technician_id, crew_id, start_at, end_at) values ($1, $2, $3, $4, $5) returning id`
	id := one[string](admin, shift, tenant, ada, nil, "2031-06-02T08:00Z", "2031-06-02T12:00Z")
	one[string](admin, shift, tenant, nil, crew, "2031-06-02T08:00Z", "2031-06-02T12:00Z")
	ask := `select id from public.rpc_check_shift_conflicts($1, $2, $3, $4)`

	for _, tc := range []struct {
		name          string
		start, end    any
		exclude       any
		wantConflicts int
	}{
		{"inside", "2031-06-02T09:00Z", "2031-06-02T10:00Z", nil, 1},
		{"one minute", "2031-06-02T07:00Z", "2031-06-02T08:01Z", nil, 1},
		{"before", "2031-06-02T06:00Z", "2031-06-02T08:00Z", nil, 0},
		{"after", "2031-06-02T12:00Z", "2031-06-02T13:00Z", nil, 0},
		{"reversed", "2031-06-02T10:00Z", "2031-06-02T09:00Z", nil, 0},
		{"empty", "2031-06-02T09:00Z", "2031-06-02T09:00Z", nil, 0},
		{"open start", nil, "2031-06-02T09:00Z", nil, 1},
		{"open end", "2031-06-02T11:00Z", nil, nil, 1},
		{"itself", "2031-06-02T09:00Z", "2031-06-02T10:00Z", id, 0},
		{"another excluded", "2031-06-02T09:00Z", "2031-06-02T10:00Z", unknown, 1},
	} {
		require.Equal(t, tc.wantConflicts, requestor.count(ask, ada, tc.start, tc.end, tc.exclude), tc.name)
	}
	require.Equal(t, 1, d.service().count(ask, ada, nil, nil, nil))
	for _, c := range []caller{outsider, d.anon(), d.user(`{}`), requestor.with("client_id", "unknown")} {
		require.Zero(t, c.count(ask, ada, nil, nil, nil), "nothing for others")
	}
	require.Zero(t, admin.count(ask, nil, nil, nil, nil))
}

func TestCapacityAndLaborActuals(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	requestor := d.member(admin, "requestor")
	ada := one[string](admin, `select public.rpc_create_technician($1, $2)`, tenant, admin.id)
	shift := `insert into public.v_shifts (tenant_id, technician_id, start_at, end_at) values ($1, $2, $3, $4)`
	for start, end := range map[string]string{
		"2031-06-02T08:00Z": "2031-06-02T12:00Z", "2031-06-02T11:00Z": "2031-06-02T13:30Z", // overlap
		"2031-06-03T22:00Z":      "2031-06-04T06:00Z",
		"2031-06-06T00:30+02:00": "2031-06-06T00:30:30+02:00", // the 5th in UTC, half a minute
		"2031-06-06T08:00Z":      "2031-06-06T08:01:29Z",
		"2031-06-07T08:00Z":      "2031-06-07T08:01:30Z",
	} {
		admin.ok(shift, tenant, ada, start, end)
	}
	require.Equal(t, []string{"2031-06-02 2 390", "2031-06-03 1 480", "2031-06-05 1 1", "2031-06-06 1 1", "2031-06-07 1 2"},
		column[string](requestor, `select concat_ws(' ', shift_date, shift_count, scheduled_minutes) from public.v_technician_capacity order by 1`))

	wo := one[string](admin, createWO, tenant, "W")
	admin.ok(`select public.rpc_log_work_order_time($1, $2, 30)`, tenant, wo)
	admin.ok(`select public.rpc_log_work_order_time($1, $2, 15)`, tenant, wo)
	actuals := `select concat_ws(' ', user_id = $1, technician_id is not null, entry_count, total_minutes, coalesce(total_labor_cost_cents::text, '-')) from public.v_work_order_labor_actuals order by technician_id nulls first`
	require.Equal(t, []string{"t f 2 45 -"}, column[string](requestor, actuals, admin.id))
	d.super(`update app.work_order_time_entries set technician_id = $1, labor_cost_cents = 1250 where minutes = 15`, ada)
	require.Equal(t, []string{"t f 1 30 -", "t t 1 15 1250"}, column[string](requestor, actuals, admin.id))
	admin.fails("55000", `insert into public.v_work_order_labor_actuals (tenant_id) values ($1)`, tenant)
}
