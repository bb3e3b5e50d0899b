-- Out of a deny is a grant, too; all that is in it has to be held anyway.

create or replace function authz.remove_policy_from_role(role_id int, policy_id int)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    subject authz.roles;
begin
    me := authz_private.begin_administration(
        (
            select r.tenant_id
            from authz.roles as r
            where r.id = remove_policy_from_role.role_id
        ),
        'role_id'
    );
    subject := authz_private.administered_role(me, remove_policy_from_role.role_id);
    delete from authz.role_policies as l
    where l.role_id = subject.id and l.policy_id = remove_policy_from_role.policy_id;
    return row(subject.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.remove_policy_from_role(int, int) is
    'Takes a policy out of a role of the own tenant, for whoever may edit the role; nothing is '
    'done where it is not there. 28000 nobody; 42501 not allowed, hidden and absent alike, held'
    ' by oneself.';
revoke all on function authz.remove_policy_from_role(int, int) from public;
grant execute on function authz.remove_policy_from_role(int, int) to fundwarden_app;
