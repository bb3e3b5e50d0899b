-- Total and page of the authorised set under one snapshot: STABLE, so every query in here sees
-- what the calling statement sees. Three ways lead to a page:
--   small   few units and funds: gathered from the owner-unit indexes by a plan made once a session
--   gather  the same with the arrays known to the planner, hashed: sparse scopes, deep pages
--   walk    along the sort index until the page is full: dense scopes

create or replace function authz_private.find_funds(
    subject_id bigint,
    page_offset bigint,
    page_size int,
    sort_by text,
    descending boolean,
    min_amount numeric,
    max_amount numeric,
    status text,
    created_from timestamptz,
    created_to timestamptz,
    rules text,
    action text default 'read',
    totals text default 'exact',
    out total bigint,
    out tenant_ids int [],
    out fund_ids bigint []
)
returns record
language plpgsql stable security invoker parallel restricted
as $$
declare
    scope record;
    owner_id bigint;
    order_ids bigint [];
    customer_ids bigint [];
    is_filtered constant boolean := coalesce(
        min_amount::text, max_amount::text, status, created_from::text, created_to::text
    ) is not null;
    page_end constant bigint := page_offset + page_size;
    ruled constant text := coalesce(' and ' || rules, '');
    sort_number constant int := array_position(authz_private.fund_sort_columns(), sort_by);
    sort_key text;
    page_order text;
    filters text;
    passes text;
    matching text;
    counting text;
    walked text;
    walked_rows bigint;
    guess float8;
    matches float8;
    tenant_size float8;
    is_walk boolean;
    is_counted constant boolean := totals = 'exact';
