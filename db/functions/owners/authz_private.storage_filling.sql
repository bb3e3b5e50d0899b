-- Sets of rows, once for each table: from the end of each path to its beginning.

create or replace function authz_private.storage_filling(
    table_name regclass, dataset text, owners jsonb, tenant_column name, tenant_id int
)
returns table (place int, statement text, purpose text)
language sql stable security invoker parallel safe
begin atomic
    with steps as (
        select s.*
        from authz_private.storage_steps(
            storage_filling.table_name, storage_filling.dataset, storage_filling.owners
        ) as s
    ),

    -- How a row t of the dataset comes by the code of each owner.
    sources as (
        select
            s.*,
            case
                when s.is_last then ''
                else format(
                    ' left join %s as n%s on t.%I = n%s.%I',
                    s.next_table, s.owner, s.column_name, s.owner, s.next_column
                )
            end as joined,
            case
                when s.is_last then format('nullif(left(t.%I::text, 201), '''')', s.column_name)
                else format('nullif(n%s.%I, '''')', s.owner, s.next_code)
            end as named,
            coalesce(
                't.' || quote_ident(storage_filling.tenant_column),
                storage_filling.tenant_id || '::int'
            ) as tenant
        from steps as s
        where s.step = 1
    ),

    statements as (
        select
            1 as phase,
            s.owner,
            -s.step as step,
            case
                -- Written as a new file: quicker than an update, and no dead row is left.
                when s.is_last then format(
                    'alter table %s alter column %I type text '
                    'using coalesce(left(%I::text, 201), '''')',
                    s.from_table, s.code, s.column_name
                )
                else format(
                    'update %s as t set %I = n.%I from %s as n '
                    'where t.%I = n.%I and n.%I <> ''''',
                    s.from_table, s.code, s.next_code, s.next_table, s.column_name,
                    s.next_column, s.next_code
                )
            end as statement,
            format('owner %s on %s', s.owner_name, s.from_table) as purpose
        from steps as s
        where s.step > 1
        union all
        select
            2,
            s.owner,
            0,
            format(
                'insert into authz_private.owner_references as r '
                '(reference, tenant_id, key, code, user_id, unit_id) '
                'select c.tenant_id::text || %L || c.code, c.tenant_id, %L, c.code, u.id, '
                'coalesce(u.base_unit_id, 0) '
                'from (select distinct %s as tenant_id, %s as code from %s as t%s) as c '
                'left join authz.users as u on c.tenant_id = u.tenant_id and %s '
                'where c.tenant_id is not null and c.code is not null '
                'on conflict on constraint owner_references_pkey do update '
                'set user_id = excluded.user_id, unit_id = excluded.unit_id '
                'where (r.user_id, r.unit_id) '
                'is distinct from (excluded.user_id, excluded.unit_id)',
                ':' || s.key || ':', s.key, s.tenant, s.named, storage_filling.table_name, s.joined,
                case s.key
                    when 'id' then 'u.id = c.code::bigint'
                    else 'u.external_id = c.code'
                end
            ),
            format('people who are owner %s', s.owner_name)
        from sources as s
        union all
        select
            3,
            0,
            0,
            format(
                'update %s as w set %s from (select %s, %s from %s as t%s%s) as v '
                'where %s and num_nonnulls(%s) > 0',
                storage_filling.table_name,
                string_agg(
                    case
                        when s.is_last then ''
                        else format('%I = coalesce(v.c%s, ''''), ', s.code, s.owner)
                    end
                    || format(
                        '%I = v.r%s, %I = v.u%s',
                        s.person, s.owner, s.unit, s.owner
                    ),
                    ', ' order by s.owner
                ),
                (
                    select string_agg(format('t.%I as k%s', k.name, k.place), ', ')
                    from unnest(authz_private.key_columns(storage_filling.table_name))
                        with ordinality as k (name, place)
                ),
                string_agg(
                    format(
                        '%s as c%s, r%s.reference as r%s, r%s.unit_id as u%s',
                        s.named, s.owner, s.owner, s.owner, s.owner, s.owner
                    ),
                    ', ' order by s.owner
                ),
                storage_filling.table_name,
                string_agg(s.joined, '' order by s.owner),
                string_agg(
                    format(
                        ' left join authz_private.owner_references as r%s '
                        'on r%s.reference = %s::text || %L || %s',
                        s.owner, s.owner, s.tenant, ':' || s.key || ':', s.named
                    ),
                    '' order by s.owner
                ),
                (
                    select string_agg(format('w.%I = v.k%s', k.name, k.place), ' and ')
                    from unnest(authz_private.key_columns(storage_filling.table_name))
                        with ordinality as k (name, place)
                ),
                string_agg(format('v.c%s', s.owner), ', ' order by s.owner)
            ),
            format('owners on %s', storage_filling.table_name)
        from sources as s
    )

    select
        (row_number() over (order by s.phase, s.owner, s.step))::int, s.statement, s.purpose
    from statements as s;
end;

comment on function authz_private.storage_filling(regclass, text, jsonb, name, int) is
    'Statements that fill the columns of authz_private.storage_objects() in tables with rows.';
revoke all on function authz_private.storage_filling(regclass, text, jsonb, name, int) from public;
