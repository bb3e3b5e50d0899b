-- Whoever holds the role has what the parent carries from then on.

create or replace function authz.set_role_parent(role_id int, parent_role_id int)
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
            where r.id = set_role_parent.role_id
        ),
        'role_id'
    );
    subject := authz_private.administered_role(me, set_role_parent.role_id);
    if set_role_parent.parent_role_id is not null then
        perform authz_private.check_role_parent(
            me, set_role_parent.parent_role_id, subject.tenant_id
        );
        -- Else one person would give many what it takes two to give to one.
        if authz_private.role_requires_approval(set_role_parent.parent_role_id)
            and exists (
                select
                from authz_private.roles_below(subject.id) as b
                inner join authz.user_roles as ur on b.id = ur.role_id
                where ur.valid_until is null or ur.valid_until > authz.clock()
            )
        then
            raise exception 'parent_role_id: it requires approval, and the role is held already'
                using errcode = '23514', hint = 'Assign the parent to each holder instead.';
        end if;
    end if;
    update authz.roles as r
    set parent_role_id = set_role_parent.parent_role_id
    where r.id = subject.id;
    return row(subject.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.set_role_parent(int, int) is
    'Gives a role of the caller''s tenant another parent, or none for null. The caller must be '
    'allowed to edit the role and must hold what the parent carries. 28000 if nobody is signed '
    'in; 42501 if that is not allowed or the object does not exist, and if the caller holds it, '
    'above one''s own rank; 23514 a cycle, an exclusive pair, or a held role that would come to '
    'require approval; 40001: retry.';
revoke all on function authz.set_role_parent(int, int) from public;
grant execute on function authz.set_role_parent(int, int) to fundwarden_app;
