-- Data permissions: which rows of a dataset somebody may see, and which columns how. Rows here are
-- compiled into row security policies, column rights and a view in the schema secure.

create type authz.permission_dimension as enum ('role', 'user', 'variable');

comment on type authz.permission_dimension is
    'Whom a data permission is about: the holders of a role; one user; everybody, by the value '
    'of a variable.';

create table authz.datasets (
    name text primary key,
    table_name regclass not null,
    resource text,
    tenant_column name,
    owner_units name [] not null default '{}',
    default_rows text not null default 'all',
    description text not null default '',
    registered_at timestamptz not null default now(),
    before jsonb not null default '{}',
    owners jsonb,
    tenant_id int references authz.tenants (id),
    storage text not null default 'joined',
    constraint owners_are_a_list check (jsonb_typeof(owners) = 'array'),
    constraint owners_have_a_tenant check (
        owners is null or num_nonnulls(tenant_column, tenant_id) = 1 and resource is not null
    ),
    constraint storage_is_known check (storage in ('joined', 'stored')),
    constraint table_is_one_dataset unique (table_name),
    constraint dataset_is_a_plain_word check (name ~ '^[a-z][a-z0-9_]{0,62}$'),
    constraint default_rows_are_all_or_none check (default_rows in ('all', 'none'))
);

create index datasets_tenant on authz.datasets (tenant_id) where tenant_id is not null;

comment on table authz.datasets is
    'Tables under data permissions. Written by authz.register_dataset() and '
    'authz.unregister_dataset().';
comment on column authz.datasets.name is 'Of the view in the schema secure, too.';
comment on column authz.datasets.resource is
    'Where the table had no policy for the application of its own: resource:read is needed where '
    'one of owner_units is. Null: any row may be seen by whoever is signed in.';
comment on column authz.datasets.tenant_column is
    'Column with the tenant of a row; a user sees their own alone. Null: none.';
comment on column authz.datasets.owner_units is 'Columns with units that own a row.';
comment on column authz.datasets.default_rows is
    'Rows a user sees to whom no permit applies: all that the rules of the tree show, or none.';
comment on column authz.datasets.owners is
    'Owners of a row: [{"name", "path", "key"}, ...]. path lists columns; each but the last is a '
    'foreign key to the next table, and the last names a person by key: external_id or id of '
    'authz.users. Null: rows belong to nobody.';
comment on column authz.datasets.tenant_id is
    'The tenant of every row, where no column holds it. Null: see tenant_column.';
comment on column authz.datasets.storage is
    'stored: each row carries the unit of each owner, kept by keys that cascade. joined: a query '
    'reads the owners of a row through the foreign keys of its path.';
comment on index authz.datasets_tenant is 'The foreign key.';
comment on column authz.datasets.before is
    'Row security and rights of the table as they were, for unregistering.';

create table authz_private.owner_references (
    reference text primary key,
    tenant_id int not null,
    key text not null,
    code text not null,
    user_id bigint,
    unit_id int not null default 0,
    constraint unit_of_a_reference unique (reference, unit_id),
    constraint reference_names_its_parts check (
        reference = tenant_id::text || ':' || key || ':' || code
    ),
    constraint key_is_of_users check (key in ('external_id', 'id')),
    constraint unknown_person_has_no_unit check ((user_id is null) = (unit_id = 0)),
    constraint person_and_unit_are_in_step foreign key (tenant_id, user_id, unit_id)
    references authz.users (tenant_id, id, base_unit_id)
    on update cascade on delete set default (user_id, unit_id)
);

create index owner_references_person on authz_private.owner_references (tenant_id, user_id)
where user_id is not null;

comment on table authz_private.owner_references is
    'People as the rows of stored datasets name them. A row exists for each code in use, also '
    'where no user has it yet, so that a key of the dataset can refer to it.';
comment on column authz_private.owner_references.reference is 'tenant_id:key:code.';
comment on column authz_private.owner_references.tenant_id is
    'Tenant in which the code names somebody; that of the row that uses it.';
