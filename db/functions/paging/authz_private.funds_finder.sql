-- Funds are a dataset whose table has the units of its owners as columns of its own. Ties follow
-- the id of a fund, also where a page is of several tenants.

create or replace function authz_private.funds_finder()
returns text
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    text_of_file constant text := $file$-- Written by authz_private.funds_finder(); a test compares both. The queries are those of
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
as {quote}{body}{quote};

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
$file$;
begin
    return replace(
        -- A quote of dollars inside one of dollars.
        replace(text_of_file, '{quote}', repeat('$', 2)),
        '{body}',
        authz_private.compile_finder(
            'finance.financial_funds'::regclass,
            'funds',
            'd.tenant_id',
            'tenant_id',
            '{id, tenant_id}',
            array(
                select case c.name when 'fund_id' then 'id' else c.name end
                from unnest(authz_private.fund_sort_columns()) with ordinality as c (name, place)
                order by c.place
            )::name [],
            '{handler, order handler, customer manager}',
            '{d.handler_unit_id, d.order_unit_id, d.customer_unit_id}',
            array[
                'd.tenant_id = {tenant_id} and d.handle_by = any({owned_1})',
                'd.tenant_id = {tenant_id} and d.order_id = any({owned_2})',
                'd.tenant_id = {tenant_id} and d.customer_id = any({owned_3})'
            ],
            'bigint',
            array[
                'array[subject_id]',
                $value$array(
            select o.id
            from finance.orders as o
            where o.tenant_id = scope.tenant_id and o.handler_id = subject_id
        )$value$,
                $value$array(
            select c.id
            from finance.customers as c
            where c.tenant_id = scope.tenant_id and c.manager_id = subject_id
        )$value$
            ],
            null,
            $value$authz_private.fund_filter(
            min_amount, max_amount, status, created_from, created_to
        )$value$,
            $value$authz_private.fund_matches(
                        d.amount, d.status, d.created_at, is_filtered,
                        min_amount, max_amount, status, created_from, created_to
                    )$value$
        )
    );
end
$$;

comment on function authz_private.funds_finder() is
    'The text of the file db/functions/paging/authz_private.find_funds.sql.';
revoke all on function authz_private.funds_finder() from public;
