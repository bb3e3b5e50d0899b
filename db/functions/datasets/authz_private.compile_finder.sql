-- The compiler of pages whose rows carry the units of their owners. What it writes has three ways
-- to a page:
--   small   few units and rows: gathered from the indexes of units by a plan made once a session
--   gather  the same with the arrays known to the planner: sparse scopes, deep pages
--   walk    along the sort index until the page is full: dense scopes

create or replace function authz_private.compile_finder(
    table_name regclass,
    resource text,
    tenant text,
    tenant_column name,
    key_columns name [],
    sort_columns name [],
    owner_names text [],
    units text [],
    owned text [],
    owned_type text,
    owned_values text [],
    check_first text,
    filter_text text,
    filter_bound text
)
returns text
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_variable
declare
    keys text;
    pass_keys text;
    sorts text;
    sort_names text;
    sort_places text;
    tests text [];
    own_tests text [];
    token record;
    gathered constant text := $gathered$            with g as materialized ({passes}
            )

            select c.n, {p_arrays}
            into total, {key_outs}
            from (select count(*) as n from g) as c
            cross join lateral (
                select {p_aggregates}
                from (
                    select {g_keys}
                    from g
                    order by {small_order}, {g_keys}
                    limit page_size offset page_offset
                ) as p
            ) as p;
$gathered$;
    body text := $body$
#variable_conflict use_variable
declare
    scope record;
    {owned_variables};
    reached int [];
    sample int [];
    guess float8;
    share float8;
    tenant_size float8;
    matches float8;
    walked_rows bigint;
    is_walk boolean := false;
    is_counted constant boolean := totals = 'exact';
    -- Numbers compare faster than names, once a row.
    sort_place constant int := case sort_column{sort_places}
    end;
    filters constant text := {all_filters};
    is_filtered constant boolean := filters <> '';
    page_end constant bigint := page_offset + page_size;
    direction constant text := case when descending then 'desc' else 'asc' end;
    sort_key constant text := 'd.' || quote_ident(sort_column);
    beginning text := coalesce(' and ' || format(begins, sort_key), '');
    behind_row constant text := coalesce(
        ' and ' || format(behind, sort_key, {row_keys}), ''
    );
    behind_match constant text := coalesce(
        ' where ' || format(behind, 'd.s', {match_keys}), ''
    );
    located text;
    counting text;
    owned_counting text;
    besides bigint;
    matching text;
    owned_matching text;
    walked text;
