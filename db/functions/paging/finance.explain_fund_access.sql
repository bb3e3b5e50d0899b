-- The decision for each owner of the fund: from the same grants the page is made of.

create or replace function finance.explain_fund_access(user_id bigint, fund_id bigint)
returns table (
    is_visible boolean,
    owner_kind text,
    owner_id bigint,
    owner_unit_id int,
    owner_unit_path text,
    assignment text,
    grant_id bigint,
    role_code text,
    policy_name text,
    effect authz.policy_effect,
    priority int,
    permission text,
    grant_unit_path text,
    inherit_to_descendants boolean,
    valid_from timestamptz,
    valid_until timestamptz,
    reason text
)
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
declare
    subject_id bigint := authz_private.user_in_question(explain_fund_access.user_id, 'user_id');
    free boolean := authz_private.may_ask_about_anyone();
    viewer_id bigint := nullif(authz.current_user_id(), subject_id);
    is_handler_masked boolean := exists (
        select
        from authz_private.masked_columns(
            array[subject_id, viewer_id], 'finance.financial_funds'
        ) as m
        where m.column_name = 'handle_by'
    );
begin
    if free and not exists (
        select from finance.financial_funds as f where f.id = explain_fund_access.fund_id
    )
    then
        raise exception 'fund_id % does not exist',
            coalesce(explain_fund_access.fund_id::text, 'null')
            using errcode = '22023', hint = 'Pass the id of a row in finance.financial_funds.';
    end if;

    return query
    with explained as (
        select
            f.tenant_id,
            e.*
        from finance.financial_funds as f
        left join finance.orders as d on f.tenant_id = d.tenant_id and f.order_id = d.id
        left join finance.customers as c on f.tenant_id = c.tenant_id and f.customer_id = c.id
        cross join lateral authz_private.explain_owners(
            subject_id, 'funds',
            array['handler', 'order handler', 'customer manager'],
            array[f.handle_by, d.handler_id, c.manager_id],
            array[f.handler_unit_id, f.order_unit_id, f.customer_unit_id],
            authz_private.row_is_permitted(subject_id, f)
            and (viewer_id is null or authz_private.row_is_permitted(viewer_id, f))
        ) as e
        where f.id = explain_fund_access.fund_id
    )

    select
        e.is_visible,
        e.owner_name,
        case when e.owner_name <> 'handler' or not is_handler_masked then e.owner_id end,
        e.owner_unit_id,
        e.owner_unit_path,
        e.assignment,
        e.grant_id,
        e.role_code,
        e.policy_name,
        e.effect,
        e.priority,
        e.permission,
        e.grant_unit_path,
        e.inherit_to_descendants,
        e.valid_from,
        e.valid_until,
        e.reason
    from explained as e
    -- Who may not see the fund may not learn whose it is either.
    where free or exists (
        select from explained as v where v.tenant_id = e.tenant_id and v.is_visible
    )
    order by not e.is_visible, e.owner_name, e.grant_id, e.permission;

    if not found and not free then
        raise exception 'fund_id: not allowed to see this fund'
            using
                errcode = '42501',
                hint = 'No fund of that id is in the user''s scope, whether or not it exists.';
    end if;
end
$$;

comment on function finance.explain_fund_access(bigint, bigint) is
    'Why a user may see a fund: one row per owner of the fund and grant of the user, those that '
    'show it first, with the reason; row permissions count as in a page. Of a hidden fund only '
    'those who may ask about anybody learn why not. No rows: the user has no grant for '
    'funds:read at all. A null user_id means the user who is signed in. 22023 if there is no '
    'such user or fund; 28000 if nobody is signed in; 42501 hidden or absent.';
revoke all on function finance.explain_fund_access(bigint, bigint) from public;
grant execute on function finance.explain_fund_access(bigint, bigint)
to fundwarden_app, fundwarden_operator;
