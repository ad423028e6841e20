-- preventive maintenance: templates, and schedules that work orders can come from

-- ---------------------------------------------------------------- tables

create table app.pm_templates (
  id                      uuid primary key default gen_random_uuid(),
  tenant_id               uuid not null references app.tenants on delete cascade,
  name                    text not null check (length(name) between 1 and 255),
  description             text,
  trigger_type            text not null
    check (trigger_type in ('time', 'usage', 'calendar', 'condition', 'manual')),
  trigger_config          jsonb not null,
  wo_title                text,
  wo_description          text,
  wo_priority             text,
  wo_priority_entity_type text not null default 'work_order' check (wo_priority_entity_type = 'work_order'),
  wo_estimated_hours      numeric check (wo_estimated_hours >= 0),
  is_system               boolean not null default false,
  created_at              timestamptz not null default now(),
  updated_at              timestamptz not null default now(),
  unique (tenant_id, id),
  foreign key (tenant_id, wo_priority_entity_type, wo_priority)
    references cfg.priority_catalogs (tenant_id, entity_type, key)
);

create table app.pm_template_checklist_items (
  id            uuid primary key default gen_random_uuid(),
  tenant_id     uuid not null references app.tenants on delete cascade,
  template_id   uuid not null,
  description   text not null check (length(description) between 1 and 1000),
  required      boolean not null default false,
  display_order integer not null check (display_order >= 0),
  created_at    timestamptz not null default now(),
  foreign key (tenant_id, template_id) references app.pm_templates (tenant_id, id) on delete cascade
);
create index on app.pm_template_checklist_items (tenant_id, template_id);

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
  foreign key (tenant_id, template_id) references app.pm_templates (tenant_id, id)
    on delete set null (template_id),
  foreign key (tenant_id, parent_pm_id) references app.pm_schedules (tenant_id, id)
    on delete set null (parent_pm_id),
  foreign key (tenant_id, wo_priority_entity_type, wo_priority)
    references cfg.priority_catalogs (tenant_id, entity_type, key)
);
create index on app.pm_schedules (tenant_id, next_due_date);
create index on app.pm_schedules (tenant_id, template_id);

-- What must have happened to another schedule before one makes a work order.
create table app.pm_dependencies (
  id               uuid primary key default gen_random_uuid(),
  tenant_id        uuid not null references app.tenants on delete cascade,
  pm_schedule_id   uuid not null,
  depends_on_pm_id uuid not null check (depends_on_pm_id <> pm_schedule_id),
  dependency_type  text not null default 'after' check (dependency_type in ('before', 'after', 'same_day')),
  created_at       timestamptz not null default now(),
  unique (pm_schedule_id, depends_on_pm_id),
  foreign key (tenant_id, pm_schedule_id) references app.pm_schedules (tenant_id, id) on delete cascade,
  foreign key (tenant_id, depends_on_pm_id) references app.pm_schedules (tenant_id, id) on delete cascade
);
create index on app.pm_dependencies (tenant_id, depends_on_pm_id);

-- ---------------------------------------------------------------- policies

alter table app.pm_dependencies enable row level security;

alter table app.pm_templates enable row level security;
create policy pm_templates_read on app.pm_templates for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table app.pm_template_checklist_items enable row level security;
create policy pm_template_checklist_items_read on app.pm_template_checklist_items for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table app.pm_schedules enable row level security;
create policy pm_schedules_read on app.pm_schedules for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

-- ---------------------------------------------------------------- functions

create trigger touch before update on app.pm_templates
  for each row execute function app.touch_updated_at();
create trigger touch before update on app.pm_schedules
  for each row execute function app.touch_updated_at();

-- ---------------------------------------------------------------- grants

grant select on app.pm_templates, app.pm_template_checklist_items, app.pm_schedules to anon, authenticated;
