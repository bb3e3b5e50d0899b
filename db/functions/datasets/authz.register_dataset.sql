-- From here on the table is read by rules; without any rule it is read as before.

create or replace function authz.register_dataset(
    table_name regclass,
    name text default null,
    owners jsonb default null,
    resource text default null,
    tenant_column name default null,
    tenant_id int default null,
    storage text default 'stored',
    owner_units name [] default '{}',
    default_rows text default 'all',
    description text default ''
)
returns text
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    target pg_class;
    dataset text := register_dataset.name;
    schema_name name;
    missing name;
    has_policy boolean;
begin
    select c.* into target from pg_class as c where c.oid = register_dataset.table_name;
    if target.oid is null or target.relkind not in ('r', 'p') or target.relispartition
        or target.relpersistence = 't'
        or exists (select from pg_inherits as i where i.inhrelid = target.oid)
    then
        raise exception 'table_name: not a table that can be a dataset'
            using errcode = '22023', hint = 'Pass a table, not a view, a partition, a descendant or a temporary one.';
    end if;
    select n.nspname into schema_name from pg_namespace as n where n.oid = target.relnamespace;
    dataset := coalesce(dataset, target.relname);
    if dataset !~ '^[a-z][a-z0-9_]{0,62}$' then
        raise exception 'name % is not a name of a dataset', quote_literal(left(dataset, 100))
            using errcode = '22023', hint = 'Pass a word in lower case, at most 63 characters.';
    end if;
    if schema_name in ('authz', 'authz_private', 'audit', 'ops', 'secure', 'paged', 'ext', 'fundwarden',
        'platform', 'pg_catalog', 'information_schema')
    then
        raise exception 'table_name: tables of schema % are not datasets', schema_name
            using errcode = '22023', hint = 'Those have rules of their own.';
    end if;
    if exists (
        select from authz.datasets as d where d.name = dataset or d.table_name = target.oid
    )
    then
        raise exception 'name or table_name: is a dataset already'
            using errcode = '23505', hint = 'See authz.datasets.';
    end if;
    if not pg_has_role('fundwarden_owner', target.relowner, 'usage')
        or not has_schema_privilege('fundwarden_owner', target.relnamespace, 'usage')
    then
        raise exception 'table_name: fundwarden_owner cannot make policies on this table'
            using
                errcode = '42501',
                hint = 'Make fundwarden_owner its owner, or a member of that role, and grant it '
                    'USAGE on the schema.';
    end if;
    if exists (
        select
        from (
            select target.relacl as rights
            union all
            select c.attacl from pg_attribute as c where c.attrelid = target.oid and c.attnum > 0
        ) as r
        cross join aclexplode(r.rights) as a
        where a.privilege_type = 'SELECT'
            and a.grantee <> 'fundwarden_app'::regrole
            and (a.grantee = 0 or pg_has_role('fundwarden_app', a.grantee, 'usage'))
    )
    then
        raise exception 'table_name: fundwarden_app may read this table as a member of others'
            using
                errcode = '42501',
                hint = 'Revoke SELECT on it and its columns from PUBLIC and from roles that '
                    'fundwarden_app is a member of.';
    end if;
    select u.name
    into missing
    from unnest(register_dataset.owner_units || register_dataset.tenant_column) as u (name)
    where u.name is not null
        and not exists (
            select
            from pg_attribute as a
            where a.attrelid = target.oid and a.attname = u.name and a.atttypid = 'int'::regtype
                and not a.attisdropped
        )
    limit 1;
    if found then
        raise exception 'owner_units or tenant_column: % is no column of type integer',
            quote_literal(missing)
            using errcode = '22023', hint = 'Name columns that hold ids of units.';
    end if;
    if register_dataset.default_rows is null or register_dataset.default_rows not in ('all', 'none') then
        raise exception 'default_rows is neither all nor none'
            using errcode = '22023', hint = 'Rows of users to whom no permit applies.';
    end if;
    has_policy := exists (
        select
        from pg_policy as p
        where p.polrelid = target.oid and p.polpermissive and p.polcmd in ('r', '*')
            and exists (
                select from unnest(p.polroles) as r (id) where r.id in (0, 'fundwarden_app'::regrole)
            )
    );
    if register_dataset.storage is null or register_dataset.storage not in ('stored', 'joined') then
        raise exception 'storage % is not a way to keep owners',
            coalesce(quote_literal(left(register_dataset.storage, 100)), 'null')
            using errcode = '22023', hint = 'Pass stored or joined.';
    end if;
    if register_dataset.owners is null and register_dataset.tenant_id is not null then
        raise exception 'tenant_id is only for datasets with owners'
            using errcode = '22023', hint = 'Pass owners too.';
    end if;
    if register_dataset.owners is not null then
        perform authz_private.check_owners(
            target.oid, dataset, register_dataset.owners, register_dataset.resource,
            register_dataset.tenant_column, register_dataset.tenant_id,
            register_dataset.owner_units, has_policy
        );
        if register_dataset.storage = 'stored' then
            perform authz_private.check_storage(
                target.oid, dataset, register_dataset.owners, register_dataset.tenant_column
            );
        end if;
    end if;
    if not has_policy and register_dataset.owner_units <> '{}' then
        if register_dataset.tenant_column is null then
            raise exception 'tenant_column: is needed with owner_units'
                using errcode = '22023', hint = 'Name the column with the tenant of a row.';
        end if;
        perform authz_private.check_question(register_dataset.resource, 'read', null);
    end if;

    insert into authz.datasets as d (
        name, table_name, resource, tenant_column, owner_units, default_rows, description,
        owners, tenant_id, storage, before
    )
    values (
        dataset, register_dataset.table_name, register_dataset.resource,
        register_dataset.tenant_column, coalesce(register_dataset.owner_units, '{}'),
        register_dataset.default_rows, coalesce(register_dataset.description, ''),
        register_dataset.owners, register_dataset.tenant_id,
        case when register_dataset.owners is null then 'joined' else register_dataset.storage end,
        jsonb_build_object(
            'row_security', target.relrowsecurity,
            'forced', target.relforcerowsecurity,
            'has_policy', has_policy,
            'app_select', has_table_privilege('fundwarden_app', target.oid, 'SELECT'),
            'app_columns', to_jsonb(
                array(
                    select a.attname
                    from pg_attribute as a
                    where a.attrelid = target.oid
                        and a.attnum > 0
                        and not a.attisdropped
                        and not has_table_privilege('fundwarden_app', target.oid, 'SELECT')
                        and has_column_privilege('fundwarden_app', target.oid, a.attnum, 'SELECT')
                    order by a.attnum
                )
            )
        )
    );
    if not target.relrowsecurity then
        execute format('alter table %s enable row level security', target.oid::regclass);
    end if;
    if not target.relforcerowsecurity then
        execute format('alter table %s force row level security', target.oid::regclass);
    end if;
    if not exists (
        select
        from pg_policy as p
        where p.polrelid = target.oid and p.polname = 'owner_does_everything'
    )
    then
        execute format(
            'create policy owner_does_everything on %s to %s using (true) with check (true)',
            target.oid::regclass,
            concat_ws(
                ', ', 'fundwarden_owner',
                nullif(target.relowner, 'fundwarden_owner'::regrole)::regrole
            )
        );
        update authz.datasets as d
        set before = d.before || '{"owner_policy": false}'
        where d.name = dataset;
    end if;
    if register_dataset.owners is not null and register_dataset.storage = 'stored' then
        perform authz_private.add_storage(dataset);
    end if;
    perform authz_private.compile_dataset(dataset);
    return dataset;
