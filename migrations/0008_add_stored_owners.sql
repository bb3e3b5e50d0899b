-- The tables are new or small, and the constraint is replaced by one that allows more.
-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint
-- squawk-ignore-file require-concurrent-index-creation, prefer-bigint-over-int
-- squawk-ignore-file ban-drop-constraint

-- Datasets can store the units of owners on their rows.

alter table authz.datasets
drop constraint storage_is_known,
add constraint storage_is_known check (storage in ('joined', 'stored'));

comment on column authz.datasets.storage is
    'stored: each row carries the unit of each owner, kept by keys that cascade. joined: a query '
    'reads the owners of a row through the foreign keys of its path.';

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
