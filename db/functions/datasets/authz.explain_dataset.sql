-- For whoever wants to know what registering did to a table.

create or replace function authz.explain_dataset(name text)
returns table (kind text, identity text, purpose text)
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
declare
    wanted authz.datasets;
begin
    select d.* into wanted from authz.datasets as d where d.name = explain_dataset.name;
    if wanted.name is null then
        raise exception 'name % is not a dataset',
            coalesce(quote_literal(left(explain_dataset.name, 100)), 'null')
            using errcode = '22023', hint = 'See authz.datasets.';
    end if;
    return query
    select 'row security', wanted.table_name::text,
        case
            when wanted.before -> 'row_security' = 'true' then 'was enabled before'
            else 'enabled, and forced upon the owner of the table'
        end
    union all
    select
        'policy',
        format('%I on %s', p.polname, p.polrelid::regclass),
        case
            when p.polname = 'owner_does_everything' then 'functions of the package run as the owner'
            when p.polname = 'data_permission_base' then 'rows that the user may read'
            else 'row rules'
        end
    from pg_policy as p
    where p.polrelid = wanted.table_name
        and (
            p.polname like 'data\_permission\_%'
            or p.polname = 'owner_does_everything' and wanted.before -> 'owner_policy' = 'false'
        )
    union all
    select 'view', format('secure.%I', wanted.name), 'the table with masks applied'
    union all
    select
        'function',
        f.identity,
        case when f.is_public then 'compiled from the owners' else 'called by the others' end
    from authz_private.dataset_functions(wanted.name) as f
    where not f.is_trigger
    union all
    select
        o.kind,
        case
            when o.kind = 'function' then format('paged.%I()', o.name)
            when o.kind = 'column' then format('%s.%I', o.table_name, o.name)
            else format('%I on %s', o.name, o.table_name)
        end,
        o.purpose
    from authz_private.dataset_objects as o
    where o.dataset = wanted.name
    union all
    select
        'owner',
        s.owner_name,
        string_agg(format('%s.%I', s.from_table, s.column_name), ' > ' order by s.step)
        || ' > ' || max(replace(replace(s.person_code, 'authz_private.', ''), 'u.', 'authz.users.'))
    from authz_private.owner_steps(wanted.table_name, wanted.owners) as s
    where wanted.owners is not null
    group by s.owner, s.owner_name;
end
$$;

comment on function authz.explain_dataset(text) is
    'What registering a dataset made: row security, policies, the view, functions, the path of '
    'each owner and, in storage stored, the columns, checks, keys, indexes and triggers that '
    'were added to tables. Only the owner may call it. 22023 if there is no such dataset, or a '
    'path does not fit the catalog any more.';
revoke all on function authz.explain_dataset(text) from public;
