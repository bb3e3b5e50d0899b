-- Whoever gives a role a parent gives its holders what the parent carries.

create or replace function authz_private.check_role_parent(
    actor_id bigint, parent_role_id int, tenant_id int
)
returns void
language plpgsql stable security invoker parallel restricted
as $$
declare
    parent authz.roles;
    root ext.ltree;
begin
    parent := authz_private.usable_role(
        check_role_parent.parent_role_id, check_role_parent.tenant_id, 'parent_role_id'
    );
    select n.path into root from authz.org_units as n where n.id = check_role_parent.tenant_id;
    if not authz_private.outranks(actor_id, parent.rank, root, true) then
        raise exception 'parent_role_id: above your rank'
            using errcode = '42501', hint = 'Ask somebody of at least its rank.';
    end if;
    perform authz_private.require_to_hold(
        actor_id,
        array(select distinct c.permission_id from authz_private.role_carries(parent.id) as c),
        root, true, root, null
    );
end
$$;

comment on function authz_private.check_role_parent(bigint, int, int) is
    'Refuses with 42501 a parent of another tenant or absent, above the rank of the acting '
    'user, or that carries what they do not hold throughout the tenant.';
revoke all on function authz_private.check_role_parent(bigint, int, int) from public;
