-- Written by authz_private.funds_finder(); a test compares both. The queries are those of
-- authz_private.compile_finder(), which also writes paged.<dataset>_find() of a registered table.

create or replace function authz_private.find_funds(
    subject_id bigint,
    action text,
    page_offset bigint,
    page_size int,
    sort_column text,
    descending boolean,
    condition text,
    begins text,
    behind text,
    totals text,
    min_amount numeric,
    max_amount numeric,
    status text,
    created_from timestamptz,
    created_to timestamptz,
    out total bigint,
    out key_1 bigint [],
    out key_2 int []
)
returns record
language plpgsql stable security invoker parallel restricted
as $$
#variable_conflict use_variable
declare
    scope record;
    owned_1 bigint [] := '{}';
    owned_2 bigint [] := '{}';
    owned_3 bigint [] := '{}';
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
    sort_place constant int := case sort_column
        when 'id' then 1
        when 'handle_by' then 5
        when 'order_id' then 6
        when 'customer_id' then 7
        when 'amount' then 2
        when 'created_at' then 3
        when 'status' then 4
    end;
    filters constant text := concat(' and ' || condition, 
        ' and ' || authz_private.fund_filter(
            min_amount, max_amount, status, created_from, created_to
        )
    );
    is_filtered constant boolean := filters <> '';
    page_end constant bigint := page_offset + page_size;
    direction constant text := case when descending then 'desc' else 'asc' end;
    sort_key constant text := 'd.' || quote_ident(sort_column);
    beginning text := coalesce(' and ' || format(begins, sort_key), '');
    behind_row constant text := coalesce(
        ' and ' || format(behind, sort_key, 'd.id, d.tenant_id'), ''
    );
    behind_match constant text := coalesce(
        ' where ' || format(behind, 'd.s', 'd.k1, d.k2'), ''
    );
    located text;
    counting text;
    owned_counting text;
    besides bigint;
    matching text;
    owned_matching text;
    walked text;
