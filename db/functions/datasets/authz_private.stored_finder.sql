-- The compiler of pages in storage stored. What it writes has three ways to a page, as for funds:
--   small   few units and rows: gathered from the indexes of units by a plan made once a session
--   gather  the same with the arrays known to the planner: sparse scopes, deep pages
--   walk    along the sort index until the page is full: dense scopes

create or replace function authz_private.stored_finder(dataset text)
returns text
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    wanted authz.datasets;
    units text [];
    people text [];
    key_columns name [];
    keys text;
    sorts text;
    sort_names text;
    passes text := '';
    counted text := '';
    owned_counted text := '';
    sampled text := '';
    matching text := '';
    owned_matching text := '';
    apart text;
    pass text;
    token record;
    body text := $body$
#variable_conflict use_variable
declare
    scope record;
    owned text [] := '{}';
    reached int [];
    sample int [];
    guess float8;
    share float8;
    tenant_size float8;
    matches float8;
    walked_rows bigint;
    step_limit bigint;
    is_walk boolean := false;
    is_ruled constant boolean := condition is not null;
    ruled constant text := coalesce(' and ' || condition, '');
    page_end constant bigint := page_offset + page_size;
    direction constant text := case when descending then 'desc' else 'asc' end;
    sort_key constant text := 'd.' || quote_ident(sort_column);
    beginning constant text := coalesce(' and ' || format(begins, sort_key), '');
    behind_row constant text := coalesce(' and ' || format(behind, sort_key, {row_keys}), '');
    behind_match constant text := coalesce(' where ' || format(behind, 'd.s', {match_keys}), '');
    located text;
    counting text;
    matching text;
    owned_matching text;
    walked text;
