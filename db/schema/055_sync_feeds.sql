-- What a company's files state. COPY and any tool may fill these tables, so every column is text: a
-- value that cannot be meant is told with its file and line. Null keeps the default.

create table sync.units (
    external_id text,
    parent_external_id text,
    name text,
    kind text,
    sort_order text,
    metadata text,
    is_active text,
    file text,
    line int,
    loaded_by bigint default case
        when current_setting('fundwarden.identity', true) ~ '^[0-9]{1,18}:'
            then split_part(current_setting('fundwarden.identity', true), ':', 1)::bigint
    end,
    number bigint generated always as identity
);

comment on table sync.units is
    'Units as a feed states them. parent_external_id is empty only for the unit at the top of the '
    'scope.';
comment on column sync.units.external_id is 'The company''s own code of the unit.';
comment on column sync.units.parent_external_id is 'Code of the unit above.';
comment on column sync.units.is_active is
    'false deactivates the unit; null: active, unless a person deactivated it.';
comment on column sync.units.file is 'Name of the file, for messages.';
comment on column sync.units.line is 'Line of the file, for messages.';
comment on column sync.units.loaded_by is
    'The user who loaded the row; null: the owner. A plan reads the rows of whoever asks.';
comment on column sync.units.number is 'Order in which rows were loaded.';

create table sync.people (
    external_id text,
    username text,
    unit_external_id text,
    display_name text,
    is_active text,
    profile text,
    file text,
    line int,
    loaded_by bigint default case
        when current_setting('fundwarden.identity', true) ~ '^[0-9]{1,18}:'
            then split_part(current_setting('fundwarden.identity', true), ':', 1)::bigint
    end,
    number bigint generated always as identity
);

comment on table sync.people is 'People as a feed states them, each with the unit they work in.';
comment on column sync.people.external_id is 'The company''s own code of the person.';
comment on column sync.people.unit_external_id is 'Code of the base unit.';
comment on column sync.people.is_active is
    'false deactivates the person; null: active, unless a person deactivated them.';
comment on column sync.people.file is 'Name of the file, for messages.';
comment on column sync.people.line is 'Line of the file, for messages.';
comment on column sync.people.loaded_by is
    'The user who loaded the row; null: the owner. A plan reads the rows of whoever asks.';
comment on column sync.people.number is 'Order in which rows were loaded.';

create table sync.memberships (
    person_external_id text,
    unit_external_id text,
    valid_from text,
    valid_until text,
    file text,
    line int,
    loaded_by bigint default case
        when current_setting('fundwarden.identity', true) ~ '^[0-9]{1,18}:'
            then split_part(current_setting('fundwarden.identity', true), ':', 1)::bigint
    end,
    number bigint generated always as identity
);

comment on table sync.memberships is 'Further units of people as a feed states them.';
comment on column sync.memberships.valid_from is 'First day or instant; null: always was.';
comment on column sync.memberships.valid_until is 'First day or instant after it; null: no end.';
comment on column sync.memberships.file is 'Name of the file, for messages.';
comment on column sync.memberships.line is 'Line of the file, for messages.';
comment on column sync.memberships.loaded_by is
    'The user who loaded the row; null: the owner. A plan reads the rows of whoever asks.';
comment on column sync.memberships.number is 'Order in which rows were loaded.';

create table sync.roles (
    code text,
    name text,
    rank text,
    parent_code text,
    is_active text,
    requires_approval text,
    file text,
    line int,
    loaded_by bigint default case
        when current_setting('fundwarden.identity', true) ~ '^[0-9]{1,18}:'
            then split_part(current_setting('fundwarden.identity', true), ':', 1)::bigint
    end,
    number bigint generated always as identity
);

comment on table sync.roles is
    'Roles of the tenant as a feed states them. What a role permits is not part of a feed.';
comment on column sync.roles.is_active is
    'false deactivates the role; null: active, unless a person deactivated it.';
comment on column sync.roles.file is 'Name of the file, for messages.';
comment on column sync.roles.line is 'Line of the file, for messages.';
comment on column sync.roles.loaded_by is
    'The user who loaded the row; null: the owner. A plan reads the rows of whoever asks.';
comment on column sync.roles.number is 'Order in which rows were loaded.';

create table sync.grants (
    person_external_id text,
    role_code text,
    unit_external_id text,
    inherit_to_descendants text,
    valid_from text,
    valid_until text,
    file text,
    line int,
    loaded_by bigint default case
        when current_setting('fundwarden.identity', true) ~ '^[0-9]{1,18}:'
            then split_part(current_setting('fundwarden.identity', true), ':', 1)::bigint
    end,
    number bigint generated always as identity
);

comment on table sync.grants is
    'Roles that people hold, as a feed states them. Without a unit a role holds wherever the '
    'person belongs.';
comment on column sync.grants.role_code is 'A role of the tenant, or else of the platform.';
comment on column sync.grants.unit_external_id is 'Null: wherever the person belongs.';
comment on column sync.grants.valid_from is 'First day or instant; null: always was.';
comment on column sync.grants.valid_until is 'First day or instant after it; null: no end.';
comment on column sync.grants.file is 'Name of the file, for messages.';
comment on column sync.grants.line is 'Line of the file, for messages.';
comment on column sync.grants.loaded_by is
    'The user who loaded the row; null: the owner. A plan reads the rows of whoever asks.';