comment on column authz_private.owner_references.key is
    'Column of authz.users that the code stands in: external_id or id.';
comment on column authz_private.owner_references.code is
    'The value that a row names the person by, as text.';
comment on column authz_private.owner_references.user_id is 'Null: no user of the tenant has it.';
comment on column authz_private.owner_references.unit_id is
    'Base unit of the user, carried along by the foreign key; 0: no user has the code.';
comment on index authz_private.owner_references_person is
    'References of a user: the scope own, transfers, and the foreign key.';

create sequence authz_private.stored_datasets;

comment on sequence authz_private.stored_datasets is
    'Advanced for each stored dataset. Triggers of authz.users read it, because a sequence is read '
    'as it is now at any isolation level.';

create table authz_private.dataset_objects (
    dataset text not null references authz.datasets (name),
    place int not null,
    kind text not null,
    table_name regclass,
    name name not null,
    purpose text not null,
    primary key (dataset, place),
    constraint kind_is_known check (
        kind in ('column', 'check', 'unique', 'foreign key', 'index', 'trigger', 'function')
    )
);

comment on table authz_private.dataset_objects is
    'What registering a stored dataset added to tables of the company, in the order of adding. '
    'authz.explain_dataset() shows it, authz.unregister_dataset() removes it.';
comment on column authz_private.dataset_objects.table_name is
    'The table that the object belongs to; null for a function.';

create table authz.variables (
    name text primary key,
    type text not null,
    is_list boolean not null default false,
    default_value jsonb,
    description text not null default '',
    constraint variable_is_a_plain_word check (name ~ '^[a-z][a-z0-9_]{0,62}$'),
    constraint variable_is_not_built_in check (
        name not in ('user_id', 'username', 'base_unit_id', 'tenant_id', 'now')
    ),
    constraint type_of_a_variable_is_known check (
        type in ('text', 'bigint', 'numeric', 'boolean', 'date', 'timestamptz', 'uuid')
    )
);

comment on table authz.variables is
    'Variables of users that data permissions compare columns with; besides these user_id, '
    'username, base_unit_id, tenant_id and now.';
comment on column authz.variables.is_list is 'Whether the value is a list, for the operator in.';
comment on column authz.variables.default_value is
    'Value of users who have none of their own; null: unknown, which no comparison holds of.';

create table authz.user_variables (
    id bigint generated always as identity primary key,
    tenant_id int not null,
    user_id bigint not null,
    variable text not null references authz.variables (name),
    value jsonb not null,
    constraint one_value_of_a_variable unique (tenant_id, user_id, variable),
    constraint variable_is_of_a_user_of_the_tenant foreign key (tenant_id, user_id)
    references authz.users (tenant_id, id) on delete cascade
);

create index user_variables_variable on authz.user_variables (variable);

comment on table authz.user_variables is 'Values of variables, of one user each.';
comment on column authz.user_variables.tenant_id is 'Tenant of the user; set by trigger.';
comment on column authz.user_variables.value is
    'A JSON value of the type of the variable, or a list of them.';
comment on index authz.user_variables_variable is 'The foreign key.';

create sequence authz.data_permission_id as bigint;

comment on sequence authz.data_permission_id is
    'Of row and column permissions alike, so that a number names one rule.';

create table authz.row_permissions (
    id bigint primary key default nextval('authz.data_permission_id'),
    dataset text not null references authz.datasets (name),
    dimension authz.permission_dimension not null,
    subject text not null,
    tenant_id int references authz.tenants (id) on delete cascade,
    mode text not null,
    filter jsonb not null,
    whitelist bigint [] not null default '{}',
    valid_from timestamptz,
    valid_until timestamptz,
    is_active boolean not null default true,
    description text not null default '',
    role_id int generated always as (case when dimension = 'role' then subject::int end) stored,
    user_id bigint generated always as (
        case when dimension = 'user' then subject::bigint end
    ) stored,
    variable text generated always as (
        case
            when dimension = 'variable'
                and subject not in ('user_id', 'username', 'base_unit_id', 'tenant_id', 'now')
                then subject
        end
    ) stored,
    predicate text not null,
    constraint row_permission_permits_or_restricts check (mode in ('permit', 'restrict')),
    constraint row_permission_ends_after_it_begins check (valid_until > valid_from),
    constraint row_permission_is_of_a_role foreign key (role_id)
    references authz.roles (id) on delete cascade,
    constraint row_permission_is_of_a_user foreign key (tenant_id, user_id)
    references authz.users (tenant_id, id) on delete cascade,
    constraint row_permission_is_of_a_variable foreign key (variable)
    references authz.variables (name)
);

