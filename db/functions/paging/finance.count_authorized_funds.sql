-- The total alone, for callers that do not want a page or asked beyond the last.

create or replace function finance.count_authorized_funds(
    supervisor_id bigint default null,
    min_amount numeric default null,
    max_amount numeric default null,
    status text default null,
    created_from timestamptz default null,
    created_to timestamptz default null
)
returns bigint
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
    perform authz_private.check_fund_filters(
        min_amount, max_amount, status, created_from, created_to
    );
    perform authz_private.count_hidden_funds(
        supervisor_id, min_amount, max_amount, status, created_from, created_to
    );
    return (
        select f.total
        from authz_private.user_in_question(supervisor_id, 'supervisor_id') as u (id)
        cross join lateral authz_private.fund_masks(
            u.id, null, min_amount, max_amount, status, created_from, created_to
        ) as m
        cross join lateral authz_private.find_funds(
            u.id, 'read', null, null, 'id', false,
            authz_private.page_rules(u.id, 'finance.financial_funds'), null, null, 'exact',
            min_amount, max_amount, status, created_from, created_to
        ) as f
    );
end
$$;

comment on function finance.count_authorized_funds(
    bigint, numeric, numeric, text, timestamptz, timestamptz
) is
    'Exact number of the funds a user may read; arguments and errors as for '
    'finance.page_authorized_funds.';
revoke all on function finance.count_authorized_funds(
    bigint, numeric, numeric, text, timestamptz, timestamptz
) from public;
grant execute on function finance.count_authorized_funds(
    bigint, numeric, numeric, text, timestamptz, timestamptz
) to fundwarden_app, fundwarden_operator;
