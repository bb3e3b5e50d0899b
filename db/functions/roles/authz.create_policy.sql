-- Empty, it allows and denies nothing.

create or replace function authz.create_policy(
    name text,
    description text default '',
    effect authz.policy_effect default 'allow',
    priority int default 0
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
    me := authz_private.begin_administration(home, 'name');
    select n.path into root from authz.org_units as n where n.id = home;
    if not authz_private.may_act(me, 'permissions', 'create', home, true) then
        perform authz_private.refuse_administration('name');
    end if;
    perform authz_private.check_words('name', coalesce(create_policy.name, ''), 200);
    begin
        insert into authz.policies as o (tenant_id, name, description, effect, priority)
        values (
            home, create_policy.name, coalesce(create_policy.description, ''),
            coalesce(create_policy.effect, 'allow'), coalesce(create_policy.priority, 0)
        )
        returning o.id into new_id;
    exception
        when unique_violation then
            raise exception 'name: already taken in this organisation'
                using errcode = '23505', hint = 'Choose another.';
    end;
    return row(new_id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.create_policy(
    text, text, authz.policy_effect, int
) is
    'Creates a policy of the caller''s tenant. Requires permissions:create throughout it. 28000 '
    'if nobody is signed in; 42501 if that is not allowed or the object does not exist; 22023 '
    'for a blank name; 23505 if the name is taken in the tenant.';
revoke all on function authz.create_policy(
    text, text, authz.policy_effect, int
) from public;
grant execute on function authz.create_policy(
    text, text, authz.policy_effect, int
) to fundwarden_app;
