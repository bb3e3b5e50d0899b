-- Tables of people and datasets are small, or checked in one pass.
-- squawk-ignore-file constraint-missing-not-valid, disallowed-unique-constraint
-- squawk-ignore-file adding-foreign-key-constraint, require-concurrent-index-creation
-- squawk-ignore-file prefer-bigint-over-int

-- A company's own tables become datasets whose rows belong to people. A person is named by the
-- company's own code.

alter table authz.users
add column external_id text,
add constraint external_ids_differ_within_a_tenant unique (tenant_id, external_id),
add constraint external_id_is_not_blank check (
    external_id ~ '\S' and length(external_id) <= 200
);

comment on column authz.users.external_id is
    'The company''s own code of the person, such as an employee number or a login; null: none. '
    'Datasets with owners match it.';

alter table authz.datasets
add column owners jsonb,
add column tenant_id int references authz.tenants (id),
add column storage text not null default 'joined',
add constraint owners_are_a_list check (jsonb_typeof(owners) = 'array'),
add constraint owners_have_a_tenant check (
    owners is null or num_nonnulls(tenant_column, tenant_id) = 1 and resource is not null
),
add constraint storage_is_known check (storage in ('joined'));

create index datasets_tenant on authz.datasets (tenant_id) where tenant_id is not null;

comment on column authz.datasets.owners is
    'Owners of a row: [{"name", "path", "key"}, ...]. path lists columns; each but the last is a '
    'foreign key to the next table, and the last names a person by key: external_id or id of '
    'authz.users. Null: rows belong to nobody.';
comment on column authz.datasets.tenant_id is
    'The tenant of every row, where no column holds it. Null: see tenant_column.';
comment on column authz.datasets.storage is
    'joined: a query reads the owners of a row through the foreign keys of its path.';
comment on index authz.datasets_tenant is 'The foreign key.';