begin
    select * into scope from authz_private.scope_of(subject_id, 'funds', find_funds.action);
    fund_ids := '{}';

    if scope.own_rows or scope.own_denied then
        owner_id := subject_id;
        order_ids := array(
            select o.id
            from finance.orders as o
            where o.tenant_id = scope.tenant_id and o.handler_id = subject_id
        );
        customer_ids := array(
            select c.id
            from finance.customers as c
            where c.tenant_id = scope.tenant_id and c.manager_id = subject_id
        );
    elsif scope.unit_ids = '{}'
        and not scope.every_tenant and not scope.whole_tenant and not scope.other_tenants
    then
        total := 0;
        return;
    end if;

    -- As if all units owned alike, by three owners: nobody has counted yet.
    guess := 2.5 * cardinality(scope.unit_ids) * authz_private.rows_per_unit('finance.financial_funds');
    if page_size is not null
        and not (
            scope.every_tenant or scope.whole_tenant or scope.other_tenants or scope.own_denied
        )
        and cardinality(scope.unit_ids) <= 16 and guess <= 20000 and rules is null
    then
        with g as materialized (
            select
                f.id,
                case sort_number
                    when 1 then f.id
                    when 2 then f.amount
                    when 3 then extract(epoch from f.created_at)
                    when 5 then f.handle_by
                    when 6 then f.order_id
                    when 7 then f.customer_id
                end as k,
                case sort_number when 4 then f.status end as word
            from authz_private.matching_funds(
                scope.tenant_id, scope.unit_ids,
                owner_id, order_ids, customer_ids, is_filtered,
                min_amount, max_amount, status, created_from, created_to
            ) as f
        )

        select
            c.n,
            case
                when page_offset >= c.n then '{}'
                when descending then array(
                    select g.id
                    from g
                    order by g.k desc, g.word desc, g.id
                    limit page_size offset page_offset
                )
                else array(
                    select g.id from g order by g.k, g.word, g.id limit page_size offset page_offset
                )
            end
        into total, fund_ids
        from (select count(*) as n from g) as c;
        tenant_ids := array_fill(scope.tenant_id, array[cardinality(fund_ids)]);
        return;
    end if;

    sort_key := case sort_by when 'fund_id' then 'id' else quote_ident(sort_by) end;
    page_order := format(
        'k %s, id', case when descending then 'desc' else 'asc' end
    );
    filters := format('%L, $6, $7, $8, $9, $10', is_filtered);
    passes :=
        'authz_private.fund_matches(f.amount, f.status, f.created_at, ' || filters || ')' || ruled;
    matching :=
        'authz_private.matching_funds($1, $2, $3, $4, $5, ' || filters || ') as f where true'
        || ruled;
    -- Counted pass by pass, which spares each row the way through an append.
    counting := format(
        'select (select count(*) from authz_private.funds_handled_in($2, %1$s) where true%2$s) '
        '+ (select count(*) from authz_private.funds_ordered_in($2, %1$s) where true%2$s) '
        '+ (select count(*) from authz_private.funds_managed_in($2, %1$s) where true%2$s) '
        '+ (select count(*) from authz_private.funds_owned_outside($1, $2, $3, $4, $5, %1$s) '
        'where true%2$s)',
        filters, ruled
    );

    if scope.other_tenants or scope.own_denied then
        -- Seldom asked: a platform's operator who is denied a part of the own tenant, or a user
        -- who is denied what is theirs. No index answers that, and one text for both will do.
        matching := format(
            'finance.financial_funds as f where %s and (%s (f.handler_unit_id = any($2) and %s) '
            'or (f.order_unit_id = any($2) and %s) or (f.customer_unit_id = any($2) and %s) %s)',
            passes,
            case when scope.other_tenants then 'f.tenant_id <> $1 or' end,
            case when scope.own_denied then 'f.handle_by <> $3' else 'true' end,
            case when scope.own_denied then 'f.order_id <> all($4)' else 'true' end,
            case when scope.own_denied then 'f.customer_id <> all($5)' else 'true' end,
            case
                when scope.own_rows then
                    'or f.tenant_id = $1 and (f.handle_by = $3 or f.order_id = any($4) '
                    'or f.customer_id = any($5))'
            end
        );
        execute 'select count(*) from ' || matching
        into total
        using scope.tenant_id, scope.unit_ids, owner_id, order_ids, customer_ids,
            min_amount, max_amount, status, created_from, created_to;
        if page_size is null or page_offset >= total then
            return;
        end if;
        execute format(
            'select array_agg(p.tenant_id), array_agg(p.id) from ('
            'select f.tenant_id, f.id from %s order by f.%s %s, f.id, f.tenant_id '
            'limit $11 offset $12) as p',
            matching, sort_key, case when descending then 'desc' else 'asc' end
        )
        into tenant_ids, fund_ids
        using scope.tenant_id, scope.unit_ids, owner_id, order_ids, customer_ids,
            min_amount, max_amount, status, created_from, created_to, page_size, page_offset;
        return;
    end if;

    if totals = 'estimate' and (page_size is null or scope.every_tenant or scope.whole_tenant) then
        total := authz_private.estimated_funds(
            scope.tenant_id, scope.unit_ids, owner_id, order_ids, customer_ids,
            scope.whole_tenant, scope.every_tenant, passes, ruled, filters,
            min_amount, max_amount, status, created_from, created_to
        );
        if page_size is null then
            return;
        end if;
    end if;

    if scope.every_tenant or scope.whole_tenant then
        if is_counted then
            execute format(
                'select count(*) from finance.financial_funds as f where %s and %s',
                case when scope.every_tenant then 'true' else 'f.tenant_id = $1' end, passes
            )
            into total
            using scope.tenant_id, null, null, null, null,
                min_amount, max_amount, status, created_from, created_to;
            if page_size is null or page_offset >= total then
                return;
            end if;
        end if;
        -- One walk a tenant, each as far as the page could reach, then the page of them all.
        execute format(
            'select array_agg(p.tenant_id), array_agg(p.id) from ('
            'select t.id as tenant_id, w.id from authz.tenants as t cross join lateral ('
            'select f.%s as k, f.id from finance.financial_funds as f '
            'where f.tenant_id = t.id and %s order by %s limit $11) as w where %s '
            'order by w.k %s, w.id, t.id limit $12 offset $13) as p',
            sort_key, passes, page_order,
            case when scope.every_tenant then 'true' else 't.id = $1' end,
            case when descending then 'desc' else 'asc' end
        )
        into tenant_ids, fund_ids
        using scope.tenant_id, null, null, null, null,
            min_amount, max_amount, status, created_from, created_to,
            page_end, page_size, page_offset;
        return;
    end if;

    if page_size is null then
        execute counting
        into total
        using scope.tenant_id, scope.unit_ids, owner_id, order_ids, customer_ids,
            min_amount, max_amount, status, created_from, created_to;
        return;
    end if;

    tenant_size := authz_private.tenant_rows(
        'finance.financial_funds', 'tenant_id', scope.tenant_id
    );
    matches := least(guess, tenant_size);
    is_walk := authz_private.index_walk_pays(
        matches, tenant_size, page_end, is_filtered or rules is not null
    );
    -- A walk needs the total from elsewhere; a gathering brings it.
    if is_walk and is_counted then
        execute counting
        into total
        using scope.tenant_id, scope.unit_ids, owner_id, order_ids, customer_ids,
            min_amount, max_amount, status, created_from, created_to;
        if page_offset >= total then
            return;
        end if;
        matches := total;
        is_walk := authz_private.index_walk_pays(
            matches, tenant_size, page_end, is_filtered or rules is not null
        );
    end if;

    if is_walk then
        -- Where the scope lies crowded at the far end of the order a walk would not end: after as
        -- many steps as a gathering costs it is given up. IN over a sub-select tests a row by
        -- hash, with a plan that does not weigh the array.
        walked := format(
            'select f.k, f.id from ('
            'select i.%s as k, i.* from finance.financial_funds as i '
            'where i.tenant_id = $1 order by %s limit $13) as f '
            'where %s and (f.handler_unit_id in (select unnest($2)) '
            'or f.order_unit_id in (select unnest($2)) '
            'or f.customer_unit_id in (select unnest($2))) order by %s limit $11',
            sort_key, replace(page_order, ', id', ', i.id'), passes, page_order
        );
        if scope.own_rows then
            execute format(
                'with w as materialized (%s) select (select count(*) from w), array('
                'select u.id from (select w.k, w.id from w union all select f.%s, f.id '
                'from authz_private.funds_owned_outside($1, $2, $3, $4, $5, %s) as f '
                'where true%s) as u '
                'order by %s limit $11 - $12 offset $12)',
                walked, sort_key, filters, ruled, page_order
            )
            into walked_rows, fund_ids
            using scope.tenant_id, scope.unit_ids, owner_id, order_ids, customer_ids,
                min_amount, max_amount, status, created_from, created_to, page_end, page_offset,
                authz_private.index_walk_limit(
                    matches, page_end, is_filtered or rules is not null
                );
            -- Given up early it has no gap, but rows owned besides may lie beyond its end.
            is_walk := walked_rows = page_end;
        else
            execute format('select array(select w.id from (%s) as w offset $12)', walked)
            into fund_ids
            using scope.tenant_id, scope.unit_ids, owner_id, order_ids, customer_ids,
                min_amount, max_amount, status, created_from, created_to, page_end, page_offset,
                authz_private.index_walk_limit(
                    matches, page_end, is_filtered or rules is not null
                );
            -- Where nothing was counted a page that is not full may have been given up.
            is_walk := page_offset + cardinality(fund_ids)
                = case when is_counted then least(page_end, total) else page_end end;
        end if;
        if is_walk then
            tenant_ids := array_fill(scope.tenant_id, array[cardinality(fund_ids)]);
            if totals = 'estimate' then
                total := authz_private.estimated_funds(
                    scope.tenant_id, scope.unit_ids, owner_id, order_ids, customer_ids,
                    false, false, passes, ruled, filters,
                    min_amount, max_amount, status, created_from, created_to
                );
            end if;
            return;
        end if;
    end if;

    if page_end > 1000 then
        -- A bounded sort forgoes abbreviated keys: this deep, sorting everything is faster.
        execute format(
            'select coalesce(cardinality(s.ids), 0), coalesce(s.ids['
            'least($12 + 1, 2147483647)::int:least($11, 2147483647)::int], ''{}'') '
            'from (select array_agg(f.id order by f.%s %s, f.id) as ids from %s) as s',
            sort_key, case when descending then 'desc' else 'asc' end, matching
        )
        into total, fund_ids
        using scope.tenant_id, scope.unit_ids, owner_id, order_ids, customer_ids,
            min_amount, max_amount, status, created_from, created_to, page_end, page_offset;
    else
        execute format(
            'with g as materialized (select f.%s as k, f.id from %s) '
            'select (select count(*) from g), '
            'array(select g.id from g order by %s limit $11 - $12 offset $12)',
            sort_key, matching, page_order
        )
        into total, fund_ids
        using scope.tenant_id, scope.unit_ids, owner_id, order_ids, customer_ids,
            min_amount, max_amount, status, created_from, created_to, page_end, page_offset;
    end if;
    tenant_ids := array_fill(scope.tenant_id, array[cardinality(fund_ids)]);
end
$$;

comment on function authz_private.find_funds(
    bigint, bigint, int, text, boolean, numeric, numeric, text, timestamptz, timestamptz,
    text, text, text
) is
    'Number of funds the user may read (or do the action to) under the filters and rules, and the '
    'keys of one page of them in order (none when page_size is null). sort_by must have been '
    'checked; rules is SQL of authz_private.page_rules(). totals: exact; estimate or none, where '
    'what is found without counting is exact all the same.';
revoke all on function authz_private.find_funds(
    bigint, bigint, int, text, boolean, numeric, numeric, text, timestamptz, timestamptz,
    text, text, text
) from public;
