-- The delegator is asked as anybody would be, but for what they are delegated themselves: nothing
-- is passed on twice. What they own is not delegated.

create or replace function authz_private.delegation_allows(
    user_id bigint,
    resource text,
    action text,
    unit_id int,
    context jsonb,
    unit_path ext.ltree
)
returns boolean
language plpgsql stable security invoker parallel safe
as $$
declare
    delegators bigint [] := array(
        select d.delegator_id
        from authz_private.open_delegations(
            delegation_allows.user_id, delegation_allows.resource, delegation_allows.action
        ) as d
        where d.unit_id = delegation_allows.unit_id
            or d.inherit_to_descendants
            and d.unit_path operator (ext.@>) delegation_allows.unit_path
    );
    delegator_id bigint;
begin
    foreach delegator_id in array delegators
    loop
        if authz_private.decide(
                delegator_id, delegation_allows.resource, delegation_allows.action,
                delegation_allows.unit_id, delegation_allows.context - 'owner_id', false
            )
        then
            return true;
        end if;
    end loop;
    return false;
end
$$;

comment on function authz_private.delegation_allows(
    bigint, text, text, int, jsonb, ext.ltree
) is
    'Whether somebody who may do resource:action in the unit delegates it to the user. '
    'unit_path is the path of the unit.';
revoke all on function authz_private.delegation_allows(
    bigint, text, text, int, jsonb, ext.ltree
) from public;
