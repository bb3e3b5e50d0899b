-- A role without a unit goes where its holder goes: one person would give there what takes two.

create or replace function authz_private.check_approved_roles_stay(user_id bigint)
returns void
language plpgsql stable security invoker parallel restricted
as $$
begin
    if exists (
        select
        from authz.users as u
        inner join authz.user_roles as ur on u.tenant_id = ur.tenant_id and u.id = ur.user_id
        where u.id = check_approved_roles_stay.user_id
            and ur.unit_id is null
            and (ur.valid_until is null or ur.valid_until > authz.clock())
            and authz_private.role_requires_approval(ur.role_id)
    )
    then
        raise exception 'user_id: holds a role that requires approval, wherever they belong'
            using errcode = '23514', hint = 'Revoke it, and have it approved at a unit.';
    end if;
end
$$;

comment on function authz_private.check_approved_roles_stay(bigint) is
    'Refuses with 23514 another place for a user who holds a role without a unit that requires '
    'approval.';
revoke all on function authz_private.check_approved_roles_stay(bigint) from public;
