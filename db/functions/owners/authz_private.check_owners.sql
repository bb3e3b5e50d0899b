-- What a dataset with owners needs beside its paths.

create or replace function authz_private.check_owners(
    table_name regclass,
    dataset text,
    owners jsonb,
    resource text,
    tenant_column name,
    tenant_id int,
    owner_units name [],
    has_policy boolean
)
returns void
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if length(check_owners.dataset) > 55 then
        raise exception 'name % is too long for a dataset with owners', quote_literal(dataset)
            using errcode = '22023', hint = 'Pass at most 55 characters: functions are named by it.';
    end if;
    if exists (
        select
        from authz.datasets as d
        cross join unnest(authz_private.function_suffixes()) as s (suffix)
        where d.owners is not null
            and (d.name || s.suffix = check_owners.dataset or check_owners.dataset || s.suffix = d.name)
    )
    then
        raise exception 'name %: a function of another dataset has this name',
            quote_literal(dataset)
            using errcode = '22023', hint = 'Names that differ by _count, _explain, _export, _find or _page clash.';
    end if;
    if check_owners.owner_units <> '{}' then
        raise exception 'owners and owner_units exclude each other'
            using errcode = '22023', hint = 'Pass one of them.';
    end if;
    if num_nonnulls(check_owners.tenant_column, check_owners.tenant_id) <> 1 then
        raise exception 'tenant_column or tenant_id: one of them is needed with owners'
            using
                errcode = '22023',
                hint = 'Name the column with the tenant of a row, or pass the one tenant of all '
                    'rows.';
    end if;
    if check_owners.tenant_id is not null
        and not exists (select from authz.tenants as t where t.id = check_owners.tenant_id)
    then
        raise exception 'tenant_id % does not exist', check_owners.tenant_id
            using errcode = '22023', hint = 'See authz.tenants.';
    end if;
    perform authz_private.check_question(check_owners.resource, 'read', null);
    if check_owners.has_policy then
        raise exception 'table_name: the table has policies for the application already'
            using
                errcode = '55000',
                hint = 'Policies are combined with OR: drop them, so that the owners decide.';
    end if;
    if exists (
        select
        from pg_inherits as i
        inner join pg_class as c on i.inhparent = c.oid
        where c.oid = check_owners.table_name and c.relkind = 'r'
    )
    then
        raise exception 'table_name: other tables inherit from the table'
            using
                errcode = '22023',
                hint = 'A primary key does not cover inherited tables: partition the table instead.';
    end if;
    if authz_private.key_columns(check_owners.table_name) = '{}' then
        raise exception 'table_name: the table has no primary key'
            using errcode = '22023', hint = 'A dataset with owners needs one.';
    end if;
    if exists (
        select
        from authz_private.dataset_columns(check_owners.table_name) as c
        where c.column_name in ('row_number', 'total_count')
    )
    then
        raise exception 'table_name: the table has a column row_number or total_count'
            using errcode = '22023', hint = 'Rename it: pages have columns of these names.';
    end if;
    perform authz_private.owner_steps(check_owners.table_name, check_owners.owners);
end
$$;

comment on function authz_private.check_owners(
    regclass, text, jsonb, text, name, int, name [], boolean
) is 'Refuses owners that cannot be registered: 22023, 42501 and 55000, naming the argument.';
revoke all on function authz_private.check_owners(
    regclass, text, jsonb, text, name, int, name [], boolean
) from public;
