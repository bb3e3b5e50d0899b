-- A role reaches as far as its tenant, and whoever edits it grants to all who hold it or will.

create or replace function authz_private.administered_role(actor_id bigint, role_id int)
returns authz.roles
language plpgsql stable security invoker parallel restricted
as $$
declare
    subject authz.roles;
    root ext.ltree;
begin
    select r.*
    into subject
    from authz.roles as r
    inner join authz.users as u on u.id = actor_id and u.tenant_id = r.tenant_id
    where r.id = administered_role.role_id;
    if subject.id is null
        or not authz_private.may_act(actor_id, 'permissions', 'update', subject.tenant_id, true)
    then
        perform authz_private.refuse_administration('role_id');
    end if;
    if authz_private.holds_role(actor_id, subject.id) then
        raise exception 'role_id: you hold the role'
            using errcode = '42501', hint = 'Nobody edits what they hold: ask somebody else.';
    end if;
    select n.path into root from authz.org_units as n where n.id = subject.tenant_id;
    if not authz_private.outranks(actor_id, subject.rank, root, true) then
        raise exception 'role_id: above your rank'
            using errcode = '42501', hint = 'Ask somebody of at least its rank.';
    end if;
    perform authz_private.require_to_hold(
        actor_id,
        array(select distinct c.permission_id from authz_private.role_carries(subject.id) as c),
        root, true, root, null
    );
    return subject;
end
$$;

comment on function authz_private.administered_role(bigint, int) is
    'The role, where the acting user may edit it: of their own tenant, permissions:update '
    'throughout it, not above their rank, not held by them, and everything it carries theirs to'
    ' give. 42501 otherwise; hidden, absent and platform roles alike.';
revoke all on function authz_private.administered_role(bigint, int) from public;
