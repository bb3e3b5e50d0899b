-- What a user was granted, for people and menus.

create or replace function authz.effective_policies(
    user_id bigint, organization_id int default null
)
returns table (
    organization_id int,
    business_unit_id int,
    policy_id int,
    policy_name text,
    effect authz.policy_effect,
    priority int,
    resources text [],
    action text,
    scope authz.permission_scope,
    conditions jsonb,
    assignment_type text,
    source_id bigint,
    inherit_to_descendants boolean,
    valid_from timestamptz,
    valid_until timestamptz
)
language sql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
begin atomic
    select
        p.organization_id,
        p.business_unit_id,
        p.policy_id,
        p.policy_name,
        p.effect,
        p.priority,
        p.resources,
        p.action,
        p.scope,
        p.conditions,
        p.assignment_type,
        p.source_id,
        p.inherit_to_descendants,
        p.valid_from,
        p.valid_until
    from authz_private.effective_policies_of(effective_policies.user_id) as p
    where effective_policies.organization_id is null
        or p.organization_id = effective_policies.organization_id
    order by
        p.priority desc, p.effect desc, p.assignment_type, p.source_id, p.role_id, p.policy_id,
        p.permission_id, p.membership_id;
end;

comment on function authz.effective_policies(bigint, int) is
    'Permissions the user was granted and holds now, one row per way and unit, the first to '
    'decide first; with organization_id those of that tenant only. What permission templates '
    'give and what is delegated is not among them: see authz.user_has_org_permission() and '
    'authz.list_delegations(). A null user_id means the user who is signed in. 28000, 42501, '
    '22023.';
revoke all on function authz.effective_policies(bigint, int) from public;
grant execute on function authz.effective_policies(bigint, int)
to fundwarden_app, fundwarden_operator;