comment on column sync.grants.number is 'Order in which rows were loaded.';

create table sync.customers (
    id text,
    name text,
    manager_external_id text,
    created_at text,
    file text,
    line int,
    loaded_by bigint default case
        when current_setting('fundwarden.identity', true) ~ '^[0-9]{1,18}:'
            then split_part(current_setting('fundwarden.identity', true), ':', 1)::bigint
    end,
    number bigint generated always as identity
);

comment on table sync.customers is 'Customers as a feed states them.';
comment on column sync.customers.id is
    'The company''s own number of the customer: finance.customers.id.';
comment on column sync.customers.file is 'Name of the file, for messages.';
comment on column sync.customers.line is 'Line of the file, for messages.';
comment on column sync.customers.loaded_by is
    'The user who loaded the row; null: the owner. A plan reads the rows of whoever asks.';
comment on column sync.customers.number is 'Order in which rows were loaded.';

create table sync.orders (
    id text,
    handler_external_id text,
    customer_id text,
    created_at text,
    file text,
    line int,
    loaded_by bigint default case
        when current_setting('fundwarden.identity', true) ~ '^[0-9]{1,18}:'
            then split_part(current_setting('fundwarden.identity', true), ':', 1)::bigint
    end,
    number bigint generated always as identity
);

comment on table sync.orders is 'Orders as a feed states them.';
comment on column sync.orders.id is 'The company''s own number of the order: finance.orders.id.';
comment on column sync.orders.file is 'Name of the file, for messages.';
comment on column sync.orders.line is 'Line of the file, for messages.';
comment on column sync.orders.loaded_by is
    'The user who loaded the row; null: the owner. A plan reads the rows of whoever asks.';
comment on column sync.orders.number is 'Order in which rows were loaded.';

create table sync.funds (
    id text,
    handler_external_id text,
    order_id text,
    customer_id text,
    amount text,
    currency text,
    status text,
    created_at text,
    file text,
    line int,
    loaded_by bigint default case
        when current_setting('fundwarden.identity', true) ~ '^[0-9]{1,18}:'
            then split_part(current_setting('fundwarden.identity', true), ':', 1)::bigint
    end,
    number bigint generated always as identity
);

comment on table sync.funds is
    'Funds as a feed states them. Each has a handler, an order or a customer.';
comment on column sync.funds.id is
    'The company''s own number of the fund: finance.financial_funds.id.';
comment on column sync.funds.file is 'Name of the file, for messages.';
comment on column sync.funds.line is 'Line of the file, for messages.';
comment on column sync.funds.loaded_by is
    'The user who loaded the row; null: the owner. A plan reads the rows of whoever asks.';
comment on column sync.funds.number is 'Order in which rows were loaded.';

create table sync.files (
    file text,
    sha256 text,
    table_name text,
    loaded_by bigint default case
        when current_setting('fundwarden.identity', true) ~ '^[0-9]{1,18}:'
            then split_part(current_setting('fundwarden.identity', true), ':', 1)::bigint
    end
);

comment on table sync.files is
    'Files that were loaded, with their hashes: the event of the audit log names them.';
comment on column sync.files.sha256 is 'In hexadecimal digits.';
comment on column sync.files.table_name is
    'Name of the staging table that its lines went to; null: logged with whatever is applied.';
comment on column sync.files.loaded_by is 'The user who loaded the file; null: the owner.';

create table authz_private.sync_marks (
    loaded_by bigint not null,
    kind text not null,
    number bigint not null,
    fingerprint text not null,
    top_id int not null,
    primary key (loaded_by, kind)
);

comment on table authz_private.sync_marks is
    'Which staged rows were applied: newer rows of the kind take their place.';
comment on column authz_private.sync_marks.loaded_by is 'The user who loaded them; 0: the owner.';
comment on column authz_private.sync_marks.kind is 'Name of the staging table.';
comment on column authz_private.sync_marks.number is 'The last row that was applied.';
comment on column authz_private.sync_marks.fingerprint is
    'Tells whether rows were changed since: oid of the table, last number, count and transactions '
    'of the rows.';
comment on column authz_private.sync_marks.top_id is
    'The unit at the top of the scope that they were applied to: they are read again for it only.';

create type authz_private.sync_scope as (
    tenant_id int,
    tenant text,
    top_id int,
    top_code text,
    top_path ext.ltree,
    actor_id bigint,
    staged jsonb
);

comment on type authz_private.sync_scope is
    'What a plan is about: the tenant, null while it is new; the unit at the top of the scope; who '
    'loaded the rows, null for the owner; and for each table that takes part the number after '
    'which its rows count.';

create type authz_private.sync_change as (
    kind text,
    external_id text,
    action text,
    before jsonb,
    after jsonb,
    problem text,
    target_id bigint,
    place text
);

comment on type authz_private.sync_change is
    'A row of a plan, with the id of what exists already and the place of its line.';