begin
    select s.* into scope from authz_private.scope_of(subject_id, 'funds', action) as s;
    key_1 := '{}';
    key_2 := '{}';
    if scope.own_rows or scope.own_denied then
        owned_1 := array[subject_id];
        owned_2 := array(
            select o.id
            from finance.orders as o
            where o.tenant_id = scope.tenant_id and o.handler_id = subject_id
        );
        owned_3 := array(
            select c.id
            from finance.customers as c
            where c.tenant_id = scope.tenant_id and c.manager_id = subject_id
        );
    end if;
    reached := authz_private.tenants_reached(
        scope.tenant_id, scope.every_tenant, scope.whole_tenant, scope.other_tenants
    );
    if reached = '{}' and scope.unit_ids = '{}' and not scope.own_rows then
        total := 0;
        return;
    end if;

    -- As if all units owned alike: nobody has counted yet.
    guess := 2.50 * cardinality(scope.unit_ids)
        * authz_private.rows_per_unit('finance.financial_funds');
    if page_size is not null and sort_place is not null and condition is null and behind is null
        and reached = '{}' and not scope.own_denied
        and cardinality(scope.unit_ids) <= 16 and guess <= 20000
    then
        if descending then
            with g as materialized (
                -- Owner handler.
                select
                    d.id as k1, scope.tenant_id::integer as k2,
                    case sort_place
                        when 1 then d.id
                        when 5 then d.handle_by
                        when 6 then d.order_id
                        when 7 then d.customer_id
                    end as s1,
                    case sort_place
                        when 2 then d.amount
                    end as s2,
                    case sort_place
                        when 3 then d.created_at
                    end as s3,
                    case sort_place
                        when 4 then d.status
                    end as s4
                from finance.financial_funds as d
                where d.handler_unit_id = any(scope.unit_ids)
                    and authz_private.fund_matches(
                        d.amount, d.status, d.created_at, is_filtered,
                        min_amount, max_amount, status, created_from, created_to
                    )
                union all
                -- Owner order handler.
                select
                    d.id as k1, scope.tenant_id::integer as k2,
                    case sort_place
                        when 1 then d.id
                        when 5 then d.handle_by
                        when 6 then d.order_id
                        when 7 then d.customer_id
                    end as s1,
                    case sort_place
                        when 2 then d.amount
                    end as s2,
                    case sort_place
                        when 3 then d.created_at
                    end as s3,
                    case sort_place
                        when 4 then d.status
                    end as s4
                from finance.financial_funds as d
                where d.order_unit_id = any(scope.unit_ids)
                    and (d.handler_unit_id = any(scope.unit_ids)) is not true
                    and authz_private.fund_matches(
                        d.amount, d.status, d.created_at, is_filtered,
                        min_amount, max_amount, status, created_from, created_to
                    )
                union all
                -- Owner customer manager.
                select
                    d.id as k1, scope.tenant_id::integer as k2,
                    case sort_place
                        when 1 then d.id
                        when 5 then d.handle_by
                        when 6 then d.order_id
                        when 7 then d.customer_id
                    end as s1,
                    case sort_place
                        when 2 then d.amount
                    end as s2,
                    case sort_place
                        when 3 then d.created_at
                    end as s3,
                    case sort_place
                        when 4 then d.status
                    end as s4
                from finance.financial_funds as d
                where d.customer_unit_id = any(scope.unit_ids)
                    and (d.handler_unit_id = any(scope.unit_ids)) is not true
                    and (d.order_unit_id = any(scope.unit_ids)) is not true
                    and authz_private.fund_matches(
                        d.amount, d.status, d.created_at, is_filtered,
                        min_amount, max_amount, status, created_from, created_to
                    )
                union all
                -- Owned as handler.
                select
                    d.id as k1, scope.tenant_id::integer as k2,
                    case sort_place
                        when 1 then d.id
                        when 5 then d.handle_by
                        when 6 then d.order_id
                        when 7 then d.customer_id
                    end as s1,
                    case sort_place
                        when 2 then d.amount
                    end as s2,
                    case sort_place
                        when 3 then d.created_at
                    end as s3,
                    case sort_place
                        when 4 then d.status
                    end as s4
                from finance.financial_funds as d
                where d.tenant_id = scope.tenant_id and d.handle_by = any(owned_1)
                    and (d.handler_unit_id = any(scope.unit_ids)) is not true
                    and (d.order_unit_id = any(scope.unit_ids)) is not true
                    and (d.customer_unit_id = any(scope.unit_ids)) is not true
                    and authz_private.fund_matches(
                        d.amount, d.status, d.created_at, is_filtered,
                        min_amount, max_amount, status, created_from, created_to
                    )
                union all
                -- Owned as order handler.
                select
                    d.id as k1, scope.tenant_id::integer as k2,
                    case sort_place
                        when 1 then d.id
                        when 5 then d.handle_by
                        when 6 then d.order_id
                        when 7 then d.customer_id
                    end as s1,
                    case sort_place
                        when 2 then d.amount
                    end as s2,
                    case sort_place
                        when 3 then d.created_at
                    end as s3,
                    case sort_place
                        when 4 then d.status
                    end as s4
                from finance.financial_funds as d
                where d.tenant_id = scope.tenant_id and d.order_id = any(owned_2)
                    and (d.tenant_id = scope.tenant_id and d.handle_by = any(owned_1)) is not true
                    and (d.handler_unit_id = any(scope.unit_ids)) is not true
                    and (d.order_unit_id = any(scope.unit_ids)) is not true
                    and (d.customer_unit_id = any(scope.unit_ids)) is not true
                    and authz_private.fund_matches(
                        d.amount, d.status, d.created_at, is_filtered,
                        min_amount, max_amount, status, created_from, created_to
                    )
                union all
                -- Owned as customer manager.
                select
                    d.id as k1, scope.tenant_id::integer as k2,
                    case sort_place
                        when 1 then d.id
                        when 5 then d.handle_by
                        when 6 then d.order_id
                        when 7 then d.customer_id
                    end as s1,
                    case sort_place
                        when 2 then d.amount
                    end as s2,
                    case sort_place
                        when 3 then d.created_at
                    end as s3,
                    case sort_place
                        when 4 then d.status
                    end as s4
                from finance.financial_funds as d
                where d.tenant_id = scope.tenant_id and d.customer_id = any(owned_3)
                    and (d.tenant_id = scope.tenant_id and d.handle_by = any(owned_1)) is not true
                    and (d.tenant_id = scope.tenant_id and d.order_id = any(owned_2)) is not true
                    and (d.handler_unit_id = any(scope.unit_ids)) is not true
                    and (d.order_unit_id = any(scope.unit_ids)) is not true
                    and (d.customer_unit_id = any(scope.unit_ids)) is not true
                    and authz_private.fund_matches(
                        d.amount, d.status, d.created_at, is_filtered,
                        min_amount, max_amount, status, created_from, created_to
                    )
            )

            select c.n, coalesce(p.a1, '{}'), coalesce(p.a2, '{}')
            into total, key_1, key_2
            from (select count(*) as n from g) as c
            cross join lateral (
                select array_agg(p.k1) as a1, array_agg(p.k2) as a2
                from (
                    select g.k1, g.k2
                    from g
                    order by g.s1 desc, g.s2 desc, g.s3 desc, g.s4 desc, g.k1, g.k2
                    limit page_size offset page_offset
                ) as p
            ) as p;
        else
            with g as materialized (
                -- Owner handler.
                select
                    d.id as k1, scope.tenant_id::integer as k2,
                    case sort_place
                        when 1 then d.id
                        when 5 then d.handle_by
                        when 6 then d.order_id
                        when 7 then d.customer_id
                    end as s1,
                    case sort_place
                        when 2 then d.amount
                    end as s2,
                    case sort_place
                        when 3 then d.created_at
                    end as s3,
                    case sort_place
                        when 4 then d.status
                    end as s4
                from finance.financial_funds as d
                where d.handler_unit_id = any(scope.unit_ids)
                    and authz_private.fund_matches(
                        d.amount, d.status, d.created_at, is_filtered,
                        min_amount, max_amount, status, created_from, created_to
                    )
                union all
                -- Owner order handler.
                select
                    d.id as k1, scope.tenant_id::integer as k2,
                    case sort_place
                        when 1 then d.id
                        when 5 then d.handle_by
                        when 6 then d.order_id
                        when 7 then d.customer_id
                    end as s1,
                    case sort_place
                        when 2 then d.amount
                    end as s2,
                    case sort_place
                        when 3 then d.created_at
                    end as s3,
                    case sort_place
                        when 4 then d.status
                    end as s4
                from finance.financial_funds as d
                where d.order_unit_id = any(scope.unit_ids)
                    and (d.handler_unit_id = any(scope.unit_ids)) is not true
                    and authz_private.fund_matches(
                        d.amount, d.status, d.created_at, is_filtered,
                        min_amount, max_amount, status, created_from, created_to
                    )
                union all
                -- Owner customer manager.
                select
                    d.id as k1, scope.tenant_id::integer as k2,
                    case sort_place
                        when 1 then d.id
                        when 5 then d.handle_by
                        when 6 then d.order_id
                        when 7 then d.customer_id
                    end as s1,
                    case sort_place
                        when 2 then d.amount
                    end as s2,
                    case sort_place
                        when 3 then d.created_at
                    end as s3,
                    case sort_place
                        when 4 then d.status
                    end as s4
                from finance.financial_funds as d
                where d.customer_unit_id = any(scope.unit_ids)
                    and (d.handler_unit_id = any(scope.unit_ids)) is not true
                    and (d.order_unit_id = any(scope.unit_ids)) is not true
                    and authz_private.fund_matches(
                        d.amount, d.status, d.created_at, is_filtered,
                        min_amount, max_amount, status, created_from, created_to
                    )
                union all
                -- Owned as handler.
                select
                    d.id as k1, scope.tenant_id::integer as k2,
                    case sort_place
                        when 1 then d.id
                        when 5 then d.handle_by
                        when 6 then d.order_id
                        when 7 then d.customer_id
                    end as s1,
                    case sort_place
                        when 2 then d.amount
                    end as s2,
                    case sort_place
                        when 3 then d.created_at
                    end as s3,
                    case sort_place
                        when 4 then d.status
                    end as s4
                from finance.financial_funds as d
                where d.tenant_id = scope.tenant_id and d.handle_by = any(owned_1)
                    and (d.handler_unit_id = any(scope.unit_ids)) is not true
                    and (d.order_unit_id = any(scope.unit_ids)) is not true
                    and (d.customer_unit_id = any(scope.unit_ids)) is not true
                    and authz_private.fund_matches(
                        d.amount, d.status, d.created_at, is_filtered,
                        min_amount, max_amount, status, created_from, created_to
                    )
                union all
                -- Owned as order handler.
                select
                    d.id as k1, scope.tenant_id::integer as k2,
                    case sort_place
                        when 1 then d.id
                        when 5 then d.handle_by
                        when 6 then d.order_id
                        when 7 then d.customer_id
                    end as s1,
                    case sort_place
                        when 2 then d.amount
                    end as s2,
                    case sort_place
                        when 3 then d.created_at
                    end as s3,
                    case sort_place
                        when 4 then d.status
                    end as s4
                from finance.financial_funds as d
                where d.tenant_id = scope.tenant_id and d.order_id = any(owned_2)
                    and (d.tenant_id = scope.tenant_id and d.handle_by = any(owned_1)) is not true
                    and (d.handler_unit_id = any(scope.unit_ids)) is not true
                    and (d.order_unit_id = any(scope.unit_ids)) is not true
                    and (d.customer_unit_id = any(scope.unit_ids)) is not true
                    and authz_private.fund_matches(
                        d.amount, d.status, d.created_at, is_filtered,
                        min_amount, max_amount, status, created_from, created_to
                    )
                union all
                -- Owned as customer manager.
                select
                    d.id as k1, scope.tenant_id::integer as k2,
                    case sort_place
                        when 1 then d.id
                        when 5 then d.handle_by
                        when 6 then d.order_id
                        when 7 then d.customer_id
                    end as s1,
                    case sort_place
                        when 2 then d.amount
                    end as s2,
                    case sort_place
                        when 3 then d.created_at
                    end as s3,
                    case sort_place
                        when 4 then d.status
                    end as s4
                from finance.financial_funds as d
                where d.tenant_id = scope.tenant_id and d.customer_id = any(owned_3)
                    and (d.tenant_id = scope.tenant_id and d.handle_by = any(owned_1)) is not true
                    and (d.tenant_id = scope.tenant_id and d.order_id = any(owned_2)) is not true
                    and (d.handler_unit_id = any(scope.unit_ids)) is not true
                    and (d.order_unit_id = any(scope.unit_ids)) is not true
                    and (d.customer_unit_id = any(scope.unit_ids)) is not true
                    and authz_private.fund_matches(
                        d.amount, d.status, d.created_at, is_filtered,
                        min_amount, max_amount, status, created_from, created_to
                    )
            )

            select c.n, coalesce(p.a1, '{}'), coalesce(p.a2, '{}')
            into total, key_1, key_2
            from (select count(*) as n from g) as c
            cross join lateral (
                select array_agg(p.k1) as a1, array_agg(p.k2) as a2
                from (
                    select g.k1, g.k2
                    from g
                    order by g.s1, g.s2, g.s3, g.s4, g.k1, g.k2
                    limit page_size offset page_offset
                ) as p
            ) as p;
        end if;
        return;
    end if;

    if reached <> '{}' or scope.own_denied then
        -- Whole tenants, or a scope that no index answers.
        located := concat_ws(
            ' or ',
            case when reached <> '{}' then format('d.tenant_id = any(%L::int [])', reached) end,
            case
                when scope.unit_ids = '{}' then null
                when scope.own_denied then 'd.handler_unit_id = any($2)
            and (d.tenant_id = $1 and d.handle_by = any($3)) is not true
            or d.order_unit_id = any($2)
            and (d.tenant_id = $1 and d.order_id = any($4)) is not true
            or d.customer_unit_id = any($2)
            and (d.tenant_id = $1 and d.customer_id = any($5)) is not true'
                else 'd.handler_unit_id = any($2)
            or d.order_unit_id = any($2)
            or d.customer_unit_id = any($2)'
            end,
            case when scope.own_rows then 'd.tenant_id = $1 and d.handle_by = any($3)
            or d.tenant_id = $1 and d.order_id = any($4)
            or d.tenant_id = $1 and d.customer_id = any($5)' end
        );
        if totals = 'estimate' and not scope.own_denied and not scope.other_tenants then
            -- Blocks of the table, about so many that 10,000 rows of the tenant lie in them.
            tenant_size := case
                when scope.every_tenant then authz_private.table_rows('finance.financial_funds')
                else authz_private.tenant_rows(
                    'finance.financial_funds', 'tenant_id', scope.tenant_id
                )
            end;
            share := least(10000 / greatest(tenant_size, 1), 1);
            if share < 0.5 then
                execute format(
                    'select count(*) from finance.financial_funds as d '
                    'tablesample system (%s) repeatable (0) where (%s)%s',
                    share * 100, located, filters
                )
                into total
                using scope.tenant_id, scope.unit_ids, owned_1, owned_2, owned_3;
                total := round(total / share);
            end if;
        end if;
        if total is null and totals <> 'none' then
            execute format(
                'select count(*) from finance.financial_funds as d where (%s)%s', located, filters
            )
            into total
            using scope.tenant_id, scope.unit_ids, owned_1, owned_2, owned_3;
        end if;
        if page_size is null or is_counted and page_offset >= total then
            return;
        end if;
        loop
            execute case
                -- One walk for each tenant, each as far as the page could reach.
                when scope.unit_ids = '{}' and not scope.own_rows then format(
                    'select coalesce(array_agg(p.k1), ''{}''),
                coalesce(array_agg(p.k2), ''{}'') from ('
                    'select d.* from unnest(%L::int []) as t (id) cross join lateral ('
                    'select %s as s, d.id as k1, d.tenant_id as k2 '
                    'from finance.financial_funds as d where d.tenant_id = t.id%s%s%s '
                    'order by %s %s, d.id, d.tenant_id limit %s) as d '
                    'order by d.s %s, d.k1, d.k2 limit %s offset %s) as p',
                    reached, sort_key, filters, beginning, behind_row, sort_key, direction,
                    page_end, direction, page_size, page_offset
                )
                else format(
                    'select coalesce(array_agg(p.k1), ''{}''),
                coalesce(array_agg(p.k2), ''{}'') from ('
                    'select d.id as k1, d.tenant_id as k2 '
                    'from finance.financial_funds as d where (%s)%s%s%s '
                    'order by %s %s, d.id, d.tenant_id limit %s offset %s) as p',
                    located, filters, beginning, behind_row, sort_key, direction,
                    page_size, page_offset
                )
            end
            into key_1, key_2
            using scope.tenant_id, scope.unit_ids, owned_1, owned_2, owned_3;
            -- Rows whose sort column is null are beyond where an index begins.
            exit when beginning = '' or cardinality(key_1) = page_size;
            beginning := '';
        end loop;
        return;
    end if;

    -- Counted pass by pass, which spares each row the way through an append.
    counting := 'select 0' || '
            + (select count(*) from finance.financial_funds as d
            where d.handler_unit_id = any($2)' || filters || ')
            + (select count(*) from finance.financial_funds as d
            where d.order_unit_id = any($2)
            and (d.handler_unit_id = any($2)) is not true' || filters || ')
            + (select count(*) from finance.financial_funds as d
            where d.customer_unit_id = any($2)
            and (d.handler_unit_id = any($2)) is not true
            and (d.order_unit_id = any($2)) is not true' || filters || ')';
    matching := '
            select ' || sort_key || ' as s, d.id as k1, $1::integer as k2
            from finance.financial_funds as d
            where d.handler_unit_id = any($2)' || filters || '
            union all
            select ' || sort_key || ' as s, d.id as k1, $1::integer as k2
            from finance.financial_funds as d
            where d.order_unit_id = any($2)
            and (d.handler_unit_id = any($2)) is not true' || filters || '
            union all
            select ' || sort_key || ' as s, d.id as k1, $1::integer as k2
            from finance.financial_funds as d
            where d.customer_unit_id = any($2)
            and (d.handler_unit_id = any($2)) is not true
            and (d.order_unit_id = any($2)) is not true' || filters || '';
    if scope.own_rows then
        owned_counting := '
            + (select count(*) from finance.financial_funds as d
            where d.tenant_id = $1 and d.handle_by = any($3)
            and (d.handler_unit_id = any($2)) is not true
            and (d.order_unit_id = any($2)) is not true
            and (d.customer_unit_id = any($2)) is not true' || filters || ')
            + (select count(*) from finance.financial_funds as d
            where d.tenant_id = $1 and d.order_id = any($4)
            and (d.tenant_id = $1 and d.handle_by = any($3)) is not true
            and (d.handler_unit_id = any($2)) is not true
            and (d.order_unit_id = any($2)) is not true
            and (d.customer_unit_id = any($2)) is not true' || filters || ')
            + (select count(*) from finance.financial_funds as d
            where d.tenant_id = $1 and d.customer_id = any($5)
            and (d.tenant_id = $1 and d.handle_by = any($3)) is not true
            and (d.tenant_id = $1 and d.order_id = any($4)) is not true
            and (d.handler_unit_id = any($2)) is not true
            and (d.order_unit_id = any($2)) is not true
            and (d.customer_unit_id = any($2)) is not true' || filters || ')';
        counting := counting || owned_counting;
        owned_matching := '
            select ' || sort_key || ' as s, d.id as k1, $1::integer as k2
            from finance.financial_funds as d
            where d.tenant_id = $1 and d.handle_by = any($3)
            and (d.handler_unit_id = any($2)) is not true
            and (d.order_unit_id = any($2)) is not true
            and (d.customer_unit_id = any($2)) is not true' || filters || '
            union all
            select ' || sort_key || ' as s, d.id as k1, $1::integer as k2
            from finance.financial_funds as d
            where d.tenant_id = $1 and d.order_id = any($4)
            and (d.tenant_id = $1 and d.handle_by = any($3)) is not true
            and (d.handler_unit_id = any($2)) is not true
            and (d.order_unit_id = any($2)) is not true
            and (d.customer_unit_id = any($2)) is not true' || filters || '
            union all
            select ' || sort_key || ' as s, d.id as k1, $1::integer as k2
            from finance.financial_funds as d
            where d.tenant_id = $1 and d.customer_id = any($5)
            and (d.tenant_id = $1 and d.handle_by = any($3)) is not true
            and (d.tenant_id = $1 and d.order_id = any($4)) is not true
            and (d.handler_unit_id = any($2)) is not true
            and (d.order_unit_id = any($2)) is not true
            and (d.customer_unit_id = any($2)) is not true' || filters || '';
        matching := matching || ' union all ' || owned_matching;
    end if;
    if page_size is null and totals = 'exact' then
        execute counting
        into total
        using scope.tenant_id, scope.unit_ids, owned_1, owned_2, owned_3;
        return;
    end if;

    if page_size is not null then
        tenant_size := authz_private.tenant_rows(
            'finance.financial_funds', 'tenant_id', scope.tenant_id
        );
        matches := least(guess, tenant_size);
        is_walk := authz_private.index_walk_pays(matches, tenant_size, page_end, is_filtered);
        -- A walk needs the total from elsewhere; a gathering brings it.
        if is_walk and is_counted then
            execute counting
            into total
            using scope.tenant_id, scope.unit_ids, owned_1, owned_2, owned_3;
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
            'select d.fundwarden_s as s, d.id as k1, d.tenant_id as k2 from ('
            'select %1$s as fundwarden_s, d.* from finance.financial_funds as d '
            'where d.tenant_id = $1%2$s%3$s order by %1$s %4$s, d.id, d.tenant_id limit %5$s) as d '
            'where (d.handler_unit_id in (select unnest($2))
            or d.order_unit_id in (select unnest($2))
            or d.customer_unit_id in (select unnest($2)))%6$s '
            'order by d.fundwarden_s %4$s, d.id, d.tenant_id limit %7$s',
            sort_key, beginning, behind_row, direction,
            authz_private.index_walk_limit(matches, page_end, is_filtered), filters, page_end
        );
        execute case
            when scope.own_rows then format(
                'with w as materialized (%1$s) '
                'select (select count(*) from w), coalesce(array_agg(p.k1), ''{}''),
                coalesce(array_agg(p.k2), ''{}'') from ('
                'select d.* from (select w.* from w union all %2$s) as d%3$s '
                'order by d.s %4$s, d.k1, d.k2 limit %5$s offset %6$s) as p',
                walked, owned_matching, behind_match, direction, page_size, page_offset
            )
            else format(
                'select null::bigint, coalesce(array_agg(p.k1), ''{}''),
                coalesce(array_agg(p.k2), ''{}'') from ('
                'select d.* from (%s) as d order by d.s %s, d.k1, d.k2 offset %s) as p',
                walked, direction, page_offset
            )
        end
        into walked_rows, key_1, key_2
        using scope.tenant_id, scope.unit_ids, owned_1, owned_2, owned_3;
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
                'select coalesce(array_agg(p.k1), ''{}''),
                coalesce(array_agg(p.k2), ''{}'') from ('
                'select d.* from (%s) as d order by d.s %s, d.k1, d.k2) as p',
                matching, direction
            )
            into key_1, key_2
            using scope.tenant_id, scope.unit_ids, owned_1, owned_2, owned_3;
            total := cardinality(key_1);
            key_1 := key_1[least(page_offset + 1, 2147483647):least(page_end, 2147483647)];
            key_2 := key_2[least(page_offset + 1, 2147483647):least(page_end, 2147483647)];
            return;
        end if;
        execute format(
            'with d as materialized (%s) '
            'select (select count(*) from d), coalesce(array_agg(p.k1), ''{}''),
                coalesce(array_agg(p.k2), ''{}'') from ('
            'select d.* from d%s order by d.s %s, d.k1, d.k2 limit %s offset %s) as p',
            matching, behind_match, direction, page_size, page_offset
        )
        into total, key_1, key_2
        using scope.tenant_id, scope.unit_ids, owned_1, owned_2, owned_3;
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
        execute 'select 0' || '
            + (select count(*) from finance.financial_funds as d
            where d.handler_unit_id = any($6)' || filters || ')
            + (select count(*) from finance.financial_funds as d
            where d.order_unit_id = any($6)
            and (d.handler_unit_id = any($2)) is not true' || filters || ')
            + (select count(*) from finance.financial_funds as d
            where d.customer_unit_id = any($6)
            and (d.handler_unit_id = any($2)) is not true
            and (d.order_unit_id = any($2)) is not true' || filters || ')'
        into total
        using scope.tenant_id, scope.unit_ids, owned_1, owned_2, owned_3, sample;
        total := round(
            total * cardinality(scope.unit_ids)::float8 / greatest(cardinality(sample), 1)
        );
        if scope.own_rows then
            -- What is owned besides is little.
            execute 'select 0' || owned_counting
            into besides
            using scope.tenant_id, scope.unit_ids, owned_1, owned_2, owned_3;
            total := total + besides;
        end if;
    end if;
end
$$;

comment on function authz_private.find_funds(
    bigint, text, bigint, int, text, boolean, text, text, text, text,
    numeric, numeric, text, timestamptz, timestamptz
) is
    'Number of funds that a user may read, or do another action to, and the keys of one page of '
    'them in order: ids in key_1, tenants in key_2. No page if page_size is null. sort_column must '
    'have been checked. condition: SQL of authz_private.page_rules(). begins and behind: as in '
    'authz_private.page_request(). totals: exact; estimate or none, where what is found without '
    'counting is exact all the same.';
revoke all on function authz_private.find_funds(
    bigint, text, bigint, int, text, boolean, text, text, text, text,
    numeric, numeric, text, timestamptz, timestamptz
) from public;
