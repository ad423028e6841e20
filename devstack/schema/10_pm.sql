-- preventive maintenance: schedules that work orders can come from

-- ---------------------------------------------------------------- tables

create table app.pm_schedules (
  id                      uuid primary key default gen_random_uuid(),
  tenant_id               uuid not null references app.tenants on delete cascade,
  asset_id                uuid,
  template_id             uuid,
  title                   text not null check (length(title) between 1 and 500),
  description             text,
  trigger_type            text not null
    check (trigger_type in ('time', 'usage', 'calendar', 'condition', 'manual')),
  trigger_config          jsonb not null default '{}',
  wo_title                text,
  wo_description          text,
  wo_priority             text,
  wo_priority_entity_type text not null default 'work_order' check (wo_priority_entity_type = 'work_order'),
  wo_estimated_hours      numeric check (wo_estimated_hours >= 0),
  auto_generate           boolean not null default true,
  next_due_date           timestamptz,
  last_completed_at       timestamptz,
  last_work_order_id      uuid,
  completion_count        integer not null default 0,
  parent_pm_id            uuid,
  is_active               boolean not null default true,
  created_at              timestamptz not null default now(),
  updated_at              timestamptz not null default now(),
  unique (tenant_id, asset_id, title),
  unique (tenant_id, id),
  foreign key (tenant_id, asset_id) references app.assets (tenant_id, id) on delete cascade,
  foreign key (tenant_id, parent_pm_id) references app.pm_schedules (tenant_id, id)
    on delete set null (parent_pm_id),
  foreign key (tenant_id, wo_priority_entity_type, wo_priority)
    references cfg.priority_catalogs (tenant_id, entity_type, key)
);

-- ---------------------------------------------------------------- policies

alter table app.pm_schedules enable row level security;
create policy pm_schedules_read on app.pm_schedules for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

-- ---------------------------------------------------------------- functions

create trigger touch before update on app.pm_schedules
  for each row execute function app.touch_updated_at();

-- ---------------------------------------------------------------- grants

grant select on app.pm_schedules to anon, authenticated;
