-- runs as: installer
-- An installation can be one cell of several. The tables are new and empty. The owner may create
-- no role, and no schema in a restored database.
-- squawk-ignore-file prefer-bigint-over-int

do $$
begin
    if not exists (select from pg_catalog.pg_roles as r where r.rolname = 'fundwarden_platform') then
        create role fundwarden_platform nologin;
    end if;
end
$$;

create schema platform authorization fundwarden_owner;

grant usage on schema platform to
    fundwarden_app, fundwarden_operator, fundwarden_auditor, fundwarden_platform;

comment on schema platform is
    'Questions over all cells, and what each cell shows the platform for their answers.';

set local role fundwarden_owner;

create table ops.cell (
    only_one boolean primary key default true,
    number int not null,
    name text not null,
    platform_version text,
    platform_taken_at timestamptz,
    taking xid8,
    constraint there_is_one_cell check (only_one),
    constraint cell_number_has_a_range check (number between 0 and 99),
    constraint cell_name_is_a_plain_word check (name ~ '^[a-z][a-z0-9_]{0,49}$')
);

comment on table ops.cell is
    'Empty: this installation stands alone. One row: it is a cell, as ops.set_cell() made it.';
comment on column ops.cell.number is
    '0 to 99; it decides from which range ids are drawn. Cell 0 is the platform: the other cells '
    'take its platform rows.';
comment on column ops.cell.name is 'Lower-case word, as in cells.toml.';
comment on column ops.cell.platform_version is
    'Version of the platform rows that this cell took last, as ops.platform_rows() states it; '
    'null: none yet.';
comment on column ops.cell.platform_taken_at is 'When it took them; null: never.';
comment on column ops.cell.taking is
    'The transaction that may write platform rows here: ops.take_platform_rows() sets it, and a '
    'migration that writes platform rows has to.';

create table ops.moved_tenants (
    tenant_id int primary key,
    from_cell int not null,
    state text not null default 'arriving',
    moved_at timestamptz not null default statement_timestamp(),
    constraint move_state_is_known check (state in ('arriving', 'here'))
);

comment on table ops.moved_tenants is
    'Tenants that came from another cell. Their rows keep the ids that they were drawn there.';
comment on column ops.moved_tenants.tenant_id is
    'Id of the root unit. No foreign key: the row is written before the units.';
comment on column ops.moved_tenants.from_cell is 'Number of the cell that it came from last.';
comment on column ops.moved_tenants.state is
    'arriving: the other cell still holds the tenant, or has just let it go, and nobody can sign '
    'in here; here: it is held here.';

create table ops.departed_rows (
    tenant_id int not null,
    place int not null,
    number bigint not null,
    title text not null,
    content jsonb not null,
    departed_at timestamptz not null default statement_timestamp(),
    primary key (tenant_id, place, number)
);

comment on table ops.departed_rows is
    'Rows of tenants that moved to another cell, as they were: for the owner alone, until '
    'ops.drop_departed_tenant().';
comment on column ops.departed_rows.tenant_id is
    'Tenant that moved away; it is no tenant of this cell any more, hence no foreign key.';
comment on column ops.departed_rows.place is 'Order of the tables, so that references hold.';
comment on column ops.departed_rows.title is 'Table with its schema.';
comment on column ops.departed_rows.content is
    'The row; a permission is named by what it permits.';

create table ops.connected_cells (
    number int primary key,
    name text not null,
    connected_at timestamptz not null default statement_timestamp(),
    constraint connected_number_has_a_range check (number between 0 and 99),
    constraint connected_name_is_a_plain_word check (name ~ '^[a-z][a-z0-9_]{0,49}$'),
    constraint one_cell_of_a_name unique (name)
);

comment on table ops.connected_cells is
    'Cells over which this one answers questions of the platform, itself included, as '
    'ops.connect_cells() was told. None of them is ever left out of an answer without its name.';
comment on column ops.connected_cells.number is
    'Number of the cell; its foreign server is fundwarden_cell_<number>. 0 is this one.';