begin
    select s.* into scope from authz_private.scope_of(subject_id, {resource}, action) as s;
    {no_keys}
    if scope.own_rows or scope.own_denied then
        {owned_values};
    end if;
    reached := authz_private.tenants_reached(
        scope.tenant_id, scope.every_tenant, scope.whole_tenant, scope.other_tenants
    );
    if reached = '{}' and scope.unit_ids = '{}' and not scope.own_rows then
        total := 0;
        return;
    end if;
{check_first}
    -- As if all units owned alike: nobody has counted yet.
    guess := {owners} * cardinality(scope.unit_ids)
        * authz_private.rows_per_unit({table_name});
    if page_size is not null and sort_place is not null and condition is null and behind is null
        and reached = '{}' and not scope.own_denied
        and cardinality(scope.unit_ids) <= 16 and guess <= 20000
    then
        if descending then
{gathered_down}        else
{gathered_up}        end if;
        return;
    end if;

    if reached <> '{}' or scope.own_denied then
        -- Whole tenants, or a scope that no index answers.
        located := concat_ws(
            ' or ',
            case when reached <> '{}' then format('{tenant_inside} = any(%L::int [])', reached) end,
            case
                when scope.unit_ids = '{}' then null
                when scope.own_denied then {units_not_denied}
                else {units_tests}
            end,
            case when scope.own_rows then {owned_tests} end
        );
        if totals = 'estimate' and not scope.own_denied and not scope.other_tenants then
            -- Blocks of the table, about so many that 10,000 rows of the tenant lie in them.
            tenant_size := case
                when scope.every_tenant then authz_private.table_rows({table_name})
                else authz_private.tenant_rows(
                    {table_name}, {tenant_column}, scope.tenant_id
                )
            end;
            share := least(10000 / greatest(tenant_size, 1), 1);
            if share < 0.5 then
                execute format(
                    'select count(*) from {table} as d '
                    'tablesample system (%s) repeatable (0) where (%s)%s',
                    share * 100, located, filters
                )
                into total
                using scope.tenant_id, scope.unit_ids, {owned_parameters};
                total := round(total / share);
            end if;
        end if;
        if total is null and totals <> 'none' then
            execute format(
                'select count(*) from {table} as d where (%s)%s', located, filters
            )
            into total
            using scope.tenant_id, scope.unit_ids, {owned_parameters};
        end if;
        if page_size is null or is_counted and page_offset >= total then
            return;
        end if;
        loop
            execute case
                -- One walk for each tenant, each as far as the page could reach.
                when scope.unit_ids = '{}' and not scope.own_rows then format(
                    'select {aggregates} from ('
                    'select d.* from unnest(%L::int []) as t (id) cross join lateral ('
                    'select %s as s, {keys} '
                    'from {table} as d where {tenant_inside} = t.id%s%s%s '
                    'order by %s %s, {d_order} limit %s) as d '
                    'order by d.s %s, {dk_order} limit %s offset %s) as p',
                    reached, sort_key, filters, beginning, behind_row, sort_key, direction,
                    page_end, direction, page_size, page_offset
                )
                else format(
                    'select {aggregates} from ('
                    'select {keys} '
                    'from {table} as d where (%s)%s%s%s '
                    'order by %s %s, {d_order} limit %s offset %s) as p',
                    located, filters, beginning, behind_row, sort_key, direction,
                    page_size, page_offset
                )
            end
            into {key_outs}
            using scope.tenant_id, scope.unit_ids, {owned_parameters};
            -- Rows whose sort column is null are beyond where an index begins.
            exit when beginning = '' or cardinality(key_1) = page_size;
            beginning := '';
        end loop;
        return;
    end if;

    -- Counted pass by pass, which spares each row the way through an append.
    counting := 'select 0' || {counted};
    matching := {matching};
    if scope.own_rows then
        owned_counting := {owned_counted};
        counting := counting || owned_counting;
        owned_matching := {owned_matching};
        matching := matching || ' union all ' || owned_matching;
    end if;
    if page_size is null and totals = 'exact' then
        execute counting
        into total
        using scope.tenant_id, scope.unit_ids, {owned_parameters};
        return;
    end if;

    if page_size is not null then
        tenant_size := authz_private.tenant_rows(
            {table_name}, {tenant_column}, scope.tenant_id
        );
        matches := least(guess, tenant_size);
        is_walk := authz_private.index_walk_pays(matches, tenant_size, page_end, is_filtered);
        -- A walk needs the total from elsewhere; a gathering brings it.
        if is_walk and is_counted then
            execute counting
            into total
            using scope.tenant_id, scope.unit_ids, {owned_parameters};
            if page_offset >= total then
                return;
            end if;
            matches := total;
            is_walk := authz_private.index_walk_pays(matches, tenant_size, page_end, is_filtered);
        end if;
    end if;

    if is_walk then
        -- Where the scope lies crowded at the far end of the order a walk would not end: after as
        -- many steps as a gathering costs it is given up. IN over a sub-select tests a row by
        -- hash, with a plan that does not weigh the array.
        walked := format(
            'select d.fundwarden_s as s, {keys} from ('
            'select %1$s as fundwarden_s, d.* from {table} as d '
            'where {tenant_inside} = $1%2$s%3$s order by %1$s %4$s, {d_order} limit %5$s) as d '
            'where ({walk_tests})%6$s '
            'order by d.fundwarden_s %4$s, {d_order} limit %7$s',
            sort_key, beginning, behind_row, direction,
            authz_private.index_walk_limit(matches, page_end, is_filtered), filters, page_end
        );
        execute case
            when scope.own_rows then format(
                'with w as materialized (%1$s) '
                'select (select count(*) from w), {aggregates} from ('
                'select d.* from (select w.* from w union all %2$s) as d%3$s '
                'order by d.s %4$s, {dk_order} limit %5$s offset %6$s) as p',
                walked, owned_matching, behind_match, direction, page_size, page_offset
            )
            else format(
                'select null::bigint, {aggregates} from ('
                'select d.* from (%s) as d order by d.s %s, {dk_order} offset %s) as p',
                walked, direction, page_offset
            )
        end
        into walked_rows, {key_outs}
        using scope.tenant_id, scope.unit_ids, {owned_parameters};
        is_walk := case
            -- Given up early it has no gap, but rows owned besides may lie beyond its end.
            when scope.own_rows then walked_rows = page_end
            when behind is not null or not is_counted then cardinality(key_1) = page_size
            -- Where nothing was counted a page that is not full may have been given up.
            else page_offset + cardinality(key_1) = least(page_end, total)
        end;
    end if;

    if page_size is not null and not is_walk then
        if page_end > 1000 and behind is null then
            -- A bounded sort forgoes abbreviated keys: this deep, sorting everything is faster.
            execute format(
                'select {aggregates} from ('
                'select d.* from (%s) as d order by d.s %s, {dk_order}) as p',
                matching, direction
            )
            into {key_outs}
            using scope.tenant_id, scope.unit_ids, {owned_parameters};
            total := cardinality(key_1);
            {key_slices}
            return;
        end if;
        execute format(
            'with d as materialized (%s) '
            'select (select count(*) from d), {aggregates} from ('
            'select d.* from d%s order by d.s %s, {dk_order} limit %s offset %s) as p',
            matching, behind_match, direction, page_size, page_offset
        )
        into total, {key_outs}
        using scope.tenant_id, scope.unit_ids, {owned_parameters};
        return;
    end if;

    if totals = 'estimate' then
        -- In a sample of the units, the same at each call. Of what the user may read and of nothing
        -- else: statistics would tell how often a value occurs in rows that the user may not see.
        share := least(10000 / greatest(guess, 1), 1);
        sample := case
            when share < 0.5 then array(
                select u.id
                from unnest(scope.unit_ids) as u (id)
                order by hashint4(u.id), u.id
                limit greatest(ceil(share * cardinality(scope.unit_ids)), 1)
            )
            else scope.unit_ids
        end;
        execute 'select 0' || {sampled}
        into total
        using scope.tenant_id, scope.unit_ids, {owned_parameters}, sample;
        total := round(
            total * cardinality(scope.unit_ids)::float8 / greatest(cardinality(sample), 1)
        );
        if scope.own_rows then
            -- What is owned besides is little.
            execute 'select 0' || owned_counting
            into besides
            using scope.tenant_id, scope.unit_ids, {owned_parameters};
            total := total + besides;
        end if;
    end if;
