-- Subject, scope, total and keys in one STABLE function: one snapshot for them all.

create or replace function authz_private.fund_page(
    asked_id bigint,
    page_offset bigint,
    page_size int,
    sort_by text,
    descending boolean,
    min_amount numeric,
    max_amount numeric,
    status text,
    created_from timestamptz,
    created_to timestamptz
)
returns table (row_number bigint, total_count bigint, tenant_id int, fund_id bigint)
language plpgsql stable security invoker parallel restricted
as $$
#variable_conflict use_column
declare
    found_funds record;
begin
    select *
    into found_funds
    from authz_private.find_funds(
        authz_private.asked_user(asked_id, 'supervisor_id'),
        page_offset, page_size, sort_by, descending,
        min_amount, max_amount, status, created_from, created_to
    );
    return query
    select
        fund_page.page_offset + p.n,
        found_funds.total,
        p.tenant_id,
        p.id
    from unnest(found_funds.tenant_ids, found_funds.fund_ids)
        with ordinality as p (tenant_id, id, n);
end
$$;

comment on function authz_private.fund_page(
    bigint, bigint, int, text, boolean, numeric, numeric, text, timestamptz, timestamptz
) is 'Keys of one page of the funds the asked user may read; arguments must have been checked.';
revoke all on function authz_private.fund_page(
    bigint, bigint, int, text, boolean, numeric, numeric, text, timestamptz, timestamptz
) from public;
