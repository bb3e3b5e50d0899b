-- Which cell this database is, where tenants are spread over several installations.

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
    '0 to 99; it decides from which range ids are drawn. Cell 0 is the platform: the other '
    'cells take its platform rows.';
comment on column ops.cell.name is
    'Lower-case word, as in cells.toml.';
comment on column ops.cell.platform_version is
    'Version of the platform rows that this cell took last, as ops.platform_rows() states it; '
    'null: none yet.';
comment on column ops.cell.platform_taken_at is
    'When it took them; null: never.';
comment on column ops.cell.taking is
    'The transaction that may write platform rows here: ops.take_platform_rows() sets it, and '
    'a migration that writes platform rows has to.';

create table ops.moved_tenants (
    tenant_id int primary key,
    from_cell int not null,
    to_cell int,
    state text not null default 'arriving',
    moved_at timestamptz not null default statement_timestamp(),
    removing xid8,
    constraint move_state_is_known check (state in ('arriving', 'here', 'departed')),
    constraint departed_tenants_went_somewhere check ((state = 'departed') = (to_cell is not null))
);

comment on table ops.moved_tenants is
    'Tenants that came from another cell, whose rows keep the ids that they were drawn there, '
    'and tenants that went to another cell, until their rows are removed here.';
comment on column ops.moved_tenants.tenant_id is
    'Id of the root unit. No foreign key: the row is written before the units.';
comment on column ops.moved_tenants.from_cell is
    'Number of the cell that it came from last; of this cell, if it never came.';
comment on column ops.moved_tenants.to_cell is
    'Number of the cell that it went to.';
comment on column ops.moved_tenants.state is
    'arriving: the other cell still holds the tenant, or has just let it go; here: this cell '
    'holds it; departed: another cell holds it, and its rows are not removed here yet. Nobody '
    'can sign in as a user of an arriving or departed tenant.';
comment on column ops.moved_tenants.removing is
    'The transaction in which a tenant departed, then the one that may delete its rows.';

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
comment on column ops.departed_rows.place is
    'Order of the tables, so that references hold.';
comment on column ops.departed_rows.title is
    'Table with its schema.';
comment on column ops.departed_rows.content is
    'The row; a permission is named by what it permits.';

create table audit.arrivals (
    tenant_id int not null,
    number int not null,
    cell int not null,
    arrived_at timestamptz not null default statement_timestamp(),
    row_count bigint not null,
    rows_hash bytea not null,
    head text,
    primary key (tenant_id, number, cell)
);

comment on table audit.arrivals is
    'One row for each cell whose log arrived with a tenant: how many rows, and a hash over '
    'their hashes. The event ARRIVE_LOG says the same in the log of this cell, under its '
    'seals. Append-only; checked by audit.verify().';
comment on column audit.arrivals.tenant_id is
    'Tenant that moved here; it may have left again, hence no foreign key.';
comment on column audit.arrivals.number is
    'How often the tenant has brought a log: 1 for the first time.';
comment on column audit.arrivals.cell is
    'Number of the cell in which the rows were logged.';
comment on column audit.arrivals.row_count is
    'Rows that this arrival brought; those that were here already are not counted again.';
comment on column audit.arrivals.rows_hash is
    'sha256 over the hashes of these rows.';
comment on column audit.arrivals.head is
    'Head of the seals of the cell that the tenant came from, as audit.seal() returned it: the '
    'rows that were logged there are under that seal or an earlier one, or were logged during '
    'the move.';

create table audit.arrived_rows (
    arrival int not null,
    cell int not null,
    id bigint not null,
    logged_at timestamptz not null,
    xid xid8 not null,
    actor_id bigint,
    effective_user_id bigint,
    session_user_name text not null,
    client_addr inet,
    user_agent text,
    request_id text,
    reason text,
    table_name text,
    row_key jsonb,
    action text not null,
    old_values jsonb,
    new_values jsonb,
    changed_columns text [],
    tenant_id int not null,
    row_hash bytea not null,
    primary key (tenant_id, cell, id, logged_at)
);

comment on table audit.arrived_rows is
    'Rows of the logs of other cells, of tenants that moved here, each with the hash that it '
    'was logged with. Columns are those of audit.permission_audit_log. Append-only.';
comment on column audit.arrived_rows.arrival is
    'The number in audit.arrivals.';
comment on column audit.arrived_rows.cell is
    'Number of the cell in which the row was logged.';
comment on column audit.arrived_rows.id is
    'Id in the log of that cell.';
comment on column audit.arrived_rows.xid is
    'Transaction of that cell.';
comment on column audit.arrived_rows.tenant_id is
    'Tenant that moved here; it may have left again, hence no foreign key.';
comment on column audit.arrived_rows.row_hash is
    'sha256 of everything else but the arrival and the cell.';

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
    'ops.connect_cells() was told. None of them is ever left out of an answer without its '
    'name.';
comment on column ops.connected_cells.number is
    'Number of the cell; its foreign server is fundwarden_cell_<number>. 0 is this one.';
