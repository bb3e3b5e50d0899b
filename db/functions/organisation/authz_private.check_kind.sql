-- region and organization say how far the scopes of these names reach, for everybody below.

create or replace function authz_private.check_kind(
    actor_id bigint, unit authz.org_units, kind text
)
returns void
language plpgsql stable security invoker parallel restricted
as $$
declare
    root ext.ltree;
begin
    if kind is null
        or kind = unit.kind
        or kind not in ('region', 'organization') and unit.kind not in ('region', 'organization')
    then
        return;
    end if;
    if not authz_private.may_act(actor_id, 'units', 'update', unit.tenant_id, true) then
        perform authz_private.refuse_administration('kind');
    end if;
    perform authz_private.check_unit_is_not_ones_own(actor_id, unit.path);
    select n.path into root from authz.org_units as n where n.id = unit.tenant_id;
    perform authz_private.require_to_hold(
        actor_id,
        array(
            select distinct g.permission_id
            from authz_private.grants_at(
                array(select s.unit_id from authz_private.subtree(unit.path) as s)
            ) as g
            inner join authz.permissions as p
                on g.permission_id = p.id and p.scope in ('region', 'organization')
        ),
        root, true, root, null
    );
end
$$;

comment on function authz_private.check_kind(bigint, authz.org_units, text) is
    'Refuses with 42501 another kind that would change what grants reach, unless the acting '
    'user may change the whole tenant, is not below the unit, and holds throughout it what was '
    'given below in these scopes.';
revoke all on function authz_private.check_kind(bigint, authz.org_units, text) from public;
