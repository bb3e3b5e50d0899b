-- What storing owners adds to tables of a company, written once for those who add it, plan it and
-- check it. Triggers only fill columns. Checks and keys hold at every isolation level: a column
-- that does not fit its row is refused, whoever wrote it.

create or replace function authz_private.storage_objects(
    table_name regclass, dataset text, owners jsonb, tenant_column name, tenant_id int
)
returns table (
    place int, kind text, on_table regclass, name name, statement text, purpose text
)
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    with names as (
        select
            s.*,
            authz_private.storage_prefix(storage_objects.dataset, s.owner_name) as prefix,
            k.confdeltype as on_delete
        from authz_private.storage_steps(
            storage_objects.table_name, storage_objects.dataset, storage_objects.owners
        ) as s
        left join pg_constraint as k
            on s.from_table = k.conrelid and k.contype = 'f' and k.conparentid = 0
            and k.conkey = array[
                (
                    select a.attnum
                    from pg_attribute as a
                    where a.attrelid = s.from_table and a.attname = s.column_name
                )
            ]
            and s.next_table is not null
    ),

    tables as (
        select
            n.from_table,
            format(
                'tg_%s_%s', storage_objects.dataset, row_number() over (order by min(n.step), n.from_table)
            ) as function_name
        from names as n
        group by n.from_table
    ),

    fills as (
        select
            n.from_table,
            n.owner,
            n.step,
            case
                when n.is_last and n.step > 1 then format(
                    e'    new.%I := coalesce(left(new.%I::text, 201), '''');\n',
                    n.code, n.column_name
                )
                when not n.is_last then
                    format(e'    new.%I := '''';\n', n.code)
                    || format(e'    if new.%I is not null then\n', n.column_name)
                    || case
                        -- A row that refers to itself is not in the table yet.
                        when n.from_table = n.next_table then format(
                            e'        if new.%I = new.%I then\n'
                            '            new.%I := new.%I;\n'
                            '        else\n',
                            n.column_name, n.next_column, n.code, n.next_code
                        )
                        else ''
                    end
                    || format(
                        e'        select t.%I into new.%I from %s as t where t.%I = new.%I '
                        'for key share;\n',
                        n.next_code, n.code, n.next_table, n.next_column, n.column_name
                    )
                    || case when n.from_table = n.next_table then e'        end if;\n' else '' end
                    || format(e'        new.%I := coalesce(new.%I, '''');\n', n.code, n.code)
                    || e'    end if;\n'
                else ''
            end
            || case
                when n.step = 1 then format(
                    e'    new.%I := %s;\n    new.%I := authz_private.owner_unit(new.%I);\n',
                    n.person, authz_private.reference_expression(
                        'new.', storage_objects.tenant_column, storage_objects.tenant_id, n.key,
                        n.column_name, n.is_last, n.code
                    ),
                    n.unit, n.person
                )
                else ''
            end as text
        from names as n
    ),

    watched as (
        select n.from_table, w.name
        from names as n
        cross join lateral (
            values
            (n.column_name::text),
            (case when not n.is_last or n.step > 1 then n.code end),
            (case when n.step = 1 then n.person end),
            (case when n.step = 1 then storage_objects.tenant_column::text end)
        ) as w (name)
        where w.name is not null
        group by n.from_table, w.name
    ),

    objects as (
        select
            1 as phase, n.owner, -n.step as step, 'column' as kind, n.from_table as on_table,
            n.code as name,
            format('alter table %s add column %I text not null default ''''', n.from_table, n.code)
            as statement,
            format('code of the person at the end of the path of owner %s', n.owner_name) as purpose
        from names as n
        where n.depth > 1
        union all
        select
            1, n.owner, 1, 'column', n.from_table, c.name,
            format('alter table %s add column %I %s', n.from_table, c.name, c.type),
            format(c.purpose, n.owner_name)
        from names as n
        cross join lateral (
            values
            (n.person, 'text', 'the person who is owner %s: tenant, key and code'),
            (n.unit, 'int', 'base unit of owner %s; 0: no user has the code')
        ) as c (name, type, purpose)
        where n.step = 1
        union all
        select
            3, n.owner, -n.step, 'check', n.from_table, n.code || '_fits',
            format(
                'alter table %s add constraint %I check (%s)',
                n.from_table, n.code || '_fits',
                case
                    when n.is_last then format(
                        '%I = coalesce(left(%I::text, 201), '''')', n.code, n.column_name
                    )
                    else format('%I is not null or %I = ''''', n.column_name, n.code)
                end
            ),
            format('the code of owner %s is that of its column', n.owner_name)
        from names as n
        where n.depth > 1
        union all
        select
            3, n.owner, 1, 'check', n.from_table, n.prefix || 'fits',
            format(
                'alter table %s add constraint %I check (%I is not distinct from (%s) '
                'and (%I is null) = (%I is null))',
                n.from_table, n.prefix || 'fits', n.person,
                authz_private.reference_expression(
                    '', storage_objects.tenant_column, storage_objects.tenant_id, n.key,
                    n.column_name, n.is_last, n.code
                ),
                n.person, n.unit
            ),
            format('owner %s is whom the row names', n.owner_name)
        from names as n
        where n.step = 1
        union all
        select
            4, n.owner, -n.step, 'unique', n.next_table, n.prefix || 'key_' || (n.step + 1),
            format(
                'alter table %s add constraint %I unique (%I, %I)',
                n.next_table, n.prefix || 'key_' || (n.step + 1), n.next_column, n.next_code
            ),
            format('target of the key that carries owner %s', n.owner_name)
        from names as n
        where not n.is_last
        union all
        select
            5, n.owner, -n.step, 'index', n.from_table, n.prefix || 'by_code_' || n.step,
            format(
                'create index %I on %s (%I, %I)',
                n.prefix || 'by_code_' || n.step, n.from_table, n.column_name, n.code
            ),
            format('changes of owner %s, and the foreign key', n.owner_name)
        from names as n
        where not n.is_last
        union all
        select
            5, n.owner, 1, 'index', n.from_table, n.prefix || 'by_unit',
            format(
                'create index %I on %s (%I) include (%s)',
                n.prefix || 'by_unit', n.from_table, n.unit,
                (
                    select string_agg(quote_ident(i.name), ', ' order by i.place)
                    from (
                        select k.name::text as name, k.place
                        from unnest(authz_private.key_columns(storage_objects.table_name))
                            with ordinality as k (name, place)
                        union all
                        select o.unit, 100 + o.owner
                        from names as o
                        where o.step = 1 and o.owner <> n.owner
                        union all
                        -- What pages are sorted by, if it is short.
                        select c.name::text, 200 + c.place
                        from authz_private.sort_columns(
                            storage_objects.table_name, storage_objects.tenant_column
                        ) as c
                        inner join pg_attribute as a
                            on a.attrelid = storage_objects.table_name and c.name = a.attname
                        where (a.attlen > 0 or a.atttypid = 'numeric'::regtype)
                            and c.name <> all(
                                authz_private.key_columns(storage_objects.table_name)
                                || storage_objects.tenant_column
                            )
                        union all
                        select storage_objects.tenant_column::text, 99
                        where storage_objects.tenant_column <> all(
                                authz_private.key_columns(storage_objects.table_name)
                            )
                    ) as i
                )
            ),
            format('rows whose owner %s belongs to a set of units', n.owner_name)
        from names as n
        where n.step = 1
        union all
        select
            5, n.owner, 1, 'index', n.from_table, n.prefix || 'by_person',
            format('create index %I on %s (%I)', n.prefix || 'by_person', n.from_table, n.person),
            format('rows of owner %s: the scope own, transfers, and the foreign key', n.owner_name)
        from names as n
        where n.step = 1
        union all
        select
            6, n.owner, -n.step, 'foreign key', n.from_table, n.prefix || 'path_' || n.step,
            format(
                'alter table %s add constraint %I foreign key (%I, %I) references %s (%I, %I) '
                'on update cascade%s',
                n.from_table, n.prefix || 'path_' || n.step, n.column_name, n.code,
                n.next_table, n.next_column, n.next_code,
                -- As the key of the company says, which may be asked second.
                case n.on_delete
                    when 'c' then ' on delete cascade'
                    when 'n' then format(' on delete set null (%I)', n.column_name)
                    when 'd' then format(' on delete set default (%I)', n.column_name)
                    else ''
                end
            ),
            format('carries owner %s from %s', n.owner_name, n.next_table)
        from names as n
        where not n.is_last
        union all
        select
            6, n.owner, 1, 'foreign key', n.from_table, n.prefix || 'owner',
            format(
                'alter table %s add constraint %I foreign key (%I, %I) '
                'references authz_private.owner_references (reference, unit_id) on update cascade',
                n.from_table, n.prefix || 'owner', n.person, n.unit
            ),
            format('carries the base unit of owner %s', n.owner_name)
        from names as n
        where n.step = 1
        union all
        select
            7, 0, 0, 'function', null, t.function_name,
            format(
                e'create or replace function paged.%I() returns trigger language plpgsql volatile '
                'security definer parallel unsafe set search_path = pg_catalog, ext, pg_temp '
                'as %L',
                t.function_name,
                format(
                    e'begin\n%s    return new;\nend\n',
                    (
                        select string_agg(f.text, '' order by f.step desc, f.owner)
                        from fills as f
                        where f.from_table = t.from_table
                    )
                )
            ),
            format('fills the columns of %s', t.from_table)
        from tables as t
        union all
        select
            8, 0, e.place, 'trigger', t.from_table, format('zz_fundwarden_%s_%s', storage_objects.dataset, e.event),
            format(
                'create trigger %I before %s on %s for each row %sexecute function paged.%I()',
                format('zz_fundwarden_%s_%s', storage_objects.dataset, e.event), e.event,
                t.from_table,
                case e.event
                    when 'update' then (
                        select format(
                            'when (%s) ',
                            string_agg(
                                format('old.%I is distinct from new.%I', w.name, w.name), ' or '
                                order by w.name
                            )
                        )
                        from watched as w
                        where w.from_table = t.from_table
                    )
                    else ''
                end,
                t.function_name
            ),
            format('calls paged.%I()', t.function_name)
        from tables as t
        cross join (values (1, 'insert'), (2, 'update')) as e (place, event)
    )

    select
        (row_number() over (order by o.phase, o.owner, o.step, o.on_table, o.name))::int,
        o.kind,
        o.on_table,
        o.name::name,
        o.statement,
        o.purpose
    from objects as o;
end
$$;

comment on function authz_private.storage_objects(regclass, text, jsonb, name, int) is
    'Columns, checks, keys, indexes and triggers that a stored dataset needs, in the order in '
    'which they are added, each with its statement. Columns are filled after the last column '
    'was added (authz_private.add_storage). 22023 when a path does not fit the catalog.';
revoke all on function authz_private.storage_objects(regclass, text, jsonb, name, int) from public;