end
$body$;
begin
    -- Two texts, as a plan made once cannot take the direction from a variable.
    body := replace(body, '{gathered_down}', replace(gathered, '{small_order}', '{sorts_down}'));
    body := replace(body, '{gathered_up}', replace(gathered, '{small_order}', '{sorts_up}'));
    keys := (
        select string_agg(format('d.%I as k%s', k.name, k.place), ', ' order by k.place)
        from unnest(key_columns) with ordinality as k (name, place)
    );
    -- A unit is of one tenant: passes over the indexes of units need not read it from the row.
    pass_keys := (
        select string_agg(
            case
                when k.name = tenant_column then format(
                    '{tenant_id}::%s as k%s', format_type(a.atttypid, a.atttypmod), k.place
                )
                else format('d.%I as k%s', k.name, k.place)
            end,
            ', ' order by k.place
        )
        from unnest(key_columns) with ordinality as k (name, place)
        inner join pg_attribute as a
            on a.attrelid = compile_finder.table_name and k.name = a.attname
    );
    -- One expression for all sort columns of a type: the small way has one plan for any of them.
    select
        string_agg(
            format(
                e'case sort_place%s\n                    end as s%s', t.cases, t.number
            ),
            e',\n                    ' order by t.number
        ),
        string_agg('g.s' || t.number, ', ' order by t.number),
        string_agg(t.places, '' order by t.number)
    into sorts, sort_names, sort_places
    from (
        select
            row_number() over (order by min(c.place)) as number,
            string_agg(
                format(e'\n                        when %s then d.%I', c.place, c.name),
                '' order by c.place
            ) as cases,
            string_agg(
                format(e'\n        when %L then %s', c.name, c.place), '' order by c.place
            ) as places
        from unnest(sort_columns) with ordinality as c (name, place)
        inner join pg_attribute as a
            on a.attrelid = compile_finder.table_name and c.name = a.attname
        group by a.atttypid, a.atttypmod, a.attcollation
    ) as t;

    -- Each pass leaves out what an earlier one has: a row of several owners is met once.
    tests := array(
        select units[n] || ' = any({units})' || coalesce(
            (
                select string_agg(
                    format('{line}and (%s = any({units})) is not true', units[m]), '' order by m
                )
                from generate_series(1, n - 1) as m
            ),
            ''
        )
        from generate_series(1, cardinality(units)) as n
        order by n
    );
    -- What is owned besides is in none of the units.
    own_tests := array(
        select owned[n]
            || coalesce(
                (
                    select string_agg(format('{line}and (%s) is not true', owned[m]), '' order by m)
                    from generate_series(1, n - 1) as m
                ),
                ''
            )
            || (
                select string_agg(
                    format('{line}and (%s = any({units})) is not true', u.name), '' order by u.place
                )
                from unnest(units) with ordinality as u (name, place)
            )
        from generate_series(1, cardinality(owned)) as n
        order by n
    );

    for token in
        with k_texts as (
            select
                string_agg('key_' || k.place, ', ' order by k.place) as outs,
                string_agg(
                    format('key_%s := ''{}'';', k.place), e'\n    ' order by k.place
                ) as no_keys,
                string_agg(
                    format(
                        'key_%s := key_%s[least(page_offset + 1, 2147483647)'
                        ':least(page_end, 2147483647)];',
                        k.place, k.place
                    ),
                    e'\n            ' order by k.place
                ) as slices,
                string_agg(format('coalesce(p.a%s, ''{}'')', k.place), ', ' order by k.place)
                as p_arrays,
                string_agg(
                    format('array_agg(p.k%s) as a%s', k.place, k.place), ', ' order by k.place
                ) as p_aggregates,
                string_agg(
                    format('coalesce(array_agg(p.k%s), ''{}'')', k.place), e',\n                '
                    order by k.place
                ) as aggregates,
                string_agg('g.k' || k.place, ', ' order by k.place) as g_keys,
                string_agg('d.k' || k.place, ', ' order by k.place) as dk_order,
                string_agg(format('d.%I', k.name), ', ' order by k.place) as d_order
            from unnest(key_columns) with ordinality as k (name, place)
        ),

        pass_texts as (
            select
                string_agg(
                    format(
                        e'%s\n                -- %s.\n                select\n'
                        '                    %s,\n                    %s\n'
                        '                from %s as d\n                where %s%s',
                        case when p.place > 1 then e'\n                union all' end,
                        case when p.is_own then 'Owned as ' else 'Owner ' end || p.owner_name,
                        pass_keys, sorts, table_name, p.test, '{line}and ' || filter_bound
                    ),
                    '' order by p.place
                ) as gathered,
                string_agg(
                    format(
                        '{line}+ (select count(*) from %s as d{line}where %s{filters})',
                        table_name, p.test
                    ),
                    '' order by p.place
                ) filter (where not p.is_own) as counted,
                string_agg(
                    format(
                        '{line}+ (select count(*) from %s as d{line}where %s{filters})',
                        table_name, p.test
                    ),
                    '' order by p.place
                ) filter (where p.is_own) as own_counted,
                string_agg(
                    format(
                        '{line}+ (select count(*) from %s as d{line}where %s{filters})', table_name,
                        regexp_replace(p.test, '[{]units[}]', '{sample}')
                    ),
                    '' order by p.place
                ) filter (where not p.is_own) as sampled,
                string_agg(
                    format(
                        '{line}select {sort} as s, %s{line}from %s as d{line}where %s{filters}',
                        pass_keys, table_name, p.test
                    ),
                    '{line}union all' order by p.place
                ) filter (where not p.is_own) as matching,
                string_agg(
                    format(
                        '{line}select {sort} as s, %s{line}from %s as d{line}where %s{filters}',
                        pass_keys, table_name, p.test
                    ),
                    '{line}union all' order by p.place
                ) filter (where p.is_own) as own_matching
            from (
                select n as place, owner_names[n] as owner_name, false as is_own, tests[n] as test
                from generate_series(1, cardinality(units)) as n
                union all
                select n + cardinality(units), owner_names[n], true, own_tests[n]
                from generate_series(1, cardinality(owned)) as n
            ) as p
        )

        select v.name, v.value
        from k_texts as k
        cross join pass_texts as p
        cross join lateral (
            select
                authz_private.inside_format(k.aggregates) as aggregates,
                authz_private.inside_format(keys) as keys,
                authz_private.inside_format(k.d_order) as d_order,
                authz_private.inside_format(table_name::text) as table_name,
                authz_private.inside_format(tenant) as tenant
        ) as inside
        cross join lateral (
            select
                count(*)::int as number,
                string_agg(
                    format('owned_%s %s [] := ''{}''', o.place, owned_type), e';\n    '
                    order by o.place
                ) as variables,
                string_agg(
                    format('owned_%s := %s', o.place, o.value), e';\n        ' order by o.place
                ) as assigned,
                string_agg('owned_' || o.place, ', ' order by o.place) as named
            from unnest(owned_values) with ordinality as o (value, place)
        ) as o
        cross join lateral (
            select
                string_agg(u.name || ' = any({units})', '{line}or ' order by u.place) as reached,
                string_agg(
                    format(
                        '%s = any({units}){line}and (%s) is not true', u.name, owned[u.place]
                    ),
                    '{line}or ' order by u.place
                ) as not_denied,
                string_agg(
                    format('%s in (select unnest($2))', u.name), e'\n            or '
                    order by u.place
                ) as walked
            from unnest(units) with ordinality as u (name, place)
        ) as u
        cross join lateral (
            values
            ('{passes}', authz_private.finder_text(p.gathered, null)),
            ('{counted}', authz_private.finder_text(p.counted, o.number)),
            ('{owned_counted}', authz_private.finder_text(p.own_counted, o.number)),
            ('{sampled}', authz_private.finder_text(p.sampled, o.number)),
            ('{matching}', authz_private.finder_text(p.matching, o.number)),
            ('{owned_matching}', authz_private.finder_text(p.own_matching, o.number)),
            ('{units_tests}', authz_private.finder_text(u.reached, o.number)),
            ('{units_not_denied}', authz_private.finder_text(u.not_denied, o.number)),
            (
                '{owned_tests}',
                authz_private.finder_text(array_to_string(owned, '{line}or '), o.number)
            ),
            ('{row_keys}', quote_literal(k.d_order)),
            ('{match_keys}', quote_literal(k.dk_order)),
            ('{no_keys}', k.no_keys),
            ('{key_outs}', k.outs),
            ('{key_slices}', k.slices),
            ('{p_arrays}', k.p_arrays),
            ('{p_aggregates}', k.p_aggregates),
            ('{g_keys}', k.g_keys),
            ('{sort_places}', sort_places),
            ('{sorts_up}', sort_names),
            ('{sorts_down}', replace(sort_names, ',', ' desc,') || ' desc'),
            ('{resource}', quote_literal(resource)),
            ('{table_name}', quote_literal(table_name::text)),
            ('{tenant_column}', coalesce(quote_literal(tenant_column), 'null')),
            ('{owners}', round(1 + 0.75 * (cardinality(units) - 1), 2)::text),
            ('{owned_variables}', o.variables),
            ('{owned_values}', o.assigned),
            ('{owned_parameters}', o.named),
            ('{check_first}', coalesce(check_first || e'\n', '')),
            (
                '{all_filters}',
                format(
                    'concat(%s)',
                    concat_ws(
                        ', ', ''' and '' || condition',
                        e'\n        '' and '' || ' || filter_text || e'\n    '
                    )
                )
            ),
            -- Inside texts that format() fills.
            ('{aggregates}', inside.aggregates),
            ('{keys}', inside.keys),
            ('{d_order}', inside.d_order),
            ('{dk_order}', k.dk_order),
            ('{table}', inside.table_name),
            ('{tenant_inside}', inside.tenant),
            ('{walk_tests}', authz_private.inside_format(u.walked))
        ) as v (name, value)
    loop
        body := replace(body, token.name, token.value);
    end loop;
    return body;
end
$$;

comment on function authz_private.compile_finder(
    regclass, text, text, name, name [], name [], text [], text [], text [], text, text [],
    text, text, text
) is
    'Body of a function that finds the keys of a page and the total, in PL/pgSQL. tenant: SQL of '
    'the tenant of a row d, and tenant_column: its column, if there is one. key_columns: in the '
    'order of ties. sort_columns: those with a plan of their own. units: SQL of the unit of each '
    'owner. owned: SQL that tests whether each owner is in {owned_1} and so on, arrays of '
    'owned_type whose values owned_values gives; {tenant_id} is the tenant of the user. '
    'check_first: statements before anything is read. filter_text: SQL of further conditions as '
    'text, and filter_bound: the same as a condition over variables; null: none.';
revoke all on function authz_private.compile_finder(
    regclass, text, text, name, name [], name [], text [], text [], text [], text, text [],
    text, text, text
) from public;
