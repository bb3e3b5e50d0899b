-- A role is offered to the whole tenant, so it takes the whole tenant to make one.

create or replace function authz.create_role(
    code text,
    name text default '',
    rank int default 0,
    parent_role_id int default null,
    requires_approval boolean default false
)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    home int;
    root ltree;
    new_id int;
begin
    select u.tenant_id into home from authz.users as u where u.id = authz.current_user_id();
    me := authz_private.begin_administration(home, 'code');
    select n.path into root from authz.org_units as n where n.id = home;
    if not authz_private.may_act(me, 'permissions', 'create', home, true) then
        perform authz_private.refuse_administration('code');
    end if;
    if create_role.code is null or create_role.code !~ '^[a-z][a-z0-9_]{0,49}$' then
        raise exception 'code % is not a plain word',
            coalesce(quote_literal(left(create_role.code, 60)), 'null')
            using errcode = '22023', hint = 'Use a to z, 0 to 9 and _, at most 50 characters.';
    end if;
    if not authz_private.outranks(me, coalesce(create_role.rank, 0), root, true) then
        raise exception 'rank: above your own'
            using errcode = '42501', hint = 'Give at most the rank you have in the whole tenant.';
    end if;
    if create_role.parent_role_id is not null then
        perform authz_private.check_role_parent(me, create_role.parent_role_id, home);
    end if;
    begin
        insert into authz.roles as r (
            tenant_id, parent_role_id, code, name, rank, requires_approval
        )
        values (
            home, create_role.parent_role_id, create_role.code, coalesce(create_role.name, ''),
            coalesce(create_role.rank, 0), coalesce(create_role.requires_approval, false)
        )
        returning r.id into new_id;
    exception
        when unique_violation then
            raise exception 'code: already taken in this organisation'
                using errcode = '23505', hint = 'Choose another.';
    end;
    return row(new_id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.create_role(text, text, int, int, boolean) is
    'Creates a role of the caller''s tenant, for a caller who holds permissions:create '
    'throughout it, has that rank there, and holds what the parent carries. 28000 if nobody is '
    'signed in; 42501 if that is not allowed or the object does not exist, above one''s own '
    'rank; 22023 for an invalid code; 23505 if the code is taken in the tenant.';
revoke all on function authz.create_role(text, text, int, int, boolean) from public;
grant execute on function authz.create_role(text, text, int, int, boolean) to fundwarden_app;
