-- Why, or why not: what a check is made of, row by row.

create or replace function authz.explain_user_permission(
    user_id bigint, resource text, action text, unit_id int, context jsonb default '{}'
)
returns table (
    counted boolean,
    decisive boolean,
    reason text,
    assignment_type text,
    source_id bigint,
    role_path text,
    policy_name text,
    permission text,
    effect authz.policy_effect,
    priority int,
    grant_unit_id int,
    grant_unit_path text,
    inherit_to_descendants boolean,
    valid_from timestamptz,
    valid_until timestamptz,
    conditions jsonb,
    condition_result text
)
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    asked_id bigint;
begin
    perform authz_private.check_question(resource, action, context);
    -- Before the query, which has nothing to ask them for where there is no such unit.
    asked_id := authz_private.user_in_question(explain_user_permission.user_id, 'user_id');
    perform authz_private.unit_of_check(unit_id, 'unit_id');
    return query
    with weighed as materialized (
        select w.*
        from authz_private.explain_grants(
            asked_id, resource, action, explain_user_permission.unit_id, context
        ) as w
    )

    select w.*
    from weighed as w
    -- Of another tenant's unit that no grant reaches, the reasons would tell the path.
    where authz_private.may_ask_about_anyone()
        or exists (
            select
            from authz.org_units as n
            inner join authz.users as u on n.tenant_id = u.tenant_id
            where n.id = explain_user_permission.unit_id and u.id = authz.current_user_id()
        )
        or exists (select from weighed as x where x.counted);
end
$$;

comment on function authz.explain_user_permission(bigint, text, text, int, jsonb) is
    'Every grant that authz.check_user_permission with the same arguments considers: whether it '
    'counted and why not, which one decided; the answer is allow exactly if the decisive row '
    'says so, and no without one. No rows of a unit of another tenant that no grant reaches, as '
    'of an absent one. A null user_id means the user who is signed in. 22023, 28000 and 42501 as '
    'there.';
revoke all on function authz.explain_user_permission(bigint, text, text, int, jsonb) from public;
grant execute on function authz.explain_user_permission(bigint, text, text, int, jsonb)
to fundwarden_app, fundwarden_operator;
