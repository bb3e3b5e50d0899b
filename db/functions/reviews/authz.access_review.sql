-- For one answer, and through COPY (SELECT ...) for a file. Access of people whom the caller may
-- not ask about is told without their names: that it reaches in is no secret to who answers for the
-- unit.

create or replace function authz.access_review(unit_id int default null)
returns table (
    kind text,
    source_id bigint,
    user_id bigint,
    username text,
    grant_unit_id int,
    unit_path text,
    title text,
    role_path text,
    inherit_to_descendants boolean,
    valid_from timestamptz,
    valid_until timestamptz,
    granted_at timestamptz,
    granted_by bigint,
    granted_by_name text,
    reason text,
    last_sign_in date,
    marks text []
)
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
declare
    top_id int := authz_private.reviewed_unit(access_review.unit_id);
    me bigint;
    sees_all boolean := authz_private.may_see_every_review();
    visible_units int [];
begin
    if not sees_all then
        me := authz_private.signed_in_user();
        select r.unit_ids into visible_units
        from authz_private.reached_units(me, 'permissions', 'read') as r;
    end if;
    return query
    select
        r.kind,
        r.source_id,
        case when v.is_visible then r.user_id end,
        case when v.is_visible then r.username end,
        case when v.is_visible or r.user_tenant_id is null then r.grant_unit_id end,
        case when v.is_visible or r.user_tenant_id is null then r.unit_path end,
        r.title,
        r.role_path,
        r.inherit_to_descendants,
        r.valid_from,
        r.valid_until,
        r.granted_at,
        case when w.is_visible then r.granted_by end,
        case when w.is_visible then g.username end,
        case when v.is_visible then r.reason end,
        case when v.is_visible then r.last_sign_in end,
        r.marks || case when v.is_visible then '{}' else array['hidden user'] end
    from authz_private.review_rows(top_id) as r
    left join authz.users as g on r.granted_by = g.id
    cross join lateral (
        select
            sees_all
            or r.user_id is null
            or authz_private.may_ask_about(me, visible_units, r.user_id, r.base_unit_id)
            as is_visible
    ) as v
    cross join lateral (
        select
            sees_all or authz_private.may_ask_about(me, visible_units, g.id, g.base_unit_id)
            as is_visible
    ) as w;
end
$$;

comment on function authz.access_review(int) is
    'Every role, policy, permission, delegation, template and membership that reaches into the '
    'subtree of the unit (null: the tenant of who is signed in): who, what, where, how, since '
    'when, by whom and why, in which window, and the last sign-in. marks lists what a reviewer '
    'must know: inactive user, inactive role, inactive policy, inactive unit, expired, not yet '
    'begun, pending, disabled and orphan do not count now; locked is a locked template; deny '
    'takes access away; hidden user is a person whom the caller may not ask about. 28000, 42501 '
    'without permissions:read throughout the unit, 22023.';
revoke all on function authz.access_review(int) from public;
grant execute on function authz.access_review(int)
to fundwarden_app, fundwarden_operator, fundwarden_auditor;