end
$$;

comment on function authz.register_dataset(
    regclass, text, jsonb, text, name, int, text, name [], text, text
) is
    'Makes a table a dataset, with a view in the schema secure, and returns its name, by '
    'default that of the table. owners: [{"name", "path", "key"}, ...], one to five; a row is '
    'visible if one of its owners is in the scope of the user for resource:read, and a row '
    'without owners if the user reads the whole tenant. The dataset then has the functions '
    'paged.<name>, <name>_count, <name>_explain and <name>_export. storage: stored adds '
    'columns, keys, triggers and indexes to the tables of the paths (authz.plan_dataset() '
    'lists them); joined alters no table, and is slower. tenant_column or tenant_id: the '
    'tenant of a row. owner_units: columns with unit ids instead of owners. Without owners and '
    'owner_units, whoever is signed in reads any row (of their tenant, with tenant_column). '
    'default_rows: all or none, for users to whom no permit applies. Only the owner may call '
    'it. 22023 names the argument or the step of a path that does not fit; 23505 if it is '
    'registered already; 42501 if the table is not the owner''s, or fundwarden_app may read it '
    'as PUBLIC or as a member of a role; 55000 if the table has policies for the application '
    'already; 25000 above READ COMMITTED with stored.';
revoke all on function authz.register_dataset(
    regclass, text, jsonb, text, name, int, text, name [], text, text
) from public;