begin
    select s.* into scope from authz_private.scope_of(subject_id, {resource}, action) as s;
    {no_keys}
    if scope.own_rows or scope.own_denied then
        owned := authz_private.references_of(subject_id);
    end if;
    reached := authz_private.tenants_reached(
        scope.tenant_id, scope.every_tenant, scope.whole_tenant, scope.other_tenants
    );
    if scope.unit_ids <> '{}' or scope.own_rows then
        perform authz_private.check_stored_units({dataset});
    elsif reached = '{}' then
        total := 0;
        return;
    end if;

    -- As if all units owned alike: nobody has counted yet.
    guess := {owners} * cardinality(scope.unit_ids) * authz_private.rows_per_unit({table_name});
    if page_size is not null and sort_place is not null and not is_ruled and behind is null
        and reached = '{}' and not scope.own_denied
        and cardinality(scope.unit_ids) <= 16 and guess <= 20000
    then
        if descending then
            with g as materialized ({passes}
            )

            select c.n, {p_arrays}
            into total, {key_outs}
            from (select count(*) as n from g) as c
            cross join lateral (
                select {p_aggregates}
                from (
                    select {g_keys}
                    from g
                    order by {sorts_down}, {g_keys}
                    limit page_size offset page_offset
                ) as p
            ) as p;
        else
            with g as materialized ({passes}
            )

            select c.n, {p_arrays}
            into total, {key_outs}
            from (select count(*) as n from g) as c
            cross join lateral (
                select {p_aggregates}
                from (
                    select {g_keys}
                    from g
                    order by {sorts_up}, {g_keys}
                    limit page_size offset page_offset
                ) as p
            ) as p;
        end if;
        return;
    end if;

    if reached <> '{}' or scope.own_denied then
        -- Whole tenants, or a scope that no index answers.
        located := ' where (' || concat_ws(
            ' or ',
            case when reached <> '{}' then format('{tenant} = any(%L::int [])', reached) end,
            case
                when scope.unit_ids <> '{}' or scope.own_rows then authz_private.stored_owners(
                    {dataset}, 'd.', '$2',
                    case when scope.own_rows then '$3' end, case when scope.own_denied then '$3' end
                )
            end
        ) || ')' || ruled;
        if totals = 'estimate' and not scope.own_denied and not scope.other_tenants then
            tenant_size := case
                when scope.every_tenant then authz_private.table_rows({table_name})
                else authz_private.tenant_rows({table_name}, {tenant_column}, scope.tenant_id)
            end;
            share := least(10000 / greatest(tenant_size, 1), 1);
            if share < 0.5 then
                execute format(
                    'select count(*) from {table} as d tablesample system (%s) repeatable (0)%s',
                    share * 100, located
                )
                into total
                using scope.tenant_id, scope.unit_ids, owned;
                total := round(total / share);
            end if;
        end if;
        if total is null and totals <> 'none' then
            execute format('select count(*) from {table} as d%s', located)
            into total
            using scope.tenant_id, scope.unit_ids, owned;
        end if;
        if page_size is null or totals = 'exact' and page_offset >= total then
            return;
        end if;
        execute format(
            'select {aggregates} from (select {d_keys} from {table} as d%s%s%s order by %s %s, {d_order} '
            'limit $4 offset $5) as p',
            located, beginning, behind_row, sort_key, direction
        )
        into {key_outs}
        using scope.tenant_id, scope.unit_ids, owned, page_size, page_offset;
        -- Rows whose sort column is null are beyond where an index begins.
        if begins is not null and cardinality(key_1) < page_size then
            execute format(
                'select {aggregates} from (select {d_keys} from {table} as d%s%s order by %s %s, {d_order} '
                'limit $4 offset $5) as p',
                located, behind_row, sort_key, direction
            )
            into {key_outs}
            using scope.tenant_id, scope.unit_ids, owned, page_size, page_offset;
        end if;
        return;
    end if;

    -- Counted pass by pass, which spares each row the way through an append.
    counting := 'select ' || replace({counted}, '{condition}', ruled);
    matching := replace(replace({matching}, '{condition}', ruled), '{sort}', sort_key);
    if scope.own_rows then
        counting := counting || replace({owned_counted}, '{condition}', ruled);
        owned_matching := replace(replace({owned_matching}, '{condition}', ruled), '{sort}', sort_key);
        matching := matching || ' union all ' || owned_matching;
    end if;
    if page_size is null then
        execute counting
        into total
        using scope.tenant_id, scope.unit_ids, owned;
        return;
    end if;
    tenant_size := authz_private.tenant_rows({table_name}, {tenant_column}, scope.tenant_id);
    matches := least(guess, tenant_size);
    is_walk := authz_private.index_walk_pays(matches, tenant_size, page_end, is_ruled);
    -- A walk needs the total from elsewhere; a gathering brings it.
    if is_walk and totals = 'exact' then
        execute counting
        into total
        using scope.tenant_id, scope.unit_ids, owned;
        if page_offset >= total then
            return;
        end if;
        matches := total;
        is_walk := authz_private.index_walk_pays(matches, tenant_size, page_end, is_ruled);
    end if;

    if is_walk then
        -- Where the scope is crowded at the far end of the order a walk would not end: after as
        -- many steps as a gathering costs it is given up. IN over a sub-select tests a row by
        -- hash, with a plan that does not weigh the array.
        step_limit := authz_private.index_walk_limit(matches, page_end, is_ruled);
        walked := format(
            'select d.fundwarden_s as s, {d_keys} from ('
            'select %1$s as fundwarden_s, d.* from {table} as d '
            'where {tenant} = $1%2$s%3$s order by %1$s %4$s, {d_order} limit $7) as d '
            'where ({walk_test})%5$s order by d.fundwarden_s %4$s, {d_order} limit $4',
            sort_key, beginning, behind_row, direction, ruled
        );
        execute case
            when scope.own_rows then format(
                'with w as materialized (%1$s) select (select count(*) from w), {aggregates} from ('
                'select d.* from (select w.* from w union all %2$s) as d%3$s '
                'order by d.s %4$s, {dk_order} limit $5 offset $6) as p',
                walked, owned_matching, behind_match, direction
            )
            else format(
                'select null::bigint, {aggregates} from (select d.* from (%s) as d '
                'order by d.s %s, {dk_order} offset $6) as p',
                walked, direction
            )
        end
        into walked_rows, {key_outs}
        using scope.tenant_id, scope.unit_ids, owned, page_end, page_size, page_offset, step_limit;
        is_walk := case
            -- Given up early it has no gap, but rows owned besides may lie beyond its end.
            when scope.own_rows then walked_rows = page_end
            when behind is not null or totals <> 'exact' then cardinality(key_1) = page_size
            -- Where nothing was counted a page that is not full may have been given up.
            else page_offset + cardinality(key_1) = least(page_end, total)
        end;
    end if;

    if not is_walk then
        if page_end > 1000 and behind is null then
            -- A bounded sort forgoes abbreviated keys: this deep, sorting everything is faster.
            execute format(
                'select {aggregates} from (select d.* from (%s) as d order by d.s %s, {dk_order}) as p',
                matching, direction
            )
            into {key_outs}
            using scope.tenant_id, scope.unit_ids, owned;
            total := cardinality(key_1);
            {key_slices}
            return;
        end if;
        execute format(
            'with d as materialized (%s) select (select count(*) from d), {aggregates} from ('
            'select d.* from d%s order by d.s %s, {dk_order} limit $4 offset $5) as p',
            matching, behind_match, direction
        )
        into total, {key_outs}
        using scope.tenant_id, scope.unit_ids, owned, page_size, page_offset;
        return;
    end if;

    if totals = 'estimate' then
        -- In a sample of the units, the same at each call.
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
        execute 'select ' || replace({sampled}, '{condition}', ruled)
        into total
        using scope.tenant_id, scope.unit_ids, owned, sample;
        total := round(
            total * cardinality(scope.unit_ids)::float8 / greatest(cardinality(sample), 1)
        );
    end if;
