-- For functions that ask on their own behalf: nothing of the question is refused.

create or replace function authz_private.decide(
    user_id bigint, resource text, action text, unit_id int, context jsonb
)
returns boolean
language plpgsql stable security invoker parallel safe
as $$
declare
    place record;
begin
    select
        n.path,
        -- authz_private.view_is_populated(), which a call would make 3 % dearer.
        (
            select c.relispopulated
            from pg_class as c
            where c.oid = 'authz.user_effective_policies'::regclass
        ) as view_is_populated,
        exists (
            select
            from authz.permission_templates as t
            where t.permission_key = decide.resource || '.' || decide.action
        ) as has_templates,
        exists (
            select
            from authz.delegations as d
            where d.delegate_id = decide.user_id and d.status = 'active'
        ) as has_delegations
    into place
    from authz.org_units as n
    where n.id = decide.unit_id;
    if not found then
        return false;
    end if;
    return authz_private.decide_at(
        decide.user_id, decide.resource, decide.action, decide.unit_id, decide.context,
        place.path, place.view_is_populated, place.has_templates, place.has_delegations
    );
end
$$;

comment on function authz_private.decide(bigint, text, text, int, jsonb) is
    'Whether the user may do resource:action in the unit, given the context; false for a unit or '
    'resource that does not exist. Asks for no permission to ask.';
revoke all on function authz_private.decide(bigint, text, text, int, jsonb) from public;
