-- authz_private.delegation_allows for all places at once.

create or replace function authz_private.delegated_units(
    user_id bigint, resource text, action text
)
returns setof int
language plpgsql stable security invoker parallel restricted
as $$
begin
    return query
    select distinct s.unit_id
    from authz_private.open_delegations(
        delegated_units.user_id, delegated_units.resource, delegated_units.action
    ) as d
    cross join lateral authz_private.scope_of(
        d.delegator_id, delegated_units.resource, delegated_units.action, false
    ) as reach
    cross join lateral authz_private.subtree(d.unit_path) as s
    where (d.inherit_to_descendants or s.unit_id = d.unit_id)
        and (
            reach.every_tenant
            or reach.whole_tenant
            or s.unit_id in (select r.id from unnest(reach.unit_ids) as r (id))
        );
end
$$;

comment on function authz_private.delegated_units(bigint, text, text) is
    'Units in which resource:action is delegated to the user by somebody who may do it there.';
revoke all on function authz_private.delegated_units(bigint, text, text) from public;
