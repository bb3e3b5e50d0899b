-- What is not passed stays. That a role requires approval is for the owner to take back: by
-- function one person could then do without the second.

create or replace function authz.update_role(
    role_id int,
    name text default null,
    rank int default null,
    is_active boolean default null,
    requires_approval boolean default null
)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    subject authz.roles;
begin
    me := authz_private.begin_administration(
        (select r.tenant_id from authz.roles as r where r.id = update_role.role_id), 'role_id'
    );
    subject := authz_private.administered_role(me, update_role.role_id);
    if not authz_private.outranks(
        me, update_role.rank,
        (select n.path from authz.org_units as n where n.id = subject.tenant_id), true
    )
    then
        raise exception 'rank: above your own'
            using errcode = '42501', hint = 'Give at most the rank you have in the whole tenant.';
    end if;
    if subject.requires_approval and not update_role.requires_approval then
        raise exception 'requires_approval cannot be taken back'
            using errcode = '22023', hint = 'That is for the owner of the database.';
    end if;
    update authz.roles as r
    set name = coalesce(update_role.name, r.name),
        rank = coalesce(update_role.rank, r.rank),
        is_active = coalesce(update_role.is_active, r.is_active),
        is_absent = r.is_absent and update_role.is_active is null,
        requires_approval = coalesce(update_role.requires_approval, r.requires_approval)
    where r.id = subject.id;
    return row(subject.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.update_role(int, text, int, boolean, boolean) is
    'Changes the given properties of a role of the caller''s tenant, for a caller who holds '
    'permissions:update throughout it, does not hold the role, is of its rank and the new one, '
    'and holds all it carries. 28000 if nobody is signed in; 42501 if that is not allowed or the '
    'object does not exist, and if the caller holds it, above one''s own rank; 22023 '
    'requires_approval taken back.';
revoke all on function authz.update_role(int, text, int, boolean, boolean) from public;
grant execute on function authz.update_role(int, text, int, boolean, boolean) to fundwarden_app;