create index row_permissions_dataset on authz.row_permissions (dataset);
create index row_permissions_role on authz.row_permissions (role_id) where role_id is not null;
create index row_permissions_user on authz.row_permissions (tenant_id, user_id)
where user_id is not null;
create index row_permissions_variable on authz.row_permissions (variable)
where variable is not null;
create index row_permissions_tenant on authz.row_permissions (tenant_id)
where tenant_id is not null;

comment on table authz.row_permissions is
    'Which rows of a dataset somebody sees: permits are OR-ed, restricts AND-ed, both within '
    'what the tree shows. Nobody to whom a rule does not apply is touched by it.';
comment on column authz.row_permissions.subject is
    'Id of the role, id of the user, or name of the variable, by dimension.';
comment on column authz.row_permissions.tenant_id is
    'Tenant whose users the rule is about, set by trigger for a role or user; null: of all.';
comment on column authz.row_permissions.mode is
    'permit: who has permits sees rows of any of them. restrict: sees rows of all of them.';
comment on column authz.row_permissions.filter is
    'Condition over columns: {"all": [...]}, {"any": [...]}, {"not": ...}, {"field", "op", '
    '"value"}; a value may be {"var": name}. A row of which it is unknown is not shown.';
comment on column authz.row_permissions.whitelist is 'Ids of users to whom it does not apply.';
comment on column authz.row_permissions.valid_from is 'From then on; null: always was.';
comment on column authz.row_permissions.valid_until is 'Until then, not included; null: for ever.';
comment on column authz.row_permissions.is_active is 'False: as if it were not there.';
comment on column authz.row_permissions.predicate is
    'The filter as SQL over the columns, made by trigger; a template with a place for each '
    'variable, in the order of their names.';
comment on index authz.row_permissions_dataset is 'Rules of a dataset, and the foreign key.';
comment on index authz.row_permissions_role is 'The foreign key.';
comment on index authz.row_permissions_user is 'The foreign key.';
comment on index authz.row_permissions_variable is 'The foreign key.';
comment on index authz.row_permissions_tenant is 'The foreign key.';

create table authz.column_permissions (
    id bigint primary key default nextval('authz.data_permission_id'),
    dataset text not null references authz.datasets (name),
    column_name name not null,
    dimension authz.permission_dimension not null,
    subject text not null,
    tenant_id int references authz.tenants (id) on delete cascade,
    mode text not null,
    mask jsonb,
    condition jsonb,
    whitelist bigint [] not null default '{}',
    valid_from timestamptz,
    valid_until timestamptz,
    is_active boolean not null default true,
    description text not null default '',
    role_id int generated always as (case when dimension = 'role' then subject::int end) stored,
    user_id bigint generated always as (
        case when dimension = 'user' then subject::bigint end
    ) stored,
    variable text generated always as (
        case
            when dimension = 'variable'
                and subject not in ('user_id', 'username', 'base_unit_id', 'tenant_id', 'now')
                then subject
        end
    ) stored,
    predicate text,
    strictness numeric not null,
    constraint column_permission_shows_masks_or_disables check (
        mode in ('visible', 'mask', 'disable')
    ),
    constraint mask_goes_with_its_mode check ((mode = 'mask') = (mask is not null)),
    constraint column_permission_ends_after_it_begins check (valid_until > valid_from),
    constraint column_permission_is_of_a_role foreign key (role_id)
    references authz.roles (id) on delete cascade,
    constraint column_permission_is_of_a_user foreign key (tenant_id, user_id)
    references authz.users (tenant_id, id) on delete cascade,
    constraint column_permission_is_of_a_variable foreign key (variable)
    references authz.variables (name)
);