end
$body$;
begin
    select d.* into wanted from authz.datasets as d where d.name = stored_finder.dataset;
    key_columns := authz_private.key_columns(wanted.table_name);
    select
        array_agg('d.' || p.prefix || 'unit' order by o.place),
        array_agg('d.' || p.prefix || 'person' order by o.place)
    into units, people
    from jsonb_array_elements(wanted.owners) with ordinality as o (owner, place)
    cross join authz_private.storage_prefix(wanted.name, o.owner ->> 'name') as p (prefix);
    keys := (
        select string_agg(format('d.%I as k%s', k.name, k.place), ', ' order by k.place)
        from unnest(key_columns) with ordinality as k (name, place)
    );
    -- One expression for all sort columns of a type: the small way has one plan for any of them.
    select
        string_agg(format('case sort_place%s end as s%s', t.cases, t.number), ', ' order by t.number),
        string_agg('g.s' || t.number, ', ' order by t.number)
    into sorts, sort_names
    from (
        select
            row_number() over (order by min(c.place)) as number,
            string_agg(format(' when %s then d.%I', c.place, c.name), '' order by c.place) as cases
        from authz_private.sort_columns(wanted.table_name, wanted.tenant_column) as c
        group by c.type_name, c.collation_id
    ) as t;

    for n in 1 .. cardinality(units) loop
        -- Each pass leaves out what an earlier one has: a row of several owners is met once.
        apart := coalesce(
            (
                select string_agg(format(' and (%s = any({units})) is not true', units[m]), '' order by m)
                from generate_series(1, n - 1) as m
            ),
            ''
        );
        pass := units[n] || ' = any({units})' || apart;
        passes := passes || format(
            e'%s\n                -- Owner %s.\n                select %s, %s\n'
            '                from %s as d\n                where %s',
            case when n > 1 then e'\n                union all' end,
            wanted.owners -> (n - 1) ->> 'name', keys, sorts, wanted.table_name,
            replace(pass, '{units}', 'scope.unit_ids')
        );
        counted := counted || format(
            '%s(select count(*) from %s as d where %s{condition})',
            case when n > 1 then ' + ' end, wanted.table_name, replace(pass, '{units}', '$2')
        );
        sampled := sampled || format(
            '%s(select count(*) from %s as d where %s = any($4)%s{condition})',
            case when n > 1 then ' + ' end, wanted.table_name, units[n],
            replace(apart, '{units}', '$2')
        );
        matching := matching || format(
            '%sselect {sort} as s, %s from %s as d where %s{condition}',
            case when n > 1 then ' union all ' end, keys, wanted.table_name,
            replace(pass, '{units}', '$2')
        );
    end loop;
    -- What is owned besides: in none of the units, and each once.
    apart := (
        select string_agg(format(' and (%s = any({units})) is not true', u.name), '' order by u.place)
        from unnest(units) with ordinality as u (name, place)
    );
    for n in 1 .. cardinality(people) loop
        pass := people[n] || ' = any({owned})' || coalesce(
            (
                select string_agg(format(' and (%s = any({owned})) is not true', people[m]), '' order by m)
                from generate_series(1, n - 1) as m
            ),
            ''
        ) || apart;
        passes := passes || format(
            e'\n                union all\n                -- Owned as %s, in none of the units.\n'
            '                select %s, %s\n                from %s as d\n                where %s',
            wanted.owners -> (n - 1) ->> 'name', keys, sorts, wanted.table_name,
            replace(replace(pass, '{units}', 'scope.unit_ids'), '{owned}', 'owned')
        );
        owned_counted := owned_counted || format(
            ' + (select count(*) from %s as d where %s{condition})', wanted.table_name,
            replace(replace(pass, '{units}', '$2'), '{owned}', '$3')
        );
        owned_matching := owned_matching || format(
            '%sselect {sort} as s, %s from %s as d where %s{condition}',
            case when n > 1 then ' union all ' end, keys, wanted.table_name,
            replace(replace(pass, '{units}', '$2'), '{owned}', '$3')
        );
    end loop;

    for token in
        with k_texts as (
            select
                string_agg('key_' || k.place, ', ' order by k.place) as outs,
                string_agg(format('key_%s := ''{}'';', k.place), ' ' order by k.place) as no_keys,
                string_agg(
                    format(
                        'key_%s := key_%s[page_offset + 1:least(page_end, 2147483647)];',
                        k.place, k.place
                    ),
                    ' ' order by k.place
                ) as slices,
                string_agg(format('coalesce(p.a%s, ''{}'')', k.place), ', ' order by k.place)
                as p_arrays,
                string_agg(format('array_agg(p.k%s) as a%s', k.place, k.place), ', ' order by k.place)
                as p_aggregates,
                string_agg(format('coalesce(array_agg(p.k%s), ''{}'')', k.place), ', ' order by k.place)
                as aggregates,
                string_agg('g.k' || k.place, ', ' order by k.place) as g_keys,
                string_agg('d.k' || k.place, ', ' order by k.place) as dk_order,
                string_agg(format('d.%I', k.name), ', ' order by k.place) as d_order
            from unnest(key_columns) with ordinality as k (name, place)
        )

        select v.name, v.value
        from k_texts as k
        cross join lateral (
            select
                authz_private.inside_format(k.aggregates) as aggregates,
                authz_private.inside_format(keys) as d_keys,
                authz_private.inside_format(k.d_order) as d_order,
                authz_private.inside_format(wanted.table_name::text) as table_name,
                authz_private.inside_format(
                    coalesce('d.' || quote_ident(wanted.tenant_column), wanted.tenant_id || '::int')
                ) as tenant
        ) as inside
        cross join lateral (
            values
            ('{passes}', passes),
            ('{counted}', quote_literal(counted)),
            ('{sampled}', quote_literal(sampled)),
            ('{owned_counted}', quote_literal(owned_counted)),
            ('{matching}', quote_literal(matching)),
            ('{owned_matching}', quote_literal(owned_matching)),
            ('{row_keys}', quote_literal(k.d_order)),
            ('{match_keys}', quote_literal(k.dk_order)),
            ('{no_keys}', k.no_keys),
            ('{key_outs}', k.outs),
            ('{key_slices}', k.slices),
            ('{p_arrays}', k.p_arrays),
            ('{p_aggregates}', k.p_aggregates),
            ('{g_keys}', k.g_keys),
            ('{sorts_up}', sort_names),
            ('{sorts_down}', replace(sort_names, ',', ' desc,') || ' desc'),
            ('{dataset}', quote_literal(wanted.name)),
            ('{resource}', quote_literal(wanted.resource)),
            ('{table_name}', quote_literal(wanted.table_name::text) || '::regclass'),
            ('{tenant_column}', coalesce(quote_literal(wanted.tenant_column), 'null')),
            ('{owners}', round(1 + 0.75 * (cardinality(units) - 1), 2)::text),
            -- Inside texts that format() fills.
            ('{aggregates}', inside.aggregates),
            ('{d_keys}', inside.d_keys),
            ('{d_order}', inside.d_order),
            ('{dk_order}', k.dk_order),
            ('{table}', inside.table_name),
            ('{tenant}', inside.tenant),
            (
                '{walk_test}',
                (
                    select string_agg(u.name || ' in (select unnest($2))', ' or ' order by u.place)
                    from unnest(units) with ordinality as u (name, place)
                )
            )
        ) as v (name, value)
    loop
        body := replace(body, token.name, token.value);
    end loop;
    return body;
end
$$;

comment on function authz_private.stored_finder(text) is
    'Body of paged.<dataset>_find() of a dataset in storage stored: the keys of a page and the '
    'total, in PL/pgSQL.';
revoke all on function authz_private.stored_finder(text) from public;
