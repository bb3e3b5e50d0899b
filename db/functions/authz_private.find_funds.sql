-- Total and page of the authorised set under one snapshot: STABLE, so every query in here sees
-- what the calling statement sees. Queries are planned with their arrays known. Two ways lead to
-- a page:
--   walk    along the sort index until the page is full: dense scopes
--   gather  the whole set from the owner-unit indexes and sort it: sparse scopes, deep pages

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
    out total bigint,
    out tenant_ids int [],
    out fund_ids bigint []
)
returns record
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    scope record;
    orders bigint [];
    customers bigint [];
    passes text [];
    filter text := authz_private.fund_filter(
        min_amount, max_amount, status, created_from, created_to
    );
    source text := format(
        'select %s as k, f.id from finance.financial_funds as f where ',
        case sort_by when 'fund_id' then 'f.id' else format('f.%I', sort_by) end
    );
    page_order text := format('k %s, id', case when descending then 'desc' else 'asc' end);
    page_end bigint := page_offset + page_size;
    gathered text;
    walked text;
    tenant_size float8;
    walk boolean := false;
begin
    select * into scope from authz_private.scope_of(subject_id, 'funds', 'read');
    tenant_ids := '{}';
    fund_ids := '{}';

    if scope.every_tenant or scope.whole_tenant then
        execute 'select count(*) from finance.financial_funds as f where '
            || case when scope.every_tenant then 'true' else 'f.tenant_id = $1' end || filter
        into total
        using scope.tenant_id, null, null, null, null,
            min_amount, max_amount, status, created_from, created_to;
        if page_size is null or page_offset >= total then
            return;
        end if;
        -- One walk a tenant, each as far as the page could reach, then the page of them all.
        execute format(
            'select array_agg(p.tenant_id), array_agg(p.id) from ('
            'select t.id as tenant_id, w.id from authz.tenants as t cross join lateral ('
            '%s f.tenant_id = t.id%s order by %s limit $11) as w%s order by w.%s, t.id '
            'limit $12 offset $13) as p',
            source, filter, page_order,
            case when scope.whole_tenant then ' where t.id = $1' end,
            replace(page_order, ', id', ', w.id')
        )
        into tenant_ids, fund_ids
        using scope.tenant_id, null, null, null, null,
            min_amount, max_amount, status, created_from, created_to,
            page_end, page_size, page_offset;
        return;
    end if;

    passes := authz_private.fund_passes(scope.unit_ids <> '{}', scope.own_rows);
    if cardinality(passes) = 0 then
        total := 0;
        return;
    end if;
    if scope.own_rows then
        orders := array(
            select o.id
            from finance.orders as o
            where o.tenant_id = scope.tenant_id and o.handler_id = subject_id
        );
        customers := array(
            select c.id
            from finance.customers as c
            where c.tenant_id = scope.tenant_id and c.manager_id = subject_id
        );
    end if;

    if page_size is not null and scope.unit_ids <> '{}' then
        tenant_size := authz_private.tenant_funds(scope.tenant_id);
        walk := authz_private.fund_walk_pays(
            -- Nobody knows yet: as if every unit owned alike, by three owners.
            tenant_size * least(
                1,
                2.5 * cardinality(scope.unit_ids)
                / (select greatest(c.reltuples, 1) from pg_class as c
                    where c.oid = 'authz.org_units'::regclass)
            ),
            tenant_size, page_end, filter <> ''
        );
    end if;

    if walk or page_size is null then
        execute (
            select 'select ' || string_agg(
                format(
                    '(select count(*) from finance.financial_funds as f where %s%s)',
                    p.pass, filter
                ),
                ' + '
            )
            from unnest(passes) as p (pass)
        )
        into total
        using scope.tenant_id, scope.unit_ids, subject_id, orders, customers,
            min_amount, max_amount, status, created_from, created_to;
        if page_size is null or page_offset >= total then
            return;
        end if;
        walk := authz_private.fund_walk_pays(total, tenant_size, page_end, filter <> '');
    end if;

    if walk then
        -- IN over a sub-select is a hashed test of each row whose plan does not weigh the array.
        walked := source
            || 'f.tenant_id = $1 and (f.handler_unit_id in (select unnest($2)) '
            || 'or f.order_unit_id in (select unnest($2)) '
            || 'or f.customer_unit_id in (select unnest($2)))'
            || filter || ' order by ' || page_order || ' limit $11';
        if scope.own_rows then
            select format('select * from ((%s) union all %s) as w order by %s limit $11',
                walked, string_agg(source || p.pass || filter, ' union all '), page_order)
            into walked
            from unnest(passes) with ordinality as p (pass, n)
            where p.n > 3;
        end if;
        execute 'select array(select w.id from (' || walked || ') as w offset $12)'
        into fund_ids
        using scope.tenant_id, scope.unit_ids, subject_id, orders, customers,
            min_amount, max_amount, status, created_from, created_to, page_end, page_offset;
    else
        select string_agg(source || p.pass || filter, ' union all ')
        into gathered
        from unnest(passes) as p (pass);
        execute case
            when page_end > 1000
                -- A bounded sort forgoes abbreviated keys: here sorting everything is faster.
                then format(
                    'select coalesce(cardinality(s.ids), 0), '
                    's.ids[least($12 + 1, 2147483647)::int:least($11, 2147483647)::int] '
                    'from (select array_agg(g.id order by g.%s) as ids from (%s) as g) as s',
                    replace(page_order, ', id', ', g.id'), gathered
                )
            else format(
                'with g as materialized (%s) select (select count(*) from g), '
                'array(select g.id from g order by %s limit $11 - $12 offset $12)',
                gathered, page_order
            )
        end
        into total, fund_ids
        using scope.tenant_id, scope.unit_ids, subject_id, orders, customers,
            min_amount, max_amount, status, created_from, created_to, page_end, page_offset;
    end if;
    tenant_ids := array_fill(scope.tenant_id, array[coalesce(cardinality(fund_ids), 0)]);
end
$$;

comment on function authz_private.find_funds(
    bigint, bigint, int, text, boolean, numeric, numeric, text, timestamptz, timestamptz
) is
    'Exact number of funds the user may read under the filters, and the keys of one page of them '
    'in order (none when page_size is null). sort_by must have been checked.';
revoke all on function authz_private.find_funds(
    bigint, bigint, int, text, boolean, numeric, numeric, text, timestamptz, timestamptz
) from public;