create index column_permissions_dataset on authz.column_permissions (dataset);
create index column_permissions_role on authz.column_permissions (role_id)
where role_id is not null;
create index column_permissions_user on authz.column_permissions (tenant_id, user_id)
where user_id is not null;
create index column_permissions_variable on authz.column_permissions (variable)
where variable is not null;
create index column_permissions_tenant on authz.column_permissions (tenant_id)
where tenant_id is not null;

comment on table authz.column_permissions is
    'How somebody sees a column of a dataset; of several that apply to a cell the strictest wins.';
comment on column authz.column_permissions.subject is
    'Id of the role, id of the user, or name of the variable, by dimension.';
comment on column authz.column_permissions.tenant_id is
    'Tenant whose users the rule is about, set by trigger for a role or user; null: of all.';
comment on column authz.column_permissions.mode is
    'visible; mask, another value of the same type; disable, null.';
comment on column authz.column_permissions.mask is
    '{"kind": "null"}, {"kind": "constant", "value"}, {"kind": "hash"}, {"kind": "keep_first" or '
    '"keep_last", "n"}, {"kind": "round", "digits"}, {"kind": "bucket", "width"}, {"kind": '
    '"truncate", "unit"}.';
comment on column authz.column_permissions.condition is
    'As a filter of authz.row_permissions: rows of which it does not hold are not masked by this '
    'rule; those of which it is unknown are.';
comment on column authz.column_permissions.whitelist is 'Ids of users to whom it does not apply.';
comment on column authz.column_permissions.valid_from is 'From then on; null: always was.';
comment on column authz.column_permissions.valid_until is
    'Until then, not included; null: for ever.';
comment on column authz.column_permissions.is_active is 'False: as if it were not there.';
comment on column authz.column_permissions.predicate is
    'The condition as SQL, made by trigger, as in authz.row_permissions.';
comment on column authz.column_permissions.strictness is
    'Place in the order of masks, made by trigger: the greatest wins.';
comment on index authz.column_permissions_dataset is 'Rules of a dataset, and the foreign key.';
comment on index authz.column_permissions_role is 'The foreign key.';
comment on index authz.column_permissions_user is 'The foreign key.';
comment on index authz.column_permissions_variable is 'The foreign key.';
comment on index authz.column_permissions_tenant is 'The foreign key.';

create table authz_private.mask_secret (
    only_one boolean primary key default true,
    secret bytea not null,
    constraint there_is_one_mask_secret check (only_one)
);

comment on table authz_private.mask_secret is
    'What the salt of each tenant''s masked hashes is made of; a dump carries it, so that hashes '
    'stay what they were.';

insert into authz_private.mask_secret (secret)
values (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));

create table ops.hidden_by_rule (
    rule_id bigint not null,
    dataset text not null,
    user_id bigint,
    hidden bigint not null,
    noted_at timestamptz not null default statement_timestamp()
);

create index hidden_by_rule_rule on ops.hidden_by_rule (rule_id, user_id);

comment on table ops.hidden_by_rule is
    'Where authz.settings.data_permissions is log: rows that rules would have hidden. Summed by '
    'ops.data_permission_effects().';
comment on column ops.hidden_by_rule.rule_id is
    'Of authz.row_permissions; 0 for rows that no permit of the dataset shows.';
comment on column ops.hidden_by_rule.hidden is
    'Rows; of a masked column, statements that read the view.';
comment on index ops.hidden_by_rule_rule is 'Sums by rule and user.';

create table authz_private.dataset_turns (
    dataset text primary key references authz.datasets (name) on delete cascade,
    version bigint not null default 0
);

comment on table authz_private.dataset_turns is
    'One row a dataset that every change of its rules writes, so that two of them never overlap, '
    'at any isolation level.';
