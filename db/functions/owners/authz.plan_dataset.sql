-- The same list that registering works through, before it does. A row is a statement.

create or replace function authz.plan_dataset(
    table_name regclass,
    name text default null,
    owners jsonb default null,
    resource text default null,
    tenant_column name default null,
    tenant_id int default null,
    storage text default 'stored'
)
returns table (
    place int, statement text, lock text, rows bigint, seconds numeric, purpose text
)
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
declare
    dataset text;
begin
    select coalesce(plan_dataset.name, c.relname)
    into dataset
    from pg_class as c
    where c.oid = plan_dataset.table_name;
    perform authz_private.check_owners(
        plan_dataset.table_name, dataset, plan_dataset.owners, plan_dataset.resource,
        plan_dataset.tenant_column, plan_dataset.tenant_id, '{}', false
    );
    if plan_dataset.storage is distinct from 'stored' then
        return;
    end if;
    perform authz_private.check_storage(
        plan_dataset.table_name, dataset, plan_dataset.owners, plan_dataset.tenant_column
    );
    return query
    with objects as (
        select o.*
        from authz_private.storage_objects(
            plan_dataset.table_name, dataset, plan_dataset.owners, plan_dataset.tenant_column,
            plan_dataset.tenant_id
        ) as o
    ),

    tables as (
        select t.on_table, min(r.rows) as rows
        from objects as t
        cross join lateral (
            select authz_private.table_rows(t.on_table)::bigint as rows
        ) as r
        where t.on_table is not null
        group by t.on_table
    ),

    steps as (
        select
            0 as phase, (row_number() over (order by t.on_table::oid))::int as place,
            format('lock table %s in access exclusive mode', t.on_table) as statement,
            'ACCESS EXCLUSIVE: nobody reads or writes the table until the end' as lock,
            t.rows, 0 as cost, 'before anything is added' as purpose
        from tables as t
        union all
        select
            0, 1000, 'lock table authz.users in share row exclusive mode',
            'SHARE ROW EXCLUSIVE: users are read, but not written', null::bigint, 0,
            'no code changes meanwhile'
        union all
        select
            case when o.kind = 'column' then 1 else 3 end, o.place, o.statement, null,
            case when o.kind in ('check', 'unique', 'foreign key', 'index') then t.rows end,
            case o.kind when 'check' then 1 when 'foreign key' then 2 else 8 end,
            o.purpose
        from objects as o
        left join tables as t on o.on_table = t.on_table
        union all
        select
            2, f.place, f.statement, null,
            authz_private.table_rows(plan_dataset.table_name)::bigint,
            case
                when f.statement like 'update %' then 160
                when f.statement like 'alter %' then 10
                else 45
            end,
            f.purpose
        from authz_private.storage_filling(
            plan_dataset.table_name, dataset, plan_dataset.owners, plan_dataset.tenant_column,
            plan_dataset.tenant_id
        ) as f
    )

    select
        (row_number() over (order by s.phase, s.place))::int,
        s.statement,
        s.lock,
        s.rows,
        -- Microseconds a row, measured at a million rows while other work used the two cores.
        round(s.rows * s.cost / 1e6, 1),
        s.purpose
    from steps as s
    order by s.phase, s.place;
end
$$;

comment on function authz.plan_dataset(regclass, text, jsonb, text, name, int, text) is
    'What authz.register_dataset() would do to the tables of a company, without doing it: one row '
    'for each statement, with the lock that it takes first and keeps, about how many rows it '
    'reads or writes (null: none), and about how many seconds that takes on two busy cores: the '
    'locks are kept for the sum. No rows for joined storage. Only the owner may call it. 22023 and '
    '42501 as for registering.';
revoke all on function authz.plan_dataset(regclass, text, jsonb, text, name, int, text) from public;
