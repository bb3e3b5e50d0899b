-- Two sources of the same rows: the materialized view where it answers for the user, else the
-- tables. Apart, so that a plan carries only the one it reads.

create or replace function authz_private.grants_in_force(
    user_id bigint, resource text, action text, is_stored boolean
)
returns table (
    unit_id int,
    effect authz.policy_effect,
    priority int,
    scope authz.permission_scope,
    conditions jsonb,
    inherit_to_descendants boolean
)
language plpgsql stable security invoker parallel safe
rows 5
as $$
#variable_conflict use_column
begin
    if is_stored then
        return query
        select
            v.business_unit_id,
            v.effect,
            v.priority,
            v.scope,
            v.conditions,
            v.inherit_to_descendants
        from authz.user_effective_policies as v
        where v.user_id = grants_in_force.user_id
            and v.action in (grants_in_force.action, 'manage')
            and grants_in_force.resource = any(v.resources)
            and (v.valid_from is null or v.valid_from <= authz.clock())
            and (v.valid_until is null or v.valid_until > authz.clock());
    else
        return query
        select
            l.business_unit_id,
            l.effect,
            l.priority,
            l.scope,
            l.conditions,
            l.inherit_to_descendants
        from authz.user_effective_policies_live as l
        where l.user_id = grants_in_force.user_id
            and l.action in (grants_in_force.action, 'manage')
            and grants_in_force.resource = any(l.resources)
            and (l.valid_from is null or l.valid_from <= authz.clock())
            and (l.valid_until is null or l.valid_until > authz.clock());
    end if;
end
$$;

comment on function authz_private.grants_in_force(bigint, text, text, boolean) is
    'Grants of the user for resource:action whose window is open, from the materialized view or '
    'from the tables.';
revoke all on function authz_private.grants_in_force(bigint, text, text, boolean) from public;
